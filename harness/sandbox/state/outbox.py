"""Codes that the service would mail or text; nobody gets them here, and the control port shows them."""

from __future__ import annotations

from harness.sandbox.state.clock import Chance

DIGITS = "0123456789"
CODE_LENGTH = 6
MOST_CODES = 100_000
"""So many users' last codes are kept; the oldest go first."""


class Outbox:
    """Every user's last code, by pool and name.

    Args:
        chance: Where codes come from.
    """

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._codes: dict[tuple[str, str], str] = {}

    def send(self, pool_id: str, username: str) -> str:
        """A new code for this user."""
        code = self._chance.text(CODE_LENGTH, DIGITS)
        self._codes.pop((pool_id, username), None)
        if len(self._codes) >= MOST_CODES:
            del self._codes[next(iter(self._codes))]
        self._codes[pool_id, username] = code
        return code

    def last(self, pool_id: str, username: str) -> str | None:
        """The last code that this user was sent."""
        return self._codes.get((pool_id, username))
