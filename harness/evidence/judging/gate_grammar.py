"""The grammar of gates: from a text to its parts, or to a fault that points at the character.

    gate      = subject metric operator limit ["abort after" duration]
              | run metric operator limit ["abort after" duration]
              | "generator" ("==" | "!=") ("valid" | "suspect" | "invalid") ["abort after" duration]
    subject   = "login"                        every login
              | "login(" reason ")"            reason: initial, refresh, expired or forced
              | "intended"                     logins of an open load, from when they should have started
              | "api"                          every API request
              | METHOD " " name                an API request: `GET /orders`
              | operation                      one kind of Cognito exchange: `InitiateAuth`
              | '"' any of these '"'           for a name that holds an operator or a semicolon
    metric    = "p50" … "p99.9" | "max" | "mean" | "rate" | "fail_rate" | "count"
              | outcome                        how many ended so: ok, throttled, rejected, challenged, http_error,
                                               server_error, transport_error, malformed or failed_check
    run metric                                 how many of the run as a whole:
              = "dropped"                      arrivals of the open model that found no login slot
              | "skipped"                      API requests that were not sent, for want of a token
              | "cut_off"                      exchanges and requests still in flight when the run ended
              | "exceptions"                   exceptions of tasks, which are the test's own
              | "users_without_account"        users that never had one
              | "workers_lost"                 workers that are missing
    operator  = "<" | "<=" | ">" | ">=" | "==" | "!="
    limit     = threshold | "baseline" | "baseline *" factor | "baseline +" threshold
    threshold = number ("us" | "ms" | "s")     for p…, max and mean
              | number ["/s"]                  for rate
              | number "%" | fraction          for fail_rate
              | whole number                   for counts: count, the outcomes and run metrics
    factor    = number ["%"]                   1.10 and 110% are the same
    duration  = number ("ms" | "s" | "min")

Several gates stand in one text with `;` between them. What a gate means once it is read, `gates.py` says.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from harness.errors import ConfigurationError, Problem
from harness.evidence.figures.generator_health import VALIDITIES
from harness.evidence.figures.tally import INTENDED, LOGINS, Selector, is_count, is_latency, is_metric
from harness.evidence.judging.measured import DROPPED, GENERATOR, RUN_COUNTS, RUN_METRICS, WITHOUT_BASELINE
from harness.outcome import Outcome, Reason

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}

EXAMPLE = "InitiateAuth p95 < 300ms"
_GRAMMAR_HINT = f"a gate reads: subject metric operator threshold, as {EXAMPLE!r} or 'GET /orders fail_rate < 1%'"
_METRICS_HINT = (
    f"metrics: p50 to p99.9, max, mean, rate, fail_rate, count, {', '.join(Outcome)}; "
    f"of the run as a whole: {', '.join(RUN_METRICS)}"
)
_GENERATOR_HINT = "write generator == valid, or generator != invalid"

_MICROSECONDS = {"us": 1, "µs": 1, "ms": 1_000, "s": 1_000_000}
_SECONDS = {"ms": Fraction(1, 1_000), "s": Fraction(1), "min": Fraction(60)}
_NUMBER = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?|\.[0-9]{1,15})\s*(.*)", re.DOTALL)
_OPERATOR = re.compile(r"[<>=!]+")
_OPERATION = re.compile(r"[A-Za-z]\w*(?:/\w+)?")
_LOGIN = re.compile(r"login\s*(?:\(\s*(.*?)\s*\))?", re.DOTALL)
_REQUEST = re.compile(r"[A-Z]+\s+\S.*", re.DOTALL)
_PIECE = re.compile(r'(?:"[^"]*"|[^;"]|")+')
_ABORT = re.compile(r"(?<!\S)(abort\b.*)", re.DOTALL)
_AFTER = re.compile(r"abort\s+after\s+(\S.*)", re.DOTALL)
_BASELINE = re.compile(r"baseline(?:\s*([*+])\s*(.*)|\s*(\S.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Limit:
    """A threshold, in the metric's own unit (see `Tally.figure`)."""

    value: float
    """The threshold; with `factor`, what is added to the baseline's figure."""
    text: str
    """As the user wrote it: `300ms`."""
    factor: Fraction | None = None
    """What the baseline's figure is multiplied by; None when the threshold is known before the run."""

    def resolve(self, baseline: float | None) -> float | None:
        """The threshold itself, given the baseline's figure; None when it is needed and there is none.

        In exact arithmetic: 300 ms times 1.1 is 330 ms, and not a little more.
        """
        if self.factor is None:
            return self.value
        return None if baseline is None else float(Fraction(baseline) * self.factor + Fraction(self.value))


