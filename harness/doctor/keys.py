"""AWS credentials: where they come from, how long they last, and whose they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from harness import aws
from harness.doctor.case import Case, Known
from harness.doctor.finding import Finding, all_unchecked, explained, faults_of, ok, unchecked, warning
from harness.errors import ConfigurationError
from harness.inquiry import Inquiry, UnansweredError

CHECKS: Final = ("AWS keys", "AWS identity")
COGNITOS_NAMES: Final[Mapping[str, str]] = {
    "InvalidClientTokenId": "UnrecognizedClientException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
    "IncompleteSignature": "IncompleteSignatureException",
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
    "ExpiredToken": "ExpiredTokenException",
}
"""What STS calls errors that Cognito calls otherwise; causes and remedies stand under Cognito's names."""


def check_keys(case: Case, known: Known) -> Iterator[Finding]:
    """The credential chain, and STS's GetCallerIdentity."""
    settings = case.settings
    if settings.sign == "never":
        yield from all_unchecked(CHECKS, "calls are not signed (--cognito-sign never)")
        return
    try:
        found = aws.keys_for(settings.sign, settings.sandbox_keys)
        known.keys = found
        if found is None:
            yield from _without_keys(case)
            return
        found.current()
    except ConfigurationError as error:
        known.keys = None
        yield from faults_of(CHECKS[0], error.problems)
        yield unchecked(CHECKS[1], "there are no keys to ask with")
        return
    yield _of_source(found)
    if not known.has_connection:  # STS is somewhere else, but a dead network takes long to say so
        yield unchecked(CHECKS[1], "the endpoint is not reached")
        return
    yield _identity(inquiry(case, found))


def inquiry(case: Case, keys: aws.KeySource) -> Inquiry:
    """Questions to AWS with these keys; a local endpoint stands for all of AWS."""
    settings = case.settings
    return Inquiry(
        keys.current(),
        region=settings.region,
        endpoint=settings.given_endpoint,
        has_all=settings.is_local,
        ca_bundle=settings.ca_bundle,
    )


def _without_keys(case: Case) -> Iterator[Finding]:
    if case.settings.flow.startswith("ADMIN_"):
        yield explained(CHECKS[0], "MissingAuthenticationTokenException", "no AWS credentials were found")
    else:
        yield warning(
            CHECKS[0],
            "no AWS credentials were found: calls go unsigned, as a browser's do",
            "Give some to the AWS chain if calls should be signed; --cognito-sign never says that they should not.",
        )
    yield unchecked(CHECKS[1], "there are no keys to ask with")


def _of_source(keys: aws.KeySource) -> Finding:
    expiry = keys.expires_at() if isinstance(keys, aws.ChainKeys) else None
    if expiry is None:
        return ok(CHECKS[0], f"from {keys.name}")
    left = expiry - datetime.now(UTC)
    return ok(
        CHECKS[0], f"from {keys.name}, temporary: good for {left.total_seconds() / 60:,.0f} minutes, renewed before"
    )


def _identity(asked: Inquiry) -> Finding:
    try:
        return ok(CHECKS[1], asked.caller())
    except UnansweredError as error:
        kind = COGNITOS_NAMES.get(error.kind)
        if kind is None:
            return unchecked(CHECKS[1], f"STS: {error.kind}")
        return explained(CHECKS[1], kind, error.message)
