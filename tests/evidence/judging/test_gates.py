from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ConfigurationError
from harness.evidence.figures.generator_health import VALIDITIES
from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.sample import Sample
from harness.evidence.figures.tally import TOKEN_REFUSED, Selector
from harness.evidence.judging.gate_grammar import COMPARISONS
from harness.evidence.judging.gates import Gate, existing_subjects, parse_gates
from harness.evidence.judging.measured import Measured
from harness.outcome import Outcome, Reason


def metrics_of(*samples: Sample) -> Metrics:
    metrics = Metrics()
    for sample in samples:
        metrics.record(sample)
    return metrics


def exchange(elapsed_ms: int, outcome: Outcome = Outcome.OK, name: str = "InitiateAuth") -> Sample:
    return Sample("exchange", name, outcome, 0.0, elapsed_ms * 1_000, reason=Reason.INITIAL)


def login(reason: Reason) -> Sample:
    return Sample("login", "login", Outcome.OK, 0.0, 1_000, reason=reason)


def fault(text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        Gate.parse(text)
    (problem,) = caught.value.problems
    assert problem.hint
    return problem.message


@pytest.mark.parametrize(
    ("text", "subject", "metric", "comparison", "value"),
    [
        ("InitiateAuth p95 < 300ms", Selector("exchange", "InitiateAuth"), "p95", "<", 300_000),
        ("oauth2/token p95 < 300ms", Selector("exchange", "oauth2/token"), "p95", "<", 300_000),
        ("InitiateAuth p99.9<=1.5s", Selector("exchange", "InitiateAuth"), "p99.9", "<=", 1_500_000),
        ("login mean > 20us", Selector("login"), "mean", ">", 20),
        ("login(refresh) max >= 5 ms", Selector("login", reason=Reason.REFRESH), "max", ">=", 5_000),
        ("login ( forced ) count == 0", Selector("login", reason=Reason.FORCED), "count", "==", 0),
        ("GET /orders fail_rate < 0.1%", Selector("request", "GET /orders"), "fail_rate", "<", 0.001),
        ("GET /orders fail_rate < .001", Selector("request", "GET /orders"), "fail_rate", "<", 0.001),
        ("POST create an order rate != 10/s", Selector("request", "POST create an order"), "rate", "!=", 10),
        ("api rate >= 12.5", Selector("request"), "rate", ">=", 12.5),
        ("api fail_rate <= 100%", Selector("request"), "fail_rate", "<=", 1),
        ('"GET /a < b; c" p50 < 1s', Selector("request", "GET /a < b; c"), "p50", "<", 1_000_000),
        ("GET /a=b p50 < 1s", Selector("request", "GET /a=b"), "p50", "<", 1_000_000),
        ("  login \t p50 \n < 1s ", Selector("login"), "p50", "<", 1_000_000),
    ],
)
def test_the_grammar_is_understood(text: str, subject: Selector, metric: str, comparison: str, value: float):
    gate = Gate.parse(text)
    assert (gate.subject, gate.metric, gate.comparison, gate.threshold.value) == (subject, metric, comparison, value)
    assert gate.text == " ".join(text.split())


@pytest.mark.parametrize(
    ("text", "caret_under", "says"),
    [
        ("InitiateAuth p95", "", "a comparison is missing"),
        ("InitiateAuth p95 << 3ms", "<<", "<< is no comparison"),
        ("InitiateAuth p95 = 3ms", "=", "= is no comparison"),
        ("InitiateAuth 95 < 3ms", "95", "95 is no metric"),
        ("InitiateAuth p100 < 3ms", "p100", "p100 is no metric"),
        ("p95 < 3ms", "p95", "the subject is missing"),
        ("< 3ms", "<", "subject and metric are missing"),
        ("login(again) p95 < 3s", "again", "again is no reason for a login"),
        ("login() p95 < 3s", ") p95", "nothing is no reason for a login"),
        ("my thing p95 < 3s", "my", "my thing is no subject"),
        ('"" p95 < 3s', '" p95', "an empty name is no subject"),
        ('"GET /x p95 < 3s', '"GET', "a quotation mark that is never closed"),
        ('"GET /x" < 3s', "< 3s", "subject and metric are missing"),
        ("login p95 <", "", "a threshold is missing"),
        ("login p95 < soon", "soon", "soon is no threshold"),
        ("login p95 < -3ms", "-3ms", "-3ms is no threshold"),
        ("login p95 < 1e3ms", "e3ms", "e3ms is no unit of time"),
        ("login p95 < 300", "", "the unit is missing"),
        ("login p95 < 3 minutes", "minutes", "minutes is no unit of time"),
        ("api rate > 3/min", "/min", "/min is no unit of a rate"),
        ("api fail_rate < 3ms", "ms", "ms is no unit of a fail rate"),
        ("api fail_rate < 120%", "120%", "a fail rate cannot exceed 100%"),
        ("api fail_rate < 5", "5", "a fail rate cannot exceed 100%"),
        ("api fail_rate < 1", "1", "1 could mean 1% or 100%"),
        ("api count < 1.5", "1.5", "1.5 is no whole number"),
        ("api count < 15ms", "ms", "15ms is no whole number"),
        ("worker_lost == 0", "worker_lost", "worker_lost is no metric"),
        ("login skipped == 0", "login", "skipped is of the run as a whole, not of login"),
        ("workers_lost == 0s", "s", "0s is no whole number"),
        ("workers_lost == baseline", "baseline", "workers_lost cannot be relative to an earlier run"),
        ("generator < invalid", "<", "< cannot compare what the generator was"),
        ("generator == fit", "fit", "fit is nothing that a generator can be"),
        ("generator == baseline", "baseline", "generator cannot be relative to an earlier run"),
        ("api generator == valid", "api", "generator is of the run as a whole, not of api"),
    ],
)
def test_a_fault_points_at_the_character(text: str, caret_under: str, says: str):
    first, shown, caret = fault(text).split("\n")
    assert first.startswith("--gate: ")
    assert says in first
    assert shown == f"    {text}"
    assert caret.strip() == "^"
    assert shown[caret.index("^") :].startswith(caret_under)
    assert caret_under or caret.index("^") == len(shown)


def test_gates_of_a_form_are_split_and_every_fault_is_told():
    gates, problems = parse_gates(["login p95 < 1s; api count > 3;; ", "x; login p5", '"GET /a;b" max < 1s', ""])
    assert [gate.text for gate in gates] == ["login p95 < 1s", "api count > 3", '"GET /a;b" max < 1s']
    assert len(problems) == 2


@given(st.text(max_size=40) | st.text(alphabet='loginap5 GET/"<>=!;%msu.(0)1', max_size=40))
def test_any_text_is_a_gate_or_a_problem_and_nothing_else(text: str):
    gates, problems = parse_gates([text])
    for gate in gates:
        assert gate.judge(Measured(Metrics(), 1.0)).state == "no data"
        assert Gate.parse(gate.text) == gate
    for problem in problems:
        first, shown, caret = problem.message.split("\n")
        assert 4 <= caret.index("^") <= len(shown)
        assert first


@given(
    st.sampled_from(["login", "login(initial)", "api", "InitiateAuth", "GET /orders/{id}", "POST a b"]),
    st.sampled_from(["p50", "p99.9", "max", "mean"]),
    st.sampled_from(sorted(COMPARISONS)),
    st.integers(0, 10**6),
    st.sampled_from([("us", 1), ("ms", 1_000), ("s", 1_000_000)]),
)
def test_every_well_formed_gate_is_read(subject: str, metric: str, sign: str, number: int, unit: tuple[str, int]):
    gate = Gate.parse(f"{subject} {metric} {sign} {number}{unit[0]}")
    assert (gate.metric, gate.comparison, gate.threshold.value) == (metric, sign, number * unit[1])


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
class TestEveryComparison:
    def test_of_a_latency(self, sign: str, below: str, at: str, above: str):
        gate = Gate.parse(f"InitiateAuth max {sign} 300ms")
        assert [gate.judge(Measured(metrics_of(exchange(ms)), 1)).state for ms in (299, 300, 301)] == [below, at, above]

    def test_of_a_percentile(self, sign: str, below: str, at: str, above: str):
        gate = Gate.parse(f"InitiateAuth p95 {sign} 300ms")
        assert [gate.judge(Measured(metrics_of(exchange(ms)), 1)).state for ms in (299, 300, 301)] == [below, at, above]

    def test_of_a_count(self, sign: str, below: str, at: str, above: str):
        gate = Gate.parse(f"InitiateAuth count {sign} 2")
        runs = [metrics_of(*[exchange(1)] * count) for count in (1, 2, 3)]
        assert [gate.judge(Measured(run, 1)).state for run in runs] == [below, at, above]

    def test_of_a_rate(self, sign: str, below: str, at: str, above: str):
        gate = Gate.parse(f"InitiateAuth rate {sign} 0.5/s")
        runs = [metrics_of(*[exchange(1)] * count) for count in (1, 2, 3)]
        assert [gate.judge(Measured(run, 4.0)).state for run in runs] == [below, at, above]

    def test_of_a_fail_rate(self, sign: str, below: str, at: str, above: str):
        """One in ten is 10 % exactly, although neither number has an exact binary form."""
        gate = Gate.parse(f"InitiateAuth fail_rate {sign} 10%")
        runs = [
            metrics_of(*[exchange(1)] * (10 - failed), *[exchange(1, Outcome.THROTTLED)] * failed)
            for failed in (0, 1, 2)
        ]
        assert [gate.judge(Measured(run, 1)).state for run in runs] == [below, at, above]

    def test_without_data(self, sign: str, below: str, at: str, above: str):
        for metric in ("p95", "max", "mean"):
            gate = Gate.parse(f"InitiateAuth {metric} {sign} 300ms")
            assert gate.judge(Measured(metrics_of(login(Reason.INITIAL)), 1)).state == "no data"
        for rest in ("count {} 0", "rate {} 0", "fail_rate {} 0"):
            gate = Gate.parse(f"InitiateAuth {rest.format(sign)}")
            assert gate.judge(Measured(metrics_of(login(Reason.INITIAL)), 1)).state == "no data"


@pytest.mark.parametrize(
    ("text", "sentence", "actual"),
    [
        ("InitiateAuth max < 1s", "was 250 ms", 250_000),
        ("InitiateAuth count > 9", "was 2", 2),
        ("InitiateAuth rate > 9", "was 0.5/s", 0.5),
        ("InitiateAuth fail_rate < 1%", "was 0%", 0.0),
        ("RespondToAuthChallenge max < 10s", "was 12.5 s", 12_500_000),
        ("login(forced) count == 0", "was 0", 0),
    ],
)
def test_the_result_says_what_it_was(text: str, sentence: str, actual: float):
    metrics = metrics_of(
        exchange(250), exchange(50), exchange(12_500, name="RespondToAuthChallenge"), login(Reason.INITIAL)
    )
    result = Gate.parse(text).judge(Measured(metrics, 4.0))
    assert (result.sentence, result.actual) == (sentence, actual)


class TestNoData:
    def test_lists_the_names_that_exist(self):
        metrics = metrics_of(exchange(1), login(Reason.INITIAL), Sample("request", "GET /b", Outcome.OK, 0.0, 1))
        sentence = Gate.parse("SignUp p95 < 1s").judge(Measured(metrics, 1)).sentence
        assert sentence == "no data: nothing is named SignUp; there are: login, InitiateAuth, api, GET /b"

    def test_guesses_what_was_meant(self):
        sentence = Gate.parse("InitateAuth p95 < 1s").judge(Measured(metrics_of(exchange(1)), 1)).sentence
        assert "nothing is named InitateAuth, did you mean InitiateAuth?" in sentence

    def test_does_not_list_a_hundred_names(self):
        metrics = metrics_of(*(Sample("request", f"GET /{n}", Outcome.OK, 0.0, 1) for n in range(100)))
        sentence = Gate.parse("login p95 < 1s").judge(Measured(metrics, 1)).sentence
        assert sentence.startswith("no data: nothing is named login; there are: api, GET /0, GET /1, GET /10, ")
        assert sentence.endswith(" more")
        assert len(sentence) < 200

    def test_says_when_everything_failed(self):
        result = Gate.parse("InitiateAuth p95 < 1s").judge(Measured(metrics_of(exchange(1, Outcome.REJECTED)), 1))
        assert result.sentence.startswith("no data: all 1 samples failed")

    def test_says_when_a_reason_did_not_occur(self):
        result = Gate.parse("login(refresh) p95 < 1s").judge(Measured(metrics_of(login(Reason.INITIAL)), 1))
        assert result.sentence == "no data: no login happened for the reason refresh"

    def test_says_when_no_time_was_measured(self):
        result = Gate.parse("InitiateAuth rate > 1").judge(Measured(metrics_of(exchange(1)), 0.0))
        assert result.sentence == "no data: the run measured no time"

    def test_says_when_nothing_was_measured(self):
        assert Gate.parse("api p95 < 1s").judge(Measured(Metrics(), 1)).sentence == "no data: nothing was measured"


def test_every_existing_subject_can_be_gated():
    """What the sentence about missing data lists can be copied into a gate."""
    metrics = metrics_of(
        exchange(1),
        login(Reason.INITIAL),
        *(Sample("request", name, Outcome.OK, 0.0, 1) for name in ("GET /a", "GET /a" + TOKEN_REFUSED)),
    )
    subjects = existing_subjects(metrics)
    assert len(subjects) == 5
    gates, problems = parse_gates(f"{subject} count > 0" for subject in subjects)
    assert not problems
    assert {gate.judge(Measured(metrics, 1)).state for gate in gates} == {"passed"}


def troubled() -> Metrics:
    """One of everything that can go wrong in a run besides its samples."""
    metrics = metrics_of(exchange(1))
    metrics.drop("no free slot")
    metrics.skip("GET /a", "no token")
    metrics.cut_off("GET /a")
    metrics.count_exception("Api.read")
    metrics.count_unserved("Api")
    return metrics


class TestGatesOnTheRun:
    COUNTS = ("dropped", "skipped", "cut_off", "exceptions", "users_without_account", "workers_lost")

    @pytest.mark.parametrize("metric", COUNTS)
    def test_what_went_wrong_is_counted(self, metric: str):
        gate = Gate.parse(f"{metric} == 0")
        results = [
            gate.judge(Measured(metrics, 1.0, workers_lost=lost)) for metrics, lost in ((quiet(), 0), (troubled(), 1))
        ]
        assert [(result.state, result.actual, result.sentence) for result in results] == [
            ("passed", 0, "was 0"),
            ("failed", 1, "was 1"),
        ]

    @pytest.mark.parametrize(
        ("text", "states"),
        [
            ("generator == valid", ["passed", "failed", "failed"]),
            ("generator != invalid", ["passed", "passed", "failed"]),
        ],
    )
    def test_the_generator_is_a_word(self, text: str, states: list[str]):
        results = [Gate.parse(text).judge(Measured(quiet(), 1.0, generator=word)) for word in VALIDITIES]
        assert [result.state for result in results] == states
        assert [result.sentence for result in results] == ["was valid", "was suspect", "was invalid"]

    @pytest.mark.parametrize("text", ["workers_lost == 0", "generator == valid"])
    def test_what_is_not_known_of_a_run_is_no_data(self, text: str):
        result = Gate.parse(text).judge(Measured(quiet(), 1.0))
        assert (result.state, result.sentence) == ("no data", "no data: the run was not concluded")

    def test_they_may_stop_a_run_as_others_do(self):
        assert Gate.parse("workers_lost == 0 abort after 10s").abort_after_s == 10


def quiet() -> Metrics:
    """A run in which nothing went wrong."""
    return metrics_of(exchange(1))
