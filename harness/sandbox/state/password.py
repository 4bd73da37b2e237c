"""Passwords: what a pool demands of them, and how the sandbox recognises one."""

from __future__ import annotations

import hashlib
import hmac
import string
from collections.abc import Mapping
from dataclasses import dataclass

from harness.sandbox.errors import InvalidPassword
from harness.sandbox.state.clock import Chance
from harness.sandbox.state.srp import Enrolment, enrol

SYMBOLS = frozenset("^$*.[]{}()?-\"!@#%&/\\,><':;|_~`+= ")
"""What counts as a symbol: the developer guide, "Adding user pool password requirements"."""


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """What a new password needs. The defaults are those of a pool that is created without a policy."""

    minimum_length: int = 8
    require_uppercase: bool = True
    require_lowercase: bool = True
    require_numbers: bool = True
    require_symbols: bool = True
    temporary_validity_days: int = 7

    @classmethod
    def from_wire(cls, given: Mapping[str, int | bool]) -> PasswordPolicy:
        """The policy of CreateUserPool; what it does not ask for is not required."""
        return cls(
            minimum_length=given.get("MinimumLength", 8),
            require_uppercase=bool(given.get("RequireUppercase", False)),
            require_lowercase=bool(given.get("RequireLowercase", False)),
            require_numbers=bool(given.get("RequireNumbers", False)),
            require_symbols=bool(given.get("RequireSymbols", False)),
            temporary_validity_days=given.get("TemporaryPasswordValidityDays", 7),
        )

    def to_wire(self) -> dict[str, int | bool]:
        """The policy as the service describes it."""
        return {
            "MinimumLength": self.minimum_length,
            "RequireUppercase": self.require_uppercase,
            "RequireLowercase": self.require_lowercase,
            "RequireNumbers": self.require_numbers,
            "RequireSymbols": self.require_symbols,
            "TemporaryPasswordValidityDays": self.temporary_validity_days,
        }

    def check(self, password: str) -> None:
        """Nothing, for a password that conforms.

        Raises:
            InvalidPassword: The first thing that it lacks.
        """
        characters = set(password)
        demands = (
            (len(password) >= self.minimum_length, "not long enough"),
            (not self.require_uppercase or characters & set(string.ascii_uppercase), "must have uppercase characters"),
            (not self.require_lowercase or characters & set(string.ascii_lowercase), "must have lowercase characters"),
            (not self.require_numbers or characters & set(string.digits), "must have numeric characters"),
            (not self.require_symbols or characters & SYMBOLS, "must have symbol characters"),
        )
        for is_met, text in demands:
            if not is_met:
                raise InvalidPassword(f"Password did not conform with policy: Password {text}")


class Verifier:
    """Recognises one password.

    One fast keyed hash rather than a slow one: the accounts are made up, live in memory for the length of a rehearsal,
    and a slow hash would be most of what a login costs here. The password itself is kept too, for the enrolment of
    the first SRP login: made for every user beforehand, it would hold up the start of a large pool.

    Args:
        password: What to recognise.
        salt: Random bytes of this account.
    """

    __slots__ = ("_digest", "_enrolment", "_password", "_salt")

    def __init__(self, password: str, salt: bytes) -> None:
        self._salt = salt
        self._digest = self._hash(password)
        self._password = password
        self._enrolment: Enrolment | None = None

    def accepts(self, password: str) -> bool:
        """Whether this is the password; takes the same time either way."""
        return hmac.compare_digest(self._digest, self._hash(password))

    def enrolment(self, pool_name: str, username: str, chance: Chance) -> Enrolment:
        """What SRP needs of the password; always the same."""
        if self._enrolment is None:
            self._enrolment = enrol(pool_name, username, self._password, chance)
        return self._enrolment

    def _hash(self, password: str) -> bytes:
        return hashlib.blake2b(password.encode("utf-8", "surrogatepass"), key=self._salt).digest()
