"""Signals to each process of a run, and to the sandbox."""

from __future__ import annotations

import signal
import time
from typing import Final

from bench.faults.case import FAILED, INVALID, PASSED, Case, Way, but, expect
from bench.faults.deeds import Whom, send, stand_still
from bench.faults.judging import Counts
from bench.faults.scene import Scene

GROUP: Final = "Signals"
_LONG_S: Final = 90.0
"""Long enough that no run ends by itself before it is ended."""
_SOON_S: Final = 30.0
"""Grace, reports, and a busy machine."""
_ENDING: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_STILL: Final = "SIGSTOP for 1.5 s, then SIGCONT to"

_CONCLUDED: Final = but(PASSED, within_s=_SOON_S)
_KILLED: Final = expect("invalid", -signal.SIGKILL, counts=Counts.GAP, users=None, within_s=_SOON_S)
_LOST_ALL: Final = expect(
    "invalid", 4, counts=Counts.GAP, users=None, says=("all workers were lost",), within_s=_SOON_S
)
_QUIT_ALL: Final = expect("failed", 1, users=None, says=("all workers quit",), within_s=_SOON_S)
_FROZEN: Final = expect("invalid", 4, counts=Counts.GAP, users=None, says=("lost|missing",), may_leave=2)
"""What stands still cannot end."""
_SERVER_GONE: Final = but(FAILED, counts=Counts.GONE, says=("ConnectError|ConnectionRefused|connect",))


def _twice(number: signal.Signals) -> Case:
    """While answers are waited for, the signal comes again: a person who presses Ctrl-C once more."""

    def deed(scene: Scene) -> None:
        scene.get_going()
        scene.fault("latency", time_s=4.0)
        time.sleep(0.5)
        assert scene.main is not None
        scene.kill(number, scene.main.pid)
        time.sleep(1.0)
        scene.kill(number, scene.main.pid)
        scene.ends_process = True

    return Case(
        f"{number.name} twice to {Whom.MAIN}, answers still open",
        expect(("passed", "failed"), (0, 1), users=None, within_s=_SOON_S),
        seconds=_LONG_S,
        deed=deed,
        group=GROUP,
    )


CASES: Final = (
    *(
        Case(f"{number.name} to {Whom.MAIN}", _CONCLUDED, seconds=_LONG_S, deed=send(number, Whom.MAIN), group=GROUP)
        for number in _ENDING
    ),
    Case(
        f"SIGTERM to {Whom.MAIN} while users are spawned",
        but(_CONCLUDED, users=None),
        options=("--spawn-rate", "1"),
        form={"spawn_rate": "1"},
        seconds=_LONG_S,
        deed=send(signal.SIGTERM, Whom.MAIN, after=2),
        group=GROUP,
    ),
    _twice(signal.SIGTERM),
    _twice(signal.SIGINT),
    Case(
        f"SIGKILL to {Whom.MAIN}, then `report build`",
        _KILLED,
        seconds=_LONG_S,
        deed=send(signal.SIGKILL, Whom.MAIN, after=60),
        rebuilds=True,
        group=GROUP,
    ),
    Case(
        f"{_STILL} {Whom.MAIN}",
        but(INVALID, says=("late",)),
        seconds=5,
        environment={"COGNITO_MAX_LAG": "200"},
        deed=stand_still(Whom.MAIN),
        ways={Way.WORKERS: PASSED},
        group=GROUP,
    ),
    *(
        Case(
            f"{number.name} to {Whom.ONE_WORKER}",
            PASSED,
            seconds=6,
            needs_workers=True,
            is_cluster=True,
            deed=send(number, Whom.ONE_WORKER),
            group=GROUP,
        )
        for number in _ENDING
    ),
    Case(
        f"SIGKILL to {Whom.ONE_WORKER}",
        but(PASSED, counts=Counts.GAP, says=("was lost",)),
        seconds=10,
        needs_workers=True,
        deed=send(signal.SIGKILL, Whom.ONE_WORKER),
        group=GROUP,
    ),
    Case(
        f"SIGKILL to {Whom.ONE_WORKER}, with a gate on lost workers",
        expect("failed", 3, counts=Counts.GAP, says=("workers_lost == 0",)),
        seconds=10,
        needs_workers=True,
        options=("--gate", "workers_lost == 0"),
        deed=send(signal.SIGKILL, Whom.ONE_WORKER),
        group=GROUP,
    ),
    Case(
        f"{_STILL} {Whom.ONE_WORKER}",
        but(INVALID, says=("late",)),
        seconds=5,
        needs_workers=True,
        environment={"COGNITO_MAX_LAG": "200"},
        deed=stand_still(Whom.ONE_WORKER),
        group=GROUP,
    ),
    Case(
        f"SIGSTOP to {Whom.ONE_WORKER}, to the end",
        _FROZEN,
        seconds=10,
        needs_workers=True,
        is_cluster=True,
        deed=send(signal.SIGSTOP, Whom.ONE_WORKER),
        group=GROUP,
    ),
    Case(
        f"SIGSTOP to {Whom.ALL_WORKERS}, to the end",
        but(_FROZEN, within_s=120),
        seconds=8,
        needs_workers=True,
        is_cluster=True,
        deed=send(signal.SIGSTOP, Whom.ALL_WORKERS),
        group=GROUP,
    ),
    *(
        Case(
            f"{number.name} to {Whom.ALL_WORKERS}",
            _QUIT_ALL,
            seconds=_LONG_S,
            needs_workers=True,
            deed=send(number, Whom.ALL_WORKERS),
            group=GROUP,
        )
        for number in _ENDING
    ),
    *(
        Case(
            f"SIGKILL to {Whom.ALL_WORKERS} {how}",
            _LOST_ALL,
            seconds=_LONG_S,
            needs_workers=True,
            is_cluster=is_cluster,
            deed=send(signal.SIGKILL, Whom.ALL_WORKERS),
            group=GROUP,
        )
        for how, is_cluster in (("of --processes 2", False), ("of a cluster", True))
    ),
    Case(
        f"{_STILL} {Whom.ALL_WORKERS}",
        but(INVALID, says=("late",)),
        seconds=5,
        needs_workers=True,
        environment={"COGNITO_MAX_LAG": "200"},
        deed=stand_still(Whom.ALL_WORKERS),
        group=GROUP,
    ),
    *(
        Case(
            f"{number.name} to {Whom.SANDBOX}",
            _SERVER_GONE,
            seconds=4,
            has_own_sandbox=True,
            deed=send(number, Whom.SANDBOX),
            group=GROUP,
        )
        for number in (*_ENDING, signal.SIGKILL)
    ),
    Case(
        f"{_STILL} {Whom.SANDBOX}",
        PASSED,
        seconds=4,
        has_own_sandbox=True,
        deed=stand_still(Whom.SANDBOX),
        group=GROUP,
    ),
    Case(
        f"SIGSTOP to {Whom.SANDBOX}, to the end",
        expect(("failed", "invalid"), (1, 4), counts=Counts.GONE, says=("cut off|still open|unanswered",)),
        seconds=4,
        options=("--stop-timeout", "1"),
        has_own_sandbox=True,
        deed=send(signal.SIGSTOP, Whom.SANDBOX),
        group=GROUP,
    ),
)
