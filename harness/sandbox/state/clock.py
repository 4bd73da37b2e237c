"""Time and chance, handed in so that tests decide about both."""

from __future__ import annotations

import os
import string
import time
from collections.abc import Callable
from dataclasses import dataclass

LOWER_ALPHANUMERIC = string.ascii_lowercase + string.digits
ALPHANUMERIC = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class Clock:
    """Seconds since the epoch for what stands in tokens, and seconds that never jump for what waits."""

    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class Chance:
    """Identifiers and secrets out of random bytes."""

    random_bytes: Callable[[int], bytes] = os.urandom

    def text(self, length: int, alphabet: str) -> str:
        """`length` characters of the alphabet."""
        return "".join(alphabet[byte % len(alphabet)] for byte in self.random_bytes(length))

    def uuid(self) -> str:
        """A random UUID (version 4), 36 characters."""
        # Five go into every login, and the standard library's take three times as long.
        digits = self.random_bytes(16).hex()
        variant = "89ab"[int(digits[16], 16) % 4]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
