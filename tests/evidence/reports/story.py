"""A made-up run with a timeline: logins in waves as tokens run out, a throttle burst, a fault at the API."""

from __future__ import annotations

import math
import random
from collections import defaultdict

from harness.evidence.figures.events import Event
from harness.evidence.figures.generator_health import Health
from harness.evidence.figures.histogram import Histogram
from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.sample import Sample
from harness.evidence.figures.tally import TOKEN_REFUSED
from harness.evidence.figures.timeline import Second
from harness.evidence.finished_run import FinishedRun
from harness.evidence.judging.gates import parse_gates
from harness.evidence.judging.measured import Measured
from harness.evidence.judging.verdict import decide
from harness.outcome import Outcome, Reason

STARTED_S = 1_795_464_000.0
REMEDIES = {
    "TooManyRequestsException": (
        "The UserAuthentication quota of the account and region was exceeded: 120 requests/s unless raised.",
        "Lower --cognito-max-login-rate, or ask for a higher quota in Service Quotas.",
    ),
    "NotAuthorizedException": (
        "The password is wrong, or there is no such user and the app client hides that.",
        "Check this row of the users file, and the user in the pool.",
    ),
}


class Story:
    """Writes a run second by second."""

    def __init__(self, seed: int = 7) -> None:
        self.metrics = Metrics()
        self.timeline: list[Second] = []
        self._random = random.Random(seed)  # noqa: S311 - a story, no secret
        self._second: dict[tuple, Histogram] = defaultdict(Histogram)

    def take(
        self, at_s: int, kind, name: str, ms: float, *, outcome=Outcome.OK, reason=None, error: str = "", connect=0.0
    ) -> None:
        us = max(round(ms * 1_000 * self._random.lognormvariate(0, 0.25)), 50)
        sample = Sample(
            kind,
            name,
            outcome,
            STARTED_S + at_s,
            us,
            round(connect * 1_000 * self._random.lognormvariate(0, 0.3)),
            round(us * 0.92),
            reason,
            error,
        )
        self.metrics.record(sample)
        self._second[kind, name, outcome, reason].record(us)

    def turn(self, at_s: int) -> None:
        """The second is over."""
        for (kind, name, outcome, reason), seen in self._second.items():
            percentiles = (seen.percentile(p) or 0 for p in (50_000, 95_000, 99_000))
            self.timeline.append(
                Second(at_s, kind, name, outcome, reason, seen.count, seen.sum_us, seen.max_us, *percentiles)
            )
        self._second.clear()

    def login(self, at_s: int, ms: float, reason: Reason, **more) -> None:
        self.take(at_s, "exchange", "InitiateAuth", ms * 0.98, reason=reason, **more)
        more.pop("connect", None)
        self.take(at_s, "login", "login", ms, reason=reason, **more)


def tell(duration_s: int = 300, names: int = 3) -> FinishedRun:
    """A run of this many seconds against an API with so many kinds of request."""
    story = Story()
    burst_s, fault_s = duration_s * 2 // 5, duration_s * 7 // 10
    for at_s in range(duration_s):
        in_fault = at_s in range(fault_s, fault_s + 15)
        _logins(story, at_s, duration_s, in_fault=in_fault)
        if at_s in range(burst_s, burst_s + 12):
            error = "TooManyRequestsException: Rate exceeded"
            for _ in range(5):
                story.login(at_s, 9, Reason.REFRESH, outcome=Outcome.THROTTLED, error=error)
        _requests(story, at_s, names, in_fault=in_fault)
        story.turn(at_s)
    story.metrics.skip("GET /orders", "TooManyRequestsException")
    story.metrics.cut_off("GET /orders")
    return _run(story, duration_s, burst_s, fault_s)


def _logins(story: Story, at_s: int, duration_s: int, *, in_fault: bool) -> None:
    wave = 0.5 + 0.5 * math.sin(at_s / duration_s * 14)
    for _ in range(4 if at_s < 20 else 0):
        story.login(at_s, 230, Reason.INITIAL, connect=28)
    for _ in range(1 + round(6 * wave**6)):
        story.login(at_s, 95 + 60 * wave**4, Reason.REFRESH)
    if at_s % 17 == 0:
        story.login(at_s, 240, Reason.EXPIRED)
    if in_fault and at_s % 4 == 0:
        story.login(at_s, 250, Reason.FORCED)
        story.take(at_s, "request", "GET /me" + TOKEN_REFUSED, 3)


def _requests(story: Story, at_s: int, names: int, *, in_fault: bool) -> None:
    paths = ["GET /orders", "GET /me", "POST /orders", *(f"GET /orders/{n}/items" for n in range(names))][:names]
    for index, path in enumerate(paths):
        for _ in range(12 if index < 3 else 1):
            story.take(at_s, "request", path, 20 + 8 * (index % 5) + (160 if in_fault else 0))
    for _ in range(4 if in_fault else 0):
        story.take(at_s, "request", paths[0], 700, outcome=Outcome.SERVER_ERROR, error="HTTP 503")


def _run(story: Story, duration_s: int, burst_s: int, fault_s: int) -> FinishedRun:
    gates = parse_gates(("login p95 < 400ms; api p99 < 100ms; login fail_rate < 10%; GET /me p95 < 300ms",))[0]
    results = tuple(gate.judge(Measured(story.metrics, duration_s)) for gate in gates)
    healths = {"worker 1": Health(), "worker 2": Health()}
    for busy, health in enumerate(healths.values()):
        for second in range(duration_s):
            health.lag(800 + second % 7 * 300)
            health.cpu(0.38 + 0.2 * busy, 1.0)
    return FinishedRun(
        run_id="20261123-201530-ab12",
        started_s=STARTED_S,
        ended_s=STARTED_S + duration_s + 1.5,
        duration_s=float(duration_s),
        classes=("Api", "Login"),
        users=80,
        settings={
            "region": "eu-central-1",
            "user_pool_id": "eu-central-1_AbCdEf123",
            "client_id": "1example23456789",
            "flow": "USER_PASSWORD_AUTH",
            "sign": "auto",
            "max_login_rate": 60.0,
            "is_local": True,
            "endpoint": "https://cognito-idp.eu-central-1.amazonaws.com",
        },
        metrics=story.metrics,
        gates=results,
        healths=healths,
        verdict=decide(story.metrics, results, healths),
        remedies=lambda kind, _: REMEDIES.get(kind),
        notes=("worker 3 was lost: what it measured in its last seconds is missing",),
        timeline=tuple(story.timeline),
        events=(
            Event(burst_s + 0.4, "throttled", "Cognito began to throttle InitiateAuth: 12 of 30 in one second"),
            Event(fault_s + 0.1, "lag", "the event loop of worker 2 came 61 ms late"),
            Event(fault_s + 31.0, "worker_lost", "worker 3 was lost"),
        ),
    )
