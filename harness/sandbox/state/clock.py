"""Time and chance, handed in so that tests decide about both."""

from __future__ import annotations

import os
import string
import time
from collections.abc import Callable
from dataclasses import dataclass

LOWER_ALPHANUMERIC = string.ascii_lowercase + string.digits
ALPHANUMERIC = string.ascii_letters + string.digits

_UUID_DIGITS = 32
_UUIDS_AT_ONCE = 64
_VARIANT = {digit: "89ab"[int(digit, 16) % 4] for digit in "0123456789abcdef"}
"""RFC 9562: the two bits that say which layout this is, before two random ones."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Seconds since the epoch for what stands in tokens, and seconds that never jump for what waits."""

    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic


class Skew:
    """A wall clock that can be put wrong.

    Args:
        wall: The right one.
    """

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall = wall
        self.offset_s = 0.0

    def wall(self) -> float:
        """What it shows."""
        return self._wall() + self.offset_s


class Chance:
    """Identifiers and secrets out of random bytes.

    Args:
        random_bytes: As many as it is asked for.
    """

    def __init__(self, random_bytes: Callable[[int], bytes] = os.urandom) -> None:
        self.random_bytes = random_bytes
        self._digits = ""
        self._used = 0

    def text(self, length: int, alphabet: str) -> str:
        """`length` characters of the alphabet."""
        return "".join(alphabet[byte % len(alphabet)] for byte in self.random_bytes(length))

    def uuid(self) -> str:
        """A random UUID (version 4), 36 characters."""
        # Six go into every login, so their digits come in bulk, and the standard library's class stays out.
        start, end = self._used, self._used + _UUID_DIGITS
        if end > len(self._digits):
            self._digits, start, end = self.random_bytes(_UUIDS_AT_ONCE * _UUID_DIGITS // 2).hex(), 0, _UUID_DIGITS
        self._used = end
        digits = self._digits[start:end]
        variant = _VARIANT[digits[16]]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
