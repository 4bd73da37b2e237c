"""One word about a run, and the exit code that says the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from harness.errors import EXIT
from harness.evidence.figures.generator_health import MAX_LAG_P99_US, Health, Validity, judge, suspicions
from harness.evidence.figures.metrics import NO_ACCOUNT, Metrics
from harness.evidence.figures.tally import EXCHANGES, INTENDED, LOGINS, REQUESTS, Selector
from harness.evidence.judging.comparison import Comparison
from harness.evidence.judging.gates import Gate, GateResult
from harness.evidence.judging.hangs import hanging, unanswered
from harness.evidence.judging.measured import DROPPED, EXCEPTIONS, USERS_WITHOUT_ACCOUNT

Word = Literal["passed", "failed", "invalid"]

MAX_DROPPED_SHARE: Final = 0.01
"""From one arrival in a hundred on, the load was not the one that was asked for. A stall of a second in an hour drops
0.03 %."""

_COUNTED: tuple[tuple[Selector, str, str], ...] = (
    (LOGINS, "login", "logins"),
    (EXCHANGES, "Cognito exchange", "Cognito exchanges"),
    (REQUESTS, "API request", "API requests"),
)


@dataclass(frozen=True, slots=True)
class FailureReason:
    """Why a run cannot pass, whatever its figures say: part of what was ordered did not happen."""

    sentence: str
    """What was found, without a full stop."""
    exit_code: int = EXIT.FAILED
    """What the process exits with when this is the worst that is known of the run."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Did it pass?"""

    word: Word
    exit_code: int
    sentence: str
    """Why, in one sentence without a full stop."""
    invalid_because: tuple[str, ...] = ()
    """Every reason why the figures prove nothing, each with what to do about it."""
    suspect_because: tuple[str, ...] = ()
    """What in the generator may show in the figures, each with what to do about it."""

    @property
    def validity(self) -> Validity:
        """Whether the generator was fit to measure."""
        return "invalid" if self.invalid_because else "suspect" if self.suspect_because else "valid"


def decide(
    metrics: Metrics,
    gate_results: Sequence[GateResult],
    healths: Mapping[str, Health],
    max_lag_us: int = MAX_LAG_P99_US,
    comparison: Comparison | None = None,
    suspicious: Sequence[str] = (),
    *,
    invalid_because: Sequence[str] = (),
    failed_because: Sequence[FailureReason] = (),
) -> Verdict:
    """The verdict on a run.

    Invalid (exit code 4) comes before a gate that failed or had no data, and a baseline that the run is worse than or
    could not be compared with (3), and this before what kept the run from being the one that was ordered, an exception
    in a task, a user for whom there never was an account (both unless a gate says how many may be) or, when neither
    gate nor baseline was given, any login, exchange or request that failed (1).

    Args:
        metrics: Of all processes.
        gate_results: One for each gate that was given; empty when there was none.
        healths: By the name of the process.
        max_lag_us: How late the event loop may come at p99, in microseconds.
        comparison: With the baseline, if there is one.
        suspicious: What makes the run suspect besides the generator's health, each with what to do about it.
        invalid_because: What makes the run invalid besides the generator's health, each with what to do about it.
        failed_because: What keeps the run from passing besides its figures. The exit code is the worst of all.
    """
    suspect_because = (*suspicions(healths, max_lag_us), *suspicious)
    reasons = [*invalid_because, *judge(healths, metrics.measured, max_lag_us, unanswered(metrics))]
    if reasons:
        more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
        sentence = f"the figures prove nothing: {reasons[0]}{more}{_besides(failed_because)}"
        found = Verdict("invalid", EXIT.INVALID, sentence, tuple(reasons))
    else:
        failed = _missed(gate_results, comparison) or _prevented(failed_because)
        judged = {result.gate.metric for result in gate_results}
        if failed is None and EXCEPTIONS not in judged:
            failed = _raised(metrics)
        if failed is None and USERS_WITHOUT_ACCOUNT not in judged:
            failed = _unserved(metrics)
        found = failed or _by_what_was_asked(metrics, gate_results, comparison)
    worst = max([found.exit_code, *(reason.exit_code for reason in failed_because)])
    return replace(found, exit_code=worst, suspect_because=suspect_because)


def hung_because(metrics: Metrics, users: int, *, is_judged: bool) -> tuple[FailureReason, ...]:
    """Why a run cannot pass whose service hung (see `hangs`): what is never answered is in no figure.

    Args:
        metrics: Of all processes.
        users: How many users there were.
        is_judged: Whether there are gates or a baseline.
    """
    said = unanswered(metrics, users) or hanging(metrics, users, is_judged=is_judged)
    return (FailureReason(said),) if said else ()


