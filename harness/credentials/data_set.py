from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from harness.errors import Problem

Sharing = Literal["all", "group", "thread"]
"""Who takes turns on one cycle: everybody, the users of one class, or each user alone."""


@dataclass(frozen=True, slots=True)
class CsvDataSet:
    """How to read a users file: the fields of JMeter's CSV Data Set Config, with its defaults but one.

    `quoted` is on (JMeter: off), because a password with a comma can be written in no other way, and because
    spreadsheets quote it so. The price: a value that holds a quote has to be quoted, and that quote doubled; turn it
    off for a file whose quotes are meant literally.

    Source: JMeter's CSVDataSet.java.
    """

    path: str
    variable_names: str = ""
    """Names of the columns, separated by commas whatever the delimiter; blank: the first line is the header."""
    delimiter: str = ","
    r"""One character, or `\t` written as backslash and t; blank means a comma."""
    quoted: bool = True
    """Whether `"` may enclose a value; else it is a character as any other. A header may always use quotes."""
    encoding: str = ""
    """Name of Python's codec; blank: UTF-8. A UTF-8 byte order mark is skipped whatever the encoding."""
    ignore_first_line: bool = False
    """Skip a header that `variable_names` stands in for; without variable names the header is skipped anyway."""
    recycle: bool = True
    """Start from the top again after the last row."""
    stop_thread: bool = False
    """Without recycling: whether a user stops after the last row, or goes on with `<EOF>` as its values."""
    sharing: Sharing = "all"
    username_column: str = "username"
    password_column: str = "password"  # noqa: S105  # the name of a column

    @property
    def separator(self) -> str:
        """The delimiter as a character."""
        return "\t" if self.delimiter == r"\t" else self.delimiter or ","

    @property
    def header(self) -> str:
        """The first line of the shortest file that would do."""
        return f"{self.username_column}{self.separator}{self.password_column}"

    def problems(self) -> list[Problem]:
        """Whatever in these settings cannot work, whatever the file holds."""
        problems = []
        if len(self.separator) != 1 or self.separator in '"\r\n\ufeff':
            problems.append(
                Problem(
                    f"the delimiter of a users file must be one character and no quote, found {self.delimiter!r}",
                    r"Use a comma, a semicolon, or \t for a tab.",
                )
            )
        if self.sharing not in get_args(Sharing):
            problems.append(
                Problem(
                    f"the sharing of a users file must be one of {', '.join(get_args(Sharing))}, found {self.sharing!r}"
                )
            )
        if self.username_column == self.password_column:
            problems.append(Problem(f"username and password are both to come from the column {self.username_column!r}"))
        return problems
