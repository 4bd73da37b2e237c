"""Users who ask an API of several paths, one after the other; which, the environment says."""

import os
from pathlib import Path

from locust import constant, events, task
from locust.env import Environment
from locust.runners import WorkerRunner

from harness.load import CognitoApiUser, install

PATHS = os.environ["BENCH_PATHS"].split()


@events.test_stopping.add_listener  # before the harness's own, which has workers end their users
def tell(environment: Environment, **_: object) -> None:
    """The bench reads this."""
    if not isinstance(environment.runner, WorkerRunner):
        Path("users-at-the-end.txt").write_text(str(environment.runner.user_count))


install(events)


class Api(CognitoApiUser):
    """Each path in turn."""

    wait_time = constant(0.2)

    @task
    def ask(self) -> None:
        """All of them."""
        for path in PATHS:
            self.client.get(path)
