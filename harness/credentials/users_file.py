from __future__ import annotations

import hashlib
import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import overload

from harness.cognito.flows import Account
from harness.credentials.columns import NEW_PASSWORD, OPTIONAL, Columns, find_columns, given_names
from harness.credentials.cycle import END_OF_FILE
from harness.credentials.data_set import CsvDataSet
from harness.credentials.faults import Faults, place
from harness.credentials.records import QuoteError, Records
from harness.credentials.text import LINE_END, REPLACEMENT, read_text

_BLANKS = " \t\r\n\v\f"
_SAMPLE = re.compile(r"load-user-[0-9]{3,}@example\.com")
"""The accounts that the sandbox creates; example.com belongs to nobody (RFC 2606)."""
_SHOWABLE = re.compile(r"""[^\s"',;:|]{1,128}""")
"""A username that is one for certain: with a delimiter, a quote or white space it may have swallowed a password."""


@dataclass(frozen=True, slots=True)
class Row:
    """One account of a users file."""

    number: int
    """Place among the rows, counted from 0: what master and workers speak of instead of accounts."""
    line: int
    """Where it begins in the file, counted from 1."""
    account: Account
    variables: Mapping[str, str]
    """JMeter's variables: every column but those that hold a secret."""


MOST_ROWS = 2_000_000
"""Half a gigabyte in each process while they are checked."""
KEPT_ROWS = 4096
"""Rows that stay once they are built, half a kilobyte each: building one costs a twelfth of a login."""


