"""Entries of the operating system's vault, by the keyring library, and a list of those that were made here.

The library reads, sets and deletes an entry by name but cannot list any, on no system. So the names, never the
secrets, stand in one more entry of the same keyring.
"""

from __future__ import annotations

import json
from typing import Final

INDEX_SERVICE: Final = "cognito-load"
INDEX_NAME: Final = "names of the entries made by cognito-load vault"


class KeyringUnusableError(Exception):
    """There is no keyring here, it is locked, or it said no.

    Args:
        why: In words, without any entry's content.
        hint: One thing to do.
    """

    def __init__(self, why: str, hint: str) -> None:
        super().__init__(why)
        self.hint = hint


def read(service: str, name: str) -> str | None:
    """The secret of an entry; None when there is no such entry.

    Raises:
        KeyringUnusableError: The keyring cannot be read.
    """
    from keyring import get_password  # noqa: PLC0415  # finds its backends, which takes as long as a login
    from keyring.errors import KeyringError  # noqa: PLC0415  # the same

    try:
        return get_password(service, name)
    except KeyringError as error:
        raise _unusable(error) from None


def write(service: str, name: str, secret: str) -> None:
    """Make an entry, or change it, and list its name.

    Raises:
        KeyringUnusableError: The keyring cannot be written.
    """
    from keyring import set_password  # noqa: PLC0415  # see read
    from keyring.errors import KeyringError  # noqa: PLC0415  # see read

    try:
        set_password(service, name, secret)
    except KeyringError as error:
        raise _unusable(error) from None
    _list({*names(), f"{service}/{name}"})


def delete(service: str, name: str) -> bool:
    """Remove an entry and its name from the list; False when there was none.

    Raises:
        KeyringUnusableError: The keyring cannot be written.
    """
    from keyring import delete_password  # noqa: PLC0415  # see read
    from keyring.errors import KeyringError, PasswordDeleteError  # noqa: PLC0415  # see read

    try:
        delete_password(service, name)
        was_there = True
    except PasswordDeleteError:
        was_there = False
    except KeyringError as error:
        raise _unusable(error) from None
    listed = set(names())
    if f"{service}/{name}" in listed:
        _list(listed - {f"{service}/{name}"})
    return was_there


def names() -> list[str]:
    """`service/name` of every entry that `write` made and `delete` did not remove, sorted.

    Raises:
        KeyringUnusableError: The keyring cannot be read.
    """
    try:
        listed = json.loads(read(INDEX_SERVICE, INDEX_NAME) or "[]")
    except ValueError:
        listed = []
    return sorted(name for name in listed if isinstance(name, str)) if isinstance(listed, list) else []


def _list(listed: set[str]) -> None:
    from keyring import set_password  # noqa: PLC0415  # see read
    from keyring.errors import KeyringError  # noqa: PLC0415  # see read

    try:
        set_password(INDEX_SERVICE, INDEX_NAME, json.dumps(sorted(listed)))
    except KeyringError as error:
        raise _unusable(error) from None


def _unusable(error: Exception) -> KeyringUnusableError:
    from keyring.errors import NoKeyringError  # noqa: PLC0415  # see read

    if isinstance(error, NoKeyringError):
        return KeyringUnusableError(
            "this machine has no keyring",
            "Use env:, file:, ssm: or secretsmanager: here, or install a backend (`keyring --list-backends`).",
        )
    return KeyringUnusableError(f"the keyring said no ({type(error).__name__})", "Unlock it and try again.")
