"""What a login brought: its shape, how long tokens live, what they say, and which of them the API takes."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from harness.cognito.tokens import Tokens, claims, life_s
from harness.doctor.case import TIMEOUT_S, Case, Known
from harness.doctor.finding import Finding, all_unchecked, failed, fault, faults_of, ok, unchecked, warning
from harness.errors import ConfigurationError, TransportError
from harness.transport import Channel, Endpoint, proxy_for

CHECKS: Final = ("answer", "token life", "run time", "claims")
API: Final = "API"
LIVES_DIFFER_S: Final = 1.0
REFUSALS: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


def check_answers(case: Case, known: Known) -> Iterator[Finding]:
    """AuthenticationResult, ExpiresIn against the token's own life and the run's, and the claims that matter."""
    tokens = known.tokens
    if tokens is None:
        yield from all_unchecked(CHECKS, "no login brought tokens")
        return
    missing = [
        name for name, token in (("IdToken", tokens.id_token), ("RefreshToken", tokens.refresh_token)) if not token
    ]
    if case.settings.is_machine:
        yield ok(CHECKS[0], "access_token and expires_in as the extractor expects them; a machine gets no more")
    elif missing:
        text = f"AccessToken and ExpiresIn as the extractor expects them; no {' and no '.join(missing)}"
        yield warning(CHECKS[0], text, "Without a refresh token every renewal is a login: allow REFRESH_TOKEN_AUTH.")
    else:
        yield ok(CHECKS[0], "AccessToken, IdToken, RefreshToken and ExpiresIn as the extractor expects them")
    yield _life(tokens)
    yield _run_time(case, tokens)
    yield _claims(tokens)


def check_api(case: Case, known: Known) -> Iterator[Finding]:
    """One request with each token to the resource that was named."""
    tokens = known.tokens
    if not case.api:
        yield unchecked(API, "no URL was given (--api)")
        return
    try:
        endpoint = Endpoint.parse(case.api)
        proxy_for(endpoint, case.environ)
    except ConfigurationError as error:
        yield from faults_of(API, error.problems)
        return
    if tokens is None:
        yield unchecked(API, "no login brought tokens")
        return
    try:
        statuses = {
            use: _ask(case, known, endpoint, token)
            for use, token in (("access", tokens.access_token), ("id", tokens.id_token))
            if token
        }
        yield _api(case, statuses, endpoint)
        if not any(status in REFUSALS for status in statuses.values()) and _is_good(_ask(case, known, endpoint, "")):
            yield warning(API, "it answers without any token, too", "Name a resource that needs one: --api URL.")
    except TransportError as error:
        yield failed(API, error)


def _life(tokens: Tokens) -> Finding:
    own_s = life_s(tokens.access_token)
    text = f"ExpiresIn {tokens.expires_in_s:,} s"
    if own_s is None:
        return unchecked(CHECKS[1], f"{text}; the access token is no JWT with iat and exp")
    if abs(own_s - tokens.expires_in_s) > LIVES_DIFFER_S:
        return warning(
            CHECKS[1],
            f"{text}, but exp - iat of the access token is {own_s:,.0f} s",
            "Renewals go by ExpiresIn: see what a pre token generation trigger or a proxy makes of it.",
        )
    return ok(CHECKS[1], f"{text}, as the access token's exp - iat")


def _run_time(case: Case, tokens: Tokens) -> Finding:
    run_s, life = case.run_time_s, tokens.expires_in_s
    if not run_s:
        return unchecked(CHECKS[2], "not given (--run-time)")
    if run_s <= life:
        return ok(CHECKS[2], f"{run_s:,.0f} s: tokens outlive the run, so it renews none")
    if not tokens.refresh_token and not case.settings.is_machine:
        return warning(
            CHECKS[2],
            f"{run_s:,.0f} s: tokens run out after {life:,} s, and there is no refresh token",
            "Count a login per user and token life into the quota, or allow REFRESH_TOKEN_AUTH for the client.",
        )
    return ok(CHECKS[2], f"{run_s:,.0f} s: renewals per user, about: {int(run_s // life)}")


def _claims(tokens: Tokens) -> Finding:
    access, own = _said(tokens.access_token), _said(tokens.id_token)
    if access is None:
        return unchecked(CHECKS[3], "the access token is no JWT")
    groups = access.get("cognito:groups")
    custom = sorted(name for name in own or {} if name.startswith("custom:"))
    parts = [
        f"scope {access.get('scope') or 'none'}",
        f"groups {', '.join(map(str, groups)) if isinstance(groups, list) and groups else 'none'}",
        f"custom attributes {', '.join(custom) or 'none'}",
    ]
    return ok(CHECKS[3], "; ".join(parts))


def _said(token: str) -> dict[str, Any] | None:
    try:
        return claims(token)
    except ValueError:
        return None


def _api(case: Case, statuses: dict[str, int], endpoint: Endpoint) -> Finding:
    told = ", ".join(f"{use} token: HTTP {status}" for use, status in statuses.items())
    use = case.settings.token_use
    taken = [name for name, status in statuses.items() if _is_good(status)]
    if use in taken:
        return ok(API, f"{told} ({endpoint.path})")
    if taken:
        return fault(API, told, f"The API takes the {taken[0]} token: set --cognito-token-use {taken[0]}.")
    if all(status in REFUSALS for status in statuses.values()):
        return fault(API, told, "It takes neither: check its authorizer's pool, client, scopes and groups.")
    return fault(API, told, "Check the path, and that the API works for a single request.")


def _is_good(status: int) -> bool:
    return status < HTTPStatus.BAD_REQUEST


def _ask(case: Case, known: Known, endpoint: Endpoint, token: str) -> int:
    """The status of one GET."""
    channel = Channel(
        endpoint,
        tls=known.tls,
        proxy=proxy_for(endpoint, case.environ),
        connect_timeout_s=TIMEOUT_S,
        read_timeout_s=TIMEOUT_S,
    )
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    request = f"GET {endpoint.path} HTTP/1.1\r\nHost: {endpoint.host_header}\r\nAccept: */*\r\n{authorization}\r\n"
    try:
        return channel.exchange(request.encode("latin-1")).status
    finally:
        channel.close()
