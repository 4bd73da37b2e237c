"""What a sandbox can be asked for, and how the command line writes it."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from harness.sandbox.orders import Order

LOOPBACK = "127.0.0.1"
DEFAULT_REGION = "us-east-1"
DEFAULT_LIFE_S = 3600
AWS_SHORTEST_LIFE_S = 300
LONGEST_GRACE_S = 60
DEVICES = {"always": False, "opt-in": True}
"""How a pool remembers devices, by DeviceOnlyRememberedOnUserPrompt."""

_UNITS_S = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|)", re.ASCII)
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+/[\x21\x23-\x2e\x30-\x5b\x5d-\x7e]+")
"""The service model's patterns of ResourceServerIdentifierType and ResourceServerScopeNameType."""
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", re.ASCII)
EVERYWHERE = "0.0.0.0"  # noqa: S104  # refused: it is nobody's address
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Options:
    """What a sandbox is like; the defaults are those of a quiet rehearsal."""

    port: int = 0
    bind: str | None = None
    """An IPv4 address or a name of this machine; None for 127.0.0.1."""
    users: Path | None = None
    region: str = DEFAULT_REGION
    requires_signature: bool = False
    """InitiateAuth has to be signed."""
    access_token_life_s: int | None = None
    """Of access and id tokens; None means an hour, and Amazon's limits for clients made later."""
    user_authentication_quota: float | None = None
    """Requests a second over all pools; None switches quotas off."""
    user_creation_quota: float | None = None
    """The same for new accounts."""
    client_authentication_quota: float | None = None
    """The same for app clients that log in for themselves."""
    scopes: tuple[str, ...] = ()
    """What the app client may have by client_credentials; it has a secret then. Empty: no OAuth."""
    latency_s: float = 0.0
    """How long every answer of Cognito is held back."""
    has_client_secret: bool = False
    rotation_grace_s: int | None = None
    """How long a rotated-out refresh token lives on; None: the client's refresh tokens do not rotate."""
    devices: str = ""
    """How its pool keeps track of devices, one of `DEVICES`; empty: it does not."""
    has_session_token: bool = False
    """The keys are temporary ones, with a session token."""
    api_token_use: str | None = None
    uses_tls: bool = False
    faults: tuple[Order, ...] = ()
    """What goes wrong from the start."""
    control_port: int = 0
    resume: Path | None = None
    """A ready line of an earlier sandbox: the same port, identifiers and keys again."""

    @property
    def host(self) -> str:
        """Where it listens, and what its URLs and its certificate say."""
        return self.bind or LOOPBACK

    @property
    def is_on_loopback(self) -> bool:
        """Whether nothing that it is sent leaves the machine."""
        try:
            return self.host == "localhost" or ip_address(self.host).is_loopback
        except ValueError:
            return False


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