class Parts(NamedTuple):
    """What the text of a gate says."""

    text: str
    """As the user wrote it, without the space around it."""
    subject: Selector
    metric: str
    comparison: str
    threshold: Limit
    abort_after_s: float | None
    """How long it may fail, in seconds, before the run is stopped; None: it is judged at the end only."""


def read_gate(text: str, source: str) -> Parts:
    """The parts of one gate.

    Args:
        text: The gate.
        source: Where it was written, for the message about a fault.

    Raises:
        ConfigurationError: with one problem, whose message shows the text and points at the character.
    """
    text = " ".join(text.split())
    try:
        return _parse(text)
    except _FaultError as fault:
        message = f"{source}: {fault.what}\n    {text}\n    {' ' * fault.at}^"
        raise ConfigurationError([Problem(message, fault.hint)]) from None


def split_gates(text: str) -> list[str]:
    """The texts of several gates, split at `;` outside of quotation marks; empty ones are left out."""
    return [piece for piece in _PIECE.findall(text) if piece.strip()]


class _FaultError(Exception):
    """A text is no gate: what is wrong, at which character, and what to do."""

    def __init__(self, at: int, what: str, hint: str) -> None:
        super().__init__(what)
        self.at = at
        self.what = what
        self.hint = hint


def _parse(text: str) -> Parts:
    body = 0
    if text.startswith('"'):
        body = text.find('"', 1) + 1
        if not body:
            raise _FaultError(0, "a quotation mark that is never closed", 'close the name with "')
    found = _last_operator(text, body)
    if found is None:
        raise _FaultError(len(text), "a comparison is missing (<, <=, >, >=, == or !=)", _GRAMMAR_HINT)
    start, end = found
    sign = text[start:end]
    if sign not in COMPARISONS:
        raise _FaultError(start, f"{sign} is no comparison", "write <, <=, >, >=, == or !=")
    left = text[:start].rstrip()
    subject_text, _, metric = (left[:body], " ", left[body:].strip()) if body else left.rpartition(" ")
    metric_at = len(left) - len(metric)
    if not metric:
        raise _FaultError(start, "subject and metric are missing before the comparison", _GRAMMAR_HINT)
    if not is_metric(metric) and metric not in RUN_METRICS:
        raise _FaultError(metric_at, f"{metric} is no metric", _METRICS_HINT)
    limit_at = end + len(text[end:]) - len(text[end:].lstrip())
    limit_text, abort_after_s = _split_abort(text, limit_at)
    if metric in RUN_METRICS:
        _check_left_side(subject_text.strip(), metric)
        if metric == GENERATOR and sign not in ("==", "!="):
            raise _FaultError(start, f"{sign} cannot compare what the generator was", _GENERATOR_HINT)
        return Parts(text, LOGINS, metric, sign, _parse_limit(limit_text, limit_at, metric), abort_after_s)
    if not subject_text.strip():
        raise _FaultError(0, "the subject is missing before the metric", _GRAMMAR_HINT)
    subject = _parse_subject(subject_text.strip())
    return Parts(text, subject, metric, sign, _parse_limit(limit_text, limit_at, metric), abort_after_s)


def _check_left_side(subject: str, metric: str) -> None:
    """A figure of the run as a whole has no subject; logins are what is dropped, which may be said."""
    if not subject or (metric == DROPPED and _parse_subject(subject) == LOGINS):
        return
    if metric == DROPPED:
        raise _FaultError(0, f"{subject} is never dropped", "write dropped == 0: logins arrive at --login-rate")
    hint = _GENERATOR_HINT if metric == GENERATOR else f"write {metric} == 0"
    raise _FaultError(0, f"{metric} is of the run as a whole, not of {subject}", hint)


def _last_operator(text: str, start: int) -> tuple[int, int] | None:
    found = list(_OPERATOR.finditer(text, start))
    return found[-1].span() if found else None


def _parse_subject(subject: str) -> Selector:
    at = 0
    if subject.startswith('"'):
        subject, at = subject[1:-1].strip(), 1
    if subject == "api":
        return Selector("request")
    if subject == "intended":
        return INTENDED
    if login := _LOGIN.fullmatch(subject):
        if login[1] is None:
            return Selector("login")
        if login[1] not in list(Reason):
            raise _FaultError(
                at + login.start(1),
                f"{login[1] or 'nothing'} is no reason for a login",
                f"one of {', '.join(Reason)}",
            )
        return Selector("login", reason=Reason(login[1]))
    if _REQUEST.fullmatch(subject):
        return Selector("request", subject)
    if _OPERATION.fullmatch(subject):
        return Selector("exchange", subject)
    raise _FaultError(
        at,
        f"{subject or 'an empty name'} is no subject",
        "login, login(refresh), api, an operation such as InitiateAuth, or a request such as GET /orders",
    )


