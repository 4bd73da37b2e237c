"""What cannot work is said before anything is sent, and what would grow without end is refused."""

from __future__ import annotations

import csv
import socket
from typing import Final

from bench.faults.case import REFUSED, Case, Way, but, expect
from bench.faults.judging import NONE, Counts
from bench.faults.scene import Scene

GROUP: Final = "Configuration"
_IN_FORM: Final = expect(NONE, 0, counts=Counts.NOTHING, users=None)
"""The web UI says what is wrong in its form; no run starts."""
_MEMORY: Final = 1_500_000 * 1024


def _own_users(scene: Scene) -> None:
    """A users file of somebody's own."""
    with (scene.folder / "users.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["username", "password"], ["somebody@example.com", "Their-Passw0rd-1"]])


def _wide_users(scene: Scene) -> None:
    with (scene.folder / "users.csv").open("w", newline="") as file:
        columns = [f"column_{number}" for number in range(20_000)]
        csv.writer(file).writerows([["username", "password", *columns], ["a@example.com", "Pass", *columns]])


def _taken_port(*options: str) -> object:
    def before(scene: Scene) -> None:
        taken = socket.create_server(("127.0.0.1", 0))
        scene.closing.append(taken.close)
        port = str(taken.getsockname()[1])
        scene.options = [option.format(port=port) for option in options]

    return before


def _alone(name: str, environment: dict[str, str], says: str, **more: object) -> Case:
    return Case(
        name, but(REFUSED, says=(says,)), environment=environment, is_against_sandbox=False, group=GROUP, **more
    )


_UNSET: Final = {"COGNITO_CLIENT_ID": ""}

CASES: Final = (
    _alone("an unset client id, a region", {**_UNSET, "COGNITO_REGION": "eu-west-1"}, "--cognito-sandbox"),
    _alone(
        "an unset client id, AWS keys",
        {**_UNSET, "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example"},
        "--cognito-sandbox",
    ),
    _alone(
        "an unset client id, an own users file",
        {**_UNSET, "COGNITO_USERS": "users.csv"},
        "--cognito-sandbox",
        before=_own_users,
    ),
    Case(
        "COGNITO_GATES",
        but(REFUSED, says=("COGNITO_GATE\\b",)),
        environment={"COGNITO_GATES": "api p99 < 1s"},
        group=GROUP,
    ),
    Case(
        "an unknown key in locust.conf",
        but(REFUSED, says=("gates",)),
        files={"locust.conf": "gates = api p99 < 1s\n"},
        group=GROUP,
    ),
    Case(
        "an unknown key in pyproject.toml",
        but(REFUSED, says=("gatez",)),
        files={"pyproject.toml": '[tool.cognito-load]\ngatez = ["api p99 < 1s"]\n'},
        group=GROUP,
    ),
    Case(
        "a warm-up longer than the run",
        but(REFUSED, says=("warm",)),
        options=("--warmup", "60s"),
        form={"run_time": "3s", "warmup": "60s"},
        ways={Way.WEB: but(_IN_FORM, says=("warm",))},
        group=GROUP,
    ),
    Case(
        "--host without a scheme",
        but(REFUSED, says=("http://",)),
        classes="Api",
        options=("--host", "127.0.0.1:9441"),
        group=GROUP,
    ),
    Case(
        "--login-rate 1e300",
        but(REFUSED, says=("login-rate",)),
        options=("--login-rate", "1e300"),
        most_memory=_MEMORY,
        group=GROUP,
    ),
    Case(
        "--cognito-max-lag 1e308",
        but(REFUSED, says=("max-lag",)),
        options=("--cognito-max-lag", "1e308"),
        most_memory=_MEMORY,
        group=GROUP,
    ),
    Case(
        "10^20 users",
        expect(NONE, (2, 5), counts=Counts.NOTHING, users=None),
        options=("--users", str(10**20)),
        form={"user_count": str(10**20)},
        ways={Way.WEB: but(_IN_FORM, codes=frozenset({0, 5}), says=("user",))},
        most_memory=_MEMORY,
        group=GROUP,
    ),
    Case(
        "a users file of 20,000 columns",
        but(REFUSED, says=("column",)),
        environment={"COGNITO_USERS": "users.csv"},
        before=_wide_users,
        most_memory=_MEMORY,
        group=GROUP,
    ),
    Case(
        "the web UI's port is taken",
        expect(NONE, 1),
        before=_taken_port("--web-port", "{port}"),
        ways={
            Way.HEADLESS: "it has no port",
            Way.WORKERS: "it has no port",
            Way.WEB: expect(NONE, (1, 2, 5), counts=Counts.NOTHING, users=None, says_not=()),
        },
        group=GROUP,
    ),
    Case(
        "the master's port is taken",
        expect(NONE, (1, 2, 5), counts=Counts.NOTHING, users=None, says_not=()),
        before=_taken_port("--master-bind-port", "{port}"),
        needs_workers=True,
        ways={Way.WEB: "as with 2 workers"},
        group=GROUP,
    ),
)
