"""The examples in the help of commands, run as they stand there."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys

import keyring as library
import pytest
from keyrings.alt.file import PlaintextKeyring

from harness.cli.main import COMMANDS, main
from harness.errors import EXIT
from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.sample import Sample
from harness.evidence.judging import baseline
from harness.evidence.judging.baseline import Baseline
from harness.evidence.storage.record import Facts, Record, make_folder
from harness.outcome import Outcome, Reason
from tests.conftest import USERS_CSV

ROOT = USERS_CSV.parent

CANARY = "Canary-Passw0rd-7f3a!"
PLACES = [
    *([command.name] for command in COMMANDS),
    *(["report", name] for name in ("build", "compare")),
    *(["vault", name] for name in ("set", "list", "delete")),
    *(["provision", name] for name in ("create", "check", "reset-passwords", "delete")),
    ["sandbox", "fault"],
]
"""Every place that has a help; the examples of doctor, login, provision and faults are run beside their tests."""


@pytest.fixture
def keyring(tmp_path):
    before = library.get_keyring()
    used = PlaintextKeyring()
    used.file_path = str(tmp_path / "keyring.cfg")
    library.set_keyring(used)
    yield used
    library.set_keyring(before)


@pytest.fixture
def site(sandbox, monkeypatch, tmp_path):
    """The sandbox as this process's AWS; nothing is made in its pool."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "COGNITO_"))]:
        monkeypatch.delenv(name)
    for name, value in {
        "COGNITO_ENDPOINT": sandbox.endpoint,
        "COGNITO_USER_POOL_ID": sandbox.user_pool_id,
        "AWS_ACCESS_KEY_ID": sandbox.access_key_id,
        "AWS_SECRET_ACCESS_KEY": sandbox.secret_access_key,
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)


def examples(capsys, *command):
    """The words of each example in a command's help, without the program's name."""
    with pytest.raises(SystemExit) as caught:
        main([*command, "--help"])
    assert caught.value.code == 0
    found = re.search(r"^.*\bexamples?:\s(.*)", capsys.readouterr().out, re.IGNORECASE | re.DOTALL)
    assert found
    lines = [" ".join(line.split()) for line in re.split(r"\bcognito-load\s+(?=[a-z])", found[1].partition("\n\n")[0])]
    return [line.split() for line in lines if line]


@pytest.mark.parametrize("place", PLACES, ids=" ".join)
def test_every_help_has_an_example_of_its_own(place, capsys):
    assert all(words[: len(place)] == place for words in examples(capsys, *place))


@pytest.mark.parametrize("command", ["vault", "provision"])
def test_help_fits_into_80_columns(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_the_examples_of_vault_work_and_show_no_secret(keyring, capsys, monkeypatch):
    every = [words for place in ([], ["set"], ["list"], ["delete"]) for words in examples(capsys, "vault", *place)]
    assert [words[1] for words in every] == ["set", "list", "set", "list", "delete"]
    for words in every:
        monkeypatch.setattr(sys, "stdin", io.StringIO(CANARY))
        assert main(words) == EXIT.PASSED
        told = "".join(capsys.readouterr())
        assert "keyring:load/alice" in told
        assert CANARY not in told


def test_the_examples_of_provision_work(site, capsys):
    for words in examples(capsys, "provision"):
        dry = [] if words[1] == "check" else ["--dry-run"]
        assert main([*words, *dry]) == EXIT.PASSED


def test_the_examples_of_report_work(capsys, monkeypatch, tmp_path):
    """On two runs that took the same, the later one killed before it could be concluded."""
    monkeypatch.chdir(tmp_path)
    folder = make_folder(tmp_path / "results", "killed")
    record = Record(Facts("killed", 1_795_000_000.0, ("Login",), 3), folder, pytest.fail)
    metrics = Metrics()
    metrics.record(Sample("login", "login", Outcome.OK, 1_795_000_000.0, 9, reason=Reason.INITIAL))
    record.second(1_795_000_000, metrics)
    for words in [*examples(capsys, "report"), *examples(capsys, "report", "build")]:
        assert main(words) == EXIT.PASSED
    for name in ("nightly", "later"):
        (tmp_path / "results" / name).mkdir()
        for _ in range(1_000):
            metrics.record(Sample("request", "GET /orders", Outcome.OK, 0.0, 9_000))
        baseline.write(Baseline(name, 10.0, metrics, {}, "passed"), tmp_path / "results" / name)
    (tmp_path / "results" / "latest").unlink()
    (tmp_path / "results" / "latest").symlink_to("later")
    for words in examples(capsys, "report", "compare"):
        assert main(words) == EXIT.PASSED


def test_the_example_of_options_works(capsys):
    (words,) = examples(capsys, "options")
    assert main(words) == EXIT.PASSED
    assert "--cognito-client-id" in capsys.readouterr().out


def test_the_example_of_the_sandbox_works(capsys, tmp_path):
    """On a port of the test's own; whoever started it closes its standard input."""
    (words,) = examples(capsys, "sandbox")
    port = words.index("--port") + 1
    (tmp_path / "users.csv").write_text(USERS_CSV.read_text())
    command = [sys.executable, "-m", "harness.cli.main", *words[:port], "0", *words[port + 1 :], "--exit-with-parent"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        input="",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == EXIT.PASSED, done.stderr
    assert "http://127.0.0.1:" in done.stdout


def test_a_login_takes_its_password_from_where_it_is_kept(site, sandbox, keyring, capsys, monkeypatch):
    keyring.set_password("load", "user", "Sample-Password-001!")
    monkeypatch.setenv("COGNITO_CLIENT_ID", sandbox.client_id)
    monkeypatch.setenv("COGNITO_PASSWORD", "keyring:load/user")
    assert main(["login", "--username", "load-user-001@example.com"]) == EXIT.PASSED
    assert "Sample-Password-001!" not in "".join(capsys.readouterr())
    monkeypatch.setenv("COGNITO_PASSWORD", "keyring:load/nobody")
    monkeypatch.setenv("COGNITO_CLIENT_SECRET", "env:NOT_SET")
    assert main(["login", "--username", "load-user-001@example.com"]) == EXIT.CONFIGURATION
    told = "".join(capsys.readouterr())
    assert "COGNITO_PASSWORD: keyring:load/nobody leads to no secret" in told
    assert "COGNITO_CLIENT_SECRET: env:NOT_SET leads to no secret" in told