def _split_abort(text: str, limit_at: int) -> tuple[str, float | None]:
    """The text up to the end of the limit, and the seconds of `abort after` behind it."""
    found = _ABORT.search(text, limit_at)
    if found is None:
        return text, None
    at = found.start(1)
    after = _AFTER.fullmatch(found[1])
    number = _NUMBER.fullmatch(after[1]) if after else None
    if after is None or number is None:
        where = at + after.start(1) if after else at
        raise _FaultError(where, "abort wants to know after how long", "write abort after 10s")
    unit = number[2]
    if unit not in _SECONDS:
        what = f"{unit} is no unit of time" if unit else "the unit is missing"
        raise _FaultError(at + after.start(1) + number.start(2), what, f"write {number[1]}s (or ms, min)")
    return text[:at].rstrip(), float(Fraction(number[1]) * _SECONDS[unit])


def _parse_limit(text: str, at: int, metric: str) -> Limit:
    limit = text[at:]
    if not limit:
        raise _FaultError(at, "a threshold is missing after the comparison", _GRAMMAR_HINT)
    if found := _BASELINE.fullmatch(limit):
        if metric in WITHOUT_BASELINE:
            hint = _GENERATOR_HINT if metric == GENERATOR else "write a number"
            raise _FaultError(at, f"{metric} cannot be relative to an earlier run", hint)
        return _parse_baseline(text, at, metric, found)
    return _parse_threshold(text, at, metric)


def _parse_baseline(text: str, at: int, metric: str, found: re.Match[str]) -> Limit:
    hint = "write baseline * 1.10, or baseline + a threshold"
    if found[3]:
        raise _FaultError(at + found.start(3), f"{found[3]} cannot follow baseline", hint)
    if not found[1]:
        return Limit(0.0, text[at:], Fraction(1))
    term_at = at + found.start(2)
    if not found[2]:
        raise _FaultError(term_at, f"something is missing after {found[1]}", hint)
    if found[1] == "+":
        return Limit(_parse_threshold(text, term_at, metric).value, text[at:], Fraction(1))
    number = _NUMBER.fullmatch(found[2])
    if number is None:
        raise _FaultError(term_at, f"{found[2]} is no factor", "a number in plain digits: 1.10, or 110%")
    if number[2] not in ("", "%"):
        raise _FaultError(term_at + number.start(2), f"{number[2]} is no part of a factor", f"write {number[1]}")
    return Limit(0.0, text[at:], Fraction(number[1]) / (100 if number[2] else 1))


def _parse_threshold(text: str, at: int, metric: str) -> Limit:
    limit = text[at:]
    if metric == GENERATOR:
        if limit not in VALIDITIES:
            raise _FaultError(at, f"{limit} is nothing that a generator can be", f"one of {', '.join(VALIDITIES)}")
        return Limit(VALIDITIES.index(limit), limit)
    found = _NUMBER.fullmatch(limit)
    if found is None:
        raise _FaultError(at, f"{limit} is no threshold", "a number in plain digits, with its unit: 300ms, 0.5%, 10/s")
    number, unit = Fraction(found[1]), found[2]
    unit_at = at + found.start(2)
    if is_latency(metric):
        if unit not in _MICROSECONDS:
            what = f"{unit} is no unit of time" if unit else "the unit is missing"
            raise _FaultError(unit_at, what, f"write {found[1]}ms (or us, s)")
        return Limit(float(number * _MICROSECONDS[unit]), limit)
    if metric == "rate":
        if unit not in ("", "/s"):
            raise _FaultError(unit_at, f"{unit} is no unit of a rate", f"write {found[1]}/s")
        return Limit(float(number), limit)
    if is_count(metric) or metric in RUN_COUNTS:
        if unit or number.denominator != 1:
            raise _FaultError(
                unit_at if unit else at, f"{limit} is no whole number", "a count has neither unit nor fraction"
            )
        return Limit(float(number), limit)
    return _parse_share(text, at, number, unit)


def _parse_share(text: str, at: int, number: Fraction, unit: str) -> Limit:
    if unit not in ("", "%"):
        raise _FaultError(len(text) - len(unit), f"{unit} is no unit of a fail rate", "write 1% or 0.01")
    share = number / 100 if unit else number
    if share > 1:
        raise _FaultError(
            at, "a fail rate cannot exceed 100%", "write a percentage such as 1%, or a fraction such as 0.01"
        )
    if not unit and share == 1:
        raise _FaultError(at, "1 could mean 1% or 100%", "write which of the two")
    return Limit(float(share), text[at:])
