"""Calls to Cognito and its replies, as values, and what kind of answer a reply is.

Source: botocore's `cognito-idp/2016-04-18` service model and the request shape that the README describes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, Protocol

import orjson

from harness.outcome import Outcome

SERVICE = "cognito-idp"
TARGET_PREFIX = "AWSCognitoIdentityProviderService."
CONTENT_TYPE = "application/x-amz-json-1.1"
USER_AGENT = "aws-amplify/5.0.4 auth framework/5"
"""Sent as X-Amz-User-Agent: what a browser client of the pool sends, so that WAF rules see what they will see."""

MISSING_TARGET = "MissingTarget"
"""Our name for a 400 without a body: X-Amz-Target was missing or wrong, or this is not Cognito."""
NOT_COGNITO = "NotCognito"
"""Our name for an answer that is not Cognito's: a proxy's HTML page, broken JSON."""
CHALLENGE_UNANSWERED = "ChallengeUnanswered"
"""Our name for a challenge that nothing is configured to answer."""
TOO_MANY_REQUESTS = "TooManyRequests"
"""Our name for a token endpoint's 429, which has no name of its own."""
NO_AWS_KEYS = "NoAwsKeys"
"""Our name for a call that could not be signed: the AWS credentials ran out and could not be renewed."""
MISSING_TOKEN = "MissingToken"  # noqa: S105  # the name of an error
"""Our name for a 200 without an AccessToken."""

_THROTTLES = frozenset({"TooManyRequestsException", "ThrottlingException", "LimitExceededException"})
_KIND = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,63}")
"""What the name of an error looks like; anything else in its place is no answer of Cognito's."""


_OK: Final = int(HTTPStatus.OK)
"""A plain number: on Python 3.11 looking up a member of HTTPStatus costs more than the comparison."""


@dataclass(slots=True)
class Call:
    """One operation to send. Not to be changed; but freezing it would make making it four times as dear."""

    operation: str
    body: bytes = field(repr=False)
    not_before_s: float = 0.0
    """Seconds since the epoch before which it must not be sent: a code that is not good yet."""
    makes_good: str = ""
    """The name under which the exchange before is kept, whose refusal was an answer like any other, since this call
    goes in its place."""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Fields in the place of the protocol's own, for a call to another endpoint than Cognito's; it is not signed."""


OFFLOAD = Call("", b"")
"""Yielded instead of a call: nothing is to be sent, the next step is heavy arithmetic.

Whoever drives the flow runs that step off the event loop, by sending it `NO_REPLY`.
"""


class Reply(Protocol):
    """One HTTP answer, as a flow reads it, whoever received it."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """By lower-case name."""

    @property
    def body(self) -> bytes:
        """As it came."""


@dataclass(frozen=True, slots=True)
class PlainReply:
    """A reply that came over no connection."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


NO_REPLY = PlainReply(0, {}, b"")
"""What a flow is sent in return for `OFFLOAD`."""


@dataclass(frozen=True, slots=True)
class ServiceError:
    """Cognito said no."""

    kind: str
    """The bare error type (`NotAuthorizedException`), or one of this module's own names."""
    message: str
    outcome: Outcome

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}" if self.message else self.kind


def encode(operation: str, parameters: Mapping[str, Any]) -> Call:
    """The call for `operation` with its parameters as compact UTF-8 JSON."""
    return Call(operation, orjson.dumps(parameters))


def read(reply: Reply) -> dict[str, Any] | ServiceError:
    """The answer's JSON object, or the error that it is.

    Reads the error type from the body's `__type` (bare or `namespace#Name`), else from `x-amzn-ErrorType`
    (`Name:`), and the text from `message` or `Message`.
    """
    if reply.status == _OK:
        document = json_object(reply.body)
        if document is None:
            return ServiceError(NOT_COGNITO, "the answer is not a JSON object", Outcome.MALFORMED)
        return document
    return _read_error(reply)


def _read_error(reply: Reply) -> ServiceError:
    document = json_object(reply.body) or {}
    kind = str(document.get("__type") or reply.headers.get("x-amzn-errortype") or "")
    kind = kind.partition(":")[0].rpartition("#")[2].strip()
    kind = kind if _KIND.fullmatch(kind) else ""
    message = str(document.get("message") or document.get("Message") or "")
    if not kind and reply.status == HTTPStatus.BAD_REQUEST and not reply.body.strip():
        return ServiceError(MISSING_TARGET, "400 with an empty body", Outcome.REJECTED)
    if not kind:
        outcome = Outcome.SERVER_ERROR if reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR else Outcome.MALFORMED
        outcome = Outcome.THROTTLED if reply.status == HTTPStatus.TOO_MANY_REQUESTS else outcome
        return ServiceError(NOT_COGNITO, f"HTTP {reply.status} without an error type", outcome)
    return ServiceError(kind, message, _outcome(kind, reply.status))


def _outcome(kind: str, status: int) -> Outcome:
    if kind in _THROTTLES or status == HTTPStatus.TOO_MANY_REQUESTS:
        return Outcome.THROTTLED
    return Outcome.SERVER_ERROR if status >= HTTPStatus.INTERNAL_SERVER_ERROR else Outcome.REJECTED


def json_object(body: bytes) -> dict[str, Any] | None:
    """The JSON object that an answer's body is; None when it is anything else."""
    try:
        document = orjson.loads(body)
    except ValueError:  # half a surrogate pair would do: a text that somebody cut off, and no reason to give up
        document = _whatever_python_reads(body)
    return document if isinstance(document, dict) else None


def _whatever_python_reads(body: bytes) -> Any:  # noqa: ANN401  # JSON
    try:
        return json.loads(body.decode())
    except (ValueError, RecursionError):  # the latter: brackets nested thousands deep
        return None
