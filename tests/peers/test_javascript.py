"""The browser's client, amazon-cognito-identity-js, on the sandbox: many pages still log in by it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.peers

PACKAGE = "amazon-cognito-identity-js@6.3.21"
DRIVER = Path(__file__).with_name("javascript.cjs")
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cognito-load-tests" / PACKAGE
INSTALL_S = 60
PASSWORD = "Sample-Password-1!"
NEW_PASSWORD = "Another-Password-2?"


@pytest.fixture(scope="module")
def modules() -> Path:
    """Where the client is installed; once on a machine, by one test process at a time."""
    for program in ("node", "npm"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    try:
        CACHE.mkdir(parents=True, exist_ok=True)
        with (CACHE / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (CACHE / "whole").exists():
                _install()
                (CACHE / "whole").touch()
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or error
        pytest.skip(f"{PACKAGE} cannot be installed here: {str(said)[-300:]}")
    return CACHE / "node_modules"


def _install() -> None:
    """No script of any package is run."""
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=0", "--fetch-timeout=20000"]
    subprocess.run(
        [shutil.which("npm"), "install", "--prefix", CACHE, *options, PACKAGE],
        capture_output=True,
        text=True,
        check=True,
        timeout=INSTALL_S,
    )


@pytest.fixture
def peer(modules, sandbox, aws, pool_id):
    """Runs steps in one page's life; an answer, or an error's type and text, for each."""
    client = aws.create_user_pool_client(
        UserPoolId=pool_id, ClientName="page", ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    )["UserPoolClient"]["ClientId"]

    def run(username, *steps):
        done = subprocess.run(
            [shutil.which("node"), DRIVER, sandbox.endpoint, pool_id, client, username],
            input="".join(f"{json.dumps(step)}\n" for step in steps),
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
            env={"PATH": os.environ["PATH"], "NODE_PATH": str(modules)},
        )
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(answers) == len(steps), done.stderr
        return answers

    return run


def test_it_signs_in_by_srp_refreshes_and_signs_out_everywhere(peer, aws, username):
    first, attributes, second, signed_out = peer(
        username, ["logIn", PASSWORD], ["attributes"], ["refresh"], ["signOutEverywhere"]
    )
    assert (first["username"], first["isValid"], attributes["email"]) == (username, True, username)
    assert second["access"] != first["access"]
    assert second["refresh"] == first["refresh"]
    assert signed_out == "SUCCESS"
    with pytest.raises(aws.exceptions.NotAuthorizedException, match="Access Token has been revoked"):
        aws.get_user(AccessToken=second["access"])


def test_its_wrong_password_is_refused_and_its_page_goes_on(peer, username):
    refused, taken = peer(username, ["logIn", "wrong"], ["logIn", PASSWORD])
    assert refused == {"error": "NotAuthorizedException", "message": "Incorrect username or password."}
    assert taken["username"] == username


def test_it_passes_a_new_password_required(peer, aws, pool_id, username):
    aws.admin_set_user_password(UserPoolId=pool_id, Username=username, Password=PASSWORD, Permanent=False)
    challenge, refused, again, passed, taken = peer(
        username,
        ["logIn", PASSWORD],
        ["newPassword", "weak"],
        ["logIn", PASSWORD],
        ["newPassword", NEW_PASSWORD],
        ["logIn", NEW_PASSWORD],
    )
    assert (challenge["challenge"], challenge["required"]) == ("NEW_PASSWORD_REQUIRED", [])
    assert challenge["attributes"]["email"] == username
    assert refused["error"] == "InvalidPasswordException"
    assert again == challenge
    assert passed["username"] == taken["username"] == username
