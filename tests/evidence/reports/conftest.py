"""A run as a team would have it: two scenarios, a throttle burst, a slow failure, a gate with a typo."""

from __future__ import annotations

import pytest

from harness.evidence.figures.generator_health import Health
from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.sample import Sample
from harness.evidence.figures.tally import TOKEN_REFUSED
from harness.evidence.finished_run import FinishedRun
from harness.evidence.judging.gates import parse_gates
from harness.evidence.judging.measured import Measured
from harness.evidence.judging.verdict import decide
from harness.outcome import Outcome, Reason

STARTED_S = 1_795_000_000.25
DURATION_S = 60.0
GATES = ("InitiateAuth p95 < 300ms; login(refresh) p99 < 500ms", "InitateAuth p95 < 1s")
REMEDIES = {
    "TooManyRequestsException": (
        "The UserAuthentication quota of the account and region was exceeded: 120 requests/s unless raised.",
        "Lower --cognito-max-login-rate, or ask for a higher quota in Service Quotas.",
    )
}


def healthy(cpu: float = 0.4) -> Health:
    health = Health()
    for _ in range(60):
        health.lag(2_000)
        health.cpu(cpu, 1.0)
    return health


def logins(metrics: Metrics, count: int, ms: float, reason: Reason, outcome: Outcome, error: str = "") -> None:
    """Conversations of one exchange each."""
    exchange = Sample(
        "exchange", "InitiateAuth", outcome, STARTED_S, round(ms * 1_000), 0, round(ms * 900), reason, error
    )
    for _ in range(count):
        metrics.record(exchange)
        metrics.record(exchange._replace(kind="login", name="login"))


def requests(
    metrics: Metrics, count: int, ms: float, name: str, outcome: Outcome = Outcome.OK, error: str = ""
) -> None:
    for _ in range(count):
        metrics.record(Sample("request", name, outcome, STARTED_S + 5, round(ms * 1_000), error=error))


def team_metrics() -> Metrics:
    metrics = Metrics()
    logins(metrics, 20, 210.4, Reason.INITIAL, Outcome.OK)
    logins(metrics, 1_488, 98.2, Reason.REFRESH, Outcome.OK)
    logins(metrics, 12, 9, Reason.REFRESH, Outcome.THROTTLED, "TooManyRequestsException: Rate exceeded")
    requests(metrics, 9_000, 20.5, "GET /orders")
    requests(metrics, 2_400, 8.4, "GET /me")
    requests(metrics, 3, 13_400, "GET /orders", Outcome.SERVER_ERROR, "HTTP 500")
    requests(metrics, 1, 1.2, "GET /me" + TOKEN_REFUSED)
    metrics.skip("GET /orders", "TooManyRequestsException")
    metrics.cut_off("InitiateAuth")
    for kind, name in (("exchange", "InitiateAuth"), ("login", "login")):
        metrics.cut_off_ages.record(kind, name, 10_400_000, Reason.REFRESH)
    return metrics


def made_up_run(
    metrics: Metrics | None = None,
    gates: tuple[str, ...] = GATES,
    healths: dict[str, Health] | None = None,
    **changes: object,
) -> FinishedRun:
    metrics = team_metrics() if metrics is None else metrics
    healths = {"worker 1": healthy(), "worker 2": healthy(0.6)} if healths is None else healths
    results = tuple(gate.judge(Measured(metrics, DURATION_S)) for gate in parse_gates(gates)[0])
    values: dict[str, object] = {
        "run_id": "20261123-201530-ab12",
        "started_s": STARTED_S,
        "ended_s": STARTED_S + DURATION_S,
        "duration_s": DURATION_S,
        "classes": ("Api", "Login"),
        "users": 20,
        "settings": {"cognito_region": "eu-central-1", "cognito_max_login_rate": 60.0},
        "metrics": metrics,
        "gates": results,
        "healths": healths,
        "verdict": decide(metrics, results, healths),
        "remedies": lambda kind, _: REMEDIES.get(kind),
    }
    return FinishedRun(**{**values, **changes})


class Workshop:
    """Makes runs and parts of runs; whatever matters to a test is given by name."""

    run = staticmethod(made_up_run)
    healthy = staticmethod(healthy)
    logins = staticmethod(logins)
    requests = staticmethod(requests)


@pytest.fixture
def make() -> type[Workshop]:
    return Workshop


@pytest.fixture
def run() -> FinishedRun:
    return made_up_run()
