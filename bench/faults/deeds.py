"""What is done to a run while it goes on; each waits for its moment by itself."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final

from bench.faults.scene import Scene

Deed = Callable[[Scene], None]
STILL_S: Final = 1.5
"""How long a stopped process stands still before it is continued."""


class Whom(StrEnum):
    """Processes of a run."""

    MAIN = "the main process"
    ONE_WORKER = "one worker"
    ALL_WORKERS = "all workers"
    SANDBOX = "the sandbox"


def pids(scene: Scene, whom: Whom) -> Sequence[int]:
    """Which processes that are."""
    assert scene.main is not None
    match whom:
        case Whom.MAIN:
            return [scene.main.pid]
        case Whom.ONE_WORKER:
            return scene.worker_pids()[:1]
        case Whom.ALL_WORKERS:
            return scene.worker_pids()
        case Whom.SANDBOX:
            return [scene.sandbox.child.pid]


def send(number: signal.Signals, whom: Whom, *, after: int = 24) -> Deed:
    """Send a signal once the server has had so many requests."""

    def deed(scene: Scene) -> None:
        scene.get_going(after)
        found = pids(scene, whom)
        if whom is Whom.SANDBOX:
            scene.last_arrived = scene.sandbox.arrived()
        due_s = scene.due_s
        scene.kill(number, *found)
        scene.ends_process = whom is Whom.MAIN
        scene.ends_run = scene.case.ends_run or (whom is Whom.ALL_WORKERS and number is not signal.SIGSTOP)
        if not (scene.ends_process or scene.ends_run):
            scene.due_s = due_s

    return deed


def stand_still(whom: Whom, seconds: float = STILL_S) -> Deed:
    """Stop processes for a while."""

    def deed(scene: Scene) -> None:
        scene.get_going()
        due_s, found = scene.due_s, pids(scene, whom)
        scene.kill(signal.SIGSTOP, *found)
        time.sleep(seconds)
        scene.kill(signal.SIGCONT, *found)
        scene.due_s = due_s + (seconds if whom is Whom.MAIN else 0)

    return deed


def order(fault: str, **members: object) -> Deed:
    """Have the sandbox let something go wrong once the run is under way."""

    def deed(scene: Scene) -> None:
        scene.get_going()
        scene.fault(fault, **members)

    return deed
