"""What points at a user pool, where no app client id is set."""

from __future__ import annotations

import pytest

from harness.settings import Settings
from harness.settings.pointers import contradictions, no_client, pointers
from harness.settings.url import without_user


def pointing(
    options: dict[str, object] | None = None,
    environ: dict[str, str] | None = None,
    hosts: dict[str, str] | None = None,
) -> list[str]:
    return pointers(Settings.from_options(options or {}, environ or {}), environ or {}, hosts or {})


@pytest.mark.parametrize(
    ("options", "environ", "hosts", "named"),
    [
        ({"cognito_region": "eu-west-1"}, {}, {}, "--cognito-region eu-west-1"),
        ({"cognito_user_pool_id": "eu-west-1_A"}, {}, {}, "--cognito-user-pool-id eu-west-1_A"),
        (
            {"cognito_endpoint": "https://u:pw@idp.example.com/x"},
            {},
            {},
            "--cognito-endpoint https://idp.example.com/x",
        ),
        ({"cognito_endpoint": "http://127.0.0.1:9229"}, {}, {}, "--cognito-endpoint http://127.0.0.1:9229"),
        ({"cognito_domain": "my-pool"}, {}, {}, "--cognito-domain my-pool"),
        ({}, {"AWS_ACCESS_KEY_ID": "AKIA-is-not-shown"}, {}, "AWS_ACCESS_KEY_ID"),
        ({}, {"AWS_PROFILE": "staging"}, {}, "AWS_PROFILE"),
        ({}, {"AWS_WEB_IDENTITY_TOKEN_FILE": "/var/token"}, {}, "AWS_WEB_IDENTITY_TOKEN_FILE"),
        ({}, {"COGNITO_CLIENT_SECRET": "not-shown"}, {}, "COGNITO_CLIENT_SECRET"),
        ({}, {}, {"--host": "https://api.example.com"}, "--host https://api.example.com"),
        ({}, {}, {"the host of Api": "https://me:pw@api.example.com"}, "the host of Api https://api.example.com"),
    ],
)
def test_what_somebody_set_on_purpose_is_named_without_secrets(
    options: dict[str, object], environ: dict[str, str], hosts: dict[str, str], named: str
) -> None:
    assert pointing(options, environ, hosts) == [named]


def test_what_is_simply_there_on_a_machine_points_at_nothing() -> None:
    ambient = {
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_CA_BUNDLE": "ca.pem",
        "AWS_PROFILE": "",
    }
    assert pointing({"cognito_client_id": ""}, ambient, {"--host": "", "the host of Api": ""}) == []


def test_all_of_it_is_named_at_once_with_both_ways_out() -> None:
    problem = no_client(pointing({"cognito_region": "eu-west-1"}, {"AWS_PROFILE": "staging"}))
    assert "--cognito-region eu-west-1, AWS_PROFILE point at a user pool" in problem.message
    assert "COGNITO_CLIENT_ID" in problem.hint
    assert "--cognito-sandbox" in problem.hint


@pytest.mark.parametrize(
    ("options", "host", "named"),
    [
        ({"cognito_sandbox": "yes", "cognito_client_id": "abc"}, "", "--cognito-client-id abc is set"),
        (
            {"cognito_sandbox_latency": "200ms", "cognito_client_id": "abc"},
            "",
            "--cognito-client-id is set: no sandbox",
        ),
        ({"cognito_sandbox": "yes"}, "http://a", "--host http://a is set"),
        (
            {"cognito_sandbox": "yes", "cognito_client_id": "abc"},
            "http://a",
            "--cognito-client-id abc and --host http://a are",
        ),
    ],
)
def test_a_sandbox_and_an_app_client_or_an_api_of_ones_own_contradict(
    options: dict[str, object], host: str, named: str
) -> None:
    [problem] = contradictions(Settings.from_options(options, {}), host)
    assert named in problem.message


def test_without_the_switch_nothing_contradicts() -> None:
    assert contradictions(Settings.from_options({"cognito_client_id": "abc"}, {}), "http://a") == []
    assert contradictions(Settings.from_options({"cognito_sandbox": "yes", "cognito_region": "x"}, {}), "") == []


def test_the_sandbox_s_client_has_no_secret() -> None:
    environ = {"COGNITO_CLIENT_SECRET": "of-another-client"}
    assert Settings.from_options({"cognito_sandbox": "yes"}, environ).client_secret == ""
    assert Settings.from_options({}, environ).client_secret == "of-another-client"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:pa/ss@host/path", "https://host/path"),
        ("https://me:p@://ss@host", "https://host"),
        ("me:pw@host:80", "host:80"),
        ("https://host/a", "https://host/a"),
        ("", ""),
    ],
)
def test_a_url_is_shown_without_its_user(url: str, shown: str) -> None:
    assert without_user(url) == shown


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (["AWS_PROFILE"], "AWS_PROFILE points at"),
        (["the accounts of users.dev.csv"], "the accounts of users.dev.csv point at"),
        (["AWS_PROFILE", "the accounts of users.dev.csv"], "users.dev.csv point at"),
    ],
)
def test_the_fault_is_a_sentence(found, says):
    assert says in no_client(found).message
