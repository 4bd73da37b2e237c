"""Faulty configurations: exit 5, everything named, nothing sent, nobody left behind."""

from __future__ import annotations

import time

import pytest

from harness.errors import EXIT
from tests.e2e.conftest import free_port, furnish, group_members

pytestmark = pytest.mark.e2e


def settle(process_group):
    """The members of a process group after it had a moment to end."""
    deadline = time.monotonic() + 5
    while (members := group_members(process_group)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return members


@pytest.mark.parametrize("arguments", [(), ("--processes", 2)], ids=["one process", "two workers"])
def test_a_missing_users_file(run_locust, start_sandbox, tmp_path, arguments):
    """Exit 5, with and without workers; no orphan, and the server never heard of us."""
    (tmp_path / "users.csv").unlink()
    sandbox = start_sandbox()
    run = run_locust("--users", 2, "--run-time", "5s", *arguments, against=sandbox)
    assert run.exit_code == EXIT.CONFIGURATION, run.output
    assert "users.csv" in run.output
    assert settle(run.process.pid) == []
    assert sandbox.counts()["arrived"] == {}


def test_a_master_that_cannot_start_sends_its_worker_home(start_locust, start_sandbox, tmp_path):
    """A worker started apart does not wait for a master that is gone."""
    port = free_port()
    sandbox = start_sandbox()
    elsewhere = tmp_path / "elsewhere"
    furnish(elsewhere)
    worker = start_locust("--worker", "--master-port", port, against=sandbox, folder=elsewhere)
    (tmp_path / "users.csv").unlink()
    master = start_locust("--headless", "--master", "--master-bind-port", port, "--users", 2, against=sandbox)
    assert master.finish().exit_code == EXIT.CONFIGURATION
    assert worker.finish().exit_code == EXIT.PASSED
    assert sandbox.counts()["arrived"] == {}


def test_all_faults_are_named_at_once(run_locust, start_sandbox, tmp_path):
    """Region against pool, an unknown choice, a bad gate, a missing CA bundle and too few rows: one list."""
    (tmp_path / "users.csv").write_text("username,password\nsomebody@example.com,Sample-Passw0rd-1\n")
    run = run_locust(
        "Api",
        *("--users", 3, "--run-time", "5s", "--cognito-region", "eu-west-1", "--cognito-sign", "sometimes"),
        *("--gate", "InitiateAuth p95 << 3", "--cognito-ca-bundle", "nowhere.pem"),
        against=start_sandbox(),
    )
    assert run.exit_code == EXIT.CONFIGURATION, run.output
    for expected in ("eu-west-1", "'sometimes'", "p95 << 3", "nowhere.pem"):
        assert expected in run.output


def test_too_few_rows_says_how_many_are_missing(run_locust, start_sandbox, tmp_path):
    """Three API users and one account: two are missing."""
    (tmp_path / "users.csv").write_text("username,password\nsomebody@example.com,Sample-Passw0rd-1\n")
    run = run_locust("Api", "--users", 3, "--run-time", "5s", against=start_sandbox())
    assert run.exit_code == EXIT.CONFIGURATION, run.output
    assert "2 missing" in run.output


def test_a_host_without_a_client_id(run_locust):
    """An API of one's own and no pool: nothing is guessed."""
    run = run_locust("--users", 1, "--run-time", "5s", "--host", "http://127.0.0.1:9")
    assert run.exit_code == EXIT.CONFIGURATION, run.output
    assert "--cognito-client-id" in run.output


def test_the_sample_users_are_for_the_sandbox_only(run_locust):
    """Sample passwords never go to a real endpoint."""
    run = run_locust(
        "Login",
        *("--users", 1, "--run-time", "5s", "--cognito-client-id", "1example23456789", "--cognito-region", "us-east-2"),
        env={"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "not-a-secret"},
    )
    assert run.exit_code == EXIT.CONFIGURATION, run.output
    assert "sample users" in run.output


def test_a_faulty_extraction_is_found_before_the_load(run_locust, start_sandbox):
    """A JSON Extractor with lists of unequal length loses samples in JMeter; here the run does not start."""
    code = """
from locust import events, task
from harness.load import CognitoApiUser, Extraction, install
install(events)
class Api(CognitoApiUser):
    both = Extraction("a;b", "$.a", "x")
    @task
    def read(self):
        self.extract(self.both, self.client.get("/me"))
"""
    sandbox = start_sandbox()
    run = run_locust("--users", 1, "--run-time", "5s", against=sandbox, code=code)
    assert run.exit_code == EXIT.CONFIGURATION, run.output
    assert sandbox.counts()["arrived"] == {}


def test_a_worker_whose_users_file_differs_is_refused(start_locust, start_sandbox, tmp_path):
    """The master hands out row numbers, so the files must be the same."""
    port = free_port()
    sandbox = start_sandbox()
    elsewhere = tmp_path / "elsewhere"
    furnish(elsewhere)
    users = elsewhere / "users.csv"
    users.write_text(users.read_text().replace("-001@", "-999@"))
    distributed = ("--master-bind-port", port, "--expect-workers", 1)
    master = start_locust("--headless", "--master", *distributed, "--users", 2, "--run-time", "10s", against=sandbox)
    worker = start_locust("--worker", "--master-port", port, against=sandbox, folder=elsewhere)
    master.finish()
    worker.finish()
    assert master.exit_code == EXIT.CONFIGURATION, master.output
    assert "differs from the master's" in master.output
    assert sandbox.counts()["arrived"] == {}


def test_no_client_id_where_something_points_at_a_pool(run_locust, tmp_path):
    """An unset secret of CI: no run against the sandbox; what points, what else is wrong, and the remedy."""
    users = tmp_path / "users.csv"
    users.write_text(users.read_text().replace("load-user-", "tester-"))
    run = run_locust(
        "Login",
        *("--users", 10**20, "--run-time", "5s", "--warmup", "5s", "--host", "127.0.0.1:9441", "--processes", 2),
        *("--login-rate", "1e300", "--gate", "login p95 << 3"),
        env={
            "COGNITO_CLIENT_ID": "",
            "COGNITO_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "canary-secret",
        },
    )
    assert run.exit_code == EXIT.CONFIGURATION, run.output
    pointing = (
        "--cognito-region eu-west-1, --host 127.0.0.1:9441, AWS_ACCESS_KEY_ID, the accounts of users.csv point at"
    )
    for expected in (
        pointing,
        "--cognito-sandbox",
        "COGNITO_CLIENT_ID",
        "--warmup is 5s",
        "over the limit of",
        "p95 << 3",
    ):
        assert expected in run.output
    assert "canary" not in run.output
    assert not run.results.exists() or not list(run.results.glob("2*"))
    assert settle(run.process.pid) == []


def test_the_sandbox_where_it_is_asked_for(run_locust, tmp_path):
    """With accounts of one's own, a region and a profile that does not exist; every account of the result names it."""
    users = tmp_path / "users.csv"
    users.write_text(users.read_text().replace("load-user-", "tester-"))
    locustfile = tmp_path / "locustfile.py"
    own_host = 'class Api(CognitoApiUser):\n    host = "https://api.example.com"\n'
    locustfile.write_text(locustfile.read_text().replace("class Api(CognitoApiUser):\n", own_host))
    run = run_locust(
        *("--users", 2, "--run-time", "3s", "--cognito-sandbox", "--processes", 2),
        env={
            "COGNITO_REGION": "eu-west-1",
            "AWS_PROFILE": "nowhere",
            "COGNITO_CLIENT_SECRET": "of-another-client",
            "COGNITO_REPORT": "yes",
        },
    )
    assert run.exit_code == EXIT.PASSED, run.output
    assert "\nTarget: local sandbox\n" in run.output
    assert "\nTarget     local sandbox\n" in run.output
    assert "the host of Api is https://api.example.com: the sandbox's API is called instead" in run.output
    assert run.summary["target"]["kind"] == "sandbox"
    (folder,) = run.results.glob("2*")
    assert '<property name="target" value="local sandbox"/>' in (folder / "junit.xml").read_text()
    assert "Target: local sandbox" in (folder / "summary.md").read_text()
    assert "local sandbox" in (folder / "report.html").read_text().partition("</header>")[0]


def test_a_sandbox_started_apart_is_an_endpoint(run_locust, start_sandbox):
    """Its address and its pool: which of several it was can be told."""
    sandbox = start_sandbox()
    run = run_locust("Login", "--users", 1, "--run-time", "2s", against=sandbox)
    assert run.exit_code == EXIT.PASSED, run.output
    assert f"Target: endpoint {sandbox.endpoint}, pool {sandbox.user_pool_id}, region us-east-1" in run.output


@pytest.mark.parametrize("arguments", [(), ("--processes", 2)], ids=["one process", "two workers"])
def test_a_gate_under_a_misspelt_name(run_locust, start_sandbox, tmp_path, arguments):
    """In a variable, in locust.conf and in pyproject.toml: no green run without the gate."""
    with (tmp_path / "locust.conf").open("a") as file:
        file.write("gates = InitiateAuth p95 < 1us\n")
    (tmp_path / "pyproject.toml").write_text('[tool.cognito_load]\ngates = ["login p95 < 1us"]\n')
    sandbox = start_sandbox()
    names = {"COGNITO_GATES": "login p95 < 1us", "COGNITO_PASSWORDS": "x", "COGNITO_USER_POOL_ARN": "arn"}
    run = run_locust("--users", 1, "--run-time", "5s", *arguments, against=sandbox, env=names)
    assert run.exit_code == EXIT.CONFIGURATION, run.output
    assert "3 faults" in run.output
    for meant in ("Did you mean gate?", "Did you mean [tool.cognito-load]?", "Did you mean COGNITO_GATE?"):
        assert run.output.count(meant) == 1
    assert sandbox.counts()["arrived"] == {}
    assert settle(run.process.pid) == []


def test_variables_of_the_users_own_and_of_other_programs(run_locust, start_sandbox, tmp_path):
    """A name that a reference names is no misspelling, however near; another program's is said once."""
    users = tmp_path / "users.csv"
    [header, first, *_] = users.read_text().splitlines()
    name, _, password = first.partition(",")
    users.write_text(f"{header}\n{name},env:COGNITO_USER\n")
    names = {"COGNITO_USER": password.strip('"'), "COGNITO_USER_POOL_ARN": "arn", "COGNITO_GATE_FILE": ""}
    run = run_locust("Login", "--users", 1, "--run-time", "2s", against=start_sandbox(), env=names)
    assert run.exit_code == EXIT.PASSED, run.output
    assert run.output.count("COGNITO_USER_POOL_ARN") == 1
    assert "COGNITO_GATE_FILE is set and empty" in run.output
