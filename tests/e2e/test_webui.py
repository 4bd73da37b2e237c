"""Runs started from the web UI, over HTTP as its page does it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest
import requests

from harness.errors import EXIT
from tests.e2e.conftest import ROOT, free_port, is_answering, sent, wait_until
from tests.e2e.test_exits import locustfile
from tests.evidence.reports import look

pytestmark = pytest.mark.e2e


class Page:
    """The requests that the web UI's page makes."""

    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}"

    def swarm(self, headers=None, **form):
        fields = {"user_count": "4", "spawn_rate": "4", **form}
        return requests.post(f"{self.url}/swarm", data=fields, headers=headers or {}, timeout=10)

    def stop(self):
        return requests.post(f"{self.url}/stop", timeout=30)

    def stats(self, headers=None):
        return requests.get(f"{self.url}/stats/requests", headers=headers or {}, timeout=10)

    def wait_until(self, condition, timeout_s=60):
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            stats = self.stats().json()
            if condition(stats):
                return stats
            time.sleep(0.2)
        pytest.fail(f"the web UI never got there: {stats}")


@pytest.fixture
def web(start_locust, start_sandbox):
    """A web UI against a sandbox of its own."""

    def start(*arguments, **options):
        port = free_port()
        sandbox = start_sandbox()
        locust = start_locust("--web-port", port, *arguments, against=sandbox, **options)
        locust.wait_for_log("Starting web interface at http://127.0.0.1")
        page = Page(port)
        wait_until(lambda: is_answering(page.url))
        return locust, page, sandbox

    return start


@pytest.mark.parametrize("workers", [(), ("--processes", 2)], ids=["local", "2 workers"])
def test_two_runs_in_one_process_have_a_verdict_each_and_the_worst_exit_code(web, workers):
    """A gate typed into the form holds for that run only; results are not mixed; the process ends with the worst."""
    locust, page, sandbox = web(*workers)
    if workers:
        locust.wait_for_log("2 workers connected")
    for gate in ("login fail_rate < 1%", "InitiateAuth p95 < 1us"):
        assert page.swarm(gate=gate).json()["success"]
        page.wait_until(lambda s: s["state"] == "running")  # until then the page shows the last run's statistics
        page.wait_until(lambda s: any(r["name"] == "InitiateAuth" and r["num_requests"] > 3 for r in s["stats"]))
        assert page.stop().json()["success"]
        told = page.wait_until(lambda s: s["state"] in ("stopped", "ready"))
        rows = next(tab["data"] for tab in told["extended_stats"] if tab["key"] == "estimate")
        assert f"Target: endpoint {sandbox.endpoint}, pool {sandbox.user_pool_id}" in rows[0]["said"]
    passed, failed = locust.summaries()
    assert passed["verdict"]["exit_code"] == EXIT.PASSED
    assert failed["verdict"]["exit_code"] == EXIT.GATE
    assert (
        sum(sent(summary, "InitiateAuth") for summary in (passed, failed))
        == sandbox.counts()["arrived"]["InitiateAuth"]
    )
    locust.interrupt()
    locust.finish()
    assert locust.exit_code == EXIT.GATE, locust.output


def test_the_page_cannot_be_turned_against_its_user(web):
    """Other origins and hosts are refused, and so is sending passwords elsewhere; nothing is started."""
    _, page, sandbox = web()
    host = page.url.removeprefix("http://")
    evil = "http://evil.example"
    assert page.swarm(headers={"Origin": evil}).status_code == 403
    assert page.stats(headers={"Origin": evil}).status_code == 403
    assert page.stats(headers={"Host": "evil.example"}).status_code == 403
    assert page.swarm(headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}).status_code == 403
    for field in ("cognito_endpoint", "cognito_users", "cognito_ca_bundle", "results_dir"):
        answer = page.swarm(**{field: "http://127.0.0.1:9"}).json()
        assert answer["success"] is False
        assert "cannot be changed from the web UI" in answer["message"]
    assert sandbox.counts()["arrived"] == {}
    assert page.swarm(headers={"Origin": f"http://{host}"}).json()["success"]


