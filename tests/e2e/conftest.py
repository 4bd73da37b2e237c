"""The real `locust`, as a child process."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from junitparser import JUnitXml

from harness.errors import EXIT

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 90
_PRINTED = re.compile(r"^(passed|failed|invalid): (.*) \(exit code (\d+)\)$", re.MULTILINE)


@dataclass
class Locust:
    """A `locust` process and what it leaves behind."""

    process: subprocess.Popen[str]
    folder: Path
    results: Path
    output: str = ""
    exit_code: int | None = None
    log: Path = field(default=Path())
    concludes: bool = True
    """Whether it concludes runs: a worker, `--list` and a locustfile without the harness do not."""
    is_interrupted: bool = False
    is_checked: bool = False

    def finish(self, timeout_s: float = TIMEOUT_S) -> Locust:
        """Wait for its end; keeps its output (stdout and stderr together) and exit code.

        Exit code, printed verdict, summary.json and junit.xml must say the same; see `assert_agreement`.
        """
        try:
            if self.is_interrupted:
                with suppress(subprocess.TimeoutExpired):
                    self.process.wait(20)
                if self.process.poll() is None:
                    self.interrupt()  # Python drops a signal that meets a finaliser; a person would press again
            self.exit_code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            pytest.fail(f"locust did not end within {timeout_s} s:\n{self.log.read_text()[-4000:]}")
        self.output = self.log.read_text()
        self.is_checked = True
        assert_agreement(self)
        return self

    def interrupt(self) -> None:
        """What Ctrl-C in the terminal does: SIGINT to the whole process group."""
        os.killpg(self.process.pid, signal.SIGINT)
        self.is_interrupted = True

    def wait_for_log(self, pattern: str, timeout_s: float = 30) -> re.Match[str]:
        """Wait until the output holds this."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if found := re.search(pattern, self.log.read_text()):
                return found
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        pytest.fail(f"locust never said {pattern!r}:\n{self.log.read_text()[-4000:]}")

    def summaries(self) -> list[dict[str, Any]]:
        """summary.json of each run, oldest first."""
        return [json.loads(path.read_text()) for path in sorted(self.results.glob("2*/summary.json"))]

    @property
    def summary(self) -> dict[str, Any]:
        """summary.json of the only run."""
        (only,) = self.summaries()
        return only


StartLocust = Callable[..., Locust]


