"""What hung: what was open when the run ended, and for so long that it is no answer that was merely on its way.

The rule must find a service that hangs, and must not find fault with one that answers:

- At the end of a run answers in flight are waited for, 10 s unless --stop-timeout says otherwise. So of a service that
  answers nothing is left that is older than that. With a shorter --stop-timeout answers are cut off that were on
  their way; these are young.
- A service whose answers take long may have some under way that are older. They are no older than its answers take, or
  a little more; twice the slowest good answer of the same name is left to them.

- With a --stop-timeout of less than that nothing in a short run becomes so old. But when half of all users have waited
  for ten times as long as any answer took, and for a second at least, that is no answer on its way either.

Where no login or no API request was answered at all there is no telling slow from hanging, and no need to: it is said
as it is. Only a few young ones may be left out of it: tokens of users that have logged in during the warm-up are
renewed now and then, and the one renewal of a run can be cut off.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from harness.evidence.figures.histogram import Histogram
from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.sample import Kind
from harness.evidence.figures.tally import EXCHANGES, LOGINS, REQUESTS, Selector
from harness.outcome import Outcome

HANG_US: Final = 10_000_000
"""What has been open for less does not hang: the time that answers in flight have at the end of a run."""
TIMES_THE_SLOWEST: Final = 2
"""Nor does what has been open for less than so many times the slowest good answer of its name."""
USERS_SHARE: Final = 0.5
"""When so many of all users end in something that hangs, the service does, whatever the other samples say."""
YOUNG_US: Final = 1_000_000
"""What has been open for less says nothing, even where nothing was answered, or where half of all users wait."""
TIMES_FOR_MANY: Final = 10
"""Half of all users hang when each has waited for so many times as long as the slowest good answer took."""


class Hung(NamedTuple):
    """How many hang, and since when."""

    number: int
    oldest_us: int
    """How long the oldest has been open, in microseconds; 0 when there is none."""


_NOUNS: Final[tuple[tuple[Selector, str, str], ...]] = (
    (LOGINS, "login", "logins"),
    (EXCHANGES, "Cognito exchange", "Cognito exchanges"),
    (REQUESTS, "API request", "API requests"),
)


def hung(metrics: Metrics, selector: Selector) -> Hung:
    """What hung of everything that a selector chooses."""
    return _beyond(metrics, selector, HANG_US, TIMES_THE_SLOWEST)


def _beyond(metrics: Metrics, selector: Selector, least_us: int, times: int) -> Hung:
    """What has been open for more than this, and for more than so many times the slowest good answer of its name."""
    kind = selector.kind
    names = [selector.name] if selector.name is not None else metrics.open_names(kind)
    number = age_us = 0
    for name in names:
        ages = metrics.open_ages(Selector(kind, name, selector.reason))
        if ages.max_us <= least_us:
            continue
        found = ages.above(max(least_us, times * _slowest_us(metrics, kind, name)))
        if found:
            number, age_us = number + found, max(age_us, ages.max_us)
    return Hung(number, age_us)


def unanswered(metrics: Metrics, users: int = 0) -> str:
    """Of logins, or else of API requests, that none was answered, though some were sent; empty when one was.

    Args:
        metrics: Of all processes.
        users: How many users there were; 0 when nobody knows.
    """
    for selector, noun, _ in (_NOUNS[0], _NOUNS[2]):
        tally = metrics.tally(selector)
        lost = tally.outcomes.get(Outcome.TRANSPORT_ERROR)
        count, age_us = tally.ages.count, tally.ages.max_us
        if not count or tally.count > (lost.count if lost else 0):
            continue
        if age_us > HANG_US or (age_us >= YOUNG_US and count >= USERS_SHARE * users):
            return f"no {noun} was answered: {still_open(count, age_us)}"
    return ""


def hanging(metrics: Metrics, users: int, *, is_judged: bool) -> str:
    """That the service hung, when it did; empty when it did not.

    Args:
        metrics: Of all processes.
        users: How many users there were; 0 when nobody knows.
        is_judged: Whether gates or a baseline say how much may go wrong. Then a hang that is not theirs to see keeps
            the run from passing only when half of all users ended in one.
    """
    found = [hung(metrics, EXCHANGES), hung(metrics, REQUESTS)]
    if is_judged or not (found[0].number or found[1].number):
        many = [_beyond(metrics, selector, YOUNG_US, TIMES_FOR_MANY) for selector in (EXCHANGES, REQUESTS)]
        found = max(found, many, key=lambda which: sum(each.number for each in which))
        if not users or sum(each.number for each in found) < USERS_SHARE * users:
            return ""
        return _told(found, of=f" of {users} users")
    return _told(found)


def _told(found: list[Hung], of: str = "") -> str:
    count = sum(each.number for each in found)
    parts = [
        f"{each.number} {one if each.number == 1 else many}"
        for each, (_, one, many) in zip(found, _NOUNS[1:], strict=True)
        if each.number
    ]
    what, verb = " and ".join(parts), "was" if count == 1 else "were"
    oldest = _seconds(max(each.oldest_us for each in found))
    up_to = oldest if count == 1 else f"up to {oldest}"
    return f"{what}{of} {verb} still open after {up_to}, longer than any answer took"


class StillOpen(NamedTuple):
    """What of one name was still open when its users were stopped, or when it was looked at last."""

    kind: Kind
    name: str
    ages: Histogram
    hung: int
    """How many of them hung."""


def left_open(metrics: Metrics) -> list[StillOpen]:
    """Everything that was still open, by kind and name."""
    kinds: tuple[Kind, ...] = ("login", "intended", "exchange", "request")
    found = []
    for kind in kinds:
        for name in metrics.open_names(kind):
            selector = Selector(kind, name)
            found.append(StillOpen(kind, name, metrics.open_ages(selector), hung(metrics, selector).number))
    return found


def oldest_us(metrics: Metrics) -> int:
    """How long the oldest exchange or request had been open when its user was stopped; 0 when there is none."""
    return max(metrics.open_ages(EXCHANGES).max_us, metrics.open_ages(REQUESTS).max_us)


def still_open(count: int, age_us: int) -> str:
    """`5 were still open after up to 14.9 s`."""
    if count == 1:
        return f"1 was still open after {_seconds(age_us)}"
    return f"{count} were still open after up to {_seconds(age_us)}"


def _slowest_us(metrics: Metrics, kind: Kind, name: str) -> int:
    return max(
        (
            series.latency.max_us
            for key, series in metrics.series()
            if key.kind == kind and key.name == name and not key.outcome.is_failure
        ),
        default=0,
    )


def _seconds(us: int) -> str:
    return f"{us / 1e6:.3g} s"
