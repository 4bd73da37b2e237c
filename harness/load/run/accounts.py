"""What the users of one process share about their accounts: tokens, failures, and the news of other processes."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

import gevent.lock

from harness.errors import LoginError
from harness.load.leases import LeasedRows, Refusal
from harness.session import Penalty, SharedTokens


class Accounts:
    """The accounts of one process during one run, by their rows.

    Args:
        rows: Where they come from, and where other processes are told of those that Cognito rejects.
        are_machines: Whether the only account is the app client: all users are machines that have it.
        keeps_tokens: Whether an account keeps its tokens while it has no user.
    """

    def __init__(self, rows: LeasedRows, *, are_machines: bool, keeps_tokens: bool) -> None:
        self._rows = rows
        self._are_machines = are_machines
        self._keeps_tokens = keeps_tokens
        self.penalties: Mapping[int, Penalty] = _Penalties(self._clean)
        """What the failures of a row's account have cost; all users of the account share it.

        Machines share the row of their app client. What refuses it refuses all of them, but after a throttle each
        waits for itself: they must neither all stop nor all come back at once.
        """
        self._held: dict[int, SharedTokens] = {}
        self._trials: dict[int, gevent.lock.RLock] = {}
        self._movers: dict[int, list[Callable[[], None]]] = {}
        rows.on_move = self._move
        rows.on_refusal = self._refused_elsewhere
        rows.on_leave = self._forget

    def own_penalty(self, number: int) -> Penalty:
        """What the failures of one user's session have cost: with an account of its own, those of the account."""
        return Penalty(random.random) if self._are_machines else self.penalties[number]

    def held(self, number: int) -> SharedTokens:
        """What sessions of a row's account share. Of machines each has tokens of its own."""
        if self._are_machines:
            return SharedTokens(gevent.lock.RLock())
        held = self._held.get(number)
        if held is None:
            held = self._held[number] = SharedTokens(gevent.lock.RLock())
        return held

    def trial(self, number: int) -> gevent.lock.RLock:
        """Makes one login at a time of an account that has not worked yet."""
        return self._trials.setdefault(number, gevent.lock.RLock())

    def take(self, number: int, move: Callable[[], None]) -> None:
        """An API user has this row.

        Args:
            number: The row.
            move: Called when it has to give the row back, and to take another one.
        """
        self._movers.setdefault(number, []).append(move)

    def give_back(self, number: int, move: Callable[[], None]) -> None:
        """An API user that had this row has ended, or moved."""
        movers = self._movers[number]
        movers.remove(move)
        if not movers:
            del self._movers[number]
        if self._rows.give_back(number) and not self._keeps_tokens:
            self._forget(number)

    def _clean(self, number: int) -> Penalty:
        draw = _no_back_off if self._are_machines else random.random
        return Penalty(draw, lambda error: self._refused_here(number, error))

    def _move(self, number: int, count: int) -> None:
        for move in self._movers.get(number, [])[:count]:
            move()

    def _forget(self, number: int) -> None:
        self._held.pop(number, None)

    def _refused_here(self, number: int, error: LoginError) -> None:
        if not self._are_machines:
            self._rows.refuse(Refusal(number, error.kind, error.words, error.outcome))

    def _refused_elsewhere(self, refusal: Refusal) -> None:
        penalty = self.penalties[refusal.row]
        if penalty.rejection is None:
            penalty.rejection = LoginError(refusal.kind, refusal.words, outcome=refusal.outcome)


class _Penalties(dict[int, Penalty]):
    """Made when they are first asked for; a look at one that is there calls nothing of Python's.

    Args:
        make: Makes the one of a row's account.
    """

    def __init__(self, make: Callable[[int], Penalty]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, number: int) -> Penalty:
        penalty = self[number] = self._make(number)
        return penalty


def _no_back_off() -> float:
    return 0.0
