"""`cognito-load provision`: test accounts for a pool, made, checked, given new passwords and removed."""

from __future__ import annotations

import argparse
import os
import re
import secrets
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from harness import aws, prices, vault
from harness.cli.progress import progress_of
from harness.cognito.parties import AppClient
from harness.errors import EXIT, ConfigurationError, HarnessError, Problem
from harness.provision import accounts_file, passwords
from harness.provision.accounts_file import AccountsFile
from harness.provision.chosen import names_in
from harness.provision.enrolment import Enrolment
from harness.provision.jobs import Jobs, Wish
from harness.provision.pace import AT_ONCE
from harness.provision.pool import MARK_NAME, Account, Description, Pool
from harness.settings import CLIENT_SECRET_VARIABLE, KNOBS, Settings, problems_of

DEFAULT_RATE: Final = 25.0
"""Below the 30 a second that UserAccountRecovery (AdminSetUserPassword) lets through, and not above UserUpdate's 25."""
SHOWN: Final = 10
CLIENT_ID: Final = "--cognito-client-id"
_USED: Final = frozenset(
    {
        "--cognito-user-pool-id",
        "--cognito-region",
        "--cognito-endpoint",
        "--cognito-ca-bundle",
        "--cognito-sandbox-keys",
    }
)
_PREFIX: Final = re.compile(r"[\w.+-]{1,100}", re.ASCII)


@dataclass(slots=True)
class Site:
    """What a subcommand works on."""

    arguments: argparse.Namespace
    settings: Settings
    pool: Pool
    description: Description
    existing: dict[str, Account]
    """Accounts with the mark that begin with the prefix, by name."""
    file: AccountsFile
    chosen: Sequence[str] | None = None
    """Names that a file asks for; None: all that begin with the prefix."""

    def jobs(self, progress: Callable[[int], None]) -> Jobs:
        """The jobs over it."""
        return Jobs(
            self.pool,
            self.file,
            self.description.policy,
            secrets.choice,
            rate=self.arguments.rate,
            progress=progress,
            enrolment=self._enrolment(),
        )

    def _enrolment(self) -> Enrolment | None:
        if not getattr(self.arguments, "totp", False):
            return None
        return Enrolment(self.pool, AppClient(self.settings.client_id, _client_secret()))


def main(argv: Sequence[str], prog: str = "cognito-load provision") -> int:
    """Run one subcommand.

    Returns:
        EXIT.PASSED; EXIT.FAILED when it ended early, or when accounts are not ready (check); EXIT.CONFIGURATION when
        nothing was begun.
    """
    arguments = build_parser(prog).parse_args(argv)
    try:
        site = _site(arguments)
    except HarnessError as error:
        _complain(error)
        return EXIT.CONFIGURATION
    try:
        return arguments.run(site)  # type: ignore[no-any-return]  # set in build_parser
    except ConfigurationError as error:
        _complain(error)
        return EXIT.CONFIGURATION
    except HarnessError as error:
        _complain(error)
        return EXIT.FAILED
    except OSError as error:
        _complain(HarnessError(f"{site.file.path} cannot be written: {error.strerror}", "Give --out another place."))
        return EXIT.FAILED


