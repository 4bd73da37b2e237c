"""What a sandbox can be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from harness.sandbox.argument_types import LOOPBACK
from harness.sandbox.faults.orders import Order

DEFAULT_REGION = "us-east-1"
DEFAULT_LIFE_S = 3600
AWS_SHORTEST_LIFE_S = 300
DEVICES = {"always": False, "opt-in": True}
"""How a pool remembers devices, by DeviceOnlyRememberedOnUserPrompt."""


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
