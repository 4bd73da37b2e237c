from __future__ import annotations

import pytest

from harness.errors import EXIT
from harness.evidence.figures.generator_health import Health
from harness.evidence.figures.metrics import NO_ACCOUNT, NO_SLOT, Metrics
from harness.evidence.figures.sample import Sample
from harness.evidence.figures.tally import TOKEN_REFUSED
from harness.evidence.judging.gates import Gate
from harness.evidence.judging.measured import Measured
from harness.evidence.judging.verdict import FailureReason, Verdict, decide, too_many_dropped, unserved, worsened
from harness.outcome import Outcome, Reason

OK = Sample("request", "GET /me", Outcome.OK, 0.0, 5_000)
FAILED = OK._replace(outcome=Outcome.HTTP_ERROR, error="HTTPError: 404")
FAILED_LOGIN = Sample("login", "login", Outcome.REJECTED, 0.0, 5_000, reason=Reason.INITIAL)
FAILED_EXCHANGE = FAILED_LOGIN._replace(kind="exchange", name="InitiateAuth")
REFUSED = OK._replace(name="GET /me" + TOKEN_REFUSED)

GOOD, BAD, TYPO = "GET /me max < 1s", "GET /me max < 1ms", "GET /you max < 1s"


def verdict_of(
    *samples: Sample, gates: tuple[str, ...] = (), exceptions: int = 0, healths: dict[str, Health] | None = None
) -> Verdict:
    metrics = Metrics()
    for sample in samples:
        metrics.record(sample)
    for _ in range(exceptions):
        metrics.count_exception("Api.browse")
    results = [Gate.parse(gate).judge(Measured(metrics, 1.0)) for gate in gates]
    return decide(metrics, results, healths or {})


def overloaded() -> dict[str, Health]:
    health = Health()
    health.cpu(0.99, 10.0)
    return {"local": health}


@pytest.mark.parametrize(
    ("samples", "gates", "exceptions", "word", "code"),
    [
        ([OK], (), 0, "passed", EXIT.PASSED),
        ([OK, REFUSED], (), 0, "passed", EXIT.PASSED),  # a refused token is not a failure
        ([OK, FAILED], (), 0, "failed", EXIT.FAILED),
        ([OK, FAILED_LOGIN], (), 0, "failed", EXIT.FAILED),
        ([OK, FAILED_EXCHANGE], (), 0, "failed", EXIT.FAILED),
        ([OK, FAILED], (GOOD,), 0, "passed", EXIT.PASSED),  # with gates, they alone say how much may fail
        ([OK], (GOOD, BAD), 0, "failed", EXIT.GATE),
        ([OK], (TYPO,), 0, "failed", EXIT.GATE),  # no data fails
        ([OK], (), 1, "failed", EXIT.FAILED),
        ([OK], (GOOD,), 1, "failed", EXIT.FAILED),  # an exception in a task fails whatever the gates say
        ([OK, FAILED], (BAD,), 1, "failed", EXIT.GATE),  # the larger code wins
        ([], (), 0, "invalid", EXIT.INVALID),
        ([], (GOOD,), 1, "invalid", EXIT.INVALID),
    ],
)
def test_the_verdict(samples: list[Sample], gates: tuple[str, ...], exceptions: int, word: str, code: EXIT):
    verdict = verdict_of(*samples, gates=gates, exceptions=exceptions)
    assert (verdict.word, verdict.exit_code) == (word, code)


@pytest.mark.parametrize("gates", [(), (GOOD,), (BAD,)])
def test_an_overloaded_generator_is_invalid_whatever_the_gates_say(gates: tuple[str, ...]):
    verdict = verdict_of(OK, gates=gates, healths=overloaded())
    assert (verdict.word, verdict.exit_code) == ("invalid", EXIT.INVALID)
    assert verdict.sentence.startswith("the figures prove nothing: local used more than 90% of its core")
    assert len(verdict.invalid_because) == 1


@pytest.mark.parametrize(
    ("samples", "gates", "exceptions", "sentence"),
    [
        ([OK], (), 0, "nothing failed, and no gate was given"),
        ([OK], (GOOD,), 0, "the one gate passed"),
        ([OK], (GOOD, GOOD), 0, "all 2 gates passed"),
        ([OK], (GOOD, BAD), 0, "1 of 2 gates failed: GET /me max < 1ms (was 5 ms)"),
        ([OK, FAILED], (), 0, "1 API request failed, and no gate says how many may"),
        (
            [FAILED, FAILED, FAILED_LOGIN, FAILED_EXCHANGE],
            (),
            0,
            "1 login, 1 Cognito exchange and 2 API requests failed, and no gate says how many may",
        ),
        ([OK], (GOOD,), 2, "2 exceptions in the test's own code (Api.browse)"),
    ],
)
def test_the_sentence_says_why(samples: list[Sample], gates: tuple[str, ...], exceptions: int, sentence: str):
    assert verdict_of(*samples, gates=gates, exceptions=exceptions).sentence == sentence


@pytest.mark.parametrize(("gates", "code"), [((), EXIT.FAILED), ((GOOD,), EXIT.FAILED), ((BAD,), EXIT.GATE)])
def test_users_for_whom_there_never_was_an_account_fail_the_run(gates: tuple[str, ...], code: EXIT):
    """What the others measured is of another load than the one that was asked for."""
    metrics = Metrics()
    metrics.record(OK)
    for name in ("Api", "Api", "Other"):
        metrics.count_unserved(name)
    verdict = decide(metrics, [Gate.parse(gate).judge(Measured(metrics, 1.0)) for gate in gates], {})
    assert (verdict.word, verdict.exit_code) == ("failed", code)
    assert unserved(metrics) == "3 users never had an account (Api, Other)"
    assert unserved(Metrics()) == ""


