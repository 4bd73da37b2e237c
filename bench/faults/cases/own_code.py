"""What a locustfile's own code does to a run."""

from __future__ import annotations

import signal
from typing import Any, Final

from bench.faults.case import FAILED, PASSED, Case, but, expect
from bench.faults.deeds import Whom, send
from bench.faults.judging import Counts, Expected

GROUP: Final = "The test's own code"
_LONG_S: Final = 90.0
_SOON_S: Final = 30.0


def _own(what: str, expected: Expected, **more: Any) -> Case:
    return Case(
        **{
            "name": what,
            "expected": expected,
            "plan": "faults_own_code.py",
            "environment": {"BENCH_DEED": what},
            "group": GROUP,
            **more,
        }
    )


_ENDED: Final = expect(
    ("passed", "failed", "invalid"), (0, 1, 2, 4), users=None, within_s=_SOON_S + _LONG_S, says_not=()
)

CASES: Final = (
    _own(
        "sys.exit(0)",
        but(_ENDED, words=frozenset({"passed"}), codes=frozenset({0})),
        name="sys.exit(0) in a task",
        seconds=6,
    ),
    _own(
        "sys.exit(7)",
        but(_ENDED, words=frozenset({"failed"}), codes=frozenset({7})),
        name="sys.exit(7) in a task",
        seconds=6,
    ),
    _own("runner.quit()", _ENDED, name="runner.quit() in a task", seconds=6),
    _own("runner.stop()", _ENDED, name="runner.stop() in a task", seconds=6),
    _own("raise", but(FAILED, says=("ValueError",), says_not=()), name="a task raises", seconds=4),
    _own(
        "raise in on_start",
        but(_ENDED, words=frozenset({"failed", "invalid"}), codes=frozenset({1, 2, 4}), counts=Counts.ANY),
        name="on_start raises",
        seconds=4,
    ),
    _own("runner.quit() in on_start", but(_ENDED, counts=Counts.ANY), seconds=6),
    _own(
        "sys.exit(0) in on_start",
        but(_ENDED, words=frozenset({"failed", "invalid"}), codes=frozenset({1, 2, 4}), counts=Counts.ANY),
        seconds=6,
    ),
    _own("raise in spawning_complete", but(_ENDED, users=6), name="a listener of spawning_complete raises", seconds=4),
    _own(
        "bare except",
        but(FAILED, users=None, within_s=_SOON_S, says=("TooManyRequests",)),
        name="`except: pass` around requests, logins throttled",
        classes="Api",
        orders=({"fault": "throttle"},),
        options=("--stop-timeout", "1"),
    ),
    _own(
        "shape of a class that is not picked",
        expect(("failed", "invalid"), (2, 4), counts=Counts.ANY, users=None, says_not=(), within_s=_SOON_S),
        name="the shape names a class that was not picked",
        has_run_time=False,
    ),
    _own(
        "shape that raises",
        expect("failed", 2, users=None, says_not=(), within_s=_SOON_S),
        name="the shape raises in mid-run",
        has_run_time=False,
        seconds=6,
    ),
    _own(
        "own shape",
        but(PASSED, within_s=_SOON_S, says=("whether it was over is not known",)),
        name="SIGTERM in the middle of an own shape",
        has_run_time=False,
        seconds=_LONG_S,
        deed=send(signal.SIGTERM, Whom.MAIN),
    ),
    _own(
        "ramp down",
        but(PASSED, users=None, says_not=("Traceback", "connection closed", "suspect:")),
        name="a load that ramps down",
        has_run_time=False,
        seconds=6,
    ),
)
