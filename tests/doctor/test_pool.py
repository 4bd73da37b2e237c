"""What an administrator sees of a pool on AWS, which a stand-in of one page plays."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from harness.cognito.signing import AwsKeys
from harness.credentials import CsvDataSet, UsersFile, read
from harness.doctor import Case, Finding, State, basis, pool
from harness.doctor.case import Known
from harness.settings import Settings
from harness.transport import Endpoint

ARN = "arn:aws:cognito-idp:eu-west-1:000000000000:userpool/eu-west-1_Abc"
POOL = {"Id": "eu-west-1_Abc", "Name": "staging", "Arn": ARN, "UserPoolTier": "LITE", "EstimatedNumberOfUsers": 12000}
CLIENT = {"ClientId": "client1", "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"], "AccessTokenValidity": 5}
QUOTA = {"QuotaName": "Rate of UserAuthentication requests", "Value": 120.0}


class Keys:
    name = "fake"

    def current(self) -> AwsKeys:
        return AwsKeys("AKIAIOSFODNN7EXAMPLE", "canary-secret")


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """AWS's answers by operation, to be changed; an integer is a status of AccessDeniedException."""
    answers: dict[str, Any] = {
        "DescribeUserPool": {"UserPool": POOL},
        "DescribeUserPoolClient": {"UserPoolClient": CLIENT},
        "ListServiceQuotas": {"Quotas": [QUOTA]},
        "GetWebACLForResource": {},
    }

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            answer = answers[self.headers["X-Amz-Target"].rpartition(".")[2]]
            is_denied = isinstance(answer, int)
            content = json.dumps({"__type": "AccessDeniedException"} if is_denied else answer).encode()
            self.send_response(answer if is_denied else 200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
    yield answers
    server.shutdown()
    thread.join()
    server.server_close()


def look(users: UsersFile | None = None, **settings: str) -> dict[str, Finding]:
    """The findings by check."""
    given = {"client_id": "client1", "user_pool_id": "eu-west-1_Abc", **settings}
    case = Case(Settings(**given), {}, CsvDataSet("users.csv"))
    known = Known(users=users, secrets={}, endpoint=Endpoint.parse("https://x.example"), is_reached=True, keys=Keys())
    return {finding.check: finding for check in (pool.check_pool, pool.check_account) for finding in check(case, known)}


def states(found: dict[str, Finding]) -> dict[str, State]:
    return {check: finding.state for check, finding in found.items() if finding.state is not State.OK}


def test_a_staging_pool_is_well(aws: dict[str, Any], sandbox: Any) -> None:
    found = look(read(CsvDataSet(str(sandbox.users))))
    assert states(found) == {}
    assert found["pool"].message == "staging, about 12,000 users, tier LITE"
    assert "access 5 hours, id 1 hour, refresh 30 days" in found["app client"].message
    assert "a load stays below 60 logins/s" in found["quota"].message
    assert "on Lite" in found["costs"].message


@pytest.mark.parametrize(
    ("described", "is_production"),
    [
        ({"Name": "shop-production"}, True),
        ({"Name": "prod"}, True),
        ({"UserPoolTags": {"env": "PRD"}}, True),
        ({"DeletionProtection": "ACTIVE"}, True),
        ({"Name": "products"}, False),
        ({"Name": "non-prod"}, False),
        ({"Name": "preprod"}, False),
        ({"UserPoolTags": {"env": "delivery"}}, False),
    ],
)
def test_what_looks_like_production(aws: dict[str, Any], described: dict[str, Any], *, is_production: bool) -> None:
    aws["DescribeUserPool"] = {"UserPool": POOL | described}
    assert look(flow="USER_SRP_AUTH")["production"].state is (State.FAULT if is_production else State.OK)
    allowed = look(allow_production="yes", flow="USER_SRP_AUTH")
    assert allowed["production"].state is (State.WARNING if is_production else State.OK)


@pytest.mark.parametrize(
    ("described", "flow", "state"),
    [
        ({"Name": "shop"}, "USER_PASSWORD_AUTH", State.WARNING),
        ({"Name": "shop"}, "ADMIN_USER_PASSWORD_AUTH", State.WARNING),
        ({"Name": "shop"}, "USER_SRP_AUTH", State.OK),
        ({"Name": "shop", "UserPoolTags": {"stage": "QA"}}, "USER_PASSWORD_AUTH", State.OK),
        ({"Name": "latest-contest"}, "USER_PASSWORD_AUTH", State.WARNING),
        ({"Name": "shop_dev"}, "USER_PASSWORD_AUTH", State.OK),
    ],
)
def test_plain_passwords_belong_to_development_and_staging(
    aws: dict[str, Any], described: dict[str, Any], flow: str, state: State
) -> None:
    """A pool that says neither is a warning: nobody knows who depends on it."""
    aws["DescribeUserPool"] = {"UserPool": POOL | described}
    aws["DescribeUserPoolClient"] = {"UserPoolClient": CLIENT | {"ExplicitAuthFlows": []}}
    found = look(flow=flow)["production"]
    assert found.state is state
    assert ("USER_PASSWORD_AUTH belongs" in found.message) is (state is State.WARNING)


def test_a_client_that_does_not_fit_the_settings(aws: dict[str, Any]) -> None:
    """Flow and secret are told though no login got that far; the secret itself is not."""
    rotation = {"RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}}
    aws["DescribeUserPoolClient"] = {"UserPoolClient": CLIENT | rotation | {"ClientSecret": "canary-client-secret"}}
    found = look(flow="USER_SRP_AUTH")
    assert states(found) == {
        "flow": State.FAULT,
        "client secret": State.FAULT,
        "costs": State.NOT_CHECKED,
    }
    assert "ALLOW_USER_SRP_AUTH" in found["flow"].remedy
    assert "SECRET_HASH was not received" in found["client secret"].message
    assert "Unable to verify" in look(client_secret="canary-other")["client secret"].message
    assert "client secret" not in look(client_secret="canary-client-secret")
    assert "canary" not in str(look(client_secret="canary-other"))


@pytest.mark.parametrize(
    ("refresh", "state", "said"),
    [
        ("auto", State.OK, "renewed by GetTokensFromRefreshToken"),
        ("never", State.OK, "never refreshes"),
        ("initiate-auth", State.WARNING, "each renewal is a full login"),
    ],
)
def test_rotation_is_a_warning_only_where_refreshes_would_be_refused(
    aws: dict[str, Any], refresh: str, state: State, said: str
) -> None:
    rotation = {"RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 15}}
    aws["DescribeUserPoolClient"] = {"UserPoolClient": CLIENT | rotation}
    found = look(refresh=refresh)["rotation"]
    assert found.state is state
    assert said in found.message
    assert "15 s more" in found.message


def test_a_quota_below_the_load_and_a_firewall(aws: dict[str, Any]) -> None:
    aws["GetWebACLForResource"] = {"WebACL": {"Name": "limits", "Id": "1", "ARN": "a", "DefaultAction": {}}}
    found = look(login_cap="200")
    assert found["quota"].state is State.WARNING
    assert "below 120" in found["quota"].remedy
    assert found["web ACL"].message == "limits stands before the pool"


def test_without_rights_it_says_which_are_missing(aws: dict[str, Any]) -> None:
    aws |= dict.fromkeys(aws, 400)
    found = look()
    assert set(states(found).values()) == {State.NOT_CHECKED}
    assert "no right" in found["pool"].message
    assert found["quota"].message == "Service Quotas: AccessDeniedException"


def test_tls_is_checked_a_step_at_a_time(start_sandbox: Any, examine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = start_sandbox(tls=True)
    monkeypatch.setenv("COGNITO_ENDPOINT", sandbox.endpoint)
    monkeypatch.setenv("COGNITO_CLIENT_ID", sandbox.client_id)
    monkeypatch.setenv("COGNITO_USER_POOL_ID", sandbox.user_pool_id)
    options = ("--cognito-sign", "never", "--cognito-users", str(sandbox.users))
    code, found = examine(*options, "--cognito-ca-bundle", sandbox.ca_bundle)
    assert (code, found["TLS"]["state"]) == (0, "ok")
    code, found = examine(*options)
    assert (code, found["TLS"]["state"], found["connection"]["state"]) == (5, "fault", "ok")
    assert "--cognito-ca-bundle" in found["TLS"]["remedy"]
    assert found["clock"]["state"] == "not checked"


@pytest.mark.parametrize(
    ("environ", "endpoint", "is_warned"),
    [
        ({"AWS_ENDPOINT_URL": "http://localstack.example:4566"}, "", True),
        ({"AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER": "http://localstack.example:4566"}, "", True),
        ({"AWS_ENDPOINT_URL": "http://localstack.example:4566"}, "http://127.0.0.1:9229", False),
        ({}, "", False),
    ],
)
def test_an_endpoint_that_only_aws_s_tools_follow_is_told(
    environ: dict[str, str], endpoint: str, *, is_warned: bool
) -> None:
    """Passwords go elsewhere by --cognito-endpoint only."""
    settings = Settings(client_id="client1", given_region="eu-west-1", given_endpoint=endpoint)
    found = list(basis.check_settings(Case(settings, environ, CsvDataSet("users.csv")), Known()))
    assert [finding.state for finding in found if finding.check == "endpoint"] == [State.WARNING] * is_warned
