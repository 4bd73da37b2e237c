"""A load test over several machines, played by network namespaces: what a link that is cut for a while does to it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import RunningSandbox
from tests.e2e.conftest import free_port, wait_until
from tests.e2e.uses import USES, Uses

pytestmark = pytest.mark.e2e

USERS = 6
CUT_S = 13.0
"""How long the worker's link is down. Locust takes it for missing after 3 s and gives it up after 63 s; TCP tries again
6.2, 12.6 and 25.4 s after a cut. A longer one costs the test twice the time and shows the same."""
COUNTS = """
import sys, urllib.request
asked = urllib.request.Request(sys.argv[1] + "/counts", headers={"Authorization": "Bearer " + sys.argv[2]})
sys.stdout.buffer.write(urllib.request.urlopen(asked, timeout=10).read())
"""


@dataclass(frozen=True)
class Machine:
    """A network namespace with an address of its own, on the switch that all of them share."""

    name: str
    address: str
    switch: str

    @property
    def within(self) -> list[str]:
        """What runs a command there."""
        return ["ip", "netns", "exec", self.name]

    def cut(self) -> None:
        """Pull the cable: nothing is refused, and nothing arrives."""
        ip("-n", self.switch, "link", "set", self.name, "down")

    def heal(self) -> None:
        """Put it in again."""
        ip("-n", self.switch, "link", "set", self.name, "up")


def ip(*arguments: str, check: bool = True) -> None:
    command = [shutil.which("ip"), *arguments]
    subprocess.run(command, check=check, capture_output=True, text=True, timeout=10)


@pytest.fixture
def machines():
    """Four machines on one switch, which nothing outside of them can reach."""
    if os.geteuid() != 0 or not shutil.which("ip"):
        pytest.skip("network namespaces need root and the ip command")
    prefix = f"cl{os.getpid()}"
    switch = f"{prefix}s"
    found = [Machine(f"{prefix}m{number}", f"10.0.0.{number}", switch) for number in range(1, 5)]
    try:
        ip("netns", "add", switch)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"network namespaces cannot be made here: {error.stderr.strip()}")
    try:
        ip("-n", switch, "link", "add", "bridge", "up", "type", "bridge")
        for machine in found:
            ip("netns", "add", machine.name)
            ip("-n", machine.name, "link", "set", "lo", "up")
            ends = ("link", "add", "eth", "netns", machine.name, "type", "veth", "peer", "name", machine.name)
            ip(*ends, "netns", switch)
            ip("-n", switch, "link", "set", machine.name, "master", "bridge", "up")
            ip("-n", machine.name, "addr", "add", f"{machine.address}/24", "dev", "eth")
            ip("-n", machine.name, "link", "set", "eth", "up")
        yield found
    finally:
        for name in (switch, *(machine.name for machine in found)):
            ip("netns", "del", name, check=False)


@pytest.fixture
def start_sandbox_on():
    """Starts a sandbox on a machine, for the others to reach."""
    started = []

    def start(machine: Machine, users: Path) -> RunningSandbox:
        options = ("--json", "--exit-with-parent", "--bind", machine.address, "--tls", "--users", str(users))
        process = subprocess.Popen(
            [*machine.within, sys.executable, "-m", "harness.sandbox", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(RunningSandbox(process, {}))
        started[-1].ready.update(json.loads(process.stdout.readline()))
        return started[-1]

    yield start
    for sandbox in started:
        sandbox.stop()
        sandbox.process.stdout.close()


def counts(sandbox, machine):
    """The server's own count; its control port is on the loopback interface of its machine."""
    command = [*machine.within, sys.executable, "-c", COUNTS, sandbox.control, sandbox.control_token]
    return json.loads(subprocess.run(command, check=True, capture_output=True, timeout=20).stdout)


def test_a_worker_and_then_the_master_are_cut_off_for_a_while_and_the_run_goes_on(
    machines, start_locust, start_sandbox_on, tmp_path: Path
):
    """The worker reaches neither master nor Cognito, the master no worker: nobody and nothing is lost by either."""
    first, second, third, server = machines
    accounts = tmp_path / "accounts.csv"
    accounts.write_text("username,password\n" + "".join(f"tester-{n},Their-Passw0rd-{n}\n" for n in range(USERS)))
    sandbox, uses, port = start_sandbox_on(server, accounts), Uses(tmp_path), free_port()
    common = ("--cognito-ca-bundle", sandbox.ca_bundle, "--cognito-users", accounts)
    master = start_locust(
        *("--headless", "--only-summary", "--master", "--master-bind-host", first.address, "--master-bind-port", port),
        *("--expect-workers", 2, "--users", USERS, "--spawn-rate", USERS, "--run-time", "3m", *common),
        against=sandbox,
        code=USES,
        within=first.within,
    )
    workers = [
        start_locust(
            *("--worker", "--master-host", first.address, "--master-port", port, *common),
            against=sandbox,
            within=machine.within,
        )
        for machine in (second, third)
    ]
    wait_until(lambda: len(uses.accounts()) == USERS)
    third.cut()
    cut_s = time.monotonic()
    master.wait_for_log("setting state to missing")
    wait_until(lambda: time.monotonic() > cut_s + CUT_S)
    third.heal()
    master.wait_for_log("self-healed")
    healed_s = time.time()
    wait_until(lambda: len(uses.accounts(since_s=healed_s)) == USERS)
    wait_until(lambda: uses.of(workers[1].process.pid, since_s=healed_s))
    first.cut()
    master.wait_for_log("no worker is heard any more")
    first.heal()
    master.wait_for_log("(?s)(self-healed.*){3}All users spawned")
    master.process.send_signal(signal.SIGINT)
    master.finish()
    outputs = [worker.finish().output for worker in workers]

    assert "Traceback" not in " ".join((master.output, *outputs))
    assert sum(int(re.search(r"users at the end: (\d+)", output)[1]) for output in outputs) == USERS
    for name in uses.accounts():
        assert uses.are_apart(name), f"{name} was on two workers at a time"
    seen, summary = counts(sandbox, server), master.summary
    assert set(seen["logins"].values()) == {1}, "nobody had to log in a second time"
    unmeasured = seen["answered"]["GET /me"]["ok"] - summary["requests"]["all"]["outcomes"]["ok"]["count"]
    assert 0 <= unmeasured <= summary["not_measured"]["cut_off"].get("GET /me", 0)
    kinds = [event["kind"] for event in summary["run"]["events"] if event["kind"].startswith("worker")]
    assert kinds[:4] == ["worker_joined", "worker_joined", "worker_lost", "worker_back"]
    assert sorted(kinds[4:]) == ["worker_back", "worker_back", "worker_lost", "worker_lost"]
    *notes, interrupted = summary["run"]["notes"]
    assert interrupted.endswith("of the 180 s of --run-time (SIGINT ended the run)")
    assert len(notes) == len(workers)
    for note in notes:
        assert re.search(r"was cut off for about \d+ s and came back: what it measured is all here", note)
