"""The accounts that a file names: a run's `rejected.csv`, or a users file."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

from harness.errors import ConfigurationError, Problem
from harness.evidence.storage import rejections

COLUMN: Final = "username"


def names_in(path: Path) -> list[str]:
    """The names in the column `username`, in the order of the file.

    Raises:
        ConfigurationError: It cannot be read, has no such column, or names nobody.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            records = [record for record in csv.reader(file) if record]
    except OSError as error:
        raise _refused(f"{path} cannot be read: {error.strerror or error}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise _refused(f"{path} is no CSV file in UTF-8") from error
    header = [name.strip() for name in records[0]] if records else []
    if COLUMN not in header:
        raise _refused(f"{path} has no column {COLUMN}")
    is_rejected = tuple(header) == rejections.HEADER
    index = header.index(COLUMN)
    given = [record[index] if index < len(record) else "" for record in records[1:]]
    names = [rejections.restored(name) if is_rejected else name for name in given if name]
    if is_rejected and given and not names:
        raise _refused(
            f"{path} names no account: its run had --cognito-show-accounts no",
            "Take the accounts from the lines of the users file that it lists, or run again without that option.",
        )
    if not names:
        raise _refused(f"{path} names no account")
    return list(dict.fromkeys(names))


def _refused(message: str, hint: str = f"Give a run's {rejections.FILE_NAME}, or a users file.") -> ConfigurationError:
    return ConfigurationError([Problem(message, hint)])
