"""Cognito's front door: one POST, an operation named in a header, JSON in and out.

Source of headers and order of checks: the service's answers as its users report them, and what published clients
(AWS SDKs, amazon-cognito-identity-js, pycognito) need of an endpoint.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

import orjson

from harness.sandbox.checks.model import ServiceModel
from harness.sandbox.checks.signature import SignatureCheck
from harness.sandbox.errors import InternalError, InvalidParameter, Refusal, Serialization, UnknownOperation
from harness.sandbox.faults.orders import COGNITO
from harness.sandbox.faults.standing import Answered, Faults
from harness.sandbox.http.exchange import Received, Response
from harness.sandbox.operations.parameters import Answer, Parameters
from harness.sandbox.operations.table import Operation
from harness.sandbox.request_counts import OK, Counts
from harness.sandbox.state.clock import Chance
from harness.sandbox.state.keys import compact_json

TARGET_PREFIX = "AWSCognitoIdentityProviderService."
CONTENT_TYPE = "application/x-amz-json-1.1"
PASSWORD_OPERATIONS = frozenset({"InitiateAuth", "AdminInitiateAuth"})
PROOFS = frozenset({"PASSWORD", "SRP_A"})
"""One of these makes a request the start of a login with a password."""
UNKNOWN_TARGET = "UnknownTarget"
"""How a request without a known operation is counted."""

_EVERYONE = ("Access-Control-Allow-Origin", "*")
_EXPOSED = ("Access-Control-Expose-Headers", "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date")
_ALLOWED_HEADERS = (
    "cache-control",
    "content-type",
    "x-amz-target",
    "x-amz-user-agent",
    "authorization",
    "x-amz-date",
    "x-amz-security-token",
    "x-amz-content-sha256",
    "amz-sdk-invocation-id",
    "amz-sdk-request",
)
_PREFLIGHT = (
    _EVERYONE,
    ("Access-Control-Allow-Methods", "POST"),
    (
        "Access-Control-Allow-Headers",
        ",".join(_ALLOWED_HEADERS),
    ),
    ("Access-Control-Max-Age", "172800"),
)

Gate = Callable[[str], None]
"""Lets an operation pass, or raises a Refusal: quotas."""


@dataclass(frozen=True, slots=True)
class Doors:
    """What stands before an operation.

    `gates` run in order after validation and before the operation.
    """

    model: ServiceModel
    signature: SignatureCheck
    gates: Sequence[Gate]
    demands_signature: frozenset[str]
    """Operations that are open at Amazon and have to be signed here."""


class Service:
    """Answers Cognito requests.

    Args:
        operations: What the sandbox can do, by name.
        doors: What is checked before.
        counts: Where requests are counted.
        chance: Where request ids come from.
        faults: What goes wrong on purpose.
        pause: Waits before an answer leaves (the latency), without holding up others.
    """

    def __init__(
        self,
        operations: Mapping[str, Operation],
        doors: Doors,
        counts: Counts,
        chance: Chance,
        faults: Faults,
        pause: Callable[[], None],
    ) -> None:
        self._operations = operations
        self._doors = doors
        self._counts = counts
        self._chance = chance
        self._faults = faults
        self._pause = pause

    def preflight(self) -> Response:
        """What a browser asks before it posts."""
        return Response(HTTPStatus.OK, _PREFLIGHT)

    def answer(self, received: Received) -> Response:
        """The answer to a POST."""
        prefix, dot, operation = received.headers.get("x-amz-target", "").rpartition(".")
        is_known = prefix + dot == TARGET_PREFIX and self._doors.model.knows(operation)
        name = operation if is_known else UNKNOWN_TARGET
        self._counts.arrived(name)
        answer, response = self._faults.meet(
            name, COGNITO, lambda: self._answer(operation if is_known else None, received), self._refuse
        )
        self._pause()
        self._counts.answered(name, answer)
        return response

    def _answer(self, operation: str | None, received: Received) -> Answered:
        if operation is None:
            return str(HTTPStatus.BAD_REQUEST.value), Response(HTTPStatus.BAD_REQUEST, self._headers())
        try:
            result = self._perform(operation, received)
        except Refusal as refusal:
            return self._refuse(refusal)
        except Exception as error:  # noqa: BLE001  # a fault of the sandbox must not look like a network's
            # Its text may quote the request, so only its kind and place are told.
            place = error.__traceback__
            while place is not None and place.tb_next is not None:
                place = place.tb_next
            where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else "an unknown place"
            sys.stderr.write(f"sandbox: {operation} failed with {type(error).__name__} at {where}\n")
            fault = InternalError("The sandbox failed; its standard error output says where.")
            return self._refuse(fault)
        return OK, Response(HTTPStatus.OK, self._headers(), compact_json(result))

    def _perform(self, operation: str, received: Received) -> Answer:
        doors = self._doors
        if received.is_signed or operation in doors.demands_signature or not doors.model.is_public(operation):
            doors.signature.check(received)
        parameters = _json_object(received.body)
        problem = doors.model.problem(operation, parameters)
        if problem:
            raise InvalidParameter(problem)
        if operation in PASSWORD_OPERATIONS:
            self._count_login(parameters)
        for gate in doors.gates:
            gate(operation)
        perform = self._operations.get(operation)
        if perform is None:
            raise UnknownOperation(f"This sandbox does not have the operation {operation}.")
        return perform(parameters)

    def _count_login(self, parameters: Parameters) -> None:
        values = parameters.get("AuthParameters") or {}
        if "USERNAME" in values and not PROOFS.isdisjoint(values):
            self._counts.login(values["USERNAME"])

    def _headers(self) -> list[tuple[str, str]]:
        return [("Content-Type", CONTENT_TYPE), ("x-amzn-RequestId", self._chance.uuid()), _EVERYONE, _EXPOSED]

    def _refuse(self, refusal: Refusal) -> Answered:
        headers = [*self._headers(), ("x-amzn-ErrorType", f"{refusal.kind}:")]
        body = {"__type": refusal.kind}
        if refusal.message:
            headers.append(("x-amzn-ErrorMessage", _header_text(refusal.message)))
            body["message"] = refusal.message
        return refusal.kind, Response(refusal.status, headers, compact_json(body))


def _json_object(body: bytes) -> Parameters:
    try:
        document = orjson.loads(body or b"{}")
    except ValueError:
        document = _whatever_python_reads(body)
    if not isinstance(document, dict):
        raise Serialization
    return document


def _whatever_python_reads(body: bytes) -> object:
    """JSON that is not quite what RFC 8259 says: half a surrogate pair, a number that is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _header_text(message: str) -> str:
    """A message as a header can carry it: one line of ASCII."""
    return "".join(character if " " <= character <= "~" else "?" for character in message)
