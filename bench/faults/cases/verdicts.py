"""What a run says: that it failed where it did, why, and what is known about what it could not measure."""

from __future__ import annotations

import csv
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from bench.faults.case import FAILED, GATE, PASSED, Case, Way, but, expect
from bench.faults.deeds import Whom, send
from bench.faults.judging import Seen
from bench.faults.scene import ROOT, Scene

GROUP: Final = "Verdicts"
_STALL: Final = {"fault": "latency", "time_s": 60.0, "on": "api"}
_QUICK: Final = ("--stop-timeout", "1")
_SWEEP: Final = ("--login-sweep", "2,3,4", "--sweep-hold", "40s")
_SWEEP_FORM: Final = {"login_sweep": "2,3,4", "sweep_hold": "40s"}
_BROKEN: Final = (3, 5)
"""Rows of the users file whose passwords are wrong."""


def _users_file(rows: int, broken: tuple[int, ...] = ()) -> Callable[[Scene], None]:
    """The first rows of the sandbox's users file, some of them with a wrong password."""

    def before(scene: Scene) -> None:
        with Path(scene.sandbox.ready["users"]).open(newline="") as file:
            known = list(csv.reader(file))[: rows + 1]
        for number in broken:
            known[number][1] += "-wrong"
        with (scene.folder / "users.csv").open("w", newline="") as file:
            csv.writer(file).writerows(known)

    return before


def _rejected_file(scene: Scene) -> Mapping[str, Any]:
    folder = scene.run_folder()
    file = folder / "rejected.csv" if folder else None
    return {"rejected": file.read_text() if file and file.exists() else ""}


def _are_named(seen: Seen) -> str:
    missing = [number for number in _BROKEN if f"bench-{number - 1:04d}@example.com" not in seen.notes["rejected"]]
    return f"rejected.csv lacks row {missing}" if missing else ""


def _damaged(scene: Scene) -> Mapping[str, Any]:
    """`report build` on a folder in which each file has been spoiled, one after the other."""
    folder = scene.run_folder()
    assert folder is not None
    said = []
    for name, spoil in (
        ("intervals.jsonl", lambda data: b"null\n" + data),
        ("events.jsonl", lambda data: data + b"\xff\xfe{\n"),
        ("generator.json", lambda data: data[: len(data) // 2]),
        ("timeline.csv", lambda data: data + b"1,2\n\xff"),
        ("summary.json", lambda data: data[: len(data) // 2]),
        ("histograms.hlog", lambda data: data[: len(data) // 2] + b"\xff\n"),
        ("run.json", lambda data: data[: len(data) // 2]),
    ):
        file = folder / name
        if not file.exists():
            continue
        whole = file.read_bytes()
        file.write_bytes(spoil(whole))
        command = [str(Path(sys.executable).with_name("cognito-load")), "report", "build", str(folder)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        if "Traceback" in done.stderr + done.stdout:
            said.append(name)
        file.write_bytes(whole)
    return {"tracebacks": said}


def _no_tracebacks(seen: Seen) -> str:
    return f"report build has tracebacks for {', '.join(seen.notes['tracebacks'])}" if seen.notes["tracebacks"] else ""


def _says_target(seen: Seen) -> str:
    where = {"the output": seen.output, "summary.md": seen.markdown, "junit.xml": seen.junit}
    missing = [name for name, text in where.items() if "127.0.0.1" not in text or "target" not in text.lower()]
    return f"no target in {', '.join(missing)}" if missing else ""


CASES: Final = (
    Case(
        "each place says which target it was",
        but(PASSED, check=_says_target),
        group=GROUP,
    ),
    Case(
        "an API that refuses every token",
        but(FAILED, says=("(?i)id token|token.use|audience",)),
        classes="Api",
        sandbox=("--api-token-use", "id"),
        group=GROUP,
    ),
    *(
        Case(
            f"an API that answers {status}",
            but(FAILED, says=(said,)),
            classes="Api",
            orders=({"fault": fault, "on": "GET /me", **members},),
            group=GROUP,
        )
        for status, fault, members, said in (
            (403, "refusal", {"type": "Forbidden", "status": 403}, '"remedy": "[^"]'),
            (429, "throttle", {}, '"remedy": "[^"]'),
            (503, "503", {}, '"remedy": "[^"]'),
        )
    ),
    Case(
        "two of six rows with wrong passwords",
        but(FAILED, users=6, says=("bench-0002@example.com", "line 4|row 3"), check=_are_named),
        environment={"COGNITO_USERS": "users.csv"},
        before=_users_file(6, _BROKEN),
        after=_rejected_file,
        group=GROUP,
    ),
    Case(
        "slow first answers, and a gate that aborts",
        but(PASSED, says_not=("Traceback", "stopped after")),
        orders=({"fault": "latency", "time_s": 1.5, "times": 2, "on": "InitiateAuth"},),
        options=("--gate", "InitiateAuth p95 < 700ms abort after 1s"),
        seconds=8,
        group=GROUP,
    ),
    Case(
        "slow answers, and a gate that aborts",
        but(GATE, says=("stopped after",), within_s=60),
        orders=({"fault": "latency", "time_s": 0.5, "on": "InitiateAuth"},),
        options=("--gate", "InitiateAuth p95 < 400ms abort after 1s"),
        seconds=300,
        ends_run=True,
        group=GROUP,
    ),
    *(
        Case(
            f"{number.name} in level 1 of 3 of a sweep",
            expect("failed", (1, 3), users=None, says=(r"3.*4|level",), within_s=30),
            options=_SWEEP,
            form=_SWEEP_FORM,
            has_run_time=False,
            seconds=90,
            deed=send(number, Whom.MAIN, after=12),
            group=GROUP,
        )
        for number in (signal.SIGTERM, signal.SIGINT)
    ),
    Case(
        "the estimate knows the wait time",
        but(PASSED, says=("Estimate|estimate",), says_not=("Traceback", "nothing caps them")),
        group=GROUP,
    ),
    Case(
        "an API that never answers",
        expect(("failed", "invalid"), (1, 3, 4), says=("GET /me",)),
        classes="Api",
        orders=(_STALL,),
        options=_QUICK,
        group=GROUP,
    ),
    Case(
        "an API that answers half of the requests never, gates on fail_rate and p99",
        but(GATE, says=("p99",)),
        classes="Api",
        orders=({**_STALL, "share": 0.5},),
        options=(*_QUICK, "--gate", "api fail_rate < 1%; api p99 < 2s"),
        seconds=5,
        group=GROUP,
    ),
    Case(
        "192 of 196 arrivals dropped",
        expect("failed", (1, 3), users=None, says=("dropped",)),
        orders=({"fault": "latency", "time_s": 2.0},),
        options=("--login-rate", "50", "--login-slots", "2"),
        form={"login_rate": "50", "user_count": "2"},
        seconds=4,
        group=GROUP,
    ),
    *(
        Case(
            f"a gate `{gate}`",
            but(PASSED, says=(gate.split()[0],)),
            options=("--gate", gate),
            group=GROUP,
        )
        for gate in (
            "workers_lost == 0; skipped == 0; cut_off == 0; exceptions == 0; users_without_account == 0",
            "generator == valid",
        )
    ),
    Case(
        "`report build` on a damaged folder",
        but(PASSED, check=_no_tracebacks),
        seconds=12,
        after=_damaged,
        ways={Way.WEB: "the folder is the same", Way.WORKERS: "the folder is the same"},
        group=GROUP,
    ),
)
