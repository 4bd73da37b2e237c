"""How the sandbox's command line writes a duration, a rate, a scope, an address: its argument types for argparse."""

from __future__ import annotations

import argparse
import re

LOOPBACK = "127.0.0.1"
LONGEST_GRACE_S = 60
_UNITS_S = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|)", re.ASCII)
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+/[\x21\x23-\x2e\x30-\x5b\x5d-\x7e]+")
"""The service model's patterns of ResourceServerIdentifierType and ResourceServerScopeNameType."""
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", re.ASCII)
EVERYWHERE = "0.0.0.0"  # noqa: S104  # refused: it is nobody's address
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d+", re.ASCII)


def duration_s(text: str) -> float:
    """Seconds, of `3s`, `500ms`, `2m`, `1h` or `3`."""
    parts = _DURATION.fullmatch(text.strip())
    if parts is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; write 3s, 500ms or 2m")
    return float(parts[1]) * _UNITS_S[parts[2]]


def whole_seconds(text: str) -> int:
    """A duration of one second or a multiple: what a token's claims can express."""
    seconds = duration_s(text)
    if seconds < 1 or not seconds.is_integer():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of seconds, which is what tokens count in")
    return int(seconds)


def grace_s(text: str) -> int:
    """A rotated refresh token's grace period, by the service model's limits of RetryGracePeriodSeconds."""
    seconds = duration_s(text)
    if not 0 <= seconds <= LONGEST_GRACE_S or not seconds.is_integer():
        raise argparse.ArgumentTypeError(f"{text!r} is no grace period; write whole seconds, 0 to {LONGEST_GRACE_S}")
    return int(seconds)


def scope_names(text: str) -> tuple[str, ...]:
    """Scopes of resource servers: `api/read api/write`, between blanks or commas."""
    names = tuple(text.replace(",", " ").split())
    if not names or not all(_SCOPE.fullmatch(name) for name in names):
        raise argparse.ArgumentTypeError(f"{text!r} holds no scopes; write API/SCOPE, as api/read,api/write")
    return names


def positive_rate(text: str) -> float:
    """Requests a second."""
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no rate; write requests a second, 120 for Amazon's default")
    return rate


def region_name(text: str) -> str:
    """The name of a region."""
    if not _REGION.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no region; write one like us-east-1")
    return text


def own_address(text: str) -> str:
    """An IPv4 address or a host name that clients reach this machine by."""
    if not _HOST.fullmatch(text) or text == EVERYWHERE:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no address to listen on; write the one that clients use, 10.0.0.4 or a host name"
        )
    return text


def port_number(text: str) -> int:
    """A TCP port, 0 for a free one."""
    try:
        port = int(text)
    except ValueError:
        port = -1
    if not 0 <= port < 1 << 16:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; write 1 to 65535, or 0 for a free one")
    return port
