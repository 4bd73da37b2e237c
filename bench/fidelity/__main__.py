"""Which of Cognito's behaviours the sandbox, moto and ministack have.

    .venv/bin/python -m bench.fidelity         under a minute

The sandbox and moto are this environment's own; ministack is taken from PATH, else uv fetches it into an environment of
its own. One that cannot be had is named. What came out goes to `results/fidelity.md`, with the table that
docs/sandbox.md holds. The exit code is 0 when the sandbox has every behaviour.
"""

from __future__ import annotations

import os
import shutil
import socket
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.canned import REGION
from bench.child import Child
from bench.contest import Venue
from bench.fidelity.place import Place
from bench.fidelity.table import SANDBOX, Findings, instead, probes, score, table
from bench.servers.canned_server import free_port
from bench.works.sandbox import started

RESULTS = Path(__file__).parents[1] / "results"
START_TIMEOUT_S = 120.0
MINISTACK = "1.5.33"


def main() -> int:
    """Ask everybody; 0 when the sandbox does as Cognito does."""
    findings: dict[str, Sequence[str | None]] = {}
    absent: dict[str, str] = {}
    bin_folder = Path(sys.executable).parent
    moto = f"moto {version('moto')}"
    ministack = f"ministack {MINISTACK}"
    with TemporaryDirectory() as folder:
        with started(Venue(Path(folder), None, None)) as (_, ready):
            findings[SANDBOX] = ask(
                Place(SANDBOX, ready["endpoint"], ready["access_key_id"], ready["secret_access_key"], ready["region"])
            )
        own = shutil.which("ministack")
        fetched = [str(bin_folder / "uv"), "run", "--quiet", "--no-project", "--isolated", "--with"]
        ministack_command = [own] if own else [*fetched, f"ministack=={MINISTACK}", "ministack"]
        for name, command in (
            (moto, [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p"]),
            (ministack, ministack_command),
        ):
            try:
                with running(name, command, Path(folder)) as place:
                    findings[name] = ask(place)
            except RuntimeError as error:
                absent[name] = str(error)
    lines = report(findings, absent)
    text = "\n".join(lines)
    print(text)
    (RESULTS / "fidelity.md").write_text(text)
    return 0 if not any(findings[SANDBOX]) else 1


def ask(place: Place) -> list[str | None]:
    """Why each behaviour is missing there; None where it is not."""
    return [probe.reason_against(place) for probe in probes()]


@contextmanager
def running(name: str, command: Sequence[str], folder: Path) -> Iterator[Place]:
    """Somebody else's local Cognito; a port at the end of the command, or in ministack's variable.

    Raises:
        RuntimeError: It does not start.
    """
    port = free_port()
    words = [*command, str(port)] if command[-1] == "-p" else list(command)
    # uv has to find its way out, by whatever the machine's environment says of proxies and certificates.
    ours = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment: Mapping[str, str] = {**ours, "GATEWAY_PORT": str(port)}
    child = Child(words, core=None, folder=folder / name.partition(" ")[0], environment=environment)
    try:
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while not _listens(port):
            if child.has_ended or time.monotonic() > deadline_s:
                raise RuntimeError(f"it did not start: {child.last_words}")
            time.sleep(0.1)
        yield Place(name, f"http://127.0.0.1:{port}", region=REGION)
    finally:
        child.end()


def report(findings: Findings, absent: Mapping[str, str]) -> list[str]:
    """The result file."""
    return [
        "# Which of Cognito's behaviours local Cognitos have",
        "",
        f"Made by `python -m bench.fidelity`, {time.strftime('%Y-%m-%d', time.gmtime())}. {score(findings)}",
        *(f"Absent: {name} ({why})." for name, why in absent.items()),
        "",
        *table(findings),
        *instead(findings),
        "",
    ]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    sys.exit(main())
