"""Gates: one line of text that a run must satisfy, such as `InitiateAuth p95 < 300ms`.

How a gate is written, `gate_grammar.py` says. What the metrics mean is said in `tally.Tally`; `baseline` is the same
figure in the run that --baseline names. A gate without data fails: a misspelt name must not turn a build green. A gate
that aborts is held, while the run goes on, against everything measured so far; how, `abort_rule.py` says.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from harness.errors import ConfigurationError, Problem
from harness.evidence.figures.generator_health import VALIDITIES
from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.tally import Selector, Tally, is_count, is_latency
from harness.evidence.judging.baseline import Baseline
from harness.evidence.judging.gate_grammar import COMPARISONS, Limit, read_gate, split_gates
from harness.evidence.judging.hangs import hung, still_open
from harness.evidence.judging.measured import GENERATOR, RUN_COUNTS, RUN_METRICS, WORKERS_LOST, Measured

State = Literal["passed", "failed", "no data"]

_LIST_CHARS = 120
_UPPER = {"<": "<", "<=": "<=", "==": "<="}
"""Comparisons that a larger figure misses, and what it must be to pass."""
_LONG_US = 10_000_000
"""From here on a latency is said in seconds."""


@dataclass(frozen=True, slots=True)
class GateResult:
    """What became of a gate."""

    gate: Gate
    state: State
    actual: float | None
    """In microseconds, per second, as a share of 1, or as a number, by the gate's metric; None without data.

    Of `generator` it is the place in `VALIDITIES`."""
    sentence: str
    """The actual figure, or what is missing; does not repeat the gate."""
    limit: float | None = None
    """What it was held against, in the unit of `actual`; None when that depends on a baseline without data."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition on one figure."""

    text: str
    """As the user wrote it, without the space around it."""
    subject: Selector
    metric: str
    comparison: str
    threshold: Limit
    abort_after_s: float | None = None
    """How long it may fail, in seconds, before the run is stopped; None: it is judged at the end only."""

    @classmethod
    def parse(cls, text: str, source: str = "--gate") -> Gate:
        """The gate that a text describes; the grammar stands in `gate_grammar.py`.

        Args:
            text: The gate.
            source: Where it was written, for the message about a fault.

        Raises:
            ConfigurationError: with one problem, whose message shows the text and points at the character.
        """
        return cls(*read_gate(text, source))

    @property
    def needs_baseline(self) -> bool:
        """Whether its limit is a figure of another run."""
        return self.threshold.factor is not None

    def figure(self, measured: Measured) -> float | None:
        """The figure it is about; None where there is no data."""
        if self.metric in RUN_METRICS:
            return measured.fact(self.metric)
        return measured.metrics.figure(self.subject, self.metric, measured.duration_s)

    def judge(self, measured: Measured, baseline: Baseline | None = None, before: float | None = None) -> GateResult:
        """Hold the gate against what was measured.

        Args:
            measured: The run.
            baseline: The earlier run that the gate may be relative to.
            before: The figure of that run, where it is known without it.
        """
        if self.needs_baseline and baseline:
            before = self.figure(baseline.measured)
        limit = self.threshold.resolve(before)
        actual = self.figure(measured)
        passes = actual is not None and limit is not None and COMPARISONS[self.comparison](actual, limit)
        if limit is not None and (passes or actual is None):
            said = self._missed_by_what_is_open(measured.metrics, actual, limit)
            if said:
                return GateResult(self, "failed", actual, said, limit)
        if actual is None:
            return GateResult(self, "no data", None, self._what_is_missing(measured), limit)
        if limit is None:
            if baseline is None:
                return GateResult(self, "no data", actual, "no data: there is no baseline")
            missing = self._what_is_missing(baseline.measured).removeprefix("no data: ")
            return GateResult(self, "no data", actual, f"no data: in the baseline {baseline.run_id}, {missing}")
        sentence = f"was {describe(actual, self.metric)}"
        if before is not None:
            sentence += f", baseline {describe(before, self.metric)}, limit {describe(limit, self.metric)}"
        return GateResult(self, "passed" if passes else "failed", actual, sentence, limit)

    def _missed_by_what_is_open(self, metrics: Metrics, actual: float | None, limit: float) -> str:
        """That what was never answered misses an upper limit, whatever would have become of it; empty when not.

        A latency is held by its lower bound (`Tally.at_least`). What hung counts as failed: it would have timed out.
        """
        if self.comparison not in _UPPER:
            return ""
        if is_latency(self.metric):
            tally = metrics.tally(self.subject)
            bound = tally.at_least(self.metric)
            count, oldest_us = tally.ages.count, tally.ages.max_us
        elif self.metric == "fail_rate":
            tally = metrics.tally(self.subject)
            count, oldest_us = hung(metrics, self.subject)
            bound = (tally.failures + count) / (tally.count + count) if count else None
        else:
            return ""
        if bound is None or COMPARISONS[_UPPER[self.comparison]](bound, limit):
            return ""
        of_samples = f"was {describe(actual, self.metric)} of what was answered, and " if actual is not None else ""
        return f"{of_samples}is at least {describe(bound, self.metric)}: {still_open(count, oldest_us)}"

    def _what_is_missing(self, measured: Measured) -> str:
        if self.metric in RUN_METRICS:
            was_concluded = self.metric not in (WORKERS_LOST, GENERATOR)
            return "no data: nothing was measured" if was_concluded else "no data: the run was not concluded"
        tally = measured.metrics.tally(self.subject)
        if tally.count and tally.failures == tally.count:
            return f"no data: all {tally.count} samples failed, and how fast something fails is no latency"
        if tally.ages.count and not tally.count:
            return f"no data: none was answered, and {still_open(tally.ages.count, tally.ages.max_us)}"
        if tally.known and self.subject.reason is not None and not tally.count:
            return f"no data: no login happened for the reason {self.subject.reason}"
        return self._what_is_not_known(measured, tally)

    def _what_is_not_known(self, measured: Measured, tally: Tally) -> str:
        if tally.known and not measured.duration_s > 0:
            return "no data: the run measured no time"
        existing = existing_subjects(measured.metrics)
        if not existing:
            return "no data: nothing was measured"
        wanted = _name_of(self.subject)
        near = difflib.get_close_matches(wanted, existing, n=1)
        question = f", did you mean {near[0]}?" if near else ";"
        return f"no data: nothing is named {wanted}{question} there are: {_listed(existing)}"


