"""The users file that provisioning writes: whole at every moment, and for its owner's eyes only."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from harness import credentials
from harness.credentials import CsvDataSet
from harness.errors import ConfigurationError, Problem
from harness.files import write_whole

HEADER: Final = ("username", "password")
TOTP_SECRET: Final = "totp_secret"  # noqa: S105  # the name of a column
SAVED_EVERY_S: Final = 1.0
SHARE: Final = 0.05
"""At most so much of the time is spent on writing."""


class AccountsFile:
    """Names, passwords, and the secrets of authenticator apps. Not for several threads at once.

    A change is on disk a second later, or longer for a file that takes long to write; `save` writes it at once. What
    is written stands beside the file until it is whole, and then takes its place.

    Args:
        path: Where it is.
        passwords: What it held, by name.
        now: Seconds that never jump.
        totp_secrets: The same, of those accounts that have an app.
    """

    def __init__(
        self,
        path: Path,
        passwords: Mapping[str, str],
        now: Callable[[], float],
        totp_secrets: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.path = path
        self.passwords = dict(passwords)
        self.totp_secrets = dict(totp_secrets)
        self._now = now
        self._is_saved = True
        self._due_s = now() + SAVED_EVERY_S

    def put(self, name: str, password: str, totp_secret: str = "") -> None:
        """Add an account, or change its password and, if one is given, its app."""
        self.passwords[name] = password
        if totp_secret:
            self.totp_secrets[name] = totp_secret
        self._changed()

    def remove(self, name: str) -> None:
        """Leave an account out from now on."""
        self.totp_secrets.pop(name, None)
        if self.passwords.pop(name, None) is not None:
            self._changed()

    def save(self) -> None:
        """Have it all on disk. An empty file would be none, so without accounts it is removed.

        Raises:
            OSError: It cannot be written.
        """
        if self._is_saved:
            return
        began_s = self._now()
        if self.passwords:
            write(self.path, self.passwords, self.totp_secrets)
        else:
            self.path.unlink(missing_ok=True)
        self._is_saved = True
        took_s = self._now() - began_s
        self._due_s = self._now() + max(SAVED_EVERY_S, took_s / SHARE)

    def _changed(self) -> None:
        self._is_saved = False
        if self._now() >= self._due_s:
            self.save()


def read(path: Path, now: Callable[[], float]) -> AccountsFile:
    """The file as it is; empty when there is none.

    Raises:
        ConfigurationError: It is no users file, or one with more columns than can be written.
    """
    if not path.exists():
        return AccountsFile(path, {}, now)
    users = credentials.read(CsvDataSet(str(path)))
    with path.open(encoding="utf-8-sig", newline="") as lines:
        header = tuple(name.strip() for name in next(csv.reader(lines)))
    if header not in (HEADER, (*HEADER, TOTP_SECRET)):
        problem = Problem(
            f"{path} has other columns than {','.join(HEADER)} (and {TOTP_SECRET}), which would be lost",
            "Give --out another file.",
        )
        raise ConfigurationError([problem])
    accounts = [row.account for row in users.rows]
    apps = {account.username: account.totp_secret for account in accounts if account.totp_secret}
    return AccountsFile(path, {account.username: account.password for account in accounts}, now, apps)


def write(path: Path, passwords: Mapping[str, str], totp_secrets: Mapping[str, str] = MappingProxyType({})) -> None:
    """Write the whole file or nothing; mode 0600 from its first byte on.

    Raises:
        OSError: It cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if totp_secrets:
        writer.writerow((*HEADER, TOTP_SECRET))
        writer.writerows((name, password, totp_secrets.get(name, "")) for name, password in passwords.items())
    else:
        writer.writerow(HEADER)
        writer.writerows(passwords.items())
    write_whole(path, text.getvalue(), mode=0o600, is_lasting=True)
