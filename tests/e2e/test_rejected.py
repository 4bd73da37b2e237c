"""Accounts that Cognito rejects are named where the run's owner looks, and get new passwords from the file of them."""

from __future__ import annotations

import csv
import stat
import subprocess
import sys

import pytest

from harness.errors import EXIT
from tests.e2e.conftest import ROOT

pytestmark = pytest.mark.e2e
WRONG = (2, 4)
"""Rows with a wrong password, counted from 0."""
WORDS = "Incorrect username or password."


@pytest.fixture
def provision(start_sandbox, tmp_path):
    """Runs `cognito-load provision` against a sandbox; its output."""
    sandbox = start_sandbox()

    def run(*arguments):
        environment = {
            "COGNITO_ENDPOINT": sandbox.endpoint,
            "COGNITO_USER_POOL_ID": sandbox.user_pool_id,
            "AWS_ACCESS_KEY_ID": sandbox.access_key_id,
            "AWS_SECRET_ACCESS_KEY": sandbox.secret_access_key,
        }
        command = [sys.executable, "-m", "harness.cli.main", "provision", *map(str, arguments)]
        ended = subprocess.run(
            command,
            check=False,
            cwd=tmp_path,
            env=environment | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    run.sandbox = sandbox
    return run


@pytest.fixture
def spoiled(provision, tmp_path):
    """Six accounts whose names a spreadsheet would reckon with, two of them with a wrong password."""
    provision("create", "--count", 6, "--prefix", "+load-", "--rate", 100, "--out", "users.csv.new")
    (tmp_path / "users.csv.new").replace(tmp_path / "users.csv")
    with (tmp_path / "users.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    for number in WRONG:
        rows[number][1] = "Wrong-Canary-1"
    with (tmp_path / "users.csv").open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return [rows[number][0] for number in WRONG]


@pytest.mark.parametrize("options", [("Login",), ("Api", "--cognito-on-exhausted", "share", "--processes", 2)])
def test_each_is_told_by_line_and_name_and_gets_a_new_password(run_locust, provision, spoiled, options):
    """Login users in one process, API users on two workers that share the accounts."""
    one, other = spoiled
    load = (*options, "--users", 8, "--spawn-rate", 8, "--run-time", "4s", "--cognito-preflight", "off")
    run = run_locust(*load, against=provision.sandbox, env={"COGNITO_REPORT": "yes"})
    assert run.exit_code == EXIT.FAILED, run.output
    accounts = run.summary["accounts"]
    assert accounts["rejected"] == 2
    assert accounts["by_reason"] == {f"NotAuthorizedException: {WORDS}": 2}
    assert [(each["line"], each["username"]) for each in accounts["first"]] == [(4, one), (6, other)]
    for line, name in ((4, one), (6, other)):
        assert f"line {line}  {name}  NotAuthorizedException: {WORDS}" in run.output
    (folder,) = run.results.glob("2*")
    rejected = folder / "rejected.csv"
    assert stat.S_IMODE(rejected.stat().st_mode) == 0o600
    with rejected.open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["username", "line", "error", "reason"]
    told = [[f"'{one}", "4", "NotAuthorizedException", WORDS], [f"'{other}", "6", "NotAuthorizedException", WORDS]]
    assert sorted(rows) == sorted(told), "inert in a spreadsheet"
    for name in ("summary.md", "report.html"):
        text = (folder / name).read_text()
        assert one in text, name
        assert other in text, name

    assert "2 accounts given new passwords" in provision("reset-passwords", "--users", rejected, "--out", "users.csv")
    again = run_locust(*load, against=provision.sandbox)
    assert again.exit_code == EXIT.PASSED, again.output
    assert again.summaries()[-1]["accounts"] == {"rejected": 0, "by_reason": {}, "first": []}


def test_names_are_nowhere_when_results_are_to_be_shared(run_locust, provision, spoiled):
    """The lines of the file are."""
    load = ("Login", "--users", 8, "--spawn-rate", 8, "--run-time", "3s", "--cognito-show-accounts", "no")
    run = run_locust(*load, against=provision.sandbox, env={"COGNITO_REPORT": "yes"})
    assert [(each["line"], each["username"]) for each in run.summary["accounts"]["first"]] == [(4, None), (6, None)]
    (folder,) = run.results.glob("2*")
    everything = [run.output, *(path.read_text(errors="replace") for path in folder.iterdir())]
    assert not [text for text in everything for name in spoiled if name in text]
    assert "line 6  not shown  NotAuthorizedException" in run.output
