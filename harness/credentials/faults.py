from __future__ import annotations

from collections.abc import Iterable

from harness.errors import ConfigurationError, Problem

KEPT = 1_000
"""So many are kept, in the order in which they are found; of a long file each line may have one."""
SHOWN = 10
"""So many faults are told, then their number: the eleventh teaches nothing new."""


class Faults:
    """Everything that is wrong with one file, told at once.

    Nobody may hand it a value of the file, usernames excepted: a cell that should hold something harmless may hold a
    password, because a delimiter, a header or a quote is missing.
    """

    def __init__(self, path: str, problems: Iterable[Problem] = ()) -> None:
        self._path = path
        self._found = [(0, 0, problem.message, problem.hint) for problem in problems]
        self._forgotten = 0

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, message: str, hint: str = "", *, line: int = 0, column: int = 0, name: str = "") -> None:
        """Note a fault.

        Args:
            message: What was found, against what was expected.
            hint: What to do; told once, at the first fault that has it.
            line: Where, counted from 1; 0: the file as a whole.
            column: Which value of the line, counted from 1; 0: the line as a whole.
            name: The column's name, where it is safe to show.
        """
        if len(self._found) >= KEPT:
            self._forgotten += 1
            return
        self._found.append((line, column, f"{place(self._path, line, column, name)}: {message}", hint))

    def error(self) -> ConfigurationError:
        """The first faults in the order of their lines and columns, and how many more there are."""
        told: set[str] = set()
        problems = []
        for _, _, message, hint in sorted(self._found, key=lambda fault: fault[:2])[:SHOWN]:
            problems.append(Problem(message, "" if hint in told else hint))
            told.add(hint)
        more = len(self._found) + self._forgotten - SHOWN
        if more > 0:
            problems.append(Problem(f"{self._path}: {more} more fault{'s' if more > 1 else ''}"))
        return ConfigurationError(problems)


def place(path: str, line: int = 0, column: int = 0, name: str = "") -> str:
    """Where something stands in a file, in words; line and column count from 1, and 0 leaves them out."""
    words = path or "the users file"
    if line:
        words += f", line {line}"
    if column:
        words += f", column {column}"
    return f"{words} ({name})" if name else words
