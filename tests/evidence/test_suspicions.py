"""What makes a run suspect: near the limits, or something else than the service in the figures."""

from __future__ import annotations

import msgpack
import pytest

from harness.evidence.figures.generator_health import (
    MAX_GC_PAUSE_US,
    MAX_LAG_P99_US,
    Health,
    judge,
    reopened,
    suspicions,
)
from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.sample import Sample
from harness.evidence.judging.verdict import decide
from harness.outcome import Outcome


def health_of(
    lags_us: int = 1_000,
    hot_s: float = 0.0,
    gc_us: tuple[int, ...] = (),
    late_us: int | None = None,
    late_count: int = 100,
    unread_us: int = 0,
    ready: int = 0,
) -> Health:
    """A process over 100 seconds."""
    health = Health()
    for _ in range(100):
        health.lag(lags_us)
        health.late_reads.record(unread_us)
        health.ready.record(ready)
    health.cpu(0.97, hot_s)
    health.cpu(0.3, 100 - hot_s)
    for us in gc_us:
        health.gc_pause(us)
    for _ in range(late_count if late_us is not None else 0):
        health.sent_late(late_us or 0)
    return health


@pytest.mark.parametrize(
    ("health", "says"),
    [
        (health_of(), ""),
        (health_of(lags_us=MAX_LAG_P99_US // 2 - 50), ""),
        (health_of(lags_us=MAX_LAG_P99_US // 2 + 50), "came 25 ms late or more in 1 of 100 cases, over half"),
        (health_of(lags_us=MAX_LAG_P99_US), "came 50 ms late"),
        (health_of(hot_s=5), ""),
        (health_of(hot_s=5.1), "used more than 90% of its core for 5% of the run"),
        (health_of(hot_s=10), "for 10% of the run"),
        (health_of(gc_us=(MAX_GC_PAUSE_US,)), ""),
        (health_of(gc_us=(MAX_GC_PAUSE_US + 100,)), "collecting garbage stopped w for up to 50 ms"),
        (health_of(gc_us=(10_000,) * 500), ""),
        (health_of(gc_us=(10_000,) * 501), "and 5.0% of the time"),
        (health_of(late_us=10_000), ""),
        (health_of(late_us=10_100), "w sent 10 ms late or more in 1 of 100 cases (limit 10 ms)"),
        (health_of(late_us=90_000, late_count=99), ""),
        (health_of(unread_us=MAX_LAG_P99_US - 50), ""),
        (
            health_of(unread_us=MAX_LAG_P99_US + 100),
            "answers lay there for 50 ms or more in 1 of 100 cases before w read",
        ),
        (health_of(ready=200), ""),
        (health_of(ready=201), "201 greenlets of w or more were ready to run at once"),
        (health_of(unread_us=MAX_LAG_P99_US + 100, ready=201), "answers lay there"),
    ],
)
def test_each_threshold_at_and_beyond(health: Health, says: str):
    """The limit itself is allowed; beyond it the sentence has a remedy."""
    found = suspicions({"w": health})
    assert len(found) == bool(says)
    assert says in "".join(found)
    assert all(": " in sentence for sentence in found)
    assert judge({"w": health}, measured=1) == []


def test_what_is_invalid_is_not_called_suspect_as_well():
    bad = {"w": health_of(lags_us=MAX_LAG_P99_US * 2, hot_s=50)}
    assert len(judge(bad, measured=1)) == 2
    assert suspicions(bad) == []


@pytest.mark.parametrize(
    ("again", "logins", "is_told"),
    [(0, 1_000, False), (50, 1_000, False), (51, 1_000, True), (0, 0, False)],
    ids=["none", "at the limit", "beyond it", "nothing"],
)
def test_connections_made_again(again: int, logins: int, is_told: bool):
    """Over all processes; they come to the master by the wire."""
    one, other = Health(), Health()
    one.kept.logins, one.kept.reopened = logins, again // 2
    other.kept.reopened = again - again // 2
    found = reopened({"a": Health.from_wire(one.to_wire()), "b": other})
    assert bool(found) is is_told
    if found:
        assert found[0].startswith("51 of 1000 logins (5%, limit 5%) found their connection closed")


@pytest.mark.parametrize(
    ("health", "suspicious", "validity"),
    [
        (health_of(), (), "valid"),
        (health_of(), ("something: do this",), "suspect"),
        (health_of(hot_s=8), (), "suspect"),
        (health_of(hot_s=50), ("something: do this",), "invalid"),
    ],
)
def test_the_verdict_says_valid_suspect_or_invalid(health: Health, suspicious: tuple[str, ...], validity: str):
    """Suspect changes no exit code; invalid does."""
    metrics = Metrics()
    metrics.record(Sample("request", "GET /a", Outcome.OK, 0.0, 1))
    verdict = decide(metrics, [], {"w": health}, suspicious=suspicious)
    assert verdict.validity == validity
    assert (verdict.word == "invalid") is (validity == "invalid")
    assert set(suspicious) <= set(verdict.suspect_because)


def test_the_wire_carries_pauses_and_lateness():
    wire = health_of(gc_us=(5, 70_000), late_us=3).to_wire()
    found = Health.from_wire(msgpack.unpackb(msgpack.packb(wire, strict_types=True)))
    assert found.to_wire() == wire
    assert (found.gc_pauses.max_us, found.late_sends.count) == (70_000, 100)
