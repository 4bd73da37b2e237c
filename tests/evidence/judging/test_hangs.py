"""What was never answered: it makes no figure, and no run passes on it."""

from __future__ import annotations

import json
import random

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import EXIT
from harness.evidence.figures.ages import Ages
from harness.evidence.figures.in_flight import InFlight
from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.sample import Sample
from harness.evidence.figures.tally import EXCHANGES, INTENDED, LOGINS, REQUESTS, Selector
from harness.evidence.judging.gates import Gate, GateResult
from harness.evidence.judging.hangs import Hung, hanging, hung, unanswered
from harness.evidence.judging.measured import Measured
from harness.evidence.judging.verdict import decide, hung_because
from harness.outcome import Outcome, Reason

ME = Selector("request", "GET /me")
S = 1_000_000


def metrics_of(
    *answered_s: float, ages_s: tuple[float, ...] = (), name: str = "GET /me", outcome: Outcome = Outcome.OK
) -> Metrics:
    """Requests that took so long, and others that had been open for so long when they were cut off."""
    metrics = Metrics()
    for elapsed_s in answered_s:
        metrics.record(Sample("request", name, outcome, 0.0, round(elapsed_s * S)))
    for age_s in ages_s:
        metrics.cut_off(name)
        metrics.cut_off_ages.record("request", name, round(age_s * S))
    return metrics


def logins(metrics: Metrics, answered: int = 0, ages_s: tuple[float, ...] = ()) -> Metrics:
    for _ in range(answered):
        for kind, name in (("login", "login"), ("exchange", "InitiateAuth")):
            metrics.record(Sample(kind, name, Outcome.OK, 0.0, 50_000, reason=Reason.INITIAL))
    for age_s in ages_s:
        for kind, name in (("login", "login"), ("exchange", "InitiateAuth")):
            metrics.cut_off_ages.record(kind, name, round(age_s * S), Reason.INITIAL)
    return metrics


def judged(text: str, metrics: Metrics) -> GateResult:
    return Gate.parse(text).judge(Measured(metrics, 5.0))


class TestAges:
    def test_travel_without_loss_and_merge(self) -> None:
        one, other = metrics_of(ages_s=(3, 14)), logins(Metrics(), ages_s=(2.5,))
        wire = msgpack.unpackb(msgpack.packb(one.to_wire()))
        whole = Metrics.from_wire(json.loads(json.dumps(wire)))
        whole.merge(other)
        assert [whole.tally(s).ages.count for s in (REQUESTS, ME, LOGINS, EXCHANGES)] == [2, 2, 1, 1]
        assert whole.tally(ME).ages.max_us == 14 * S
        assert whole.tally(Selector("login", reason=Reason.REFRESH)).ages.count == 0
        assert not whole.is_empty
        assert one.cut_off_ages.to_wire() == metrics_of(ages_s=(3, 14)).cut_off_ages.to_wire()

    def test_a_file_of_an_earlier_release_has_none(self) -> None:
        wire = metrics_of(0.1, ages_s=(3,)).to_wire()
        del wire["cut_off_ages"]
        assert not Metrics.from_wire(wire).cut_off_ages

    def test_are_in_no_figure(self) -> None:
        with_ages, without = metrics_of(0.1, 0.2, ages_s=(14,)), metrics_of(0.1, 0.2)
        for metric in ("p50", "p99", "max", "mean", "count", "rate", "fail_rate", "ok"):
            assert with_ages.figure(ME, metric, 5.0) == without.figure(ME, metric, 5.0)
        assert with_ages.measured == 2

    def test_a_name_that_was_never_answered_has_a_row(self) -> None:
        assert metrics_of(ages_s=(14,)).tallies("request")["GET /me"].count == 0

    @given(
        st.lists(st.floats(0.001, 20), min_size=1, max_size=60),
        st.floats(0, 20),
        st.sampled_from(["p50", "p90", "p99", "p99.9", "max", "mean"]),
        st.randoms(use_true_random=False),
    )
    def test_the_bound_never_exceeds_what_the_figure_would_have_been(
        self, latencies_s: list[float], seen_s: float, metric: str, chance: random.Random
    ) -> None:
        """Of requests with these latencies, some were looked at too early: their ages are less than these."""
        cut = [latency for latency in latencies_s if chance.random() < 0.4]
        answered = list(latencies_s)
        for latency in cut:
            answered.remove(latency)
        truth = metrics_of(*latencies_s).figure(ME, metric, 5.0)
        bound = metrics_of(*answered, ages_s=tuple(min(c, seen_s) for c in cut)).tally(ME).at_least(metric)
        assert truth is not None
        assert bound is None or bound <= truth * 1.001 + 1, "to the resolution of the buckets"


