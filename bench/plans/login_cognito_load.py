"""Logs in without a pause: this project."""

from locust import constant, events, task

from harness.load import CognitoLoginUser, install

install(events)


class Login(CognitoLoginUser):
    """Each time with the next account."""

    wait_time = constant(0)

    @task
    def log_in_once(self) -> None:
        """One login."""
        self.log_in()