def build_parser(prog: str) -> argparse.ArgumentParser:
    """The options of every subcommand."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Make and remove test accounts. Only accounts made here are ever changed\n"
        f"or deleted: they are marked by their {MARK_NAME}.",
        epilog=f"examples:\n  {prog} create --count 1000 --prefix load-\n  {prog} check\n  {prog} delete --dry-run\n\n"
        "AWS keys come from AWS's own variables and files; docs/provision.md lists\nwhat they must be allowed.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="SUBCOMMAND", title="subcommands")
    for name, summary, run in (
        ("create", "make accounts, and write them to the users file; goes on where an earlier one ended", _create),
        ("check", "the state of each account, in the pool and in the file", _check),
        ("reset-passwords", "a new password for each account, or for those that --users names", _reset_passwords),
        ("delete", "remove the accounts made here", _delete),
    ):
        child = commands.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.",
            epilog=f"example: {prog} {name} {'--count 1000 ' if run is _create else ''}--prefix load-",
        )
        _add_options(child, run)
        child.set_defaults(run=run)
    return parser


def _add_options(parser: argparse.ArgumentParser, run: Callable[[Site], EXIT]) -> None:
    add = parser.add_argument
    add("--prefix", type=_prefix, default="load-", help="what their names begin with (default: %(default)s)")
    add(
        "--out",
        type=Path,
        default=Path(os.environ.get("COGNITO_USERS") or "users.dev.csv"),
        metavar="FILE",
        help="the users file, which only you can read (default: COGNITO_USERS, else users.dev.csv)",
    )
    if run is not _check:
        add("--rate", type=_rate, default=DEFAULT_RATE, metavar="N", help="accounts a second (default: %(default)g)")
        add("--dry-run", action="store_true", help="say what would be done, and do nothing")
        add("--yes", action="store_true", help="do not ask before it starts against AWS")
    if run is _reset_passwords:
        text = "only the accounts that this file names, whatever they begin with: a run's rejected.csv, or a users file"
        add("--users", type=Path, metavar="FILE", help=text)
    if run is _create:
        add("--count", type=_count, required=True, metavar="N", help="how many there shall be in the end")
        add("--totp", action="store_true", help="enrol an authenticator app for each, and write its secret, too")
        add("--group", action="append", default=[], metavar="NAME", help="a group of the pool; repeatable")
        add(
            "--attribute",
            type=_attribute,
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="an attribute, as email={username}@example.net; repeatable",
        )
    for knob in KNOBS:
        if knob.flag in _USED or (run is _create and knob.flag == CLIENT_ID):
            text = f"{knob.help} [{knob.variable}]".replace("%", "%%")
            add(
                knob.flag,
                default=os.environ.get(knob.variable, ""),
                metavar="<text>",
                help=text if knob.is_shown else argparse.SUPPRESS,
            )


def _create(site: Site) -> EXIT:
    arguments = site.arguments
    wish = Wish(
        arguments.count,
        arguments.prefix,
        site.description.signs_in_by_email,
        dict(arguments.attribute),
        tuple(arguments.group),
    )
    for group in wish.groups:
        site.pool.check_group(group)
    wanted = wish.names()
    ready = site.file.totp_secrets if arguments.totp else site.file.passwords
    missing = [name for name in wanted if name not in site.existing or name not in ready]
    print(f"Pool {site.description.name}: {len(wanted) - len(missing)} of {len(wanted)} accounts are ready.")
    if missing and not site.settings.is_local:
        print(f"Cost: {prices.sentence(len(wanted), site.description.tier)}.")
    if not missing or not _goes_ahead(site, f"create {_accounts(len(missing))}"):
        return EXIT.PASSED
    existing = frozenset(site.existing)
    return _work(site, len(missing), "created", lambda jobs: jobs.create(wish, missing, existing))


def _check(site: Site) -> EXIT:
    counts = Counter(account.status if account.is_enabled else "disabled" for account in site.existing.values())
    print(f"Pool {site.description.name}: {_accounts(len(site.existing))} with the prefix {site.arguments.prefix}")
    for status, number in sorted(counts.items()):
        print(f"  {number:>6}  {status}")
    listed = [name for name in site.file.passwords if name.startswith(site.arguments.prefix)]
    faults = {
        "not ready": [account.name for account in site.existing.values() if not account.is_ready],
        f"in {site.file.path}, not in the pool": [name for name in listed if name not in site.existing],
        f"in the pool, not in {site.file.path}": [name for name in site.existing if name not in site.file.passwords],
    }
    for what, names in faults.items():
        if names:
            print(f"  {len(names):>6}  {what}: {_some(names)}")
    if any(faults.values()):
        print("Run create again for those without a password in the file, or delete and create.")
        return EXIT.FAILED
    return EXIT.PASSED


def _reset_passwords(site: Site) -> EXIT:
    if site.chosen is None:
        names = sorted(site.existing)
        which = f"with the prefix {site.arguments.prefix}"
    else:
        names = [name for name in site.chosen if name in site.existing and site.existing[name].is_enabled]
        which = f"named by {site.arguments.users} can have one"
        _tell_left_alone(site, site.chosen)
    if not names or not _goes_ahead(site, f"set new passwords for {_accounts(len(names))}"):
        print(f"{_accounts(len(names))} {which}.")
        return EXIT.PASSED if names or site.chosen is None else EXIT.FAILED
    code = _work(site, len(names), "given new passwords", lambda jobs: jobs.reset_passwords(names))
    return code if site.chosen is None or len(names) == len(site.chosen) else EXIT.FAILED


def _tell_left_alone(site: Site, chosen: Sequence[str]) -> None:
    strangers = [name for name in chosen if name not in site.existing]
    disabled = [name for name in chosen if name in site.existing and not site.existing[name].is_enabled]
    if strangers:
        print(f"Left alone, because they were not made here, or are not in the pool: {_some(strangers)}.")
    if disabled:
        print(f"Left alone, because they are disabled, which no password changes: {_some(disabled)}.")


def _delete(site: Site) -> EXIT:
    names = sorted(site.existing)
    if not names or not _goes_ahead(site, f"delete {_accounts(len(names))}"):
        print(f"{_accounts(len(names))} with the prefix {site.arguments.prefix}.")
        return EXIT.PASSED
    return _work(site, len(names), "deleted", lambda jobs: jobs.delete(names))


def _site(arguments: argparse.Namespace) -> Site:
    settings = Settings.from_options(vars(arguments), {})
    problems = problems_of(replace(settings, client_id="none"))  # an administrator needs no app client
    if not settings.user_pool_id:
        problems.append(Problem("no user pool is set", "Set --cognito-user-pool-id (COGNITO_USER_POOL_ID)."))
    if getattr(arguments, "totp", False) and not settings.client_id:
        hint = f"Set {CLIENT_ID} (COGNITO_CLIENT_ID) to one with ADMIN_USER_PASSWORD_AUTH or USER_PASSWORD_AUTH."
        problems.append(Problem("--totp signs each account in once, and no app client is set", hint))
    file = chosen = None
    try:
        file = accounts_file.read(arguments.out, time.monotonic)
    except ConfigurationError as error:
        problems += error.problems
    if (users := getattr(arguments, "users", None)) is not None:
        try:
            chosen = names_in(users)
        except ConfigurationError as error:
            problems += error.problems
    if problems or file is None:
        raise ConfigurationError(problems)
    client = aws.administrator(
        settings.region,
        endpoint=settings.given_endpoint,
        ca_bundle=settings.ca_bundle,
        sandbox_keys=settings.sandbox_keys,
        connections=AT_ONCE,
    )
    pool = Pool(client, settings.user_pool_id)
    description = pool.describe()
    if passwords.shortest(description.policy) > passwords.LONGEST:
        raise ConfigurationError([Problem("the pool wants passwords longer than Cognito takes")])
    begin = arguments.prefix if chosen is None else ""
    existing = {account.name: account for account in pool.accounts() if account.name.startswith(begin)}
    return Site(arguments, settings, pool, description, existing, file, chosen)


def _client_secret() -> str:
    """The app client's secret, where it has one.

    Raises:
        ConfigurationError: It is a reference that leads to no secret.
    """
    given = os.environ.get(CLIENT_SECRET_VARIABLE, "")
    if given.startswith(vault.PREFIXES):
        given = vault.unlock([(CLIENT_SECRET_VARIABLE, given)], os.environ)[given]
    return given


def _goes_ahead(site: Site, deed: str) -> bool:
    """Whether it is to be done: not in a dry run, and against AWS only when somebody says so.

    Raises:
        ConfigurationError: Nobody can be asked.
    """
    if site.arguments.dry_run:
        print(f"Dry run: would {deed} at {site.arguments.rate:g} a second.")
        return False
    if site.settings.is_local or site.arguments.yes:
        return True
    question = f"{deed[0].upper()}{deed[1:]} in pool {site.description.name} ({site.settings.user_pool_id})"
    if not sys.stdin.isatty():
        raise ConfigurationError([Problem(f"{question}: nobody can be asked here", "Give --yes.")])
    return input(f"{question}? Type yes: ").strip().lower() == "yes"


def _work(site: Site, total: int, verb: str, start: Callable[[Jobs], None]) -> EXIT:
    """Do it, show how far it is, and say in the end what came of it, however it ended."""
    with _ended_by_signals(), progress_of(total, verb) as advance:
        jobs = site.jobs(advance)
        is_whole = False
        try:
            start(jobs)
            is_whole = True
        except KeyboardInterrupt:
            pass
        outcome = jobs.outcome
    place = f"; {site.file.path} holds {_accounts(len(site.file.passwords))}" if site.file.passwords else ""
    print(f"{_accounts(outcome.done)} {verb}{place}.")
    if outcome.taken:
        print(f"Left alone, because they were not made here: {_some(outcome.taken)}. Choose another --prefix.")
    if not is_whole:
        print("Interrupted: run the same command again to go on.", file=sys.stderr)
    return EXIT.PASSED if is_whole and not outcome.taken else EXIT.FAILED


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """SIGTERM ends it as Ctrl-C does."""

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _complain(error: HarnessError) -> None:
    print(f"{error}\n    {error.hint}" if error.hint else error, file=sys.stderr)


def _accounts(number: int) -> str:
    return f"{number} account{'' if number == 1 else 's'}"


def _some(names: Sequence[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _prefix(text: str) -> str:
    if not _PREFIX.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} cannot begin a username; write letters, digits and . + - _")
    return text


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no rate; write accounts a second, such as 25")
    return rate


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 100_000):  # noqa: PLR2004  # five digits in a name
        raise argparse.ArgumentTypeError(f"{text!r} is no number of accounts; write 1 to 99999")
    return int(text)


def _attribute(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name or name == MARK_NAME:
        raise argparse.ArgumentTypeError(
            f"{name!r} is kept for the mark" if name == MARK_NAME else f"{text!r} is no attribute; write NAME=VALUE"
        )
    return name, value
