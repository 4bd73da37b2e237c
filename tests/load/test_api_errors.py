"""What an API says when it refuses a request: kept where it helps everybody, and never where it is somebody's."""

from __future__ import annotations

import base64
import json
from types import SimpleNamespace
from typing import Any

import pytest
from geventhttpclient.header import Headers
from locust.contrib.fasthttp import LocustBadStatusCode

from harness.cognito.remedies import lookup
from harness.load.api_errors import refused_token
from harness.load.api_sample import MAX_ERROR_CHARS, request_sample

CLIENT, POOL = "1example23456789", "eu-west-1_AbC123"


def jwt(**claims: object) -> str:
    parts = [json.dumps(part).encode() for part in ({"alg": "RS256"}, claims)]
    return ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), "signature"])


def error_of(status: int, *fields: tuple[str, str], body: bytes = b"", **more: Any) -> str:
    headers = Headers()
    for name, value in fields:
        headers.add(name, value)
    response = SimpleNamespace(status_code=status, headers=headers, content=body, **more)
    return request_sample("GET", "/me", 1.0, 0, LocustBadStatusCode("", code=status), response).error


def remedy_of(error: str) -> str:
    kind, _, message = error.partition(": ")
    found = lookup(kind, message)
    assert found is not None, error
    return f"{found.cause} {found.remedy}"


class TestWords:
    @pytest.mark.parametrize(
        ("challenge", "said", "remedy"),
        [
            (
                'Bearer scope="" error="invalid_token" error_description="the token does not have a valid audience"',
                "invalid_token, the token does not have a valid audience",
                "--cognito-client-id",
            ),
            (
                'Bearer realm="example", error="invalid_token", error_description="The access token expired"',
                "invalid_token, The access token expired",
                "clock",
            ),
            (
                'Bearer error="invalid_token", error_description="Jwt expired at 2026-11-23T20:15:30Z"',
                "invalid_token, Jwt expired at \u2026",
                "clock",
            ),
            (
                'Bearer error="invalid_token", error_description="The issuer \'https://x.example/p\' is invalid"',
                "invalid_token, The issuer \u2026 is invalid",
                "pool",
            ),
            (
                'Bearer error="invalid_token", error_description="token_use is \'access\', this API takes id"',
                "invalid_token, token_use is 'access', this API takes id",
                "--cognito-token-use",
            ),
            ('Bearer error="insufficient_scope", scope="api/write"', "insufficient_scope", "scope"),
            ('Bearer realm="x"', "", "WWW-Authenticate"),
            ('Bearer error="my own words"', "", "WWW-Authenticate"),
        ],
    )
    def test_a_challenge_says_why(self, challenge: str, said: str, remedy: str) -> None:
        error = error_of(401, ("WWW-Authenticate", challenge))
        assert error == ("HTTP 401" if not said else f"HTTP 401: {said}")
        assert remedy in remedy_of(error)

    def test_what_could_be_somebodys_is_not_told(self) -> None:
        token = jwt(sub="alice", token_use="access")  # a claim
        challenge = f'Bearer error="invalid_token", error_description="token {token} of alice@example.com is not valid"'
        assert error_of(401, ("WWW-Authenticate", challenge)) == (
            "HTTP 401: invalid_token, token \u2026 of \u2026 is not valid"
        )

    def test_it_is_no_longer_than_others(self) -> None:
        challenge = f'Bearer error="invalid_token", error_description="{"the token is not valid " * 50}"'
        assert len(error_of(401, ("WWW-Authenticate", challenge))) < MAX_ERROR_CHARS

    @pytest.mark.parametrize(
        ("status", "type_", "body", "said", "remedy"),
        [
            (403, "MissingAuthenticationTokenException", b"", "MissingAuthenticationTokenException", "--host"),
            (403, "ForbiddenException", b'{"message":"Forbidden"}', "ForbiddenException", "WAF"),
            (403, "AccessDeniedException:http://x/", b"", "AccessDeniedException", "authorizer"),
            (403, "", b'{"message":"Forbidden"}', "Forbidden", "WAF"),
            (403, "", b'{"message": "Missing Authentication Token"}', "Missing Authentication Token", "--host"),
            (403, "", b'{"message": "alice may not"}', "", "scope"),
            (403, "", b'{"message": "Forbidden"}' + b" " * 1000, "", "scope"),
            (429, "LimitExceededException", b"", "LimitExceededException", "quota"),
            (429, "TooManyRequestsException", b"", "TooManyRequestsException", "throttle"),
            (504, "", b'{"message": "Endpoint request timed out"}', "Endpoint request timed out", "29 s"),
            (500, "no type", b"no json", "", "log"),
        ],
    )
    def test_a_gateway_says_why(self, status: int, type_: str, body: bytes, said: str, remedy: str) -> None:
        error = error_of(status, *([("x-amzn-ErrorType", type_)] if type_ else []), body=body)
        assert error == (f"HTTP {status}: {said}" if said else f"HTTP {status}")
        assert remedy in remedy_of(error)

    def test_an_answer_whose_body_cannot_be_read_says_its_status(self) -> None:
        class Broken:
            status_code, headers = 503, Headers()

            @property
            def content(self) -> bytes:
                raise OSError

        Broken.headers.add("X", "1")
        error = LocustBadStatusCode("", code=503)
        assert request_sample("GET", "/me", 1.0, 0, error, Broken()).error == "HTTP 503"


