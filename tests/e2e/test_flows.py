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

RENEWALS, MACHINES = "Renewals", "Machine to machine"


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
    run = run_flow(SECTIONS[title], accounts, client_secret=True)
    assert run.exit_code == 0, run.output
    assert re.search(r"initial +\d+ +0\.0 ", run.output), run.output


def test_a_client_that_rotates_refresh_tokens_is_found_out_once_and_refreshed_without_a_failure(run_flow):
    """Six seconds on three-second tokens: only the first refreshes are refused, and no full login follows."""
    run = run_flow(SECTIONS[RENEWALS], run_time="6s", client_secret=True, rotation="0s", access_token_life="3s")
    assert run.exit_code == 0, run.output
    logins = run.summary["logins"]["by_reason"]
    assert logins.keys() == {"initial", "refresh"}
    assert logins["refresh"]["count"] >= 4
    names = run.summary["exchanges"]["by_name"]
    refused, renewed = names["InitiateAuth (refresh refused)"], names["GetTokensFromRefreshToken"]
    assert 1 <= refused["count"] <= 2, "one for each user that was under way when the first was refused"
    assert refused["outcomes"].keys() == renewed["outcomes"].keys() == {"ok"}
    assert renewed["count"] == logins["refresh"]["count"]
    assert run.output.count("renewed by GetTokensFromRefreshToken") == 1


def test_machines_call_the_api_without_a_users_file_and_their_secret_shows_nowhere(run_flow):
    """Five seconds on three-second tokens: one login for each user at first, and a full one at each renewal."""
    run = run_flow(SECTIONS[MACHINES], run_time="5s", scopes="api/read", access_token_life="3s")
    assert run.exit_code == 0, run.output
    logins = run.summary["logins"]["by_reason"]
    assert logins["initial"]["count"] == 2
    assert logins.keys() == {"initial", "expired"}
    assert run.summary["exchanges"]["by_name"].keys() == {"oauth2/token"}
    assert run.summary["requests"]["all"]["outcomes"].keys() == {"ok"}
    written = [run.output, *(path.read_text() for path in run.results.rglob("*") if path.is_file())]
    assert not [text for text in written if run.secret in text]


def test_a_wrong_answer_is_told_with_its_remedy_and_the_account_left_alone(run_flow):
    """One refused login for each of the two accounts."""
    text = SECTIONS["CUSTOM_AUTH"].replace("int(one) + int(other)", "int(one) - int(other)")
    run = run_flow(text)
    assert run.exit_code == 1
    assert "Incorrect username or password." in run.output
    assert re.search(r"initial +2 +100\.0 ", run.output), run.output


def test_a_challenge_without_an_answer_is_an_outcome_with_a_remedy(run_flow):
    text = SECTIONS["CUSTOM_AUTH"].replace(', answers={"CUSTOM_CHALLENGE": add}', "")
    run = run_flow(text)
    assert run.exit_code == 1
    assert "CUSTOM_CHALLENGE: nothing is configured to answer it" in run.output
    assert "docs/flows.md" in run.output
    assert "Traceback" not in run.output
