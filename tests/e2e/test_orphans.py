"""Forked workers end with the process that forked them, found their master or not."""

from __future__ import annotations

import signal
import socket

import pytest

from tests.e2e.conftest import group_members, wait_until

pytestmark = pytest.mark.e2e

RUN = ("--headless", "--only-summary", "--processes", 2, "--users", 4, "--spawn-rate", 4, "--run-time", "3m")


def test_forks_end_when_their_master_is_killed(start_locust, start_sandbox):
    sandbox = start_sandbox()
    run = start_locust(*RUN, against=sandbox)
    wait_until(lambda: sandbox.counts()["arrived"].get("InitiateAuth", 0) > 10)
    run.process.send_signal(signal.SIGKILL)
    run.process.wait()
    wait_until(lambda: group_members(run.process.pid) == [], timeout_s=30)


def test_forks_that_look_for_their_master_end_when_its_port_is_taken(start_locust, start_sandbox):
    """They would try for minutes, and take another load's master for theirs."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        run = start_locust(*RUN, "--master-bind-port", taken.getsockname()[1], against=start_sandbox())
        assert run.process.wait(60) != 0
        wait_until(lambda: group_members(run.process.pid) == [], timeout_s=30)
