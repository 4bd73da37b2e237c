"""What goes wrong when: every kind of fault that the sandbox knows, one after the other, with calm in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from harness.sandbox.faults.orders import INCIDENTS, Kind

Order = Mapping[str, Any]
"""A fault as the control port takes it, without what the timetable adds."""

BEGINS_AT: Final = 0.4
"""Of a token's life: that is when the first ones are renewed, so that faults hit logins, too."""
CALM_AT_END: Final = 0.05
"""Of the whole time: long enough for the last fault's consequences to be over."""
ROTATION_S: Final = 900.0
"""How long a rotation takes, more or less."""
HELD_FOR: Final = 1 / 3
"""Of its part of the time a fault stands; the rest is calm."""
MOST_STALL_S: Final = 5.0

_SOME: Final[Order] = {"on": "all", "share": 0.3}


@dataclass(frozen=True, slots=True)
class Spell:
    """One fault's turn."""

    name: str
    began: tuple[Order, ...]
    ended: tuple[Order, ...] = ()
    """Ordered when it is over; what stands for a time ends by itself."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A spell with its time, in seconds since the users began."""

    spell: Spell
    begin_s: float
    end_s: float

    @property
    def orders(self) -> list[dict[str, Any]]:
        """What to order when it begins."""
        for_s = self.end_s - self.begin_s
        return [_lasting(order, for_s) for order in self.spell.began]


def spells(account: str) -> tuple[Spell, ...]:
    """Every kind once; what hits all tokens at once is far from the next such thing.

    Args:
        account: Who is disabled.
    """
    return (
        _some(Kind.LATENCY, time_s=0.2, p99_s=2.0),
        Spell(Kind.STALL, ({"fault": Kind.STALL, "on": "all"},)),
        Spell(Kind.ROTATE_KEYS, ({"fault": Kind.ROTATE_KEYS},)),
        _some(Kind.ERROR_500),
        _some(Kind.ERROR_503),
        _some(Kind.THROTTLE),
        _some(Kind.REFUSAL, type="LimitExceededException"),
        Spell(
            Kind.CLOCK_SKEW, ({"fault": Kind.CLOCK_SKEW, "time_s": 600},), ({"fault": Kind.CLOCK_SKEW, "time_s": 0},)
        ),
        _some(Kind.RESET_BEFORE),
        _some(Kind.RESET_INSIDE),
        _some(Kind.TRUNCATED),
        _some(Kind.NOT_JSON),
        Spell(Kind.REVOKE, ({"fault": Kind.REVOKE},)),
        Spell(Kind.HTML, ({"fault": Kind.HTML, **_SOME}, {"fault": Kind.HTML, "status": 200, **_SOME})),
        Spell(
            Kind.WRONG_LENGTH,
            ({"fault": Kind.WRONG_LENGTH, "by": 25, **_SOME}, {"fault": Kind.WRONG_LENGTH, "by": -10, **_SOME}),
        ),
        _some(Kind.DRIP, time_s=1.0),
        _some(Kind.REPLAY),
        Spell("jwks-down, rotate-keys", ({"fault": Kind.JWKS_DOWN}, {"fault": Kind.ROTATE_KEYS})),
        Spell(Kind.EXPIRE_REFRESH, ({"fault": Kind.EXPIRE_REFRESH},)),
        Spell(Kind.EXPIRE_SESSIONS, ({"fault": Kind.EXPIRE_SESSIONS},)),
        Spell(
            "disable, enable",
            ({"fault": Kind.DISABLE, "user": account},),
            ({"fault": Kind.ENABLE, "user": account},),
        ),
    )


def timetable(rotation: Sequence[Spell], seconds: float, life_s: float) -> list[Turn]:
    """Each spell's turns: a short one in the first life of the tokens, then a long one in each quarter of an hour.

    What is kept of each kind of error is there after the first, so that the others show whether memory grows.

    Args:
        rotation: What goes wrong.
        seconds: How long the soak is.
        life_s: Of a token.
    """
    until_s = seconds * (1 - CALM_AT_END)
    times = max(1, round((until_s - life_s) / ROTATION_S))
    each_s = (until_s - life_s) / times
    turns = _once(rotation, BEGINS_AT * life_s, life_s)
    for number in range(times):
        turns += _once(rotation, life_s + number * each_s, life_s + (number + 1) * each_s)
    return turns


def _once(rotation: Sequence[Spell], begin_s: float, end_s: float) -> list[Turn]:
    each_s = (end_s - begin_s) / len(rotation)
    return [
        Turn(spell, begin_s + number * each_s, begin_s + (number + HELD_FOR) * each_s)
        for number, spell in enumerate(rotation)
    ]


def _some(kind: Kind, **members: Any) -> Spell:  # as the control port has them
    return Spell(kind, ({"fault": kind, **_SOME, **members},))


def _lasting(order: Order, for_s: float) -> dict[str, Any]:
    kind = Kind(order["fault"])
    if kind in INCIDENTS:
        return dict(order)
    if kind is Kind.STALL:
        return {**order, "time_s": min(for_s, MOST_STALL_S)}
    return {**order, "for_s": for_s}