def test_a_configuration_fault_is_answered_in_the_form(web):
    """Success false and a message that names it; the run does not start."""
    _, page, sandbox = web()
    answer = page.swarm(cognito_flow="MAGIC").json()
    assert answer["success"] is False
    assert "MAGIC" in answer["message"]
    answer = page.swarm(user_count="1000").json()
    assert answer["success"] is False
    assert "missing" in answer["message"]
    answer = page.swarm(
        user_count=str(10**20),
        spawn_rate="inf",
        host="127.0.0.1:9441",
        run_time="5s",
        warmup="5s",
        login_rate="1e300",
        cognito_max_lag="1e308",
    ).json()
    assert answer["success"] is False
    for option in ("users", "spawn-rate", "host", "warmup", "login-rate", "cognito-max-lag"):
        assert f"--{option}" in answer["message"]
    for count in ("-1", "1e9"):
        assert "--users is" in page.swarm(user_count=count).json()["message"]
    assert sandbox.counts()["arrived"] == {}


def test_locusts_table_keeps_cognitos_exchanges_apart(web):
    """Type COGNITO and the operation's name, beside the API's own rows."""
    _, page, _ = web()
    page.swarm()
    stats = page.wait_until(lambda s: {r["method"] for r in s["stats"]} >= {"COGNITO", "GET"})
    assert ("COGNITO", "InitiateAuth") in {(r["method"], r["name"]) for r in stats["stats"]}
    page.stop()


@pytest.mark.skipif(look.chromium() is None, reason="Chromium is missing: apt-get install chromium")
def test_a_person_finds_logins_causes_and_the_report_in_the_page(web, tmp_path):
    """From the form, whose choices are lists, over the tabs of a run with one wrong password, to its report."""
    rows = (ROOT / "users.csv").read_text().splitlines()
    (tmp_path / "users.csv").write_text("\n".join([rows[0], rows[1] + "-wrong", *rows[2:]]) + "\n")
    _, page, _ = web("--report", "yes")
    browsed = subprocess.run(
        [sys.executable, "-m", "tests.e2e.browse", page.url],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert browsed.returncode == 0, browsed.stderr
    seen = json.loads(browsed.stdout)
    assert seen["choices"] == ["auto", "always", "never"]
    assert {row[0] for row in seen["tables"]["Logins"]} == {"all logins", "login: initial", "InitiateAuth"}
    count, error, cause, remedy = seen["tables"]["Causes and remedies"][0]
    assert count == "1"
    assert error.endswith("NotAuthorizedException: Incorrect username or password.")
    assert "password is wrong" in cause
    assert "users file" in remedy
    assert [row[0] for row in seen["tables"]["Generator"]] == ["this process"]
    assert seen["report"].startswith("failed: 2")
    assert seen["problems"] == []


@pytest.mark.parametrize("workers", [(), ("--processes", 2)], ids=["local", "2 workers"])
@pytest.mark.parametrize(
    ("task", "exit_code"), [("sys.exit(3)", 3), ("self.environment.runner.stop()", 0)], ids=["sys.exit", "stop"]
)
def test_a_run_that_its_locustfile_ends_is_concluded(web, workers, task, exit_code):
    """`sys.exit` ends the process, too; after `runner.stop()` the UI stays for the next run, until SIGHUP ends it."""
    locust, page, sandbox = web(*workers, "Login", code=locustfile(task))
    if workers:
        locust.wait_for_log("2 workers connected")
    assert page.swarm().json()["success"]
    wait_until(locust.summaries, 40)
    if not exit_code:
        assert is_answering(page.url)
        locust.process.send_signal(signal.SIGHUP)
    locust.finish(40)
    assert locust.exit_code == exit_code, locust.output
    assert sent(locust.summary, "InitiateAuth") == sandbox.counts()["arrived"]["InitiateAuth"] > 0


def test_sighup_ends_a_run_that_goes_on_in_the_web_ui(web):
    """The terminal is closed: the run has its verdict, and the process ends."""
    locust, page, sandbox = web("Login", code=locustfile())
    assert page.swarm().json()["success"]
    page.wait_until(lambda s: any(r["name"] == "InitiateAuth" and r["num_requests"] > 3 for r in s["stats"]))
    locust.process.send_signal(signal.SIGHUP)
    locust.finish(40)
    assert locust.exit_code == EXIT.PASSED, locust.output
    assert sent(locust.summary, "InitiateAuth") == sandbox.counts()["arrived"]["InitiateAuth"]