def parse_gates(texts: Iterable[str], source: str = "--gate") -> tuple[list[Gate], list[Problem]]:
    """All gates of several texts, each split at `;`, and every fault in them. Empty pieces mean nothing."""
    gates: list[Gate] = []
    problems: list[Problem] = []
    for text in texts:
        for piece in split_gates(text):
            try:
                gates.append(Gate.parse(piece, source))
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
    if metric == GENERATOR:
        return VALIDITIES[int(actual)]
    if is_count(metric) or metric in RUN_COUNTS:
        return f"{actual:.12g}"
    if metric == "rate":
        return f"{actual:.4g}/s"
    if metric == "fail_rate":
        return f"{actual * 100:.4g}%"
    return f"{actual / 1_000_000:.4g} s" if actual >= _LONG_US else f"{actual / 1_000:.4g} ms"


def _listed(names: list[str]) -> str:
    """As many of the names as a reader has patience for, and how many more there are."""
    shown = len(names)
    while shown > 1 and len(", ".join(names[:shown])) > _LIST_CHARS:
        shown -= 1
    more = f" and {len(names) - shown} more" if shown < len(names) else ""
    return ", ".join(names[:shown]) + more


def _name_of(subject: Selector) -> str:
    return subject.name or ("api" if subject.kind == "request" else subject.kind)
