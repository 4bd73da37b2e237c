"""What is done with test accounts: make them, give them new passwords, remove them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from harness.provision.accounts_file import AccountsFile
from harness.provision.enrolment import Enrolment
from harness.provision.pace import Pace
from harness.provision.passwords import Choose, new_password
from harness.provision.pool import Pool
from harness.vault import PREFIXES

DIGITS: Final = 5
DOMAIN: Final = "example.net"
"""Reserved by RFC 2606; not example.com, where the sandbox's sample users are."""

Progress = Callable[[int], None]
"""Told that one more is done."""


@dataclass(frozen=True, slots=True)
class Wish:
    """The accounts that somebody wants."""

    count: int
    prefix: str
    by_email: bool = False
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Values may hold `{username}`."""
    groups: Sequence[str] = ()

    def names(self) -> list[str]:
        """`load-00001` and so on, whatever the count, so that more can be added later."""
        tail = f"@{DOMAIN}" if self.by_email else ""
        return [f"{self.prefix}{number:0{DIGITS}d}{tail}" for number in range(1, self.count + 1)]

    def attributes_of(self, name: str) -> dict[str, str]:
        """The attributes of one of them."""
        given = {key: value.replace("{username}", name) for key, value in self.attributes.items()}
        return {"email": name, "email_verified": "true", **given} if self.by_email else given


@dataclass(frozen=True, slots=True, repr=False)
class Made:
    """What an account got. Has no repr: it is all secret."""

    password: str
    totp_secret: str = ""
    """Of its authenticator app; empty when it has none."""


@dataclass(slots=True)
class Outcome:
    """What came of a job."""

    done: int = 0
    taken: list[str] = field(default_factory=list)
    """Names of somebody else's accounts, which were left alone."""


class Jobs:
    """The jobs over one pool and one file.

    Args:
        pool: Whose accounts.
        file: Where their passwords go.
        policy: The pool's PasswordPolicy.
        choose: Picks at random, unpredictably.
        rate: Accounts a second.
        progress: Told about each account.
        enrolment: Gives each account that is made an authenticator app; None: they get none.
    """

    def __init__(
        self,
        pool: Pool,
        file: AccountsFile,
        policy: Mapping[str, object],
        choose: Choose,
        *,
        rate: float,
        progress: Progress = lambda _: None,
        enrolment: Enrolment | None = None,
    ) -> None:
        self._pool = pool
        self._file = file
        self._policy = policy
        self._choose = choose
        self._rate = rate
        self._progress = progress
        self._enrolment = enrolment
        self.outcome = Outcome()
        """As far as it has come; whole when the job has ended, however it ended."""

    def create(self, wish: Wish, names: Iterable[str], existing: frozenset[str]) -> None:
        """Make these accounts of a wish, with a password for good; those that exist only get what they lack.

        An account that is gone from the pool gets its password of the file again, unless that is a reference: its
        secret is somebody else's to set, so a new password takes its place.

        Raises:
            RefusedError: Nothing more was begun.
        """
        held = self._file.passwords.items()
        kept = {name: password for name, password in held if not password.startswith(PREFIXES)}

        def make(name: str) -> Made | None:
            if name not in existing and not self._pool.create(name, wish.attributes_of(name)):
                return None
            password = kept.get(name) or new_password(self._policy, self._choose)
            self._pool.set_password(name, password)
            self._pool.add_to_groups(name, wish.groups)
            if self._enrolment is None:
                return Made(password)
            secret = self._enrolment.enrol(name, password)
            if secret is None:  # an app whose secret was lost, in a pool that insists on it: begin again
                self._pool.delete(name)
                self._pool.create(name, wish.attributes_of(name))
                self._pool.set_password(name, password)
                self._pool.add_to_groups(name, wish.groups)
                secret = self._enrolment.enrol(name, password)
            return Made(password, secret or "")

        self._run(names, make, self._note, self._rate / max(1, len(wish.groups)))

    def reset_passwords(self, names: Iterable[str]) -> None:
        """A new password for each of these accounts.

        Raises:
            RefusedError: Nothing more was begun.
        """

        def reset(name: str) -> Made:
            password = new_password(self._policy, self._choose)
            self._pool.set_password(name, password)
            return Made(password)

        self._run(names, reset, self._note, self._rate)

    def delete(self, names: Iterable[str]) -> None:
        """Remove these accounts, from the pool and then from the file.

        Raises:
            RefusedError: Nothing more was begun.
        """

        def remove(name: str) -> Made:
            self._pool.delete(name)
            return Made("")

        def note(name: str, _: Made | None) -> None:
            self._file.remove(name)
            self.outcome.done += 1

        self._run(names, remove, note, self._rate)

    def _note(self, name: str, made: Made | None) -> None:
        if made is None:
            self.outcome.taken.append(name)
            return
        self._file.put(name, made.password, made.totp_secret)
        self.outcome.done += 1

    def _run(
        self,
        names: Iterable[str],
        act: Callable[[str], Made | None],
        note: Callable[[str, Made | None], None],
        rate: float,
    ) -> None:
        def done(name: str, result: Made | None) -> None:
            note(name, result)
            self._progress(1)

        pace: Pace[str, Made | None] = Pace(rate, time.monotonic, time.sleep)
        try:
            pace.run(names, act, done)
        finally:
            self._file.save()
