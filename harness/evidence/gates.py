"""Gates: one line of text that a run must satisfy, such as `InitiateAuth p95 < 300ms`.

    gate      = subject metric operator threshold
    subject   = "login"                        every login
              | "login(" reason ")"            reason: initial, refresh, expired or forced
              | "api"                          every API request
              | METHOD " " name                an API request: `GET /orders`
              | operation                      one kind of Cognito exchange: `InitiateAuth`
              | '"' any of these '"'           for a name that holds an operator or a semicolon
    metric    = "p50" … "p99.9" | "max" | "mean" | "rate" | "fail_rate" | "count"
    operator  = "<" | "<=" | ">" | ">=" | "==" | "!="
    threshold = number ("us" | "ms" | "s")     for p…, max and mean
              | number ["/s"]                  for rate
              | number "%" | fraction          for fail_rate
              | whole number                   for count

Several gates stand in one text with `;` between them. What the metrics mean is said in `metrics.Tally`. A gate without
data fails: a misspelt name must not turn a build green.
"""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from harness.errors import ConfigurationError, Problem
from harness.evidence.metrics import Metrics, Selector, is_latency, is_metric
from harness.outcome import Reason

State = Literal["passed", "failed", "no data"]

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}

EXAMPLE = "InitiateAuth p95 < 300ms"
_GRAMMAR_HINT = (
    f"a gate reads: subject metric operator threshold, for example {EXAMPLE!r} or 'GET /orders fail_rate < 1%'"
)
_METRICS_HINT = "metrics: p50 to p99.9, max, mean, rate, fail_rate, count"

_MICROSECONDS = {"us": 1, "µs": 1, "ms": 1_000, "s": 1_000_000}
_NUMBER = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?|\.[0-9]{1,15})\s*(.*)", re.DOTALL)
_OPERATOR = re.compile(r"[<>=!]+")
_OPERATION = re.compile(r"[A-Za-z]\w*")
_LOGIN = re.compile(r"login\s*(?:\(\s*(.*?)\s*\))?", re.DOTALL)
_REQUEST = re.compile(r"[A-Z]+\s+\S.*", re.DOTALL)
_PIECE = re.compile(r'(?:"[^"]*"|[^;"]|")+')
_LIST_CHARS = 120


@dataclass(frozen=True, slots=True)
class Limit:
    """A threshold that is known before the run, in the metric's own unit (see `Tally.figure`)."""

    value: float
    text: str
    """As the user wrote it: `300ms`."""


@dataclass(frozen=True, slots=True)
class GateResult:
    """What became of a gate."""

    gate: Gate
    state: State
    actual: float | None
    """In microseconds, per second, as a share of 1, or as a number, by the gate's metric; None without data."""
    sentence: str
    """The actual figure, or what is missing; does not repeat the gate."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition on one figure."""

    text: str
    """As the user wrote it, without the space around it."""
    subject: Selector
    metric: str
    comparison: str
    threshold: Limit

    @classmethod
    def parse(cls, text: str) -> Gate:
        """The gate that a text describes; the grammar stands at the top of this file.

        Raises:
            ConfigurationError: with one problem, whose message shows the text and points at the character.
        """
        return _parse(text)

    def judge(self, metrics: Metrics, duration_s: float) -> GateResult:
        """Hold the gate against what was measured in `duration_s` seconds."""
        actual = metrics.figure(self.subject, self.metric, duration_s)
        if actual is None:
            return GateResult(self, "no data", None, self._what_is_missing(metrics, duration_s))
        passed = COMPARISONS[self.comparison](actual, self.threshold.value)
        return GateResult(self, "passed" if passed else "failed", actual, f"was {describe(actual, self.metric)}")

    def _what_is_missing(self, metrics: Metrics, duration_s: float) -> str:
        tally = metrics.tally(self.subject)
        if tally.count and tally.failures == tally.count:
            return f"no data: all {tally.count} samples failed, and how fast something fails is no latency"
        if tally.known and self.subject.reason is not None and not tally.count:
            return f"no data: no login happened for the reason {self.subject.reason}"
        if tally.known and not duration_s > 0:
            return "no data: the run measured no time"
        existing = existing_subjects(metrics)
        if not existing:
            return "no data: nothing was measured"
        wanted = _name_of(self.subject)
        near = difflib.get_close_matches(wanted, existing, n=1)
        question = f", did you mean {near[0]}?" if near else ";"
        return f"no data: nothing is named {wanted}{question} there are: {_listed(existing)}"


def parse_gates(texts: Iterable[str]) -> tuple[list[Gate], list[Problem]]:
    """All gates of several texts, each split at `;`, and every fault in them. Empty pieces mean nothing."""
    gates: list[Gate] = []
    problems: list[Problem] = []
    for text in texts:
        for piece in _PIECE.findall(text):
            if not piece.strip():
                continue
            try:
                gates.append(Gate.parse(piece))
            except ConfigurationError as error:
                problems.extend(error.problems)
    return gates, problems


def existing_subjects(metrics: Metrics) -> list[str]:
    """What a gate could be about after this run, as a gate would name it."""
    requests = metrics.names("request")
    return [
        *(["login"] if metrics.names("login") else []),
        *metrics.names("exchange"),
        *(["api"] if requests else []),
        *requests,
    ]


