"""What a run's figures say of the connections that it kept."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.evidence.metrics import Metrics
from harness.evidence.sample import Sample
from harness.load.lifecycle.conclusion import Extent, closed_by_others
from harness.outcome import Outcome, Reason

USERS = 10


def found(logins: list[tuple[Reason, bool]], connection: str = "keep") -> list[str]:
    """What is said of logins, each with why it happened and whether it opened a connection."""
    metrics = Metrics()
    for reason, opens in logins:
        metrics.record(Sample("login", "login", Outcome.OK, 0.0, 5_000, 800 if opens else 0, 4_000, reason))
    setup: Any = SimpleNamespace(settings=SimpleNamespace(connection=connection))
    extent = Extent(0.0, 60.0, 60.0, ("Api",), USERS)
    return closed_by_others(cast("Any", setup), metrics, extent)


@pytest.mark.parametrize("reason", [Reason.REFRESH, Reason.EXPIRED, Reason.FORCED])
def test_renewals_that_connect_anew_are_no_suspicion(reason: Reason):
    """A session lets its login connection go between renewals of tokens that live long."""
    assert found([(Reason.INITIAL, True)] * USERS + [(reason, True)] * 500) == []


def test_logins_that_find_their_connection_closed_are_one():
    (sentence,) = found([(Reason.INITIAL, True)] * (USERS + 30) + [(Reason.INITIAL, False)] * 60)
    assert sentence.startswith("30 of 100 logins (30%")


def test_who_connects_anew_on_purpose_is_not_told():
    assert found([(Reason.INITIAL, True)] * 500, connection="new") == []
