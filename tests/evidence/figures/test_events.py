"""What becomes an event, and how often."""

from __future__ import annotations

from harness.evidence.figures.events import Event, EventFinder, from_lines, to_line
from harness.evidence.figures.generator_health import Health
from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.sample import Sample
from harness.outcome import Outcome, Reason


def refused(outcome: Outcome, error: str, count: int = 1) -> Metrics:
    metrics = Metrics()
    for kind in ("exchange", "login"):
        for _ in range(count):
            metrics.record(Sample(kind, "InitiateAuth", outcome, 0.0, 10, 0, 0, Reason.INITIAL, error))
    return metrics


def kinds(watch: EventFinder, at_s: int, metrics: Metrics) -> list[str]:
    return [event.kind for event in watch.measured(at_s, metrics)]


def test_a_burst_of_throttling_is_one_event_until_it_has_been_calm() -> None:
    watch, throttled = EventFinder(), refused(Outcome.THROTTLED, "TooManyRequestsException: Rate exceeded", 3)
    (event,) = watch.measured(10, throttled)
    assert event == Event(10, "throttled", "InitiateAuth is being throttled: 3 times in this second")
    assert kinds(watch, 11, throttled) == kinds(watch, 16, throttled) == []
    assert kinds(watch, 22, throttled) == ["throttled"]


def test_a_lockout_is_an_event_and_a_wrong_password_is_none() -> None:
    locked = refused(Outcome.REJECTED, "NotAuthorizedException: Password attempts exceeded")
    wrong = refused(Outcome.REJECTED, "NotAuthorizedException: Incorrect username or password.")
    assert kinds(EventFinder(), 0, locked) == ["lockout"]
    assert kinds(EventFinder(), 0, wrong) == []


def test_an_exception_of_the_tests_own_code_is_told_at_its_first() -> None:
    watch, metrics = EventFinder(), Metrics()
    metrics.count_exception("Api: KeyError")
    assert kinds(watch, 1, metrics) == ["exception"]
    assert kinds(watch, 2, metrics) == []


def test_a_late_event_loop_is_told_when_it_begins() -> None:
    watch, health = EventFinder(50_000), Health()
    health.lag(1_000)
    assert list(watch.generator(1, {"w": health})) == []
    health.lag(300_000)
    (event,) = watch.generator(2, {"w": health})
    assert (event.kind, event.text) == ("lag", "the event loop of w comes more than 50 ms late")
    assert list(watch.generator(3, {"w": health})) == [], "nothing new"


def test_a_clock_that_is_off_is_told_once_and_again_when_it_is_worse() -> None:
    watch, near, off, far = EventFinder(), Health(), Health(), Health()
    near.clock(2.0)
    off.clock(-61.0)
    off.clock(3.0)
    far.clock(-400.0)
    assert list(watch.generator(1, {"a": Health(), "b": near})) == []
    (event,) = watch.generator(2, {"a": off, "b": near})
    assert (event.kind, event.text.partition(":")[0]) == ("clock", "the clock of a is 61 s behind the endpoint's")
    assert list(watch.generator(3, {"a": off, "b": off})) == []
    (event,) = watch.generator(4, {"a": off, "b": far})
    assert "InvalidSignatureException" in event.text
    assert list(watch.generator(5, {"a": off, "b": far})) == []


def test_events_survive_the_disk_and_half_a_line_does_not() -> None:
    event = Event(12.345, "lag", 'late: "twice"\n')
    assert list(from_lines([to_line(event), to_line(event)[:10], "{}\n", "[]\n"])) == [event]