class TestTokens:
    def test_a_token_is_told_by_its_claims(self) -> None:
        issuer = f"https://cognito-idp.eu-west-1.amazonaws.com/{POOL}"
        access = jwt(token_use="access", client_id=CLIENT, iss=issuer, username="alice")  # a claim
        assert refused_token(f"Bearer {access}", is_fresh=True) == (
            f"to a fresh access token of client {CLIENT}, pool {POOL}"
        )
        id_token = jwt(token_use="id", aud=CLIENT, iss=issuer)  # a claim
        assert refused_token(f"Bearer {id_token}", is_fresh=False) == f"to an id token of client {CLIENT}, pool {POOL}"

    @pytest.mark.parametrize("token", ["opaque", "a.b.c", jwt(), jwt(token_use=5, client_id=["x"], iss=None)])
    def test_one_that_says_nothing_is_a_token(self, token: str) -> None:
        assert refused_token(f"Bearer {token}", is_fresh=True).startswith("to a fresh")
        assert refused_token(f"Bearer {token}", is_fresh=False) == "to a token"

    def test_a_claim_that_is_no_id_is_not_told(self) -> None:
        said = refused_token("Bearer " + jwt(token_use="access", client_id="a secret\n"), is_fresh=True)
        assert said == "to a fresh access token"

    @pytest.mark.parametrize(("use", "other"), [("access", "id"), ("id", "access")])
    def test_the_remedy_is_the_other_token(self, use: str, other: str) -> None:
        refused = refused_token("Bearer " + jwt(token_use=use, client_id=CLIENT), is_fresh=True)
        error = error_of(401, refused_token=refused)
        assert error == f"HTTP 401: to a fresh {use} token of client {CLIENT}"
        assert f"--cognito-token-use {other}" in remedy_of(error)

    def test_a_reason_is_worth_more_than_a_guess(self) -> None:
        challenge = 'Bearer error="invalid_token", error_description="the token does not have a valid audience"'
        refused = refused_token("Bearer " + jwt(token_use="access", client_id=CLIENT), is_fresh=True)
        error = error_of(401, ("WWW-Authenticate", challenge), refused_token=refused)
        assert "--cognito-client-id" in remedy_of(error)


STATUSES = (400, 401, 403, 404, 405, 408, 413, 415, 429, 431, 500, 502, 503, 504)
TRANSPORT = (
    *("ConnectionRefusedError: [Errno 111] Connection refused", "gaierror: [Errno -2] Name or service not known"),
    *("SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] x", "SSLEOFError: closed during the TLS handshake"),
    *("SSLError: [SSL: WRONG_VERSION_NUMBER] wrong version number", "SSLError: handshake failure"),
    *("OSError: [Errno 113] No route to host", "OSError: [Errno 24] Too many open files", "TimeoutError: timed out"),
    *("ConnectionResetError: [Errno 104] reset", "HTTPConnectionClosed: connection closed."),
    *("HTTPParseError: Incomplete response.", "HTTPParseError: Expected HTTP/, RTSP/ or ICE/"),
    *("AnswerTooLargeError: the head is larger than 300 KiB", "AnswerTooLargeError: the body is larger than 64 MiB"),
    *("AnswerTooLateError: the answer did not end in time", "InvalidLocationError: a redirect leads nowhere"),
    *("UnsupportedRedirectSchemeError", "RetriesExceeded: Redirection limit reached (30)"),
    *("ContentCodingError: the body is not gzip", "ContentCodingError: a content coding that was not asked for"),
)


def test_each_failure_has_a_remedy_of_its_own() -> None:
    errors = [*(f"HTTP {status}" for status in STATUSES), *TRANSPORT]
    assert len({remedy_of(error) for error in errors}) == len(errors)
