"""Gates about outcomes, drops and a baseline, and gates that abort."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ConfigurationError
from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.sample import Sample
from harness.evidence.figures.tally import LOGINS, Selector
from harness.evidence.judging.gate_grammar import COMPARISONS
from harness.evidence.judging.gates import Gate, parse_gates
from harness.evidence.judging.measured import Measured
from harness.outcome import Outcome, Reason


class OpenMetrics(Metrics):
    """Metrics of an open load, which counts arrivals that found no slot."""

    def __init__(self, **dropped: int) -> None:
        super().__init__()
        self.dropped = dropped


def logins(*outcomes: Outcome) -> Metrics:
    metrics = Metrics()
    for outcome in outcomes:
        metrics.record(Sample("login", "login", outcome, 0.0, 1_000, reason=Reason.INITIAL))
    return metrics


def state_of(gate: str, metrics: Metrics, baseline: object = None) -> str:
    return Gate.parse(gate).judge(Measured(metrics, 10.0), baseline).state


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_can_be_counted(outcome: Outcome):
    assert state_of(f"login {outcome} == 2", logins(outcome, outcome)) == "passed"
    assert state_of(f"login {outcome} == 2", logins(outcome)) == "failed"


@pytest.mark.parametrize(
    ("sign", "below", "at", "above"),
    [
        ("<", "passed", "failed", "failed"),
        ("<=", "passed", "passed", "failed"),
        (">", "failed", "failed", "passed"),
        (">=", "failed", "passed", "passed"),
        ("==", "failed", "passed", "failed"),
        ("!=", "passed", "failed", "passed"),
    ],
)
class TestAtTheBoundary:
    def test_of_an_outcome(self, sign: str, below: str, at: str, above: str):
        runs = [logins(Outcome.OK, *[Outcome.THROTTLED] * count) for count in (1, 2, 3)]
        assert [state_of(f"login throttled {sign} 2", run) for run in runs] == [below, at, above]

    def test_of_drops(self, sign: str, below: str, at: str, above: str):
        runs = [OpenMetrics(Login=count, Other=1) for count in (0, 1, 2)]
        assert [state_of(f"dropped {sign} 2", run) for run in runs] == [below, at, above]

    def test_of_a_multiple_of_the_baseline(self, sign: str, below: str, at: str, above: str, books):
        """300 ms times 1.1 is 330 ms exactly, which no two floating-point numbers multiply to."""
        baseline = books.past(books.metrics([300]))
        runs = [books.metrics([us]) for us in (329, 330, 331)]
        for limit in ("baseline * 1.10", "baseline*110%", "baseline + 30us"):
            gate = f"InitiateAuth max {sign} {limit}"
            assert [state_of(gate, run, baseline) for run in runs] == [below, at, above]

    def test_of_the_baseline_itself(self, sign: str, below: str, at: str, above: str, books):
        baseline = books.past(books.metrics([1] * 20), duration_s=10)
        runs = [books.metrics([1] * count) for count in (19, 20, 21)]
        for metric in ("count", "rate", "ok"):
            gate = f"InitiateAuth {metric} {sign} baseline"
            assert [state_of(gate, run, baseline) for run in runs] == [below, at, above]


class TestDropped:
    def test_is_read_as_a_gate_on_logins(self):
        assert (Gate.parse("dropped == 0").subject, Gate.parse("login dropped == 0").subject) == (LOGINS, LOGINS)

    def test_nothing_dropped_is_a_fact_once_something_was_measured(self):
        assert state_of("dropped == 0", logins(Outcome.OK)) == "passed"

    def test_nothing_measured_is_no_data(self):
        result = Gate.parse("dropped == 0").judge(Measured(Metrics(), 1))
        assert (result.state, result.sentence) == ("no data", "no data: nothing was measured")

    def test_everything_dropped_is_data(self):
        result = Gate.parse("dropped == 0").judge(Measured(OpenMetrics(Login=1_234_567), 1))
        assert (result.state, result.sentence) == ("failed", "was 1234567")


class TestBaseline:
    def test_the_sentence_tells_both_figures_and_the_limit(self, books):
        baseline = books.past(books.metrics([200_000]))
        result = Gate.parse("InitiateAuth max < baseline * 1.5").judge(Measured(books.metrics([250_000]), 1), baseline)
        assert result.sentence == "was 250 ms, baseline 200 ms, limit 300 ms"
        assert result.limit == 300_000

    def test_without_a_baseline_there_is_no_data(self, books):
        result = Gate.parse("InitiateAuth max < baseline").judge(Measured(books.metrics([1]), 1))
        assert (result.state, result.limit, result.sentence) == ("no data", None, "no data: there is no baseline")

    def test_a_name_the_baseline_does_not_know_is_no_data(self, books):
        baseline = books.past(books.metrics([1], name="InitiateAuth"))
        gate = Gate.parse("SignUp max < baseline * 2")
        result = gate.judge(Measured(books.metrics([1], name="SignUp"), 1), baseline)
        assert result.state == "no data"
        assert result.sentence.startswith(
            "no data: in the baseline an-earlier-run, nothing is named SignUp; there are: InitiateAuth"
        )

    def test_a_name_this_run_does_not_know_is_no_data(self, books):
        gate = Gate.parse("SignUp max < baseline * 2")
        result = gate.judge(Measured(Metrics(), 1), books.past(books.metrics([1], name="SignUp")))
        assert (result.state, result.sentence) == ("no data", "no data: nothing was measured")

    def test_a_plain_threshold_needs_none(self):
        assert not Gate.parse("login max < 1s").needs_baseline
        assert Gate.parse("login max < baseline").needs_baseline


@pytest.mark.parametrize(
    ("text", "value", "factor", "abort_after_s"),
    [
        ("login p95 < baseline", 0, 1, None),
        ("login p95 < baseline * 1.10", 0, Fraction(11, 10), None),
        ("login p95 < baseline*95%", 0, Fraction(19, 20), None),
        ("login p95 < baseline + 20ms", 20_000, 1, None),
        ("login fail_rate <= baseline + 1%", 0.01, 1, None),
        ("login p95 < 300ms abort after 10s", 300_000, None, 10),
        ("login p95 < baseline * 2 abort  after 500 ms", 0, 2, 0.5),
        ("login p95 < baseline abort after 1.5min", 0, 1, 90),
        ("login throttled == 0 abort after 0s", 0, None, 0),
    ],
)
def test_limits_are_understood(text: str, value: float, factor: float | None, abort_after_s: float | None):
    gate = Gate.parse(text)
    assert (gate.threshold.value, gate.threshold.factor, gate.abort_after_s) == (value, factor, abort_after_s)
    assert Gate.parse(gate.text) == gate


def test_a_name_may_hold_the_words_of_a_limit():
    gate = Gate.parse('"GET /abort after < baseline" p95 < 1s')
    assert (gate.subject, gate.abort_after_s) == (Selector("request", "GET /abort after < baseline"), None)


@pytest.mark.parametrize(
    ("text", "caret_under", "says"),
    [
        ("login p95 < baseline - 3ms", "- 3ms", "- 3ms cannot follow baseline"),
        ("login p95 < baseline *", "", "something is missing after *"),
        ("login p95 < baseline * fast", "fast", "fast is no factor"),
        ("login p95 < baseline * 2ms", "ms", "ms is no part of a factor"),
        ("login p95 < baseline + 2", "", "the unit is missing"),
        ("login p95 < baselines", "s", "s cannot follow baseline"),
        ("login p95 < 3ms abort", "abort", "abort wants to know after how long"),
        ("login p95 < 3ms abort after soon", "soon", "abort wants to know after how long"),
        ("login p95 < 3ms abort after 10", "", "the unit is missing"),
        ("login p95 < 3ms abort after 10 parsecs", "parsecs", "parsecs is no unit of time"),
        ("login p95 < abort after 10s", "abort", "a threshold is missing"),
        ("api dropped == 0", "api", "api is never dropped"),
        ("dropped == 0.5", "0.5", "0.5 is no whole number"),
        ("login throttled < 3%", "%", "3% is no whole number"),
        ("login throtled == 0", "throtled", "throtled is no metric"),
    ],
)
def test_a_fault_points_at_the_character(text: str, caret_under: str, says: str):
    with pytest.raises(ConfigurationError) as caught:
        Gate.parse(text, "gates.txt line 3")
    (problem,) = caught.value.problems
    first, shown, caret = problem.message.split("\n")
    assert first.startswith(f"gates.txt line 3: {says}")
    assert problem.hint
    assert shown.strip() == text
    assert shown[caret.index("^") :].startswith(caret_under)
    assert caret_under or caret.index("^") == len(shown)


def test_a_metric_that_does_not_exist_lists_those_that_do():
    _, (problem,) = parse_gates(["login throtled == 0"])
    assert all(metric in problem.hint for metric in ("p50", "fail_rate", "throttled", "dropped"))


@given(st.text(alphabet="login<=>p95 0.1baseline*+abortafter10s;%m/dropped\u00b5", max_size=60))
def test_any_text_is_a_gate_or_a_problem_and_nothing_else(text: str):
    gates, problems = parse_gates([text])
    for gate in gates:
        assert gate.judge(Measured(Metrics(), 1.0)).state == "no data"
        assert Gate.parse(gate.text) == gate
    for problem in problems:
        _, shown, caret = problem.message.split("\n")
        assert 4 <= caret.index("^") <= len(shown)


@given(
    st.sampled_from(["login", "login(refresh)", "api", "InitiateAuth", '"GET /a < b"']),
    st.sampled_from(["p95", "max", "mean"]),
    st.sampled_from(sorted(COMPARISONS)),
    st.sampled_from(["baseline", "baseline * 1.1", "baseline + 3ms", "300ms"]),
    st.sampled_from(["", " abort after 10s", " abort after 5ms", " abort after 1min"]),
)
def test_every_well_formed_gate_is_read(subject: str, metric: str, sign: str, limit: str, suffix: str):
    gate = Gate.parse(f"{subject} {metric} {sign} {limit}{suffix}")
    assert (gate.comparison, gate.threshold.text) == (sign, limit)
    assert (gate.abort_after_s is None) == (not suffix)
    assert gate.needs_baseline == limit.startswith("baseline")
