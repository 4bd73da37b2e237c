"""Clocks that are set, disks that are full, files that change, ports and links that fail."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from bench.faults.case import FAILED, PASSED, REFUSED, Case, Way, but, expect
from bench.faults.judging import NONE, Counts, Seen
from bench.faults.odd_server import ANSWERS, OddServer
from bench.faults.relay import Relay
from bench.faults.scene import Scene

GROUP: Final = "The machine"
FAKETIME: Final = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
_NO_FAKETIME: Final = "libfaketime is not installed"
MOUNT, UMOUNT = "/bin/mount", "/bin/umount"
_CLOCK: Final = "clock.txt"
_MEMORY: Final = 1_500_000 * 1024
_DISK_KB: Final = 400
_LONG_S: Final = 30.0


def _turned_clock(step: str, *, whom: str) -> Case:
    """A clock that is set in mid-run, as an administrator or NTP does it: the monotonic one goes on."""

    def before(scene: Scene) -> None:
        clock = scene.folder / _CLOCK
        clock.write_text("+0\n")
        faked = {
            "LD_PRELOAD": str(FAKETIME[0]),
            "FAKETIME_TIMESTAMP_FILE": str(clock),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1",
        }
        if whom == "one worker":
            scene.worker_environment = faked
        else:
            scene.environment = faked

    def deed(scene: Scene) -> None:
        scene.get_going()
        (scene.folder / _CLOCK).write_text(f"{step}\n")

    expected = but(PASSED, check=_lasted(4.0), within_s=40)
    absent = {} if FAKETIME else dict.fromkeys(Way, _NO_FAKETIME)
    return Case(
        f"the clock of {whom} is set by {step} s",
        expected,
        options=("--cognito-sign", "never", "--gate", "login rate < 200/s; login rate > 5/s"),
        seconds=4,
        before=before,
        deed=deed,
        needs_workers=whom == "one worker",
        is_cluster=whom == "one worker",
        ways=absent,
        group=GROUP,
    )


def _lasted(seconds: float) -> Callable[[Seen], str]:
    def check(seen: Seen) -> str:
        duration_s = seen.summary["run"]["duration_s"] if seen.summary else 0.0
        is_good = seconds * 0.7 <= duration_s <= seconds + 6
        return "" if is_good else f"a run of {duration_s:g} s instead of about {seconds:g} s"

    return check


def _tiny_disk(scene: Scene) -> None:
    """A file system that a run's results do not fit in."""
    folder = scene.folder / "results"
    folder.mkdir()
    subprocess.run([MOUNT, "-t", "tmpfs", "-o", f"size={_DISK_KB}k", "tmpfs", str(folder)], check=True)
    scene.closing.append(lambda: subprocess.run([UMOUNT, "-l", str(folder)], check=False))


def _full_disk(scene: Scene) -> None:
    _tiny_disk(scene)
    _fill(scene)


def _fill(scene: Scene) -> None:
    with suppress(OSError), (scene.folder / "results" / "filling").open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4_096)


def _fill_in_mid_run(scene: Scene) -> None:
    scene.get_going()
    _fill(scene)


def _remove_results(scene: Scene) -> None:
    scene.get_going()
    folder = scene.run_folder()
    if folder is not None:
        shutil.rmtree(folder)


def _change_users(scene: Scene) -> None:
    scene.get_going()
    (scene.folder / "users.csv").write_text("username,password\nsomebody@example.com,Their-Passw0rd-1\n")


def _copy_users(scene: Scene) -> None:
    shutil.copy(scene.sandbox.ready["users"], scene.folder / "users.csv")


def _other_users(scene: Scene) -> None:
    _copy_users(scene)
    for number, text in ((1, "username,password\nsomebody@example.com,Their-Passw0rd-1\n"), (2, "")):
        folder = scene.folder / f"worker-{number}"
        folder.mkdir()
        (folder / "users.csv").write_text(text or (scene.folder / "users.csv").read_text())


