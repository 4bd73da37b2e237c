"""How many requests came, and what they were answered: the server's own count, to hold against a client's."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

OK = "ok"


class Counts:
    """Counted at arrival and again at the answer, since a client may go away in between."""

    def __init__(self) -> None:
        self._connections = 0
        self._arrived: Counter[str] = Counter()
        self._answered: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._logins: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()

    def connected(self) -> None:
        """A TCP connection was accepted."""
        self._connections += 1

    def arrived(self, name: str) -> None:
        """A request of this operation or route came in whole."""
        self._arrived[name] += 1

    def answered(self, name: str, answer: str) -> None:
        """It is being answered: `ok`, an error's type, or an HTTP status."""
        self._answered[name][answer] += 1

    def login(self, username: str) -> None:
        """A password was tried for this user name, whatever became of it."""
        self._logins[username] += 1

    def refused(self, reason: str) -> None:
        """The API took a token for invalid, for this reason."""
        self._refused[reason] += 1

    def snapshot(self) -> Mapping[str, object]:
        """Everything so far; its members are in docs/sandbox.md."""
        return {
            "connections": self._connections,
            "arrived": dict(self._arrived),
            "answered": {name: dict(answers) for name, answers in self._answered.items()},
            "logins": dict(self._logins),
            "refused": dict(self._refused),
        }
