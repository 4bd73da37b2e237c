"""Asks the API who it is, and knows whether the answer is about itself; at the end says how many users are left."""

from pathlib import Path

from locust import between, events, task
from locust.env import Environment
from locust.runners import MasterRunner

from harness.load import CognitoApiUser, install

install(events)

USERS_AT_THE_END = Path("users-at-the-end.txt")
STRANGER = "the answer is about somebody else"


class Api(CognitoApiUser):
    """With the token of an account of its own."""

    wait_time = between(2, 6)

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
                response.failure(STRANGER)


@events.test_stopping.add_listener
def tell(environment: Environment, **_: object) -> None:
    """The bench reads this: a line of each process that has users."""
    if not isinstance(environment.runner, MasterRunner):
        with USERS_AT_THE_END.open("a") as file:
            file.write(f"{environment.runner.user_count}\n")
