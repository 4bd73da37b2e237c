"""Whose AWS keys these are: the one question of the Security Token Service that a load tester asks.

Source: STS's API reference (query protocol, 2011-06-15) and botocore's model of it.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from harness.sandbox.checks.signature import AccessKey, SignatureCheck
from harness.sandbox.errors import Refusal
from harness.sandbox.http.exchange import Received, Response
from harness.sandbox.request_counts import OK, Counts
from harness.sandbox.state.clock import Chance
from harness.sandbox.state.pool import ACCOUNT_ID

OPERATION = "GetCallerIdentity"
FORM = "application/x-www-form-urlencoded"
NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
CODES = {
    "UnrecognizedClientException": "InvalidClientTokenId",
    "InvalidSignatureException": "SignatureDoesNotMatch",
    "IncompleteSignatureException": "IncompleteSignature",
    "MissingAuthenticationTokenException": "MissingAuthenticationToken",
}
"""STS's names of what Cognito's protocol calls otherwise."""


class Sts:
    """Answers GetCallerIdentity.

    Args:
        region: The region that signatures must be scoped to.
        key: Whom it knows.
        counts: Where requests are counted.
        chance: Where request ids come from.
        wall: Seconds since the epoch.
    """

    def __init__(self, region: str, key: AccessKey, counts: Counts, chance: Chance, wall: Callable[[], float]) -> None:
        self._signature = SignatureCheck(region, [key], wall, "sts")
        self._is_temporary = key.session_token is not None
        self._counts = counts
        self._chance = chance

    def is_asked(self, received: Received) -> bool:
        """Whether a POST means this service: it carries a form, and Cognito takes JSON."""
        kind = received.headers.get("content-type", "")
        return "x-amz-target" not in received.headers and kind.partition(";")[0].strip().lower() == FORM

    def answer(self, received: Received) -> Response:
        """The answer to a form."""
        self._counts.arrived(OPERATION)
        try:
            self._signature.check(received)
        except Refusal as refusal:
            code = CODES.get(refusal.kind, refusal.kind)
            return self._refuse(HTTPStatus.FORBIDDEN, code, refusal.message)
        asked = parse_qs(received.body.decode("utf-8", "replace")).get("Action", [""])[0]
        if asked != OPERATION:
            return self._refuse(HTTPStatus.BAD_REQUEST, "InvalidAction", "This sandbox has GetCallerIdentity only.")
        self._counts.answered(OPERATION, OK)
        return self._xml(HTTPStatus.OK, f"{OPERATION}Response", f"<{OPERATION}Result>{self._who()}</{OPERATION}Result>")

    def _who(self) -> str:
        whom = (
            ("sts", "assumed-role/sandbox/session", "AROASANDBOX:session")
            if self._is_temporary
            else ("iam", "user/sandbox", "AIDASANDBOX")
        )
        arn = f"arn:aws:{whom[0]}::{ACCOUNT_ID}:{whom[1]}"
        return f"<Arn>{arn}</Arn><UserId>{whom[2]}</UserId><Account>{ACCOUNT_ID}</Account>"

    def _refuse(self, status: HTTPStatus, code: str, message: str) -> Response:
        self._counts.answered(OPERATION, code)
        error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        return self._xml(status, "ErrorResponse", error)

    def _xml(self, status: HTTPStatus, root: str, content: str) -> Response:
        identifier = self._chance.uuid()
        tail = (
            f"<RequestId>{identifier}</RequestId>"
            if root == "ErrorResponse"
            else f"<ResponseMetadata><RequestId>{identifier}</RequestId></ResponseMetadata>"
        )
        body = f'<{root} xmlns="{NAMESPACE}">{content}{tail}</{root}>'.encode()
        return Response(status, (("Content-Type", "text/xml"), ("x-amzn-RequestId", identifier)), body)
