"""The README's commands, taken from the file and run."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT, free_port, is_answering, wait_until

pytestmark = pytest.mark.e2e

README = (ROOT / "README.md").read_text()
BLOCKS = [re.sub(r"^   ", "", block, flags=re.MULTILINE) for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)]
INTERACTIVE = ".venv/bin/locust\n"
RECURSIVE = "make test\n"
"""The command that runs this test."""
ACCOUNTS = "username,password\ntester-1@example.com,Their-Passw0rd-1\ntester-2@example.com,Their-Passw0rd-2\n"


@pytest.fixture
def checkout(tmp_path):
    """A working copy of the repository that shares its environment."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    for name in ("locustfile.py", "locust.conf", "users.csv", "Makefile", "pyproject.toml", "uv.lock"):
        shutil.copy(ROOT / name, folder)
        os.utime(folder / name, (0, 0))  # the environment is newer, so make has nothing to set up
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return folder


@pytest.fixture
def shell(checkout, tmp_path, start_sandbox):
    """Runs a script in the checkout, with the pool of the README's example played by a sandbox."""
    accounts = tmp_path / "accounts.csv"
    accounts.write_text(ACCOUNTS)
    sandbox = start_sandbox(users=accounts, region="us-east-2", require_signature=True)
    keys = f"aws_access_key_id={sandbox.access_key_id}\naws_secret_access_key={sandbox.secret_access_key}\n"
    (tmp_path / "credentials").write_text(f"[staging]\n{keys}")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "COGNITO_", "LOCUST_"))}
    environment = {
        **kept,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_CONFIG_FILE": os.devnull,
        "COGNITO_MAX_LAG": "2000",
        "LOCUST_MASTER_BIND_PORT": (port := str(free_port())),
        "LOCUST_MASTER_NODE_PORT": port,
    }
    places = {"1example23456789": sandbox.client_id, "https://api.staging.example.com": sandbox.api}

    def run(script, **variables):
        for example, actual in places.items():
            script = script.replace(example, actual)
        script = re.sub(r"--run-time \d+s", "--run-time 3s", script)
        return subprocess.run(
            ["bash", "-euc", script],  # noqa: S607  # the shell a reader has
            cwd=checkout,
            env={**environment, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    run.endpoint = sandbox.endpoint
    run.environment = environment
    return run


def blocks_between(first, last):
    """The blocks of the README's sections from one heading to another."""
    text = README[README.index(first) : README.index(last)]
    return [block for block in BLOCKS if block.splitlines()[0] in [line.strip() for line in text.splitlines()]]


def test_the_demo_passes_and_names_its_report(shell, checkout):
    """`make demo`: exit 0, a verdict, a report that exists."""
    assert BLOCKS[0] == "make demo\n"
    demo = shell(BLOCKS[0].replace("make demo", "make demo DEMO_TIME=5s"))
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "passed:" in demo.stdout
    report = re.search(r"Report\s+(\S+)", demo.stdout)[1]
    assert (checkout / report).is_file()


def test_the_steps_against_a_pool_of_ones_own_work_in_their_order(shell):
    """From the profile to the two runs, as one session in one shell."""
    steps = blocks_between("## Against your own user pool", "## Headless, in CI")
    assert len(steps) == 4, steps
    session = shell("".join(steps), COGNITO_ENDPOINT=shell.endpoint)
    assert session.returncode == 0, session.stdout + session.stderr
    assert session.stdout.count("passed:") == 2
    assert "Their-Passw0rd" not in session.stdout + session.stderr


@pytest.mark.parametrize(
    "block", [block for block in BLOCKS if "--headless" in block and "staging" not in block], ids=["ci", "processes"]
)
def test_the_headless_commands_pass(shell, block):
    """Gates and --processes, against the sandbox that starts by itself."""
    run = shell(block)
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_web_ui_listens_on_loopback_where_the_readme_says(shell, checkout, tmp_path):
    """Plain `locust` in a terminal of its own."""
    assert INTERACTIVE in BLOCKS
    assert "http://127.0.0.1:8089" in README
    log = tmp_path / "web.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            ["bash", "-c", f"exec {INTERACTIVE}"],  # noqa: S607  # the shell a reader has
            cwd=checkout,
            env={**shell.environment, "LOCUST_WEB_PORT": (port := str(free_port()))},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    wait_until(lambda: "Starting web interface" in log.read_text() and "started the sandbox" in log.read_text())
    wait_until(lambda: is_answering(f"http://127.0.0.1:{port}"))
    for _ in range(3):  # Python drops a signal that meets a finaliser; a person would press again
        os.killpg(process.pid, signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(15)
            break
    assert process.wait(15) == 0, log.read_text()
    assert "Starting web interface at http://127.0.0.1:" in log.read_text()


def test_every_command_of_the_readme_is_run_by_a_test():
    """A block that no test above runs must not slip in."""
    run_here = {
        "make demo\n",
        INTERACTIVE,
        RECURSIVE,
        *blocks_between("## Against your own user pool", "## Headless, in CI"),
    }
    assert {block for block in BLOCKS if "--headless" not in block} <= run_here


def test_the_files_that_the_readme_links_exist():
    """Relative links lead somewhere."""
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert links
    for link in links:
        assert (Path(ROOT) / link).exists(), link
