"""Which rows of the users file Cognito rejected, for people: where they stand, whose they are, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from harness.cognito import remedies
from harness.credentials import UsersFile
from harness.evidence.storage.rejections import Rejected
from harness.load.leases import Refusal

Refusals = Callable[[int], list[list[Any]]]
"""What was refused in the order in which it was told, without the first so many; see `Desk.rejected`."""


def no_refusals(_since: int) -> list[list[Any]]:
    """None."""
    return []


class RejectedAccounts:
    """The rejected accounts of one run.

    Args:
        users: The file that rows are of.
        refusals: Where they are told.
        shows_names: Whether user names may be in results.
    """

    def __init__(self, users: UsersFile, refusals: Refusals, *, shows_names: bool) -> None:
        self._users = users
        self._refusals = refusals
        self._shows_names = shows_names
        self._told = 0

    def news(self) -> Iterator[Rejected]:
        """Those since the last time.

        An error that is not about an account (the app client, its flows, a signature) would meet any account, and so
        it is in the table of errors alone.
        """
        refusals = self._refusals(self._told)
        self._told += len(refusals)
        for refusal in (Refusal(*each) for each in refusals):
            if not remedies.concerns_account(refusal.kind, refusal.words):
                continue
            row = self._users.rows[refusal.row]
            reason = remedies.short(refusal.kind, refusal.words).removeprefix(refusal.kind).removeprefix(": ")
            yield Rejected(row.line, row.account.username if self._shows_names else "", refusal.kind, reason)
