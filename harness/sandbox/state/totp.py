"""Authenticator apps, as a server checks their codes; shares no code with the harness's own."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b32decode, b32encode

from harness.sandbox.state.clock import Chance

STEP_S = 30
DIGITS = 6
SECRET_BYTES = 32
"""Cognito's secrets have 52 base32 digits."""
TOLERATED_STEPS = 1
"""How far a code's step may be from now's: RFC 6238, section 5.2."""


class Authenticator:
    """One enrolled app.

    Args:
        secret: Base32; ValueError when it is not.
    """

    __slots__ = ("_key", "_last_step", "secret")

    def __init__(self, secret: str) -> None:
        compact = "".join(secret.split()).upper()
        self._key = b32decode(compact + "=" * (-len(compact) % 8))
        self._last_step = -1
        self.secret = secret

    def step_of(self, code: str, now_s: float) -> int | None:
        """The step whose code this is, near now; None for a wrong one."""
        now = int(now_s // STEP_S)
        near = (now, *(now + sign * far for far in range(1, TOLERATED_STEPS + 1) for sign in (-1, 1)))
        return next(
            (step for step in near if hmac.compare_digest(self._code(step), code.encode("utf-8", "replace"))), None
        )

    def is_fresh(self, step: int) -> bool:
        """Whether this step's code was not used before."""
        return step > self._last_step

    def use(self, step: int) -> None:
        """Use a step's code up, and all before it."""
        self._last_step = step

    def _code(self, step: int) -> bytes:
        digest = hmac.digest(self._key, step.to_bytes(8), hashlib.sha1)
        offset = digest[-1] & 15
        number = int.from_bytes(digest[offset : offset + 4]) & 0x7FFFFFFF
        return str(number % 10**DIGITS).zfill(DIGITS).encode()


def new_secret(chance: Chance) -> str:
    """A secret for an app to be enrolled."""
    return b32encode(chance.random_bytes(SECRET_BYTES)).decode().rstrip("=")
