from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

from harness.credentials.data_set import CsvDataSet

END_OF_FILE = "<EOF>"
"""JMeter's value of every variable after the last row (its property `csvdataset.eofstring`)."""


class EndOfUsers(Exception):  # noqa: N818  # a signal, as StopIteration is, and no error
    """The last row was used, and the data set says that its user stops here."""


class Cycle:
    """JMeter's iteration over rows: whose turn is next.

    Safe to share between greenlets and threads: a turn is one step of a counter.

    Args:
        numbers: Says the row numbers, in the order of their turns: the share of this process, which may change.
        data_set: What happens after the last of them: `recycle`, `stop_thread`.
    """

    def __init__(self, numbers: Callable[[], Sequence[int]], data_set: CsvDataSet) -> None:
        self._numbers = numbers
        self._recycles = data_set.recycle
        self._stops = data_set.stop_thread
        self._turns = itertools.count()

    def __len__(self) -> int:
        """How many turns go once through all rows."""
        return len(self._numbers())

    def take(self) -> int | None:
        """The next row number; None while there is none, and at the end: variables become `UsersFile.end`.

        JMeter would go on to log in as `<EOF>`: with None there is no account to do that with.

        Raises:
            EndOfUsers: At the end, when the data set stops the user there.
        """
        numbers = self._numbers()
        count = len(numbers)
        if not count:
            return None
        turn = next(self._turns)
        if self._recycles:
            return numbers[turn % count]
        if turn < count:
            return numbers[turn]
        if self._stops:
            raise EndOfUsers
        return None


class Cycles:
    """The cycles of one process under a data set's sharing."""

    def __init__(self, numbers: Callable[[], Sequence[int]], data_set: CsvDataSet) -> None:
        self._numbers = numbers
        self._data_set = data_set
        self._shared: dict[str, Cycle] = {}

    def join(self, group: str) -> Cycle:
        """The cycle that a new user takes its turns on, for as long as it lives.

        Args:
            group: Its user class, JMeter's thread group.
        """
        if self._data_set.sharing == "thread":
            return Cycle(self._numbers, self._data_set)
        key = group if self._data_set.sharing == "group" else ""
        return self._shared.setdefault(key, Cycle(self._numbers, self._data_set))
