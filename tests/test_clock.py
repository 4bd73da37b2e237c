"""How a clock is compared with the Date of answers, when a difference is worth a word, and what is said then."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from email.utils import format_datetime
from types import SimpleNamespace

import pytest

from harness.clock import LOOK_EVERY_NS, ClockWatch, Gravity, ahead_s, gravity, sentence, worst
from harness.cognito.flows import Account, AppClient, user_password_auth
from harness.conversation import Cognito, Conversation
from harness.errors import LoginError
from harness.outcome import Reason
from harness.transport import Answer, Endpoint

ENDPOINT = Endpoint.parse("http://127.0.0.1:9229")
NOW_S = 1_795_000_000.0


def date(at_s: float) -> str:
    return format_datetime(datetime.fromtimestamp(int(at_s), UTC), usegmt=True)


@pytest.mark.parametrize(
    ("dated_s", "took_s", "ahead"),
    [
        (NOW_S, 0.0, -0.5),  # dated in the middle of its second
        (NOW_S - 0.5, 0.0, 0.5),
        (NOW_S + 600, 0.0, -600.5),  # the endpoint is ahead
        (NOW_S - 90, 0.0, 89.5),
        (NOW_S - 4, 8.0, -0.5),  # dated midway of a slow answer
    ],
)
def test_a_date_is_held_against_the_middle_of_its_exchange(dated_s: float, took_s: float, ahead: float) -> None:
    assert ahead_s(date(dated_s), NOW_S, took_s) == ahead


@pytest.mark.parametrize("text", ["", "soon", "Fri, 99 Nov 2026 25:61:61 GMT", "Thu, 26 Nov"])
def test_what_is_no_date_says_nothing(text: str) -> None:
    assert ahead_s(text, NOW_S, 0.0) is None


def test_an_answer_that_took_too_long_says_nothing() -> None:
    assert ahead_s(date(NOW_S), NOW_S, 10.1) is None


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [
        (None, Gravity.NONE),
        (59.9, Gravity.NONE),
        (-60.0, Gravity.NOTICEABLE),
        (299.9, Gravity.NOTICEABLE),
        (-300.0, Gravity.REFUSED),
        (1800.0, Gravity.REFUSED),
    ],
)
def test_limits_hold_in_both_directions(ahead: float | None, expected: Gravity) -> None:
    assert gravity(ahead) is expected


def test_the_sentence_says_who_how_far_and_what_to_do() -> None:
    """One sentence for all processes: those of one machine have one clock."""
    assert sentence({"a": None, "b": 3.0}) == ""
    noticeable = sentence({"a": -90.0, "b": 3.0})
    assert noticeable.startswith("the clock of a is 90 s behind the endpoint's: Correct the clock (start NTP) before")
    refused = sentence({"a": 90.0, "b": 1800.0})
    assert refused.startswith("the clock of b (and 1 more) is 1,800 s ahead of the endpoint's: AWS refuses signatures")
    assert "start NTP" in refused
    assert worst({"a": 90.0, "b": -1800.0, "c": None}) == -1800.0
    assert worst({"a": None}) is None


def test_one_look_every_few_seconds() -> None:
    """An answer before the next look is due costs a comparison, which whoever has the answer makes."""
    found: list[float] = []
    watch = ClockWatch(found.append, wall=lambda: NOW_S)
    assert watch.due_ns == 0
    watch.look(date(NOW_S), 7, 0)
    watch.look("", 8, 0)
    assert found == [-0.5]
    assert watch.due_ns == 8 + LOOK_EVERY_NS


@pytest.mark.parametrize(
    ("status", "started_ns", "looks"),
    [
        (400, LOOK_EVERY_NS, 2),  # a refusal is Cognito's, and above all one of a signature
        (400, LOOK_EVERY_NS - 1, 1),  # not due yet
        (502, LOOK_EVERY_NS, 0),  # a proxy's
    ],
)
def test_a_conversation_shows_what_cognito_says_when_a_look_is_due(status: int, started_ns: int, looks: int) -> None:
    found: list[float] = []
    starts = iter((0, started_ns))

    def exchange(_: bytes) -> Answer:
        return Answer(status, {"date": date(NOW_S - 90)}, b"{}", next(starts), 0, 0, 0, reused=True)

    class Here(Cognito):
        def open(self) -> SimpleNamespace:  # type: ignore[override]  # a channel without a socket
            return SimpleNamespace(exchange=exchange, close=lambda: None, is_awaiting_reply=False)

    witness = SimpleNamespace(sample=lambda _: None, cut_off=lambda _: None)
    watch = ClockWatch(found.append, wall=lambda: NOW_S)
    conversation = Conversation(Here(ENDPOINT, region="us-east-1"), witness, clock=watch)
    for _ in range(2):
        with suppress(LoginError):
            conversation.run(user_password_auth(AppClient("c"), Account("a", "p"), lambda _: ""), Reason.INITIAL)
    assert found == [89.5] * looks
