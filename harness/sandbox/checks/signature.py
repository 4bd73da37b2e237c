"""Is this request signed by one of the sandbox's own keys? Checked with botocore's SigV4, never the harness's.

Source of the rules and texts: AWS's documentation of Signature Version 4 and the answers of its services.
"""

from __future__ import annotations

import calendar
import hmac
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

from botocore.auth import EMPTY_SHA256_HASH, SigV4Auth
from botocore.credentials import Credentials

from harness.sandbox.errors import IncompleteSignature, InvalidSignature, MissingAuthenticationToken, UnrecognizedClient
from harness.sandbox.http.exchange import Received

SERVICE = "cognito-idp"
ALGORITHM = "AWS4-HMAC-SHA256"
TERMINATOR = "aws4_request"
CLOCK_SKEW_S = 15 * 60
"""How far a signature's date may lie from the service's clock."""

UNKNOWN_KEY = "The security token included in the request is invalid."
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key"
    " and signing method. Consult the service documentation for details."
)

_STAMP = "%Y%m%dT%H%M%SZ"
_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z", re.ASCII)
_PARTS_OF_A_CREDENTIAL = 5
_STAMPS = 16
"""Everybody who signs in the same second writes the same one."""
_DERIVED_KEYS = 16
"""Four a day; yesterday's and tomorrow's are valid for minutes."""
_HEADS = 64
"""Of different requests in the same second; a kilobyte each."""


@dataclass(frozen=True, slots=True)
class AccessKey:
    """What signs requests: a long-term key, or a temporary one with its session token."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


class SignatureCheck:
    """Signatures for one service in one region, by the keys that it is given.

    Args:
        region: The region that a signature must be scoped to.
        keys: Who may sign.
        wall: Seconds since the epoch.
        service: The service that a signature must be scoped to.
    """

    def __init__(self, region: str, keys: list[AccessKey], wall: Callable[[], float], service: str = SERVICE) -> None:
        self._region = region
        self._service = service
        self._keys = {key.access_key_id: key for key in keys}
        self._signers = {
            key.access_key_id: _Recalculation(
                Credentials(key.access_key_id, key.secret_access_key), service, self._region
            )
            for key in keys
        }
        self._wall = wall

    def check(self, received: Received) -> None:
        """Nothing, when the signature is good.

        Raises:
            Refusal: In the service's words, the first thing that is wrong.
        """
        if not received.is_signed:
            raise MissingAuthenticationToken("Missing Authentication Token")
        credential, signed_headers, signature = _parse(received.headers["authorization"])
        access_key_id, *scope = credential.rsplit("/", _PARTS_OF_A_CREDENTIAL - 1)
        key = self._keys.get(access_key_id)
        if key is None or received.headers.get("x-amz-security-token") != key.session_token:
            raise UnrecognizedClient(UNKNOWN_KEY)
        stamp, signed_s = _date(received.headers)
        self._check_scope(scope, stamp)
        self._check_clock(stamp, signed_s)
        if "host" not in signed_headers:
            raise InvalidSignature("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
        expected = self._signers[access_key_id].signature_of(received, signed_headers, stamp)
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            raise InvalidSignature(MISMATCH)

    def _check_scope(self, scope: list[str], stamp: str) -> None:
        if len(scope) != _PARTS_OF_A_CREDENTIAL - 1:
            raise IncompleteSignature("Credential must have exactly 5 slash-delimited elements")
        date, region, service, terminator = scope
        if terminator != TERMINATOR:
            raise InvalidSignature(f"Credential should be scoped with a valid terminator: '{TERMINATOR}'.")
        if region != self._region:
            raise InvalidSignature("Credential should be scoped to a valid region.")
        if service != self._service:
            raise InvalidSignature(f"Credential should be scoped to correct service: '{self._service}'.")
        if date != stamp[:8]:
            raise InvalidSignature(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
                f"'{date}' != '{stamp[:8]}', from '{stamp}'."
            )

    def _check_clock(self, stamp: str, signed_s: int) -> None:
        now_s = self._wall()
        if abs(now_s - signed_s) <= CLOCK_SKEW_S:
            return
        now = time.strftime(_STAMP, time.gmtime(now_s))
        if signed_s < now_s:
            limit = time.strftime(_STAMP, time.gmtime(now_s - CLOCK_SKEW_S))
            raise InvalidSignature(f"Signature expired: {stamp} is now earlier than {limit} ({now} - 15 min.)")
        limit = time.strftime(_STAMP, time.gmtime(now_s + CLOCK_SKEW_S))
        raise InvalidSignature(f"Signature not yet current: {stamp} is still later than {limit} ({now} + 15 min.)")


def _parse(authorization: str) -> tuple[str, tuple[str, ...], str]:
    """The credential, the names of the signed headers and the signature of an Authorization header."""
    constant, name, signature = authorization.partition("Signature=")
    if "," in signature or not signature.strip():  # it is not the last part, or there is none
        return _parse_whole(authorization)
    credential, signed_headers, _ = _parse_whole(f"{constant}{name}x")  # the same in every request of a day
    return credential, signed_headers, signature.strip()


@lru_cache(maxsize=_HEADS)
def _parse_whole(authorization: str) -> tuple[str, tuple[str, ...], str]:
    algorithm, _, rest = authorization.partition(" ")
    parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    missing = [name for name in ("Credential", "Signature", "SignedHeaders") if not parts.get(name)]
    if algorithm != ALGORITHM:
        raise IncompleteSignature(f"Unsupported AWS 'algorithm': '{algorithm}'.")
    if missing:
        raise IncompleteSignature(" ".join(f"Authorization header requires '{name}' parameter." for name in missing))
    return parts["Credential"], tuple(parts["SignedHeaders"].split(";")), parts["Signature"]


def _date(headers: Mapping[str, str]) -> tuple[str, int]:
    """When the request was signed: as written, and in seconds since the epoch."""
    stamp = headers.get("x-amz-date") or headers.get("date")
    if not stamp:
        raise IncompleteSignature(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        )
    return stamp, _seconds(stamp)


@lru_cache(maxsize=_STAMPS)
def _seconds(stamp: str) -> int:
    parts = _DATE.fullmatch(stamp)
    try:
        return calendar.timegm(tuple(map(int, parts.groups())))  # type: ignore[union-attr]  # caught below
    except (AttributeError, ValueError):
        raise IncompleteSignature("Date must be in ISO-8601 'basic format'.") from None


class _Headers:
    """The signed headers, with the part of `email.message.Message` that botocore's canonicalisation uses."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __contains__(self, name: str) -> bool:
        return False  # X-Amz-Content-SHA256 is asked for here: the body's own hash decides, not what it claims

    def get_all(self, name: str) -> list[str]:
        return [self._values[name]]


