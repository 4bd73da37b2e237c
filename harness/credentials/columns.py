from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.credentials.data_set import CsvDataSet
from harness.credentials.faults import Faults

OPTIONAL = ("new_password", "totp_secret", "device_key", "device_group_key", "device_password")
"""Columns that an account may have besides its name and password, in the order of `Account`'s members."""
NEW_PASSWORD = OPTIONAL.index("new_password")

MOST_COLUMNS = 1_000
"""Each user has them as variables, and a process keeps 4,096 rows: 100 MB with so many."""

_USERNAME_LIKE = frozenset(
    {"username", "user", "userid", "login", "loginname", "email", "emailaddress", "mail", "account", "accountname"}
)
_PASSWORD_LIKE = frozenset({"password", "pass", "passwd", "passphrase", "pwd", "pw", "userpassword", "secret"})
_KNOWN = (
    _USERNAME_LIKE
    | _PASSWORD_LIKE
    | {"newpassword", "totpsecret", "devicekey", "devicegroupkey", "devicepassword"}
    | {"id", "sub", "name", "firstname", "lastname", "phone", "phonenumber", "tenant"}
)
"""Names that may be shown. Any other cell of a first line may be a password, of a file that has no header."""
_SECRET = re.compile(r"password|passwd|passphrase|pwd|secret", re.IGNORECASE)
_SEPARATORS = ";\t|,:"


@dataclass(frozen=True, slots=True)
class Columns:
    """Which value of a record is what; indexes count from 0."""

    names: tuple[str, ...]
    username: int
    password: int
    optional: tuple[int | None, ...]
    """Those of `OPTIONAL`; None where there is none."""
    variables: tuple[tuple[str, int], ...]
    """Every named column but the secret ones."""
    width: int
    """So many values a record needs: up to the last column that has a name."""

    @property
    def secret(self) -> list[int]:
        """Those of an account's columns whose values are secrets, or references to them."""
        optional = zip(OPTIONAL, self.optional, strict=True)
        return [self.password, *(index for name, index in optional if index is not None and _is_secret(name))]

    def shown(self, index: int) -> str:
        """The column's name as a message may hold it; empty when it has none, or when that might be a stray value."""
        if index >= len(self.names):
            return ""
        if index in (self.username, self.password) or _folded(self.names[index]) in _KNOWN:
            return self.names[index]
        return ""


def given_names(data_set: CsvDataSet) -> list[str]:
    """The names in `variable_names`; adjacent commas count as one, as in JMeter's `JOrphanUtils.split`."""
    return [name.strip() for name in data_set.variable_names.split(",") if name]


def find_columns(names: Sequence[str], data_set: CsvDataSet, faults: Faults, *, header_line: int) -> Columns | None:
    """The columns by these names, or None with the reasons among the faults.

    Names are case-sensitive, as JMeter's variables are.

    Args:
        names: Trimmed; empty for a column without a name, whose values are dropped.
        data_set: Says which columns hold username and password.
        faults: Where faults go.
        header_line: The line of the file that the names come from; 0 when the data set gives them.
    """
    if len(names) > MOST_COLUMNS:
        faults.add(
            f"{len(names):,} columns, over the limit of {MOST_COLUMNS:,}",
            "Check the delimiter and the line ends, or leave out columns that the run has no use for.",
            line=header_line,
        )
        return None
    wanted = {data_set.username_column: _USERNAME_LIKE, data_set.password_column: _PASSWORD_LIKE}
    missing = {name: lookalikes for name, lookalikes in wanted.items() if name not in names}
    if missing:
        faults.add(
            f"no column {' and no column '.join(map(repr, missing))}; found {_list(names)}",
            _hint(missing, names, data_set, is_header=header_line > 0),
            line=header_line,
        )
    twice = [index for index, name in enumerate(names) if name and name in names[:index]]
    for index in twice:
        faults.add(f"has the same name as column {names.index(names[index]) + 1}", line=header_line, column=index + 1)
    if missing or twice:
        return None
    return Columns(
        names=tuple(names),
        username=names.index(data_set.username_column),
        password=(password := names.index(data_set.password_column)),
        optional=tuple(names.index(name) if name in names else None for name in OPTIONAL),
        variables=tuple(
            (name, index) for index, name in enumerate(names) if name and index != password and not _is_secret(name)
        ),
        width=max(index for index, name in enumerate(names) if name) + 1,
    )


def _is_secret(name: str) -> bool:
    return bool(_SECRET.search(name)) or _folded(name) in _PASSWORD_LIKE


def _list(names: Sequence[str]) -> str:
    shown = [repr(name) for name in names if _folded(name) in _KNOWN]
    hidden = len(names) - len(shown)
    if hidden:
        what = "1 column whose name is" if hidden == 1 else f"{hidden} columns whose names are"
        shown.append(f"{what} not shown, in case they are values")
    return ", ".join(shown)


def _hint(missing: Mapping[str, frozenset[str]], names: Sequence[str], data_set: CsvDataSet, *, is_header: bool) -> str:
    for separator in _SEPARATORS if is_header else "":
        if len(names) == 1 and set(missing) <= set(names[0].split(separator)):
            return f"The delimiter seems to be {separator!r}, not {data_set.separator!r}."
    renamed = [
        f"{near!r} to {name!r}"
        for name, lookalikes in missing.items()
        for near in names
        if _folded(near) in lookalikes or near.casefold() == name.casefold()
    ]
    if renamed:
        return f"Names are case-sensitive and exact. Rename {', '.join(renamed)}."
    if is_header:
        return f"Put a header into the first line: {data_set.header}"
    return "Name every column in variable_names, in the order of the file."


def _folded(name: str) -> str:
    return re.sub("[ _-]", "", name).casefold()
