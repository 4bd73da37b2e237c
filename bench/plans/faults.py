"""Users for `bench.faults`: one logs in, one asks the API who it is; at the end a file says how many are left."""

from pathlib import Path

from locust import constant, events, task
from locust.env import Environment
from locust.runners import WorkerRunner

from harness.load import CognitoApiUser, CognitoLoginUser, install


@events.test_stopping.add_listener  # before the harness's own, which has workers end their users
def tell(environment: Environment, **_: object) -> None:
    """The bench reads this."""
    if not isinstance(environment.runner, WorkerRunner):
        Path("users-at-the-end.txt").write_text(str(environment.runner.user_count))


install(events)


class Login(CognitoLoginUser):
    """Does nothing but log in."""

    wait_time = constant(0.1)

    @task
    def log_in_once(self) -> None:
        """One login."""
        self.log_in()


class Api(CognitoApiUser):
    """Asks the API who it is."""

    wait_time = constant(0.1)

    @task
    def who_am_i(self) -> None:
        """The API tells the name that is in the token."""
        with self.client.get("/me", catch_response=True) as response:
            if not response.ok:
                return
            try:
                name = response.json()["username"]
            except (ValueError, KeyError, TypeError):
                response.failure("no answer to who this is")
                return
            if name != self.vars["username"]:
                response.failure("the answer is about somebody else")
