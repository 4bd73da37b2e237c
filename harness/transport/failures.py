"""What may go wrong on the way, in words that are the same for everybody who meets it."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from typing import Final

from harness.errors import ConnectError, TimedOutError, TransportError

WRONG_HOST_CODES: Final = frozenset({62, 63, 64})
"""X509_V_ERR_HOSTNAME_MISMATCH, _EMAIL_MISMATCH, _IP_ADDRESS_MISMATCH (openssl/x509_vfy.h).

OpenSSL's own words for these name the host, which would make a row per host."""

_CONNECT: Final = {
    errno.ECONNREFUSED: ("connection refused", "Is the server running, and is the port right?"),
    errno.ECONNRESET: ("reset while connecting", ""),
    errno.EHOSTUNREACH: ("host unreachable", "Is there a route, a VPN, or a proxy (HTTPS_PROXY) to go through?"),
    errno.ENETUNREACH: ("network unreachable", "Is there a route, a VPN, or a proxy (HTTPS_PROXY) to go through?"),
    errno.EMFILE: ("too many open files", "Raise the limit before the start: ulimit -n 65536."),
    errno.EADDRNOTAVAIL: ("no local port left", "Keep connections open, or spread the load over more machines."),
}


def not_connected(error: Exception) -> TransportError:
    """Why there is no connection: name resolution, TCP, or TLS."""
    if isinstance(error, socket.gaierror):
        return ConnectError("name not resolved", "Is the host name right, and does DNS answer?")
    if isinstance(error, ssl.SSLCertVerificationError):
        return _not_trusted(error)
    if isinstance(error, ssl.SSLError):
        reason = (getattr(error, "reason", None) or "unknown reason").replace("_", " ").lower()
        return ConnectError(f"TLS handshake failed: {reason}", "Does the server speak TLS on this port?")
    code = error.errno if isinstance(error, OSError) else None
    message, hint = _CONNECT.get(code or 0, (os.strerror(code).lower() if code else "not connected", ""))
    return ConnectError(message, hint)


def no_connection_within(timeout_s: float) -> TransportError:
    """The connect timeout has passed."""
    return TimedOutError(
        f"no connection within {timeout_s:g} s", "Is the host reachable from here, and is the port open?"
    )


def no_answer_within(timeout_s: float) -> TransportError:
    """The read timeout has passed since the last byte."""
    return TimedOutError(f"no answer within {timeout_s:g} s", sent=True)


def not_ended_within(timeout_s: float) -> TransportError:
    """The answer began, and its time has passed."""
    return TimedOutError(f"the answer did not end within {timeout_s:g} s", sent=True)


def lost(error: OSError) -> TransportError:
    """Why a connection broke after the request had left."""
    if isinstance(error, ssl.SSLError):
        return TransportError("TLS failed after the request was sent", sent=True)
    if isinstance(error, ConnectionAbortedError):
        return TransportError("closed from this side before the answer", sent=True)
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return TransportError("reset by peer after the request was sent", sent=True)
    reason = os.strerror(error.errno).lower() if error.errno else "connection lost"
    return TransportError(f"{reason} after the request was sent", sent=True)


def _not_trusted(error: ssl.SSLCertVerificationError) -> TransportError:
    if error.verify_code in WRONG_HOST_CODES:
        return ConnectError(
            "TLS certificate is for another host",
            "Use the name that the certificate was issued for, or correct the certificate.",
        )
    return ConnectError(
        f"TLS certificate not trusted: {error.verify_message}",
        "If the authority is your own, give its file: --cognito-ca-bundle FILE.",
    )
