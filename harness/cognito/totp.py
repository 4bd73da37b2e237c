"""Codes of authenticator apps, none of them twice."""

from __future__ import annotations

import binascii
import time
from collections.abc import Callable
from typing import Final, NamedTuple

import pyotp

STEP_S: Final = 30
"""RFC 6238; what Cognito and every app use."""


class Code(NamedTuple):
    """One code, and when it begins to be good: seconds since the epoch."""

    text: str
    not_before_s: float


class Authenticators:
    """Every account's authenticator app in one process.

    Cognito takes a code once, so the second login of an account within 30 seconds has to wait for the next code. Which
    was used last is remembered for each secret.

    Args:
        now: Seconds since the epoch.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._used: dict[str, int] = {}

    def next_code(self, secret: str) -> Code:
        """The first code of this secret that was not given out yet.

        Raises:
            ValueError: The secret is not base32, or shorter than RFC 4226 wants. The message does not hold it.
        """
        step = max(int(self._now() // STEP_S), self._used.get(secret, -1) + 1)
        try:
            text = pyotp.TOTP("".join(secret.split())).generate_otp(step)
        except (binascii.Error, ValueError):
            raise ValueError("the secret is not base32, or too short") from None
        self._used[secret] = step
        return Code(text, float(step * STEP_S))