def describe(actual: float, metric: str) -> str:
    """A figure with its unit, as it stands in a sentence: `212 ms`."""
    if metric == "count":
        return f"{actual:.0f}"
    if metric == "rate":
        return f"{actual:.4g}/s"
    if metric == "fail_rate":
        return f"{actual * 100:.4g}%"
    return f"{actual / 1_000_000:.4g} s" if actual >= _MICROSECONDS["s"] * 10 else f"{actual / 1_000:.4g} ms"


def _parse(text: str) -> Gate:
    text = " ".join(text.split())
    body = 0
    if text.startswith('"'):
        body = text.find('"', 1) + 1
        if not body:
            raise _fault(text, 0, "a quotation mark that is never closed", 'close the name with "')
    found = _last_operator(text, body)
    if found is None:
        raise _fault(text, len(text), "a comparison is missing (<, <=, >, >=, == or !=)", _GRAMMAR_HINT)
    start, end = found
    sign = text[start:end]
    if sign not in COMPARISONS:
        raise _fault(text, start, f"{sign} is no comparison", "write <, <=, >, >=, == or !=")
    left = text[:start].rstrip()
    subject_text, _, metric = (left[:body], " ", left[body:].strip()) if body else left.rpartition(" ")
    metric_at = len(left) - len(metric)
    if not metric:
        raise _fault(text, start, "subject and metric are missing before the comparison", _GRAMMAR_HINT)
    if not is_metric(metric):
        raise _fault(text, metric_at, f"{metric} is no metric", _METRICS_HINT)
    if not subject_text.strip():
        raise _fault(text, 0, "the subject is missing before the metric", _GRAMMAR_HINT)
    subject = _parse_subject(text, subject_text.strip())
    limit_at = end + len(text[end:]) - len(text[end:].lstrip())
    return Gate(text, subject, metric, sign, _parse_limit(text, limit_at, metric))


def _last_operator(text: str, start: int) -> tuple[int, int] | None:
    found = list(_OPERATOR.finditer(text, start))
    return found[-1].span() if found else None


def _parse_subject(text: str, subject: str) -> Selector:
    at = 0
    if subject.startswith('"'):
        subject, at = subject[1:-1].strip(), 1
    if subject == "api":
        return Selector("request")
    if login := _LOGIN.fullmatch(subject):
        if login[1] is None:
            return Selector("login")
        if login[1] not in list(Reason):
            raise _fault(
                text,
                at + login.start(1),
                f"{login[1] or 'nothing'} is no reason for a login",
                f"one of {', '.join(Reason)}",
            )
        return Selector("login", reason=Reason(login[1]))
    if _REQUEST.fullmatch(subject):
        return Selector("request", subject)
    if _OPERATION.fullmatch(subject):
        return Selector("exchange", subject)
    raise _fault(
        text,
        at,
        f"{subject or 'an empty name'} is no subject",
        "login, login(refresh), api, an operation such as InitiateAuth, or a request such as GET /orders",
    )


def _parse_limit(text: str, at: int, metric: str) -> Limit:
    limit = text[at:]
    if not limit:
        raise _fault(text, at, "a threshold is missing after the comparison", _GRAMMAR_HINT)
    found = _NUMBER.fullmatch(limit)
    if found is None:
        raise _fault(text, at, f"{limit} is no threshold", "a number in plain digits, with its unit: 300ms, 0.5%, 10/s")
    number, unit = Fraction(found[1]), found[2]
    unit_at = at + found.start(2)
    if is_latency(metric):
        if unit not in _MICROSECONDS:
            what = f"{unit} is no unit of time" if unit else "the unit is missing"
            raise _fault(text, unit_at, what, f"write {found[1]}ms (or us, s)")
        return Limit(float(number * _MICROSECONDS[unit]), limit)
    if metric == "rate":
        if unit not in ("", "/s"):
            raise _fault(text, unit_at, f"{unit} is no unit of a rate", f"write {found[1]}/s")
        return Limit(float(number), limit)
    if metric == "count":
        if unit or number.denominator != 1:
            raise _fault(
                text, unit_at if unit else at, f"{limit} is no whole number", "a count has neither unit nor fraction"
            )
        return Limit(float(number), limit)
    return _parse_share(text, at, number, unit, unit_at)


def _parse_share(text: str, at: int, number: Fraction, unit: str, unit_at: int) -> Limit:
    if unit not in ("", "%"):
        raise _fault(text, unit_at, f"{unit} is no unit of a fail rate", "write 1% or 0.01")
    share = number / 100 if unit else number
    if share > 1:
        raise _fault(
            text, at, "a fail rate cannot exceed 100%", "write a percentage such as 1%, or a fraction such as 0.01"
        )
    if not unit and share == 1:
        raise _fault(text, at, "1 could mean 1% or 100%", "write which of the two")
    return Limit(float(share), text[at:])


def _listed(names: list[str]) -> str:
    """As many of the names as a reader has patience for, and how many more there are."""
    shown = len(names)
    while shown > 1 and len(", ".join(names[:shown])) > _LIST_CHARS:
        shown -= 1
    more = f" and {len(names) - shown} more" if shown < len(names) else ""
    return ", ".join(names[:shown]) + more


def _name_of(subject: Selector) -> str:
    return subject.name or ("api" if subject.kind == "request" else subject.kind)


def _fault(text: str, at: int, what: str, hint: str) -> ConfigurationError:
    return ConfigurationError([Problem(f"--gate: {what}\n    {text}\n    {' ' * at}^", hint)])