def too_many_dropped(
    metrics: Metrics, gates: Sequence[Gate], most_share: float = MAX_DROPPED_SHARE
) -> tuple[FailureReason, ...]:
    """Whether an open load was lower than the rate that was asked for; empty when it was not.

    Args:
        metrics: Of all processes.
        gates: Those of the run: one about dropped arrivals replaces this rule.
        most_share: Which share of the arrivals may be dropped.
    """
    dropped = sum(metrics.dropped.values())
    arrivals = metrics.tally(INTENDED).count + dropped
    if dropped <= most_share * arrivals or any(gate.metric == DROPPED for gate in gates):
        return ()
    remedy = "add slots (--login-slots)"
    if metrics.dropped.get(NO_ACCOUNT, 0) * 2 > dropped:
        remedy = "add accounts"
    sentence = (
        f"{dropped} of {_number(arrivals, 'arrival', 'arrivals')} ({dropped / arrivals:.0%}) were dropped, and "
        f"{most_share * 100:g}% may be (--max-dropped): {remedy}, or lower the rate"
    )
    return (FailureReason(sentence),)


def worsened(verdict: Verdict, reason: FailureReason) -> Verdict:
    """The verdict, when something is found after it that keeps the run from passing.

    A run that has not passed anyway keeps its sentence, unless the reason is the worse of the two.
    """
    if verdict.word == "passed":
        return replace(verdict, word="failed", exit_code=reason.exit_code, sentence=reason.sentence)
    if reason.exit_code <= verdict.exit_code:
        return verdict
    return replace(verdict, exit_code=reason.exit_code, sentence=f"{verdict.sentence}; and {reason.sentence}")


def _missed(gate_results: Sequence[GateResult], comparison: Comparison | None) -> Verdict | None:
    missed = [result for result in gate_results if result.state != "passed"]
    if missed:
        count = f"{len(missed)} of {_number(len(gate_results), 'gate', 'gates')} failed"
        return Verdict("failed", EXIT.GATE, f"{count}: {missed[0].gate.text} ({missed[0].sentence})")
    if comparison is not None and comparison.word in ("worse", "not enough data"):
        return Verdict("failed", EXIT.GATE, comparison.sentence)
    return None


def _besides(failed_because: Sequence[FailureReason]) -> str:
    """The reason why there may be no figures, behind the sentence of an invalid run; empty when it only failed."""
    graver = [reason for reason in failed_because if reason.exit_code > EXIT.FAILED]
    worst = max(graver, key=lambda reason: reason.exit_code, default=None)
    return f"; and {worst.sentence}" if worst else ""


def _prevented(failed_because: Sequence[FailureReason]) -> Verdict | None:
    if not failed_because:
        return None
    worst = max(failed_because, key=lambda reason: reason.exit_code)
    more = f" (and {len(failed_because) - 1} more)" if len(failed_because) > 1 else ""
    return Verdict("failed", worst.exit_code, f"{worst.sentence}{more}")


def _raised(metrics: Metrics) -> Verdict | None:
    if not metrics.exceptions:
        return None
    raised = _number(sum(metrics.exceptions.values()), "exception", "exceptions")
    return Verdict("failed", EXIT.FAILED, f"{raised} in the test's own code ({', '.join(sorted(metrics.exceptions))})")


def _unserved(metrics: Metrics) -> Verdict | None:
    """Without them the load was not the one that was asked for, whatever the figures of the others say."""
    said = unserved(metrics)
    return Verdict("failed", EXIT.FAILED, said) if said else None


def unserved(metrics: Metrics) -> str:
    """How many users never had an account; empty when all had one."""
    if not metrics.unserved:
        return ""
    who = ", ".join(sorted(metrics.unserved))
    return f"{_number(sum(metrics.unserved.values()), 'user', 'users')} never had an account ({who})"


def _by_what_was_asked(metrics: Metrics, gate_results: Sequence[GateResult], comparison: Comparison | None) -> Verdict:
    if gate_results:
        gates = "the one gate passed" if len(gate_results) == 1 else f"all {len(gate_results)} gates passed"
        return Verdict("passed", EXIT.PASSED, f"{gates}; {comparison.sentence}" if comparison else gates)
    if comparison is not None:
        return Verdict("passed", EXIT.PASSED, comparison.sentence)
    failures = _failures(metrics)
    if failures:
        return Verdict("failed", EXIT.FAILED, f"{failures} failed, and no gate says how many may")
    return Verdict("passed", EXIT.PASSED, "nothing failed, and no gate was given")


def _failures(metrics: Metrics) -> str:
    """`2 logins and 3 API requests`; empty when nothing failed."""
    counts = ((metrics.tally(selector).failures, one, many) for selector, one, many in _COUNTED)
    parts = [_number(count, one, many) for count, one, many in counts if count]
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def _number(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
