"""Calls the API without a pause: this project."""

from locust import constant, events, task

from harness.load import CognitoApiUser, install

install(events)


class Api(CognitoApiUser):
    """With the token of an account of its own."""

    wait_time = constant(0)

    @task
    def read_orders(self) -> None:
        """One request."""
        self.client.get("/orders")
