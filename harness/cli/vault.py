"""`cognito-load vault`: secrets in the operating system's vault, for references of the form keyring:service/name."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Sequence
from typing import Final

from harness.errors import EXIT, ConfigurationError, Problem
from harness.vault import keyring

SCHEME: Final = "keyring:"


def main(argv: Sequence[str], prog: str = "cognito-load vault") -> int:
    """Set, list or delete entries.

    Returns:
        EXIT.PASSED, EXIT.FAILED when there was no such entry to delete, EXIT.CONFIGURATION when there is no keyring or
        nothing to set.
    """
    arguments = build_parser(prog).parse_args(argv)
    try:
        return arguments.run(arguments)  # type: ignore[no-any-return]  # set in build_parser
    except keyring.KeyringUnusableError as error:
        print(Problem(str(error), error.hint), file=sys.stderr)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
    return EXIT.CONFIGURATION


def build_parser(prog: str) -> argparse.ArgumentParser:
    """The options of every subcommand."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Keep secrets in the operating system's vault (Keychain, Credential Locker,\nSecret Service).",
        epilog=f"example:\n  {prog} set load/alice\n  {prog} list\n\nIn users.csv, or in a variable such as"
        " COGNITO_CLIENT_SECRET,\nthe entry is keyring:load/alice.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="SUBCOMMAND", title="subcommands")
    for name, summary, run in (
        ("set", "make or change an entry; the secret is asked for, or read from standard input", _set),
        ("list", "the names of the entries made here, never their secrets", _list),
        ("delete", "remove an entry", _delete),
    ):
        entry = "" if run is _list else " load/alice"
        example = f"Example: {prog} {name}{entry}"
        child = commands.add_parser(name, help=summary, description=summary, epilog=example)
        if run is not _list:
            child.add_argument("entry", type=_entry, metavar="SERVICE/NAME", help="keyring: may stand before it")
        child.set_defaults(run=run)
    return parser


def _set(arguments: argparse.Namespace) -> EXIT:
    service, name = arguments.entry
    keyring.write(service, name, _secret(f"{service}/{name}"))
    print(f"Set. Refer to it as {SCHEME}{service}/{name}")
    return EXIT.PASSED


def _list(_: argparse.Namespace) -> EXIT:
    for name in keyring.names():
        print(f"{SCHEME}{name}")
    return EXIT.PASSED


def _delete(arguments: argparse.Namespace) -> EXIT:
    service, name = arguments.entry
    if keyring.delete(service, name):
        print(f"Deleted {SCHEME}{service}/{name}")
        return EXIT.PASSED
    print(f"There is no {SCHEME}{service}/{name}", file=sys.stderr)
    return EXIT.FAILED


def _secret(name: str) -> str:
    """What was typed in, twice the same, or what came on standard input without its line end."""
    if sys.stdin is not None and sys.stdin.isatty():
        secret = getpass.getpass(f"Secret for {name}: ")
        if getpass.getpass("Once more: ") != secret:
            raise ConfigurationError([Problem("the two are not the same", "Type it in again.")])
    else:
        secret = sys.stdin.read().removesuffix("\n").removesuffix("\r") if sys.stdin is not None else ""
    if not secret:
        raise ConfigurationError([Problem("there is no secret to set", "Type it in, or send it to standard input.")])
    return secret


def _entry(text: str) -> tuple[str, str]:
    service, _, name = text.removeprefix(SCHEME).rpartition("/")
    if not service.strip() or not name.strip():
        raise argparse.ArgumentTypeError(f"{text!r} names no entry; write service/name, such as load/alice")
    return service, name