class TestGates:
    HALF = metrics_of(*[0.005] * 5, ages_s=(14.9,) * 5)

    def test_a_latency_that_is_known_to_be_longer_misses_its_limit(self) -> None:
        result = judged("GET /me p99 < 5s", self.HALF)
        assert (result.state, result.actual) == ("failed", 5_000)
        assert result.sentence == (
            "was 5 ms of what was answered, and is at least 14.9 s: 5 were still open after up to 14.9 s"
        )

    @pytest.mark.parametrize("text", ["api max <= 14s", "api mean < 5s", "GET /me p95 == 5ms", "api p60 < 14s"])
    def test_so_do_all_upper_limits(self, text: str) -> None:
        assert judged(text, self.HALF).state == "failed"

    @pytest.mark.parametrize("text", ["api p50 < 1s", "api p99 < 20s", "api p99 > 1ms", "api p99 != 1s", "api ok == 5"])
    def test_what_it_does_not_prove_it_does_not_miss(self, text: str) -> None:
        assert judged(text, self.HALF).state == "passed"

    def test_with_nothing_else_to_go_by_it_fails_too(self) -> None:
        result = judged("GET /me p99 < 5s", metrics_of(ages_s=(14.9,) * 5))
        assert (result.state, result.actual) == ("failed", None)
        assert result.sentence == "is at least 14.9 s: 5 were still open after up to 14.9 s"

    @pytest.mark.parametrize("text", ["GET /me p99 < 20s", "api count > 0", "api throttled == 0"])
    def test_nothing_answered_is_no_data_and_no_misspelt_name(self, text: str) -> None:
        result = judged(text, metrics_of(ages_s=(14.9,) * 5))
        assert result.state == "no data"
        assert result.sentence == "no data: none was answered, and 5 were still open after up to 14.9 s"

    def test_young_ones_make_no_figure_better(self) -> None:
        """They are many and fast so far; the samples' own figure holds."""
        assert judged("api p50 < 1s", metrics_of(2, 2, 2, ages_s=(0.01,) * 50)).state == "failed"

    def test_what_hangs_counts_as_failed(self) -> None:
        result = judged("api fail_rate < 10%", self.HALF)
        assert (result.state, result.actual) == ("failed", 0.0)
        assert "was 0% of what was answered, and is at least 50%: 5 were still open" in result.sentence
        assert judged("api fail_rate <= 50%", self.HALF).state == "passed"

    def test_what_was_only_cut_off_does_not(self) -> None:
        assert judged("api fail_rate < 10%", metrics_of(*[0.005] * 5, ages_s=(9.9,) * 5)).state == "passed"

    def test_logins_are_held_by_reason_and_since_they_were_due(self) -> None:
        metrics = logins(Metrics(), answered=3, ages_s=(12,))
        metrics.cut_off_ages.record("intended", "login", 13 * S, Reason.INITIAL)
        texts = ("login p99 < 11s", "login(initial) p99 < 11s", "InitiateAuth max < 11s", "intended p99 < 12.5s")
        assert [judged(text, metrics).state for text in texts] == ["failed"] * 4
        assert metrics.tally(INTENDED).ages.count == 1

    def test_what_is_in_flight_counts_while_a_run_goes_on(self) -> None:
        metrics = metrics_of(*[0.005] * 5)
        metrics.in_flight.record("request", "GET /me", 7 * S)
        assert judged("api p99 < 5s", metrics).state == "failed"
        metrics.in_flight = Ages()
        assert judged("api p99 < 5s", metrics).state == "passed"


