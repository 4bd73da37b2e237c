"""One row of the table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Remedy:
    """Why an error happens and what to do about it, a sentence each."""

    cause: str
    remedy: str


class Row(NamedTuple):
    """An error, by its kind and by what its message says."""

    kind: str
    says: str
    """A part of the message, `{}` for what differs from case to case, `|` between spellings, of which the first is
    the one that is shown. Empty for any message that no other row of this kind knows."""
    cause: str
    remedy: str
    is_of_account: bool = False
    """Whether it is about one account, so that the others may work: its password, its state, its second factor."""