class _Head(NamedTuple):
    """All of a request that is signed, but for the body."""

    method: str
    url: str
    names: tuple[str, ...]
    values: tuple[str, ...]


class _Request:
    """What botocore's canonicalisation reads of an AWSRequest, without the cost of preparing one. It has no body."""

    __slots__ = ("body", "context", "headers", "method", "params", "url")

    def __init__(self, head: _Head, stamp: str) -> None:
        self.method = head.method
        self.url = head.url
        self.params = None
        self.headers = _Headers(dict(zip(head.names, head.values, strict=True)))
        self.body = b""
        self.context = {"timestamp": stamp}


class _Recalculation(SigV4Auth):
    """botocore's signer over a request as it arrived: the caller's choice of headers, and the caller's date.

    The chain of keys for a day is derived by botocore too, but once; and what it makes of a head is remembered, since
    all that one program signs in the same second differs by nothing but the body.
    """

    def __init__(self, credentials: Credentials, service: str, region: str) -> None:
        super().__init__(credentials, service, region)
        self._hmac: Callable[..., Any] = super()._sign  # type: ignore[misc]  # not in botocore's stubs
        self._derive = lru_cache(maxsize=_DERIVED_KEYS)(self._hmac)
        self._prepare = lru_cache(maxsize=_HEADS)(self._prepared)

    def _sign(self, key: bytes, msg: str, hex: bool = False) -> Any:  # noqa: A002, ANN401, FBT001, FBT002  # botocore's own
        return self._hmac(key, msg, hex) if hex else self._derive(key, msg)

    def headers_to_sign(self, request: Any) -> Any:  # noqa: ANN401  # botocore's own types
        return request.headers

    def signature_of(self, received: Received, signed_headers: tuple[str, ...], stamp: str) -> str:
        headers = received.headers
        url = f"http://{headers.get('host', '')}{received.path}?{received.query}"
        values = tuple([headers.get(name, "") for name in signed_headers])
        request, canonical = self._prepare(_Head(received.method, url, signed_headers, values), stamp)
        whole = canonical + sha256(received.body).hexdigest()
        return self.signature(self.string_to_sign(request, whole), request)

    def _prepared(self, head: _Head, stamp: str) -> tuple[Any, str]:
        """A request without its body, and its canonical form up to the body's hash, which ends it."""
        request: Any = _Request(head, stamp)
        return request, self.canonical_request(request).removesuffix(EMPTY_SHA256_HASH)