class Rows(Sequence[Row]):
    """The rows of a checked text, each built when it is asked for; the first `KEPT_ROWS` of these are kept."""

    def __init__(
        self,
        records: Records,
        columns: Columns,
        starts: array[int],
        lines: array[int],
        secrets: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._records = records
        self._secrets = secrets
        self.columns = columns
        self._starts = starts
        self._lines = lines
        self._kept: dict[int, Row] = {}

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | Sequence[Row]:
        if isinstance(index, slice):
            return [self[number] for number in range(len(self))[index]]
        row = self._kept.get(index)
        if row is None:
            row = self._build(range(len(self))[index])
            if len(self._kept) < KEPT_ROWS:
                self._kept[row.number] = row
        return row

    def _build(self, number: int) -> Row:
        columns = self.columns
        values, secrets = self._records.at(self._starts[number]), self._secrets
        return Row(
            number=number,
            line=self._lines[number],
            account=Account(
                values[columns.username],
                *(
                    "" if index is None else secrets.get(values[index], values[index])
                    for index in (columns.password, *columns.optional)
                ),
            ),
            variables={name: values[index] for name, index in columns.variables},
        )

    def secrets(self, prefixes: tuple[str, ...]) -> Iterator[tuple[int, int, str]]:
        """Line, index of the column, and value of each secret that begins with one of these prefixes."""
        if not any(prefix in self._records.text for prefix in prefixes):
            return
        secret = self.columns.secret
        for line, start in zip(self._lines, self._starts, strict=True):
            values = self._records.at(start)
            for index in secret:
                if values[index].startswith(prefixes):
                    yield line, index, values[index]

    def unlocked(self, secrets: Mapping[str, str]) -> Rows:
        """The same rows with these secrets in the place of what stands for them."""
        return Rows(self._records, self.columns, self._starts, self._lines, secrets)

    def digest(self) -> str:
        """SHA-256 over usernames and variables, row by row, each value with its length; hexadecimal."""
        hashed = [self.columns.username, *(index for _, index in sorted(self.columns.variables))]
        digest = hashlib.sha256("\n".join(sorted(name for name, _ in self.columns.variables)).encode())
        for start in self._starts:
            values = self._records.at(start)
            digest.update("".join([f"{len(values[index])}:{values[index]}" for index in hashed]).encode())
        return digest.hexdigest()


class UsersFile:
    """The accounts of a users file, every one of them checked.

    It keeps the text and where each row begins in it, and builds a row when it is asked for: many times smaller than
    as many objects. Immutable, so safe to share.

    Args:
        path: As the user gave it.
        rows: Its rows, in the order of the file.
    """

    def __init__(self, path: str, rows: Rows) -> None:
        self.path = path
        self._rows = rows

    @property
    def rows(self) -> Sequence[Row]:
        """In the order of the file."""
        return self._rows

    def __len__(self) -> int:
        return len(self._rows)

    def secrets(self, prefixes: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """Each secret value (password, new password, authenticator's secret) that begins with one of these prefixes.

        Yields:
            Where it stands, in words, and the value: `("users.csv, line 3, column 2 (password)", "env:ALICE")`.
        """
        for line, index, value in self._rows.secrets(prefixes):
            yield place(self.path, line, index + 1, self._rows.columns.shown(index)), value

    def unlocked(self, secrets: Mapping[str, str]) -> UsersFile:
        """The same accounts with these secrets in the place of the values that stand for them; the digest stays."""
        return UsersFile(self.path, self._rows.unlocked(secrets)) if secrets else self

    def __repr__(self) -> str:
        return f"UsersFile({self.path!r}, {len(self)} rows)"

    @cached_property
    def digest(self) -> str:
        """The same for two copies in which every row number means the same account; SHA-256, hexadecimal.

        Made of usernames and variables, row by row, and of no password: the digest crosses the network, and whoever
        sees a hash over a password can try passwords on it offline, at leisure and without a lockout. So a copy that
        is only saved otherwise (line ends, encoding, quotes) counts as the same, and so does one that holds an old
        password: that account's login is rejected and says so.
        """
        return self._rows.digest()

    @property
    def end(self) -> Mapping[str, str]:
        """The variables of a user for whom no row is left: all of them `<EOF>`, as in JMeter."""
        return {name: END_OF_FILE for name, _ in self._rows.columns.variables}


def read(data_set: CsvDataSet) -> UsersFile:
    """The accounts of a file.

    Raises:
        ConfigurationError: With every fault of the settings and of the file (the first ten, then a count), each with
            file, line and column, and none with a password.
    """
    settings = data_set.problems()
    faults = Faults(data_set.path, settings)
    text = read_text(data_set.path, data_set.encoding, faults)
    if text is None or settings:
        raise faults.error()
    if not text.strip("\r\n"):
        faults.add("is empty", f"Put {data_set.header} into its first line, and an account into each one after it.")
        raise faults.error()
    columns, begin = _head(text, data_set, faults)
    if columns is None:
        raise faults.error()
    records = Records(text, data_set.separator, quoted=data_set.quoted)
    rows = _checked(records, columns, begin, faults)
    if not rows and not faults:
        faults.add("holds no account", "Put one into each line.")
    if faults:
        raise faults.error()
    return UsersFile(data_set.path, rows)


def of_machine(client_id: str) -> UsersFile:
    """What a load without users has instead of a file: one row without variables, whose account is the app client."""
    none: tuple[int | None, ...] = (None,) * len(OPTIONAL)
    columns = Columns(("client",), username=0, password=1, optional=none, variables=(), width=2)
    return UsersFile("", Rows(Records(f"{client_id},", ",", quoted=False), columns, array("Q", [0]), array("Q", [1])))


def is_sample(users: UsersFile) -> bool:
    """Whether these are the sample accounts that exist nowhere but in the sandbox."""
    return all(_SAMPLE.fullmatch(row.account.username) for row in users.rows)


def _head(text: str, data_set: CsvDataSet, faults: Faults) -> tuple[Columns | None, tuple[int, int]]:
    """The columns, and offset and number of the first line after whatever names them."""
    if data_set.variable_names.strip():
        columns = find_columns(given_names(data_set), data_set, faults, header_line=0)
        if not data_set.ignore_first_line:
            return columns, (0, 1)
        end = LINE_END.search(text)
        return columns, (end.end() if end else len(text), 2)
    line, start, _ = next(Records(text, data_set.separator, quoted=False).scan())
    end = LINE_END.search(text, start)
    header = text[start : end.start() if end else len(text)]
    _, _, names = next(Records(header, data_set.separator, quoted=True).scan())
    begin = (end.end() if end else len(text), line + 1)
    if isinstance(names, QuoteError):
        faults.add(names.message, names.hint, line=line, column=names.column)
        return None, begin
    names = [name.strip() for name in names]
    return find_columns(names, data_set, faults, header_line=line), begin


def _checked(records: Records, columns: Columns, begin: tuple[int, int], faults: Faults) -> Rows:
    """The rows from an offset on; what is wrong with them is among the faults."""
    is_damaged = bool(faults)
    is_misread = False
    seen: dict[str, int] = {}
    starts, lines = array("Q"), array("Q")
    for line, start, values in records.scan(*begin):
        if isinstance(values, QuoteError):
            is_misread = True
            faults.add(
                values.message, values.hint, line=line, column=values.column, name=columns.shown(values.column - 1)
            )
            continue
        if len(values) < columns.width:
            _add_short(values, columns, faults, line)
            continue
        for index, message, hint in _value_faults(values, columns):
            faults.add(message, hint, line=line, column=index + 1, name=columns.shown(index))
        starts.append(start)
        lines.append(line)
        if len(starts) > MOST_ROWS:
            faults.add(f"more than {MOST_ROWS:,} accounts, which is the limit", "Give a run those that it needs.")
            break
        username = values[columns.username]
        if not username or (is_damaged and REPLACEMENT in username):
            continue
        first = seen.setdefault(username, line)
        if first != line:
            is_showable = not is_misread and records.separator not in username and _SHOWABLE.fullmatch(username)
            shown = f" {username!r}" if is_showable else ""
            faults.add(
                f"the username{shown} is in line {first} already",
                "Keep one: two users of one account would share its tokens and its lockout.",
                line=line,
                column=columns.username + 1,
                name=columns.shown(columns.username),
            )
    return Rows(records, columns, starts, lines)


def _add_short(values: list[str], columns: Columns, faults: Faults, line: int) -> None:
    missing = next(index for index in range(len(values), columns.width) if columns.names[index])
    faults.add(
        f"missing; the line has {len(values)} of {columns.width} values",
        "Complete the line, or correct the delimiter; an empty value still needs its delimiter.",
        line=line,
        column=missing + 1,
        name=columns.shown(missing),
    )


def _value_faults(values: list[str], columns: Columns) -> Iterator[tuple[int, str, str]]:
    """Index of a value, what is wrong with it, and what to do."""
    username, password = values[columns.username], values[columns.password]
    if not username:
        yield columns.username, "empty, expected a username", "Fill it in, or remove the line."
    if not password:
        yield columns.password, "empty, expected a password", "Fill it in, or remove the line."
    if username == columns.names[columns.username] and password == columns.names[columns.password]:
        yield columns.username, "a header, expected an account", "Remove the line (the first: set ignore_first_line)."
    for index in (columns.username, columns.password, columns.optional[NEW_PASSWORD]):
        if index is not None and values[index] != values[index].strip(_BLANKS):
            yield index, "begins or ends with white space, which Cognito does not allow", "Remove it."