def _relayed(scene: Scene) -> Relay:
    relay = Relay(scene.master_port)
    scene.closing.append(relay.close)
    scene.worker_ports = [relay.port, scene.master_port]
    scene.notes["relay"] = relay
    return relay


def _freeze(scene: Scene) -> None:
    scene.get_going()
    scene.notes["relay"].freeze()


def _freeze_for_a_while(scene: Scene) -> None:
    _freeze(scene)
    time.sleep(3.0)
    scene.notes["relay"].thaw()


def _odd_server(scene: Scene) -> None:
    server = OddServer()
    scene.closing.append(server.close)
    scene.elsewhere = server.arrived
    scene.environment = {"LOCUST_HOST": server.url, "COGNITO_HOST": server.url}


def _odd(path: str) -> Case:
    def check(seen: Seen) -> str:
        row = ((seen.summary or {}).get("requests", {}).get("by_name", {})).get(f"GET {path}")
        return "" if row and row["count"] and "ok" not in row["outcomes"] else f"GET {path}: no failed sample"

    return Case(
        f"an API that answers {path.removeprefix('/')}",
        but(FAILED, check=check, within_s=30),
        plan="faults_api.py",
        classes="Api",
        environment={"BENCH_PATHS": path},
        before=_odd_server,
        most_memory=_MEMORY,
        options=("--stop-timeout", "1"),
        seconds=4,
        group=GROUP,
    )


def _full() -> Case:
    """Locust puts a suffix to the paths of --csv and --json-file, which /dev/full does not have: those stay out."""
    return Case(
        "--html on a full disk",
        expect(("failed",), (1,), says_not=()),
        options=("--html", "/dev/full"),
        ways={Way.WEB: "the web UI offers it for download instead"},
        group=GROUP,
    )


_ROOT_ONLY: Final = {} if hasattr(os, "geteuid") and os.geteuid() == 0 else dict.fromkeys(Way, "it takes root")

CASES: Final = (
    *(_turned_clock(step, whom="every process") for step in ("-20", "-3600", "+3600")),
    *(_turned_clock(step, whom="one worker") for step in ("-20", "+3600")),
    _full(),
    Case(
        "a disk that is full at the start",
        REFUSED,
        before=_full_disk,
        ways=_ROOT_ONLY,
        group=GROUP,
    ),
    Case(
        "a disk that gets full in mid-run",
        expect(("passed", "failed", "invalid", NONE), (0, 1), counts=Counts.ANY, says=("No space left",)),
        before=_tiny_disk,
        deed=_fill_in_mid_run,
        ways=_ROOT_ONLY,
        group=GROUP,
    ),
    Case(
        "the results folder is removed in mid-run",
        expect(
            ("passed", "failed", NONE),
            (0, 1),
            counts=Counts.ANY,
            says=("(?i)no such file|could not be written|cannot",),
        ),
        deed=_remove_results,
        group=GROUP,
    ),
    Case(
        "the users file changes in mid-run",
        PASSED,
        environment={"COGNITO_USERS": "users.csv"},
        before=_copy_users,
        deed=_change_users,
        group=GROUP,
    ),
    Case(
        "a worker with another users file",
        expect("invalid", 5, counts=Counts.ANY, users=None, says=("differs from the master",), within_s=_LONG_S + 20),
        environment={"COGNITO_USERS": "users.csv"},
        seconds=_LONG_S,
        ends_run=True,
        before=_other_users,
        needs_workers=True,
        is_cluster=True,
        group=GROUP,
    ),
    Case(
        "a worker's connection is frozen to the end",
        expect("invalid", 4, counts=Counts.GAP, users=None, says=("missing",), within_s=45, may_leave=1),
        before=_relayed,
        deed=_freeze,
        needs_workers=True,
        is_cluster=True,
        seconds=10,
        group=GROUP,
    ),
    Case(
        "a worker's connection is frozen for 3 s",
        PASSED,
        before=_relayed,
        deed=_freeze_for_a_while,
        needs_workers=True,
        is_cluster=True,
        seconds=8,
        group=GROUP,
    ),
    *(_odd(path) for path in ANSWERS),
)
