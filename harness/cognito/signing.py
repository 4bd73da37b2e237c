"""AWS Signature Version 4 for the one request shape that Cognito takes.

Every call to Cognito is a POST to one path that differs in its target, its body and its date only. So everything else
of the canonical request is put together once, and SHA-256 states that have read the constant parts are copied instead
of being fed again.

Source: "Create a signed AWS API request" in the IAM User Guide; the functions bear the names of its steps.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from harness.cognito.wire import CONTENT_TYPE, SERVICE, USER_AGENT
from harness.errors import ConfigurationError, Problem

if TYPE_CHECKING:
    from hashlib import _Hash  # exists for type checkers only

ALGORITHM: Final = "AWS4-HMAC-SHA256"
SIGNED_HEADERS: Final = "content-type;host;x-amz-date;x-amz-target;x-amz-user-agent"
SIGNED_HEADERS_WITH_TOKEN: Final = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target;x-amz-user-agent"  # noqa: S105  # names of headers

_BLOCK_BYTES: Final = 64
"""SHA-256 reads blocks of this many bytes (FIPS 180-4), to which HMAC pads its key (RFC 2104)."""
_INNER_PAD: Final = bytes(byte ^ 0x36 for byte in range(256))
_OUTER_PAD: Final = bytes(byte ^ 0x5C for byte in range(256))


@dataclass(frozen=True, slots=True)
class AwsKeys:
    """IAM credentials as they are now; `session_token` is empty when they are permanent ones."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)


class Signer:
    """Signs calls with one set of keys for one endpoint.

    Safe for threads and greenlets: what is remembered between calls is replaced whole, never changed in a way that
    two callers could tell apart.

    Args:
        keys: The credentials; make a new signer when they change.
        region: The endpoint's region; any other is refused by AWS.
        host: The Host header exactly as it is sent, with the port when that is not the scheme's own.
        path: The path exactly as it is sent, percent-encoded where it needs to be.
        service: The service's name in the credential scope.

    Raises:
        ConfigurationError: A key, the session token, the host or the region holds what none of them can hold.
    """

    __slots__ = ("_canonical_head", "_day", "_keys", "_moment", "_region", "_service", "_signed_headers")

    def __init__(self, keys: AwsKeys, *, region: str, host: str, path: str = "/", service: str = SERVICE) -> None:
        _refuse_unsendable(keys, region, host)
        self._keys = keys
        self._region = region
        self._service = service
        self._signed_headers = SIGNED_HEADERS_WITH_TOKEN if keys.session_token else SIGNED_HEADERS
        self._canonical_head = f"POST\n{canonical_path(path)}\n\ncontent-type:{CONTENT_TYPE}\nhost:{host}\n"
        self._day = ("", b"")
        self._moment = self._moment_of(0)

    def sign(self, operation_target: str, body: bytes, now_s: float) -> bytes:
        r"""The header lines that a call still needs, each ended by CRLF.

        `X-Amz-Date`, `X-Amz-Security-Token` (with temporary keys only) and `Authorization`. The request must also
        carry Content-Type, Host, X-Amz-Target and X-Amz-User-Agent with the values of `harness.cognito.wire`.

        Args:
            operation_target: The value of X-Amz-Target, prefix included.
            body: The body as it is sent.
            now_s: Seconds since the epoch by the wall clock. AWS refuses a signature 5 minutes off.
        """
        second = int(now_s)
        moment = self._moment
        if moment.second != second:
            moment = self._moment = self._moment_of(second)
        canonical_request = (moment.canonical.get(operation_target) or self._canonical(moment, operation_target)).copy()
        canonical_request.update(hashlib.sha256(body).hexdigest().encode())
        string_to_sign = moment.inner.copy()
        string_to_sign.update(canonical_request.hexdigest().encode())
        signature = moment.outer.copy()
        signature.update(string_to_sign.digest())
        return b"%b%b\r\n" % (moment.header_lines, signature.hexdigest().encode())

    def _canonical(self, moment: _Moment, target: str) -> _Hash:
        """The state of a SHA-256 that has read the canonical request up to the body's hash."""
        token = self._keys.session_token
        token_line = f"x-amz-security-token:{token}\n" if token else ""
        state = moment.canonical[target] = hashlib.sha256(
            f"{self._canonical_head}x-amz-date:{moment.timestamp}\n{token_line}"
            f"x-amz-target:{target}\nx-amz-user-agent:{USER_AGENT}\n\n{self._signed_headers}\n".encode()
        )
        return state

    def _moment_of(self, second: int) -> _Moment:
        timestamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
        date = timestamp[:8]
        credential_scope = f"{date}/{self._region}/{self._service}/aws4_request"
        key = self._signing_key(date).ljust(_BLOCK_BYTES, b"\0")
        inner = hashlib.sha256(key.translate(_INNER_PAD))
        inner.update(f"{ALGORITHM}\n{timestamp}\n{credential_scope}\n".encode())
        token = self._keys.session_token
        token_line = f"X-Amz-Security-Token: {token}\r\n" if token else ""
        return _Moment(
            second,
            timestamp,
            inner,
            hashlib.sha256(key.translate(_OUTER_PAD)),
            (
                f"X-Amz-Date: {timestamp}\r\n{token_line}Authorization: {ALGORITHM} "
                f"Credential={self._keys.access_key_id}/{credential_scope}, "
                f"SignedHeaders={self._signed_headers}, Signature="
            ).encode(),
        )

    def _signing_key(self, date: str) -> bytes:
        cached_date, key = self._day
        if cached_date != date:
            key = f"AWS4{self._keys.secret_access_key}".encode()
            for part in (date, self._region, self._service, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._day = (date, key)
        return key


def canonical_path(path: str) -> str:
    """The path as the canonical request has it: dot segments and doubled slashes resolved, then encoded once more."""
    segments: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del segments[-1:]
        elif segment not in ("", "."):
            segments.append(segment)
    slash = "/" if segments and path.endswith("/") else ""
    return quote(f"/{'/'.join(segments)}{slash}", safe="/~")


class _Moment:
    """Everything about signatures that holds for one second."""

    __slots__ = ("canonical", "header_lines", "inner", "outer", "second", "timestamp")

    def __init__(self, second: int, timestamp: str, inner: _Hash, outer: _Hash, header_lines: bytes) -> None:
        self.second = second
        self.timestamp = timestamp
        self.inner = inner
        """HMAC's inner hash, having read the string to sign up to the canonical request's hash."""
        self.outer = outer
        self.header_lines = header_lines
        self.canonical: dict[str, _Hash] = {}
        """Per target, a hash that has read the canonical request up to the body's hash."""


def _refuse_unsendable(keys: AwsKeys, region: str, host: str) -> None:
    """Refuse what would break out of a header line or make every signature wrong (a key copied with its line break).

    The values themselves stay out of the message.
    """
    named = {
        "the AWS access key id": keys.access_key_id,
        "the AWS secret access key": keys.secret_access_key,
        "the AWS session token": keys.session_token or "-",
        "the region": region,
        "the host": host,
    }
    problems = [
        Problem(
            f"{name} is empty or holds characters that it cannot have (a space, a line break, not ASCII)",
            "Copy it anew, without anything before or after it.",
        )
        for name, text in named.items()
        if not text or not text.isascii() or not text.isprintable() or " " in text
    ]
    if problems:
        raise ConfigurationError(problems)