class TestHangs:
    @pytest.mark.parametrize(
        ("answered_s", "ages_s", "expected"),
        [
            ((0.005,), (14.9, 12.0), Hung(2, 14_900_000)),
            ((0.005,), (9.9,), Hung(0, 0)),  # answers were not waited for so long
            ((25.0, 24.0), (40.0, 14.0), Hung(0, 0)),  # slow, and answered
            ((25.0, 24.0), (51.0, 14.0), Hung(1, 51_000_000)),
            ((), (14.0,), Hung(1, 14_000_000)),
        ],
    )
    def test_are_older_than_the_grace_and_than_twice_the_slowest_answer(
        self, answered_s: tuple[float, ...], ages_s: tuple[float, ...], expected: Hung
    ) -> None:
        assert hung(metrics_of(*answered_s, ages_s=ages_s), REQUESTS) == expected

    def test_a_failure_is_no_measure_of_how_long_answers_take(self) -> None:
        metrics = metrics_of(60, outcome=Outcome.TRANSPORT_ERROR)
        metrics.merge(metrics_of(0.005, ages_s=(14,)))
        assert hung(metrics, ME).number == 1

    def test_each_name_has_its_own_measure(self) -> None:
        metrics = metrics_of(0.005, ages_s=(14,))
        metrics.merge(metrics_of(20.0, ages_s=(19.0,), name="GET /report"))
        assert hung(metrics, REQUESTS) == Hung(1, 14 * S)

    def test_without_gates_any_keeps_a_run_from_passing(self) -> None:
        said = hanging(metrics_of(*[0.005] * 900, ages_s=(14.9,)), 50, is_judged=False)
        assert said == "1 API request was still open after 14.9 s, longer than any answer took"

    def test_with_gates_half_of_the_users_do(self) -> None:
        metrics = metrics_of(*[0.005] * 900, ages_s=(14.9,) * 3)
        logins(metrics, answered=50, ages_s=(11,))
        assert hanging(metrics, 8, is_judged=True) == (
            "1 Cognito exchange and 3 API requests of 8 users were still open after up to 14.9 s, "
            "longer than any answer took"
        )
        assert not hanging(metrics, 9, is_judged=True)

    @pytest.mark.parametrize("is_judged", [True, False])
    @pytest.mark.parametrize(
        ("answered_s", "ages_s", "is_found"),
        [
            ((0.015,), (6.6, 6.6, 6.1, 1.2), True),  # cut off by a short --stop-timeout: half of eight users
            ((0.015,), (6.6, 6.6, 6.1), False),  # fewer may be the slow ones
            ((0.015,), (0.9,) * 8, False),  # on their way
            ((0.5,), (4.9,) * 8, False),  # slow, and answered
        ],
    )
    def test_half_of_the_users_hang_earlier(
        self, answered_s: tuple[float, ...], ages_s: tuple[float, ...], is_found: bool, is_judged: bool
    ) -> None:
        said = hanging(metrics_of(*answered_s, ages_s=ages_s), 8, is_judged=is_judged)
        assert said == (
            "4 API requests of 8 users were still open after up to 6.6 s, longer than any answer took"
            if is_found
            else ""
        )

    def test_that_nothing_was_answered_is_said(self) -> None:
        metrics = logins(metrics_of(ages_s=(2.0,) * 5), answered=5)
        assert unanswered(metrics, 5) == "no API request was answered: 5 were still open after up to 2 s"
        metrics.merge(metrics_of(3.0, outcome=Outcome.TRANSPORT_ERROR))
        assert unanswered(metrics, 5)
        metrics.merge(metrics_of(3.0, outcome=Outcome.SERVER_ERROR))
        assert not unanswered(metrics, 5)

    @pytest.mark.parametrize("ages_s", [(0.4,) * 5, (2.0,)], ids=["just sent", "one renewal of many users"])
    def test_a_few_young_ones_say_nothing(self, ages_s: tuple[float, ...]) -> None:
        assert not unanswered(logins(metrics_of(0.01), ages_s=ages_s), 5)

    def test_the_verdict_says_so(self) -> None:
        metrics = logins(metrics_of(ages_s=(14.9,) * 5), answered=5)
        verdict = decide(metrics, [], {}, failed_because=hung_because(metrics, 5, is_judged=False))
        assert (verdict.word, verdict.exit_code) == ("failed", EXIT.FAILED)
        assert verdict.sentence == "no API request was answered: 5 were still open after up to 14.9 s"
        assert not hung_because(metrics_of(0.1, ages_s=(0.1,)), 5, is_judged=False)

    def test_a_run_that_measured_nothing_says_why(self) -> None:
        verdict = decide(logins(Metrics(), ages_s=(5.9,) * 10), [], {})
        assert (verdict.word, verdict.exit_code) == ("invalid", EXIT.INVALID)
        assert "nothing was measured: no login was answered: 10 were still open after up to 5.9 s" in verdict.sentence


class Login:
    reason = Reason.REFRESH
    elapsed_us = 300_000


class TestInFlight:
    def test_has_the_ages_of_what_is_no_longer_young(self) -> None:
        now_ns = 100 * 10**9
        in_flight = InFlight()
        in_flight.requests = {now_ns - 12 * 10**9: ("GET", "/me"), now_ns - 1: ("GET", "/me")}
        in_flight.exchanges = {now_ns - 2 * 10**9: ("InitiateAuth", Login()), now_ns - 2: ("InitiateAuth", Login())}
        in_flight.arrivals = {"a user": 97.0, "another": 99.9}
        ages = in_flight.ages(now_ns)
        found = {(kind, name, reason): (h.count, h.max_us) for (kind, name, reason), h in ages.items()}
        assert found == {
            ("request", "GET /me", None): (1, pytest.approx(12 * S, abs=8_400)),
            ("exchange", "InitiateAuth", Reason.REFRESH): (1, pytest.approx(2 * S, abs=8_400)),
            ("login", "login", Reason.REFRESH): (1, pytest.approx(2_300_000, abs=8_400)),
            ("intended", "login", Reason.INITIAL): (1, 3 * S),
        }
        assert found["request", "GET /me", None][1] <= 12 * S, "never older than it is"
        assert Ages.from_wire(ages.to_wire()).to_wire() == ages.to_wire()

    @given(st.lists(st.integers(0, 30 * 10**9), max_size=200, unique=True))
    def test_counts_as_if_each_was_looked_at(self, ages_ns: list[int]) -> None:
        now_ns = 100 * 10**9
        in_flight = InFlight()
        in_flight.requests = {now_ns - age_ns: ("GET", "/me") for age_ns in sorted(ages_ns, reverse=True)}
        old_us = [age_ns // 1_000 for age_ns in ages_ns if age_ns >= 10**9]
        found = in_flight.ages(now_ns).of(ME)
        assert found.count == len(old_us)
        assert found.max_us <= max(old_us, default=0)
        assert sum(old_us) - 8_400 * len(old_us) <= found.sum_us <= sum(old_us)

    def test_is_empty_in_a_healthy_run(self) -> None:
        assert not InFlight().ages(100)
