from __future__ import annotations

import json

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import HarnessError
from harness.evidence.figures.metrics import MAX_ERRORS, OTHER_ERRORS, ErrorCount, ErrorKey, Metrics
from harness.evidence.figures.sample import Sample
from harness.evidence.figures.tally import EXCHANGES, LOGINS, REQUESTS, TOKEN_REFUSED, Selector, is_metric
from harness.outcome import Outcome, Reason

ORDERS = Selector("request", "GET /orders")


def request(elapsed_ms: float, outcome: Outcome = Outcome.OK, name: str = "GET /orders", **more: object) -> Sample:
    return Sample("request", name, outcome, 1_000.0, round(elapsed_ms * 1_000), **more)


def login(elapsed_ms: float, reason: Reason, outcome: Outcome = Outcome.OK, error: str = "") -> Sample:
    return Sample("login", "login", outcome, 1_000.0, round(elapsed_ms * 1_000), reason=reason, error=error)


def metrics_of(*samples: Sample) -> Metrics:
    metrics = Metrics()
    for sample in samples:
        metrics.record(sample)
    return metrics


sample_values = st.builds(
    Sample,
    kind=st.sampled_from(["exchange", "login", "request"]),
    name=st.sampled_from(["InitiateAuth", "login", "GET /orders", "GET /ü"]),
    outcome=st.sampled_from(Outcome),
    started_s=st.floats(0, 2e9),
    elapsed_us=st.integers(0, 5_000_000_000),
    connect_us=st.integers(0, 50_000),
    first_byte_us=st.integers(0, 50_000),
    reason=st.none() | st.sampled_from(Reason),
    error=st.sampled_from(["", "TimedOut: no answer", "HTTPError: 404"]),
)