def test_further_reasons_are_counted():
    verdict = verdict_of(healths=overloaded())
    assert verdict.sentence.endswith("(and 1 more)")
    assert len(verdict.invalid_because) == 2


def test_what_kept_a_run_from_being_the_one_ordered_fails_it():
    """A reason that is no figure fails a run that would have passed, and the worst exit code of all stands."""
    metrics = Metrics()
    metrics.record(OK)
    one, other = FailureReason("the sweep was interrupted"), FailureReason("the locustfile said so", 7)
    found = decide(metrics, [], {}, failed_because=[one])
    assert (found.word, found.exit_code) == ("failed", EXIT.FAILED)
    assert found.sentence == "the sweep was interrupted"
    found = decide(metrics, [], {}, failed_because=[one, other])
    assert (found.word, found.exit_code) == ("failed", 7)
    assert found.sentence == "the locustfile said so (and 1 more)"


def test_a_reason_that_makes_a_run_invalid_comes_before_all_others():
    """A run with missing measurements is invalid, and an exit code that the locustfile set is never made smaller."""
    metrics = Metrics()
    metrics.record(OK)
    found = decide(metrics, [], {}, invalid_because=["11 s are missing"], failed_because=[FailureReason("x", 7)])
    assert (found.word, found.exit_code) == ("invalid", 7)
    assert found.invalid_because == ("11 s are missing",)


def open_load(logins: int, dropped: int, missing: str = NO_SLOT) -> Metrics:
    """Arrivals that logged in, and others that could not."""
    metrics = Metrics()
    for _ in range(logins):
        metrics.intended(Outcome.OK, Reason.INITIAL, 1_000)
    for _ in range(dropped):
        metrics.drop(missing)
    return metrics


class TestDroppedArrivals:
    def test_beyond_one_in_a_hundred_fail_the_run_and_say_what_to_do(self):
        (reason,) = too_many_dropped(open_load(4, 192), [])
        assert reason.exit_code == EXIT.FAILED
        assert reason.sentence == (
            "192 of 196 arrivals (98%) were dropped, and 1% may be (--max-dropped): add slots (--login-slots), or "
            "lower the rate"
        )

    def test_for_want_of_accounts_have_another_remedy(self):
        (reason,) = too_many_dropped(open_load(4, 5, NO_ACCOUNT), [])
        assert "add accounts, or lower the rate" in reason.sentence

    @pytest.mark.parametrize(
        ("logins", "dropped", "share", "fails"),
        [(99, 1, 0.01, False), (98, 2, 0.01, True), (0, 5, 1.0, False), (99, 1, 0.0, True), (0, 0, 0.0, False)],
    )
    def test_are_allowed_up_to_a_share(self, logins: int, dropped: int, share: float, fails: bool):
        assert bool(too_many_dropped(open_load(logins, dropped), [], share)) is fails

    def test_are_the_business_of_a_gate_that_is_about_them(self):
        assert not too_many_dropped(open_load(4, 192), [Gate.parse("dropped < 500")])


@pytest.mark.parametrize(
    ("gate", "word"),
    [
        ("exceptions <= 1", "passed"),
        ("exceptions == 0", "failed"),
        ("users_without_account <= 1", "failed"),  # says nothing of exceptions
    ],
)
def test_a_gate_about_exceptions_says_how_many_may_be(gate: str, word: str):
    assert verdict_of(OK, gates=(gate,), exceptions=1).word == word


def test_a_gate_about_users_without_account_says_how_many_may_be():
    metrics = Metrics()
    metrics.record(OK)
    metrics.count_unserved("Api")
    for gate, code in (("users_without_account <= 1", EXIT.PASSED), (GOOD, EXIT.FAILED)):
        assert decide(metrics, [Gate.parse(gate).judge(Measured(metrics, 1.0))], {}).exit_code == code


def test_what_is_found_after_the_verdict_makes_it_worse_and_never_better():
    late = FailureReason("the locustfile set exit code 7", 7)
    passed = Verdict("passed", EXIT.PASSED, "all gates passed")
    assert worsened(passed, late) == Verdict("failed", 7, late.sentence)
    invalid = Verdict("invalid", EXIT.INVALID, "nothing was measured", ("nothing was measured",))
    assert worsened(invalid, late) == Verdict(
        "invalid", 7, "nothing was measured; and the locustfile set exit code 7", ("nothing was measured",)
    )
    assert worsened(invalid, FailureReason("requests failed")) is invalid


def test_an_invalid_run_names_the_graver_reason_why_it_has_no_figures():
    failed = [FailureReason("Locust itself failed: KeyError (dispatch.py, line 353)", EXIT.USAGE)]
    verdict = decide(Metrics(), [], {}, failed_because=failed)
    assert (verdict.word, verdict.exit_code) == ("invalid", EXIT.INVALID)
    assert verdict.sentence.startswith("the figures prove nothing: nothing was measured")
    assert verdict.sentence.endswith("; and Locust itself failed: KeyError (dispatch.py, line 353)")
