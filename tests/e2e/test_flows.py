"""The page about flows: each of its locustfiles, run as it stands against the sandbox; and what happens without."""

from __future__ import annotations

import re

import pytest

from tests.e2e.conftest import ROOT

pytestmark = pytest.mark.e2e

PAGE = (ROOT / "docs" / "flows.md").read_text()
ACCOUNTS = "username,password\ntester-1@example.com,Their-Passw0rd-1\ntester-2@example.com,Their-Passw0rd-2\n"


def blocks(language: str, text: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


SECTIONS = {
    title: text
    for title, _, text in (section.partition("\n") for section in PAGE.split("\n## ")[1:])
    if blocks("python", text)
}

RENEWALS, MACHINES, DEVICES = "Renewals", "Machine to machine", "Remembered devices"


@pytest.fixture
def run_flow(tmp_path, start_sandbox, run_locust):
    """Runs a section's locustfile, for two seconds unless asked otherwise: its accounts, its variables, two users."""

    def run(text, accounts=ACCOUNTS, run_time="2s", **sandbox_options):
        users = tmp_path / "accounts.csv"
        users.write_text(accounts)
        sandbox = start_sandbox(users=users, require_signature=True, **sandbox_options)
        variables = dict(re.findall(r"export (\w+)=(\S+)", "\n".join(blocks("sh", text))))
        variables |= {"COGNITO_USER_POOL_ID": sandbox.user_pool_id, "COGNITO_USERS": str(users)}
        if "COGNITO_DOMAIN" in variables:
            variables |= {"COGNITO_DOMAIN": sandbox.endpoint, "COGNITO_REGION": sandbox.region}
            variables["COGNITO_USERS"] = str(tmp_path / "there-is-none.csv")
        if "client_secret" in sandbox.ready:
            variables["COGNITO_CLIENT_SECRET"] = sandbox.client_secret
        [code] = blocks("python", text)
        done = run_locust("--users", 2, "--run-time", run_time, against=sandbox, env=variables, code=code)
        done.secret = sandbox.ready.get("client_secret", "")
        return done

    return run


@pytest.mark.parametrize("title", sorted(SECTIONS.keys() - {RENEWALS, MACHINES}))
def test_each_locustfile_of_the_page_logs_in(title, run_flow):
    [accounts] = blocks("csv", SECTIONS[title]) or [ACCOUNTS]
    options = {"devices": "always"} if title == DEVICES else {}
    run = run_flow(SECTIONS[title], accounts, client_secret=True, **options)
    assert run.exit_code == 0, run.output
    assert re.search(r"initial +\d+ +0\.0 ", run.output), run.output
    if title == DEVICES:
        names = run.summary["exchanges"]["by_name"]
        assert names["RespondToAuthChallenge"]["count"] == 3 * names["InitiateAuth"]["count"]


def test_a_client_that_rotates_refresh_tokens_is_found_out_once_and_refreshed_without_a_failure(run_flow):
    """Five seconds on three-second tokens: only the first refreshes are refused, and no full login follows."""
    run = run_flow(SECTIONS[RENEWALS], run_time="5s", client_secret=True, rotation="0s", access_token_life="3s")
    assert run.exit_code == 0, run.output
    logins = run.summary["logins"]["by_reason"]
    assert logins.keys() == {"initial", "refresh"}
    names = run.summary["exchanges"]["by_name"]
    refused, renewed = names["InitiateAuth (refresh refused)"], names["GetTokensFromRefreshToken"]
    assert 1 <= refused["count"] <= 2, "one for each user that was under way when the first was refused"
    assert refused["outcomes"].keys() == renewed["outcomes"].keys() == {"ok"}
    assert logins["refresh"]["count"] > refused["count"], "later ones ask nothing else first"
    assert renewed["count"] == logins["refresh"]["count"]
    assert run.output.count("renewed by GetTokensFromRefreshToken") == 1


def test_machines_call_the_api_without_a_users_file_and_their_secret_shows_nowhere(run_flow):
    """Four seconds on three-second tokens: one login for each user at first, and a full one at each renewal."""
    run = run_flow(SECTIONS[MACHINES], run_time="4s", scopes="api/read", access_token_life="3s")
    assert run.exit_code == 0, run.output
    logins = run.summary["logins"]["by_reason"]
    assert logins["initial"]["count"] == 2
    assert logins.keys() == {"initial", "expired"}
    assert run.summary["exchanges"]["by_name"].keys() == {"oauth2/token"}
    assert run.summary["requests"]["all"]["outcomes"].keys() == {"ok"}
    written = [run.output, *(path.read_text() for path in run.results.rglob("*") if path.is_file())]
    assert not [text for text in written if run.secret in text]


FAILING_ANSWERS = """
import json, os
from urllib.request import Request, urlopen
from locust import constant, events, task
from harness.load import CognitoLoginUser, install

def order(**fault):
    token = {"Authorization": f"Bearer {os.environ['CONTROL_TOKEN']}"}
    urlopen(Request(os.environ["CONTROL"] + "/faults", json.dumps(fault).encode(), token)).close()

def answer(asked):
    name = asked.username.partition("@")[0]
    one, other = asked.parameters["question"].split(" + ")
    if name == "expired":
        order(fault="expire-sessions")
    if name == "reused":
        order(fault="replay", on="RespondToAuthChallenge", times=1)
    if name == "silent":
        return ""
    return str(int(one) + int(other) + (name == "wrong"))

install(events, answers={"CUSTOM_CHALLENGE": answer})

class Login(CognitoLoginUser):
    wait_time = constant(0.05)

    @task
    def log_in_once(self):
        self.log_in()
"""


def accounts_of(*rows):
    return "\n".join(("username,password,totp_secret,state", *rows)) + "\n"


def fails_only_with(run, *errors):
    """Whether each of these was met once, by an exchange and by its login, has a remedy, and nothing else was wrong."""
    assert run.exit_code == 1, run.output
    assert "Traceback" not in run.output
    told = run.summary["errors"]
    assert all(error["count"] == 1 and error["remedy"] for error in told), told
    met = [(error["name"], error["error"]) for error in told]
    return sorted(met) == sorted([*errors, *(("login", text) for _, text in errors)])


def test_answers_that_fail_in_every_way_are_told_apart_and_their_accounts_left_alone(
    start_sandbox, run_locust, tmp_path
):
    """One user goes through the rows in their order: a challenge expires, is answered twice, wrongly, not at all."""
    names = ("expired", "reused", "wrong", "silent", "right")
    users = tmp_path / "accounts.csv"
    users.write_text(accounts_of(*(f"{name}@example.org,Their-Passw0rd-1,," for name in names)))
    sandbox = start_sandbox(users=users, require_signature=True)
    variables = {
        "COGNITO_FLOW": "CUSTOM_AUTH",
        "COGNITO_USERS": str(users),
        "CONTROL": sandbox.control,
        "CONTROL_TOKEN": sandbox.control_token,
    }
    run = run_locust("--users", 1, "--run-time", "2s", against=sandbox, env=variables, code=FAILING_ANSWERS)
    assert fails_only_with(
        run,
        ("RespondToAuthChallenge", "NotAuthorizedException: Invalid session for the user, session is expired."),
        (
            "RespondToAuthChallenge",
            "NotAuthorizedException: Invalid session for the user, session can only be used once.",
        ),
        ("RespondToAuthChallenge", "NotAuthorizedException: Incorrect username or password."),
        ("InitiateAuth", "ChallengeUnanswered: CUSTOM_CHALLENGE: the locustfile's answer function had no answer"),
    ), run.summary["errors"]
    assert run.summary["logins"]["by_reason"]["initial"]["outcomes"]["ok"]["count"] >= 1


def test_proofs_and_codes_that_fail_in_every_way_are_told_apart_and_their_accounts_left_alone(
    start_sandbox, run_locust, tmp_path
):
    """The pool's accounts and the run's users file disagree: a password, an authenticator's secret, what is missing."""
    secret, other = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU"
    rows = {
        "password@example.org": (("Their-Passw0rd-1", "", ""), ("Other-Passw0rd-2", "")),
        "code@example.org": (("Their-Passw0rd-1", secret, ""), ("Their-Passw0rd-1", other)),
        "app@example.org": (("Their-Passw0rd-1", secret, ""), ("Their-Passw0rd-1", "")),
        "newcomer@example.org": (("Their-Passw0rd-1", "", "FORCE_CHANGE_PASSWORD"), ("Their-Passw0rd-1", "")),
        "right@example.org": (("Their-Passw0rd-1", "", ""), ("Their-Passw0rd-1", "")),
    }
    pool, users = tmp_path / "pool.csv", tmp_path / "accounts.csv"
    pool.write_text(accounts_of(*(f"{name},{','.join(there)}" for name, (there, _) in rows.items())))
    users.write_text(accounts_of(*(f"{name},{','.join(here)}," for name, (_, here) in rows.items())))
    sandbox = start_sandbox(users=pool, require_signature=True)
    [code] = blocks("python", SECTIONS["USER_SRP_AUTH"])
    variables = {"COGNITO_FLOW": "USER_SRP_AUTH", "COGNITO_USERS": str(users)}
    run = run_locust("--users", 3, "--run-time", "3s", against=sandbox, env=variables, code=code)
    unanswered = "ChallengeUnanswered"
    assert fails_only_with(
        run,
        ("RespondToAuthChallenge", "NotAuthorizedException: Incorrect username or password."),
        ("RespondToAuthChallenge", "CodeMismatchException: Invalid code received for user"),
        (
            "RespondToAuthChallenge",
            f"{unanswered}: SOFTWARE_TOKEN_MFA: no totp_secret is configured for this user",
        ),
        (
            "RespondToAuthChallenge",
            f"{unanswered}: NEW_PASSWORD_REQUIRED: no new_password is configured for this user",
        ),
    ), run.summary["errors"]
    assert run.summary["logins"]["by_reason"]["initial"]["outcomes"]["ok"]["count"] >= 1