@st.composite
def measurements(draw: st.DrawFn) -> Metrics:
    metrics = metrics_of(*draw(st.lists(sample_values, max_size=12)))
    for name, why in draw(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xy")), max_size=3)):
        metrics.skip(name, why)
    for name in draw(st.lists(st.sampled_from("ab"), max_size=3)):
        metrics.cut_off(name)
    for name in draw(st.lists(st.sampled_from("ab"), max_size=3)):
        metrics.count_exception(name)
    for name in draw(st.lists(st.sampled_from("ab"), max_size=3)):
        metrics.count_unserved(name)
    return metrics


def merged(*parts: Metrics) -> Metrics:
    whole = Metrics()
    for part in parts:
        whole.merge(part)
    return whole


class TestMerging:
    @given(measurements(), measurements())
    def test_is_commutative(self, a: Metrics, b: Metrics):
        assert merged(a, b).to_wire() == merged(b, a).to_wire()

    @given(measurements(), measurements(), measurements())
    def test_is_associative(self, a: Metrics, b: Metrics, c: Metrics):
        assert merged(merged(a, b), c).to_wire() == merged(a, merged(b, c)).to_wire()

    @given(st.lists(sample_values, max_size=12), st.integers(0, 12))
    def test_equals_measuring_everything_in_one_process(self, samples: list[Sample], split: int):
        parts = metrics_of(*samples[:split]), metrics_of(*samples[split:])
        assert merged(*parts).to_wire() == metrics_of(*samples).to_wire()

    @given(measurements(), measurements())
    def test_leaves_the_other_one_alone(self, a: Metrics, b: Metrics):
        before = b.to_wire()
        whole = merged(a, b)
        whole.record(request(1, Outcome.SERVER_ERROR, error="TimedOut: no answer"))
        assert b.to_wire() == before


class TestWire:
    @given(measurements())
    def test_loses_nothing_through_msgpack(self, metrics: Metrics):
        wire = metrics.to_wire()
        assert Metrics.from_wire(msgpack.unpackb(msgpack.packb(wire, strict_types=True))).to_wire() == wire

    def test_a_copy_goes_on_counting(self):
        copy = Metrics.from_wire(metrics_of(login(5, Reason.INITIAL)).to_wire())
        copy.record(login(7, Reason.INITIAL))
        assert copy.figure(Selector("login", reason=Reason.INITIAL), "count", 1) == 2

    def test_another_release_is_refused(self):
        with pytest.raises(HarnessError, match="format 99, expected 3") as caught:
            Metrics.from_wire({"version": 99})
        assert "same release" in caught.value.hint


class TestFigures:
    def test_rate_and_count_are_of_all_samples_and_the_fail_rate_says_how_many_failed(self):
        metrics = metrics_of(*[request(1)] * 3, request(1, Outcome.THROTTLED))
        figures = [metrics.figure(ORDERS, metric, 2.0) for metric in ("count", "rate", "fail_rate")]
        assert figures == [4, 2.0, 0.25]

    def test_fast_failures_do_not_improve_a_latency(self):
        """Ninety refusals in 1 ms would make a p50 of 1 ms of ten answers in 200 ms."""
        metrics = metrics_of(*[request(200)] * 10, *[request(1, Outcome.THROTTLED)] * 90)
        assert metrics.figure(ORDERS, "p50", 1) == 200_000
        assert metrics.figure(ORDERS, "mean", 1) == 200_000

    def test_slow_failures_make_a_latency_worse(self):
        """A timeout after 10 s is what the user waited for."""
        metrics = metrics_of(*[request(200)] * 90, *[request(10_000, Outcome.TRANSPORT_ERROR)] * 10)
        assert metrics.figure(ORDERS, "max", 1) == 10_000_000
        assert metrics.figure(ORDERS, "p95", 1) == 10_000_000

    @given(
        st.lists(st.integers(0, 10_000), min_size=1, max_size=20),
        st.lists(st.integers(0, 10_000), max_size=20),
        st.sampled_from(["p50", "p90", "p99", "p99.9", "max", "mean"]),
    )
    def test_no_failure_ever_improves_a_latency(self, ok: list[int], failed: list[int], metric: str):
        alone = metrics_of(*map(request, ok))
        both = merged(alone, metrics_of(*(request(ms, Outcome.SERVER_ERROR) for ms in failed)))
        before, after = alone.figure(ORDERS, metric, 1), both.figure(ORDERS, metric, 1)
        assert before is not None
        assert after is not None
        assert after >= before

    @pytest.mark.parametrize("metric", ["p50", "p99.9", "max", "mean"])
    def test_failures_alone_have_no_latency(self, metric: str):
        assert metrics_of(request(5, Outcome.REJECTED)).figure(ORDERS, metric, 1) is None

    @pytest.mark.parametrize("metric", ["p50", "max", "mean", "rate", "fail_rate", "count"])
    def test_a_name_nobody_saw_has_no_figure(self, metric: str):
        assert metrics_of(login(1, Reason.INITIAL)).figure(ORDERS, metric, 1) is None

    def test_a_reason_that_did_not_occur_is_zero_and_not_unknown(self):
        forced = Selector("login", reason=Reason.FORCED)
        metrics = metrics_of(login(1, Reason.INITIAL))
        assert [metrics.figure(forced, metric, 1) for metric in ("count", "rate")] == [0, 0.0]
        assert [metrics.figure(forced, metric, 1) for metric in ("fail_rate", "p50")] == [None, None]

    def test_no_time_has_no_rate(self):
        assert metrics_of(request(1)).figure(ORDERS, "rate", 0) is None

    def test_a_metric_nobody_knows_is_refused(self):
        with pytest.raises(ValueError, match="'median' is no latency metric"):
            metrics_of(request(1)).figure(ORDERS, "median", 1)
        assert not is_metric("median")

    def test_logins_are_told_apart_by_reason(self):
        metrics = metrics_of(login(300, Reason.INITIAL), login(100, Reason.REFRESH))
        assert metrics.figure(Selector("login", reason=Reason.REFRESH), "max", 1) == 100_000
        assert metrics.figure(LOGINS, "count", 1) == 2
        assert metrics.reasons() == [Reason.INITIAL, Reason.REFRESH]

    def test_logins_exchanges_and_requests_never_mix(self):
        exchange = Sample("exchange", "InitiateAuth", Outcome.OK, 0.0, 1_000, reason=Reason.INITIAL)
        metrics = metrics_of(login(2, Reason.INITIAL), exchange, request(3))
        assert [metrics.figure(s, "max", 1) for s in (LOGINS, EXCHANGES, REQUESTS)] == [2_000, 1_000, 3_000]
        assert metrics.measured == 3

    def test_a_refused_token_is_no_part_of_all_requests(self):
        """Its replay stands there; a 401 in 1 ms would otherwise improve the API's latency."""
        metrics = metrics_of(request(100), request(1, name="GET /orders" + TOKEN_REFUSED))
        assert metrics.figure(REQUESTS, "count", 1) == 1
        assert metrics.figure(Selector("request", "GET /orders" + TOKEN_REFUSED), "count", 1) == 1

    def test_phases_hold_what_was_measured_of_them(self):
        """A reused connection has no connect time, and a request without an answer no first byte."""
        metrics = metrics_of(
            request(30, connect_us=9_000, first_byte_us=20_000),
            request(20, first_byte_us=19_000),
            request(10, Outcome.TRANSPORT_ERROR),
        )
        tally = metrics.tally(ORDERS)
        assert (tally.connect.count, tally.connect.max_us) == (1, 9_000)
        assert (tally.first_byte.count, tally.first_byte.max_us) == (2, 20_000)
        assert {outcome: h.count for outcome, h in tally.outcomes.items()} == {"ok": 2, "transport_error": 1}

    def test_clamped_samples_are_counted(self):
        assert metrics_of(request(4_000_000)).clamped == 1


class TestErrors:
    def test_are_counted_by_text_with_first_and_last_time(self):
        metrics = Metrics()
        for when in (30.0, 10.0, 20.0):
            metrics.record(request(1, Outcome.HTTP_ERROR, error="HTTPError: 404")._replace(started_s=when))
        assert metrics.errors == {ErrorKey("request", "GET /orders", "HTTPError: 404"): ErrorCount(3, 10.0, 30.0)}
        assert metrics.failures == 3

    def test_a_failure_without_a_text_is_named_by_its_outcome(self):
        assert [key.text for key in metrics_of(request(1, Outcome.THROTTLED)).errors] == ["throttled"]

    def test_an_ok_sample_is_none(self):
        assert not metrics_of(request(1)).errors

    def test_endless_texts_do_not_fill_the_memory(self):
        """A check that puts an order's id into its message makes a new text each time."""
        metrics = Metrics()
        for number in range(MAX_ERRORS + 5):
            metrics.record(request(1, Outcome.FAILED_CHECK, error=f"order {number}"))
        assert len(metrics.errors) == MAX_ERRORS + 1
        assert metrics.errors[ErrorKey("request", "GET /orders", OTHER_ERRORS)].count == 5
        assert sum(row.count for row in metrics.errors.values()) == metrics.failures


class TestCounters:
    def test_a_request_that_was_not_sent_is_no_sample(self):
        metrics = Metrics()
        metrics.skip("GET /orders", "no token")
        metrics.skip("GET /orders", "no token")
        assert metrics.skipped == {("GET /orders", "no token"): 2}
        assert (metrics.measured, metrics.is_empty) == (0, False)

    def test_what_was_cut_off_is_no_sample(self):
        metrics = Metrics()
        metrics.cut_off("InitiateAuth")
        assert metrics.cut_offs == {"InitiateAuth": 1}
        assert (metrics.measured, metrics.is_empty) == (0, False)

    def test_exceptions_of_tasks_are_counted_by_task(self):
        metrics = Metrics()
        metrics.count_exception("Api.browse")
        assert metrics.exceptions == {"Api.browse": 1}
        assert not metrics.is_empty

    def test_users_without_an_account_are_counted_by_class_and_a_run_on_disk_may_not_know_them(self):
        metrics = Metrics()
        metrics.count_unserved("Api")
        assert metrics.unserved == {"Api": 1}
        assert not metrics.is_empty
        wire = metrics.to_wire()
        del wire["unserved"]
        assert Metrics.from_wire(wire).unserved == {}

    def test_nothing_is_empty(self):
        assert Metrics().is_empty
        assert not metrics_of(request(1)).is_empty

    def test_names_are_listed_by_kind(self):
        assert metrics_of(request(1, name="POST /b"), request(1, name="GET /a")).names("request") == [
            "GET /a",
            "POST /b",
        ]


def test_the_wire_form_is_plain_data():
    """No enum, tuple or None, which msgpack would bring back as something else."""
    wire = metrics_of(login(1, Reason.INITIAL), request(1, Outcome.HTTP_ERROR, error="HTTPError: 404")).to_wire()
    assert json.loads(json.dumps(wire)) == wire
