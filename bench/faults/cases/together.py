"""Faults together with something else: a sweep, an open load, workers that come and go."""

from __future__ import annotations

import signal
import time
from typing import Final

from bench.faults.case import FAILED, PASSED, Case, Way, but, expect
from bench.faults.deeds import Whom, order, send
from bench.faults.judging import Counts
from bench.faults.scene import Scene

GROUP: Final = "Together"
_SWEEP: Final = ("--login-sweep", "2,4", "--sweep-hold", "5s")
_SWEEP_FORM: Final = {"login_sweep": "2,4", "sweep_hold": "5s"}
_RATE: Final = ("--login-rate", "20", "--login-slots", "20")
_RATE_FORM: Final = {"login_rate": "20", "user_count": "20"}


def _late_worker(scene: Scene) -> None:
    scene.get_going()
    scene.workers.append(scene.add_worker())
    scene.wait_for(lambda: _joined(scene) == 3, "the third worker")


def _joined(scene: Scene) -> int:
    folder = scene.run_folder()
    return (folder / "events.jsonl").read_text().count("worker_joined") if folder is not None else 0


def _replaced_worker(scene: Scene) -> None:
    """Killed, and another one in its place."""
    due_s = scene.due_s
    send(signal.SIGKILL, Whom.ONE_WORKER)(scene)
    scene.due_s = due_s
    scene.workers.append(scene.add_worker())


def _stranger(scene: Scene) -> None:
    """A worker of another load joins in the middle, and leaves."""
    scene.get_going()
    stranger = scene.add_worker(COGNITO_USERS=str(scene.folder / "none.csv"))
    time.sleep(1.0)
    stranger.send(signal.SIGTERM)
    scene.workers.append(stranger)


def _refused_and_down(scene: Scene) -> None:
    """Each answer of Cognito's is a fault while the load is asked to stop."""
    scene.get_going()
    scene.fault("503")
    scene.fault("latency", time_s=0.5)
    time.sleep(0.5)
    assert scene.main is not None
    scene.kill(signal.SIGTERM, scene.main.pid)
    scene.ends_process = True


CASES: Final = (
    Case(
        "503 five times in a sweep",
        but(FAILED, users=None),
        options=_SWEEP,
        form=_SWEEP_FORM,
        has_run_time=False,
        orders=({"fault": "503", "times": 5, "on": "InitiateAuth"},),
        seconds=11,
        ends_run=True,
        group=GROUP,
    ),
    Case(
        "503 five times in an open load",
        but(FAILED, users=20),
        options=(*_RATE, "--users", "20", "--spawn-rate", "20"),
        form={**_RATE_FORM, "spawn_rate": "20"},
        orders=({"fault": "503", "times": 5, "on": "InitiateAuth"},),
        seconds=4,
        group=GROUP,
    ),
    Case(
        "the server stalls for 1 s in an open load",
        but(PASSED, users=20),
        options=(*_RATE, "--users", "20", "--spawn-rate", "20"),
        form={**_RATE_FORM, "spawn_rate": "20"},
        deed=order("stall", time_s=0.8),
        seconds=5,
        group=GROUP,
    ),
    Case(
        "SIGTERM in an open load",
        but(PASSED, users=20, within_s=30),
        options=(*_RATE, "--users", "20", "--spawn-rate", "20"),
        form={**_RATE_FORM, "spawn_rate": "20"},
        deed=send(signal.SIGTERM, Whom.MAIN),
        seconds=90,
        group=GROUP,
    ),
    Case(
        "SIGTERM while every answer is a slow 503",
        but(FAILED, users=None, within_s=30),
        deed=_refused_and_down,
        seconds=90,
        group=GROUP,
    ),
    Case(
        "SIGKILL to one worker of an open load",
        expect(("passed", "failed"), (0, 1), counts=Counts.GAP, users=None, says=("lost",)),
        options=(*_RATE, "--users", "20", "--spawn-rate", "20"),
        form={**_RATE_FORM, "spawn_rate": "20"},
        deed=send(signal.SIGKILL, Whom.ONE_WORKER),
        needs_workers=True,
        seconds=8,
        group=GROUP,
    ),
    Case(
        "a worker joins late",
        PASSED,
        deed=_late_worker,
        needs_workers=True,
        is_cluster=True,
        seconds=10,
        group=GROUP,
    ),
    Case(
        "a worker is killed and replaced",
        but(
            PASSED,
            counts=Counts.GAP,
            says=("lost",),
            says_not=("Traceback", "suspect:", "found their connection closed"),
        ),
        deed=_replaced_worker,
        needs_workers=True,
        is_cluster=True,
        seconds=10,
        group=GROUP,
    ),
    Case(
        "a worker without the users file joins late",
        expect(("passed", "failed", "invalid"), (0, 1, 5), counts=Counts.GAP, users=None),
        deed=_stranger,
        needs_workers=True,
        is_cluster=True,
        seconds=8,
        ways={Way.WEB: "as with 2 workers"},
        group=GROUP,
    ),
)
