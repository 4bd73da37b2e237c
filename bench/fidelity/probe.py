"""A behaviour of Cognito's, and the attempt that shows whether it is there."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from bench.fidelity.place import Place

_LONGEST_REASON = 160


class Different(Exception):  # noqa: N818  # a finding, not a failure of this program
    """What was found is not what Cognito does."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One row of the table."""

    behaviour: str
    """A sentence about Cognito."""
    tested_by: str
    """`sandbox/test_x.py::test_y`, or a case of `sandbox/errors.json`: where the sandbox's own tests hold it."""
    attempt: Callable[[Place], None] | None
    """Raises when the behaviour is not there; None where it takes a test that turns the clock or orders a fault."""

    def reason_against(self, place: Place) -> str | None:
        """What a place does instead; None when it does as Cognito does, or is not asked."""
        if self.attempt is None:
            return None
        try:
            self.attempt(place)
        except ClientError as error:
            found = error.response.get("Error", {})
            return _line(f"{found.get('Code')}: {found.get('Message')}")
        except Different as error:
            return _line(str(error))
        except (BotoCoreError, OSError, LookupError, ValueError, TypeError, AttributeError) as error:
            return _line(f"{type(error).__name__}: {error}")
        return None


def behaviour(sentence: str, tested_by: str) -> Callable[[Callable[[Place], None]], Probe]:
    """Makes a probe of a function."""
    return lambda attempt: Probe(sentence, tested_by, attempt)


def told_by_tests(sentence: str, tested_by: str) -> Probe:
    """A behaviour that takes a turned clock or an ordered fault."""
    return Probe(sentence, tested_by, None)


def probes_of(module: ModuleType) -> list[Probe]:
    """A module's probes, as they stand in it."""
    return [value for value in vars(module).values() if isinstance(value, Probe)]


def same(found: object, expected: object, what: str) -> None:
    """Nothing, when these are equal.

    Raises:
        Different: They are not.
    """
    if found != expected:
        differ(f"{what}: {found!r} instead of {expected!r}")


def true(claim: object, otherwise: str) -> None:
    """Nothing, when the claim holds.

    Raises:
        Different: It does not.
    """
    if not claim:
        differ(otherwise)


def differ(why: str) -> NoReturn:
    """Say that this is not what Cognito does.

    Raises:
        Different: Always.
    """
    raise Different(why)


def refused(kind: str, message: str | None, call: Callable[..., object], **parameters: object) -> None:
    """Nothing, when a call is refused like this; `message` None: whatever the words.

    Raises:
        Different: It is taken, or refused in another way.
    """
    try:
        call(**parameters)
    except ClientError as error:
        found = error.response["Error"]
        told = found.get("Code", ""), found.get("Message", "")
        if told[0] != kind or message not in (None, told[1]):
            differ(f"{told[0]}: {told[1]}")
    else:
        differ("taken")


def _line(text: str) -> str:
    """One line for a table, in which ids and hashes of this run say nothing."""
    text = re.sub(r"\s+", " ", text).replace("|", "/")
    return text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]} …"
