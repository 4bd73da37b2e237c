"""Codes of authenticator apps, none of them twice."""

from __future__ import annotations

import binascii
import time
from collections.abc import Callable
from typing import Final, NamedTuple

import pyotp

from harness.steady import SteadyClock, StepWatch

STEP_S: Final = 30
"""RFC 6238; what Cognito and every app use."""
LONGEST_WAIT_S: Final = 300.0
"""When the clock is set back by more than this, codes that were given out before are forgotten: a login would wait as
long for the next one. Of a clock that was so far ahead Cognito took none."""


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
        monotonic: A clock that nothing can set, in seconds.
    """

    def __init__(self, now: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._steps = StepWatch(SteadyClock(now, monotonic))
        self._used: dict[str, int] = {}

    def next_code(self, secret: str) -> Code:
        """The first code of this secret that was not given out yet.

        Raises:
            ValueError: The secret is not base32, or shorter than RFC 4226 wants. The message does not hold it.
        """
        if self._steps.step_s() < -LONGEST_WAIT_S:
            self._used.clear()
        step = max(int(self._now() // STEP_S), self._used.get(secret, -1) + 1)
        try:
            text = pyotp.TOTP("".join(secret.split())).generate_otp(step)
        except (binascii.Error, ValueError):
            raise ValueError("the secret is not base32, or too short") from None
        self._used[secret] = step
        return Code(text, float(step * STEP_S))
