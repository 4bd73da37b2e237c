"""The accounts that a sandbox starts with."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness import vault
from harness.errors import ConfigurationError, Problem
from harness.files import MIB, read_bytes
from harness.sandbox.state.totp import Authenticator
from harness.sandbox.state.user import UserStatus

DEFAULT_FILE = Path("users.csv")
SAMPLE_USERS = 100
MOST_BYTES = 256 * MIB
"""As of a load test's users file."""
DISABLED = "DISABLED"
"""A state of the file that is none of the service's: confirmed, and then disabled by an administrator."""
STATES = (*UserStatus, DISABLED)
SHOWN_PROBLEMS = 10
DEVICE_COLUMNS = ("device_key", "device_group_key", "device_password")


@dataclass(frozen=True, slots=True)
class Account:
    """One row."""

    username: str
    password: str = field(repr=False)
    status: UserStatus = UserStatus.CONFIRMED
    is_enabled: bool = True
    totp_secret: str = field(default="", repr=False)
    """Of an authenticator app that is enrolled already; base32."""
    device_key: str = ""
    """Of a device that is remembered already; empty for none. So are the next two."""
    device_group_key: str = ""
    device_password: str = field(default="", repr=False)


def accounts(file: Path | None) -> tuple[list[Account], str]:
    """The accounts, and where they come from, in words.

    Args:
        file: A CSV with the columns username and password, and maybe state (a status of the service, or DISABLED),
            totp_secret, and device_key, device_group_key and device_password of a device that is remembered; other
            columns are ignored. Passwords and secrets may be references, as in a load test. None: users.csv of the
            working directory, or the built-in sample users.

    Raises:
        ConfigurationError: Everything that is wrong with the file, the first ten of it.
    """
    if file is None and not DEFAULT_FILE.is_file():
        return sample_accounts(), "built-in sample users"
    file = file or DEFAULT_FILE
    try:
        lines = io.StringIO(read_bytes(file, MOST_BYTES).decode("utf-8-sig"), newline="")
        return _read(file, csv.reader(lines)), str(file)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        problem = Problem(f"{file}: cannot be read: {reason}", "Give --users a CSV file in UTF-8.")
        raise ConfigurationError([problem]) from error


def sample_accounts() -> list[Account]:
    """The users of the repository's users.csv."""
    return [
        Account(f"load-user-{number:03d}@example.com", f"Sample-Password-{number:03d}!")
        for number in range(1, SAMPLE_USERS + 1)
    ]


def _read(file: Path, rows: Iterator[list[str]]) -> list[Account]:
    header = [column.strip().lower() for column in next(rows, [])]
    missing = [column for column in ("username", "password") if column not in header]
    if missing:
        problem = Problem(
            f"{file}, line 1: no column {' and no column '.join(missing)}", "The header has to be username,password."
        )
        raise ConfigurationError([problem])
    found: dict[str, Account] = {}
    problems: list[Problem] = []
    for number, row in enumerate(rows, start=2):
        if not any(row):
            continue
        values = dict(zip(header, row, strict=False))
        fault = _fault(values, found)
        if fault:
            problems.append(Problem(f"{file}, row {number}: {fault}"))
            continue
        account = _account(values)
        found[account.username] = account
    if not found and not problems:
        problems.append(Problem(f"{file}: no accounts", "Add a row for each user."))
    if problems:
        more = len(problems) - SHOWN_PROBLEMS
        tail = [Problem(f"{file}: {more} more of the kind")] if more > 0 else []
        raise ConfigurationError([*problems[:SHOWN_PROBLEMS], *tail])
    return _unlocked(file, found.values())


def _unlocked(file: Path, found: Iterable[Account]) -> list[Account]:
    accounts = list(found)
    given = [
        (f"{file}, {account.username}", value)
        for account in accounts
        for value in (account.password, account.totp_secret, account.device_password)
        if value.startswith(vault.PREFIXES)
    ]
    secrets = vault.unlock(given, os.environ)
    return (
        [
            replace(
                account,
                password=secrets.get(account.password, account.password),
                totp_secret=secrets.get(account.totp_secret, account.totp_secret),
                device_password=secrets.get(account.device_password, account.device_password),
            )
            for account in accounts
        ]
        if secrets
        else accounts
    )


def _fault(values: dict[str, str], found: dict[str, Account]) -> str:
    username = values.get("username", "")
    if not username or not values.get("password"):
        return "username or password is empty"
    if username in found:
        return f"{username} was there before"
    state = values.get("state") or UserStatus.CONFIRMED
    if state not in STATES:
        return f"state is {state!r}, expected one of {', '.join(STATES)}"
    try:
        secret = values.get("totp_secret", "")
        Authenticator("" if secret.startswith(vault.PREFIXES) else secret)
    except ValueError:
        return "totp_secret is not base32"
    device = [bool(values.get(name)) for name in DEVICE_COLUMNS]
    if any(device) and not all(device):
        return f"of {', '.join(DEVICE_COLUMNS)} some are empty and some are not"
    return ""


def _account(values: dict[str, str]) -> Account:
    state = values.get("state") or UserStatus.CONFIRMED
    is_enabled = state != DISABLED
    status = UserStatus(state) if is_enabled else UserStatus.CONFIRMED
    others = (values.get(name, "") for name in ("totp_secret", *DEVICE_COLUMNS))
    return Account(values["username"], values["password"], status, is_enabled, *others)
