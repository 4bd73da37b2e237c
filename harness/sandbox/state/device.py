"""A device that a user has signed in from."""

from __future__ import annotations

from dataclasses import dataclass

from harness.sandbox.state.srp import Enrolment


@dataclass(slots=True)
class Device:
    """One device. Times are seconds since the epoch."""

    key: str
    """DeviceKey: region and UUID."""
    group_key: str
    """DeviceGroupKey; stands where a pool's name does when the device proves itself."""
    created_s: float
    modified_s: float
    authenticated_s: float
    name: str = ""
    enrolment: Enrolment | None = None
    """What ConfirmDevice brought; None: nobody has confirmed it."""
    is_remembered: bool = False
    waiting: str = ""
    """The session in which it was last asked to prove itself: published clients answer without naming it."""
