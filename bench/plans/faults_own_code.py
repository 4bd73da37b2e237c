"""Users whose own code does what it should not; which of it, the environment says."""

import os
import sys
import time
from pathlib import Path

from locust import LoadTestShape, constant, events, task
from locust.env import Environment
from locust.runners import WorkerRunner

from harness.load import CognitoApiUser, CognitoLoginUser, install

DEED = os.environ["BENCH_DEED"]
AFTER_S = 1.5
BEGAN_S = time.monotonic()


@events.test_stopping.add_listener  # before the harness's own, which has workers end their users
def tell(environment: Environment, **_: object) -> None:
    """The bench reads this."""
    if not isinstance(environment.runner, WorkerRunner):
        Path("users-at-the-end.txt").write_text(str(environment.runner.user_count))


install(events)


@events.test_start.add_listener
def note(**_: object) -> None:
    """When the users began."""
    global BEGAN_S  # noqa: PLW0603  # one run, one process
    BEGAN_S = time.monotonic()
    if DEED == "quit in test_start":
        raise SystemExit(0)


@events.spawning_complete.add_listener
def complete(user_count: int, **_: object) -> None:
    """All users are there."""
    if DEED == "raise in spawning_complete":
        raise ValueError(f"{user_count} users are not welcome")


def do(environment: Environment) -> None:
    """What the environment asks for, once the run has been going for a while."""
    if time.monotonic() - BEGAN_S < AFTER_S:
        return
    match DEED:
        case "sys.exit(0)":
            sys.exit(0)
        case "sys.exit(7)":
            sys.exit(7)
        case "os._exit(0)":
            os._exit(0)
        case "runner.quit()":
            environment.runner.quit()
        case "runner.stop()":
            environment.runner.stop()
        case "raise":
            raise ValueError("it was nobody's fault")


class Login(CognitoLoginUser):
    """Logs in, and does it."""

    wait_time = constant(0.1)

    def on_start(self) -> None:
        """Before the first task."""
        if DEED == "raise in on_start":
            raise ValueError("not today")
        if DEED == "runner.quit() in on_start":
            self.environment.runner.quit()
        if DEED == "sys.exit(0) in on_start":
            sys.exit(0)

    @task
    def log_in_once(self) -> None:
        """One login."""
        self.log_in()
        do(self.environment)


class Api(CognitoApiUser):
    """Asks the API, and takes no exception seriously."""

    wait_time = constant(0.1)

    @task
    def ask(self) -> None:
        """Whatever happens."""
        if DEED == "bare except":
            try:  # noqa: SIM105  # as people write it
                self.client.get("/me")
            except:  # noqa: E722, S110  # that is what it is about
                pass
        else:
            self.client.get(os.environ.get("BENCH_PATH", "/me"))


if DEED == "shape of a class that is not picked":

    class Shape(LoadTestShape):
        """Names a class that the command line does not."""

        use_common_options = False

        def tick(self) -> tuple[int, float, list[type]]:
            """Six users of it."""
            return 6, 6.0, [Api]


elif DEED == "shape that raises":

    class Shape(LoadTestShape):  # type: ignore[no-redef]
        """Gives up after a while."""

        def tick(self) -> tuple[int, float]:
            """Six users, and then an exception."""
            if self.get_run_time() > AFTER_S:
                raise ValueError("no more")
            return 6, 6.0


elif DEED == "own shape":

    class Shape(LoadTestShape):  # type: ignore[no-redef]
        """Six users for 20 s, then three for 20 s."""

        def tick(self) -> tuple[int, float] | None:
            """Six, three, none."""
            now_s = self.get_run_time()
            return (6, 6.0) if now_s < 20 else (3, 6.0) if now_s < 40 else None


elif DEED == "ramp down":

    class Shape(LoadTestShape):  # type: ignore[no-redef]
        """Twelve users, of which eleven leave."""

        def tick(self) -> tuple[int, float] | None:
            """Twelve, one, none."""
            now_s = self.get_run_time()
            return (12, 12.0) if now_s < 2 else (1, 12.0) if now_s < 5 else None
