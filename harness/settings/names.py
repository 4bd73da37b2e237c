"""Names that people write and nothing reads: variables, and the name that was meant."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from typing import Final, NamedTuple

from harness.errors import Problem
from harness.settings.knobs import KNOBS
from harness.settings.settings import CLIENT_SECRET_VARIABLE

PREFIX: Final = "COGNITO_"
NEAR: Final = 0.84
"""difflib's ratio from which on a name is a misspelling: GATES and USER_POOL are near to one of ours, and
USER_POOL_ARN, which applications use, is not."""
READ_BY_LOCUST: Final = frozenset(
    {*(knob.variable for knob in KNOBS), CLIENT_SECRET_VARIABLE, "COGNITO_QUIET", "COGNITO_WEB_NAMES"}
)
"""What a load test reads."""
READ_BY_COMMANDS: Final = frozenset(
    {"COGNITO_PASSWORD", "COGNITO_NEW_PASSWORD", "COGNITO_TOTP_SECRET", "COGNITO_SANDBOX_FILE"}
)
"""What only `cognito-load` reads."""
_SHOWN_VARIABLES: Final = sorted(READ_BY_LOCUST - {knob.variable for knob in KNOBS if not knob.is_shown})
_REFERENCE: Final = "env:"
_AS_LOCUSTS: Final = {f"LOCUST_{knob.dest.upper()}": knob.variable for knob in KNOBS}
"""Locust's own options have such variables, so that people write these."""


class Unread(NamedTuple):
    """Variables that look like ours, and that nothing here reads."""

    misspelt: list[Problem]
    """Those near to one of ours: a gate in them would not hold."""
    others: list[str]
    """The rest: of other programs, probably."""


def unread(environ: Iterable[str], secrets: Iterable[str] = ()) -> Unread:
    """What of the environment's variables is meant for us, and not read by that name.

    Args:
        environ: Names of variables.
        secrets: What may be references: a name that `env:NAME` refers to is the user's own.
    """
    problems, others = [], []
    own = {each.removeprefix(_REFERENCE) for each in secrets if each.startswith(_REFERENCE)}
    for name in sorted(set(environ) - own):
        meant = _AS_LOCUSTS.get(name, "")
        if name.upper().startswith(PREFIX) and name not in READ_BY_LOCUST | READ_BY_COMMANDS:
            meant = nearest(name.upper().removeprefix(PREFIX), [each.removeprefix(PREFIX) for each in _SHOWN_VARIABLES])
            meant = f"{PREFIX}{meant}" if meant else ""
            if not meant:
                others.append(name)
        if meant:
            problems.append(
                Problem(
                    f"the variable {name} is set, and nothing reads it",
                    f"Did you mean {meant}? If it is another program's, run: env -u {name} locust ...",
                )
            )
    return Unread(problems, others)


def nearest(name: str, known: Collection[str], cutoff: float = NEAR) -> str:
    """The known name that a misspelt one is nearest to; empty when it is near to none."""
    found = difflib.get_close_matches(name, known, n=1, cutoff=cutoff)
    return found[0] if found else ""