@pytest.fixture
def start_locust(tmp_path: Path) -> Iterator[StartLocust]:
    """Starts `locust` in a folder of its own with a copy of the shipped locustfile, locust.conf and users.csv.

    With `against=` a sandbox, the run is pointed at it by environment variables; `within=` is a command that runs the
    rest of its arguments somewhere else. Everything is stopped at the end of
    the test, and no process of the run may be left over. A process that concludes no run says so with
    `concludes=False`; the runs of all others are held to `assert_agreement`, also where a test waits for none of them.
    """
    started: list[Locust] = []
    furnish(tmp_path)

    def start(
        *arguments: object,
        against: Any = None,
        env: dict[str, str] | None = None,
        code: str = "",
        folder: Path = tmp_path,
        within: Sequence[str] = (),
        concludes: bool = True,
    ) -> Locust:
        if code:
            (folder / "locustfile.py").write_text(code)
        number = len(started)
        results = tmp_path / f"results-{number}"
        log = tmp_path / f"locust-{number}.log"
        port = str(free_port())
        ports = {"LOCUST_MASTER_BIND_PORT": port, "LOCUST_MASTER_NODE_PORT": port}
        with log.open("w") as out:
            process = subprocess.Popen(
                [*within, sys.executable, "-m", "locust", *map(str, arguments)],
                cwd=folder,
                env={
                    **_environment(),
                    **ports,
                    "COGNITO_RESULTS_DIR": str(results),
                    **variables_of(against),
                    **(env or {}),
                },
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        is_worker = "--worker" in arguments
        started.append(Locust(process, folder, results, log=log, concludes=concludes and not is_worker))
        return started[-1]

    yield start
    for locust in started:
        if locust.process.poll() is not None and not locust.is_checked:
            locust.finish()
        with suppress(ProcessLookupError):
            os.killpg(locust.process.pid, signal.SIGKILL)
        locust.process.wait()
    for locust in started:
        if not locust.is_checked:  # it was still there, so only its runs can be looked at
            assert_runs_agree(locust.results, locust.log.read_text())


@pytest.fixture
def run_locust(start_locust: StartLocust) -> Callable[..., Locust]:
    """Runs `locust` headless to its end."""

    def run(*arguments: object, timeout_s: float = TIMEOUT_S, **options: Any) -> Locust:
        return start_locust("--headless", "--only-summary", *arguments, **options).finish(timeout_s)

    return run


def assert_agreement(locust: Locust) -> None:
    """Exit code, printed verdict, summary.json and junit.xml of a process that has ended say the same."""
    if locust.exit_code is not None and locust.exit_code < 0:  # by a signal: it had no chance to say anything
        assert_runs_agree(locust.results, locust.output, is_printed=False)
        return
    codes = assert_runs_agree(locust.results, locust.output)
    if not locust.concludes:
        assert not codes, f"{codes}: it was to conclude no run"
    elif codes:
        assert locust.exit_code == max(codes), f"{locust.exit_code}, the runs say {codes}:\n{locust.output[-4000:]}"
    else:
        assert locust.exit_code != 0, f"exit code 0 without a run:\n{locust.output[-4000:]}"


def assert_runs_agree(results: Path, output: str, *, is_printed: bool = True) -> list[int]:
    """What each run was printed as and what its files say is the same.

    Returns:
        The exit code of each run that was concluded, oldest first.
    """
    printed = [found.groups() for found in _PRINTED.finditer(output)]
    codes = []
    for path in sorted(results.glob("2*/summary.json")):
        verdict = json.loads(path.read_text())["verdict"]
        word, code, sentence = verdict["word"], verdict["exit_code"], verdict["sentence"]
        assert (word == "passed") == (code == 0), verdict
        assert word != "invalid" or code >= EXIT.INVALID, verdict
        assert not is_printed or (word, sentence, str(code)) in printed, f"{verdict}, but printed was {printed}"
        (suite,) = JUnitXml.fromfile(str(path.with_name("junit.xml")))
        properties = {item.name: item.value for item in suite.properties()}
        assert properties["verdict"] == word, properties
        assert (suite.failures > 0) == (word != "passed"), suite.tostring()
        codes.append(code)
        last = (word, sentence, str(code))
    if codes and is_printed:
        assert printed[-1] == last, f"the last verdict that was printed is not the last run's: {printed}"
    elif not codes:
        assert not printed, f"{printed} was printed, and there is no summary.json"
    return codes


def furnish(folder: Path) -> None:
    """Put the files a user starts from into a folder."""
    folder.mkdir(exist_ok=True)
    for name in ("locustfile.py", "locust.conf", "users.csv"):
        shutil.copy(ROOT / name, folder)


def variables_of(sandbox: Any) -> dict[str, str]:
    """What points a run at a sandbox that a test started."""
    if sandbox is None:
        return {}
    return {
        "COGNITO_ENDPOINT": sandbox.endpoint,
        "COGNITO_CLIENT_ID": sandbox.client_id,
        "COGNITO_USER_POOL_ID": sandbox.user_pool_id,
        "LOCUST_HOST": sandbox.api,
        "AWS_ACCESS_KEY_ID": sandbox.access_key_id,
        "AWS_SECRET_ACCESS_KEY": sandbox.secret_access_key,
    }


def sent(summary: dict[str, Any], name: str) -> int:
    """How often the client sent this: measured or cut off."""
    measured: int = summary["exchanges"]["by_name"].get(name, {"count": 0})["count"]
    return measured + summary["not_measured"]["cut_off"].get(name, 0)


def wait_until(is_so: Callable[[], object], timeout_s: float = 60) -> None:
    """Wait for a condition instead of a time: a busy machine takes longer, and a quiet one need not wait."""
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline, f"still not so after {timeout_s} s"
        time.sleep(0.1)


def is_answering(url: str) -> bool:
    """Whether something answers there, whatever it says."""
    try:
        requests.get(url, timeout=10)
    except requests.ConnectionError:
        return False
    return True


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def group_members(process_group: int) -> list[int]:
    """The processes of a group that are still there, zombies excepted (Linux)."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[2]) == process_group and fields[0] != "Z":
                found.append(int(stat.parent.name))
    return found


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "COGNITO_", "LOCUST_"))}
    return {
        **kept,
        "AWS_EC2_METADATA_DISABLED": "true",
        # Other work on this machine must not fail a test about something else; tests about the limit set it themselves.
        "COGNITO_MAX_LAG": "2000",
        # Nor need each of a hundred runs make a page that nobody looks at; tests about the page ask for theirs.
        "COGNITO_REPORT": "no",
        "AWS_CONFIG_FILE": os.devnull,
        "NO_COLOR": "1",
        "COLUMNS": "120",
    }
