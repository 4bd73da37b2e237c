"""Challenge sessions: a conversation that waits for its next answer.

Source: a session lives three minutes unless the client says otherwise (AuthSessionValidity) and is good once.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, replace
from itertools import islice

from harness.sandbox.errors import NotAuthorized
from harness.sandbox.state.clock import ALPHANUMERIC, Chance, Clock
from harness.sandbox.state.srp import Attempt

TOKEN_LENGTH = 400
"""Characters; the service's run from some hundred to a thousand and more, the model allows 20 to 4096."""

EXPIRED = "Invalid session for the user, session is expired."
USED = "Invalid session for the user, session can only be used once."


@dataclass(frozen=True, slots=True)
class Session:
    """What a conversation knows so far."""

    challenge: str
    pool_id: str
    client_id: str
    username: str
    expires_s: float
    """Monotonic seconds."""
    expected: str = ""
    """The answer, where it is a code or a word."""
    attempt: Attempt | None = None
    """SRP's numbers, where the answer is a proof."""
    device_key: str = ""
    """The device that the sign-in says it comes from."""
    is_used: bool = False


class Sessions:
    """Every open conversation of the account, and those used ones that a second use can still name."""

    def __init__(self, clock: Clock, chance: Chance) -> None:
        self._clock = clock
        self._chance = chance
        self._sessions: dict[str, Session] = {}

    def open(
        self,
        challenge: str,
        *,
        pool_id: str,
        client_id: str,
        username: str,
        life_s: float,
        expected: str = "",
        attempt: Attempt | None = None,
        device_key: str = "",
    ) -> str:
        """The token of a new conversation; for a proof it is the secret block, which is all that some clients send."""
        now_s = self._clock.monotonic()
        self._forget(now_s)
        token = b64encode(attempt.block).decode() if attempt else self._chance.text(TOKEN_LENGTH, ALPHANUMERIC)
        self._sessions[token] = Session(
            challenge, pool_id, client_id, username, now_s + life_s, expected, attempt, device_key
        )
        return token

    def find(self, token: str, challenge: str, client_id: str | None) -> Session:
        """The conversation that waits for this challenge's answer from this client (None: from whichever).

        Raises:
            NotAuthorized: There is none, it expired, or it was answered before.
        """
        session = self._sessions.get(token)
        if session is None or session.expires_s <= self._clock.monotonic():
            raise NotAuthorized(EXPIRED)
        if client_id not in (None, session.client_id):
            raise NotAuthorized(EXPIRED)
        if session.is_used:
            raise NotAuthorized(USED)
        if session.challenge != challenge:
            raise NotAuthorized(EXPIRED)
        return session

    def renew(self, token: str) -> str:
        """The token by which the conversation goes on; this one is used up."""
        fresh = self._chance.text(TOKEN_LENGTH, ALPHANUMERIC)
        self._sessions[fresh] = self._sessions[token]
        self.close(token)
        return fresh

    def close(self, token: str) -> None:
        """Use the conversation up."""
        self._sessions[token] = replace(self._sessions[token], is_used=True)

    def expire(self) -> None:
        """Let every conversation so far have expired."""
        self._sessions.clear()

    def _forget(self, now_s: float) -> None:
        """Drop what expired, oldest first: two for each that is opened, so that the table shrinks without a sweep."""
        for token, session in list(islice(self._sessions.items(), 2)):
            if session.expires_s > now_s:
                break
            del self._sessions[token]
