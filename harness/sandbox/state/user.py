"""One account of a pool."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from harness.sandbox.errors import ResourceNotFound
from harness.sandbox.state.device import Device
from harness.sandbox.state.lockout import Lockout
from harness.sandbox.state.password import Verifier
from harness.sandbox.state.totp import Authenticator


class UserStatus(StrEnum):
    """Where an account stands, in the service's words."""

    UNCONFIRMED = "UNCONFIRMED"
    CONFIRMED = "CONFIRMED"
    RESET_REQUIRED = "RESET_REQUIRED"
    FORCE_CHANGE_PASSWORD = "FORCE_CHANGE_PASSWORD"  # noqa: S105  # the name of a state


class PendingCode(NamedTuple):
    """A code that was sent and waits to be told."""

    code: str
    until_s: float
    """Monotonic seconds."""


@dataclass(slots=True)
class User:
    """One account.

    `generation` counts the sign-outs everywhere: tokens of an earlier generation are revoked. Times are seconds since
    the epoch.
    """

    username: str
    sub: str
    verifier: Verifier
    status: UserStatus
    created_s: float
    modified_s: float
    attributes: dict[str, str] = field(default_factory=dict)
    is_enabled: bool = True
    groups: set[str] = field(default_factory=set)
    """Names of the pool's groups that this user is in."""
    temporary_until_s: float | None = None
    """When a temporary password expires."""
    generation: int = 0
    lockout: Lockout = field(default_factory=Lockout)
    authenticator: Authenticator | None = None
    """An app whose first code was right."""
    candidate: Authenticator | None = None
    """An app that has still to prove itself."""
    second_factors: list[str] = field(default_factory=list)
    """Challenges by which this user proves more than the password; the preferred one first."""
    has_preference: bool = False
    """Whether the first of them is preferred; else the user chooses at each sign-in."""

    codes: dict[str, PendingCode] = field(default_factory=dict)
    """What was sent last, by what it is for."""
    devices: dict[str, Device] = field(default_factory=dict)
    """Devices that this user has signed in from, by their keys, in a pool that keeps track of them."""

    def device(self, key: str) -> Device:
        """The device of this key.

        Raises:
            ResourceNotFound: There is none.
        """
        if key not in self.devices:
            raise ResourceNotFound("Device does not exist.")
        return self.devices[key]

    def sign_out_everywhere(self) -> None:
        """Revoke every token that was issued so far."""
        self.generation += 1

    def attribute_list(self) -> list[dict[str, str]]:
        """The attributes as the service lists them, `sub` last as it does."""
        listed = [{"Name": name, "Value": value} for name, value in self.attributes.items()]
        return [*listed, {"Name": "sub", "Value": self.sub}]
