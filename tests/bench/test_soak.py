"""What a soak asks, judged on looks that are made up."""

from __future__ import annotations

import argparse
from dataclasses import replace
from itertools import pairwise

import pytest

from bench.soak.__main__ import duration
from bench.soak.checks import Soak, age, false_success, memory, renewals
from bench.soak.rotation import HELD_FOR, Turn, spells, timetable
from bench.soak.watch import Look, by_name
from harness.sandbox.faults.orders import INCIDENTS, Kind, Order

SECONDS, LIFE_S, EVERY_S = 1200, 300, 5
EVEN = 500 / 180 * EVERY_S
"""Renewals of 500 users, each 180 s on average, between two looks."""


def look(number: int, **figures) -> Look:
    renewed = {"InitiateAuth": {"ok": round(number * EVEN)}}
    return Look(number * EVERY_S, **{"rss_bytes": {"locust": 90_000_000}, "cpu_s": 0.0, "answered": renewed, **figures})


def soak(looks=(), turns=(), **facts) -> Soak:
    return Soak(500, LIFE_S, turns, list(looks) or [look(number) for number in range(SECONDS // EVERY_S)], **facts)


@pytest.fixture
def seen() -> dict:
    """What a quiet run left behind."""
    row = {"outcomes": {"ok": {"count": 100}}}
    return {
        "answered": {"GET /me": {"ok": 100}},
        "users_at_the_end": 500,
        "summary": {
            "requests": {"by_name": {"GET /me": row}},
            "errors": [],
            "not_measured": {"cut_off": {}},
        },
    }


def test_each_kind_of_fault_has_a_short_and_a_long_turn_and_each_turn_is_followed_by_calm():
    rotation = spells("somebody")
    turns = timetable(rotation, SECONDS, LIFE_S)
    brief, long = turns[: len(rotation)], turns[len(rotation) :]
    assert [turn.spell for turn in brief] == [turn.spell for turn in long] == list(rotation)
    assert brief[-1].end_s < LIFE_S == long[0].begin_s
    ordered = [order for turn in brief for order in (*turn.orders, *turn.spell.ended)]
    assert {Order.read(order).fault for order in ordered} == set(Kind)
    assert len(timetable(rotation, 2 * SECONDS, LIFE_S)) == 3 * len(rotation)
    for part in (brief, long):
        for turn, following in pairwise(part):
            assert turn.end_s - turn.begin_s == pytest.approx((following.begin_s - turn.begin_s) * HELD_FOR)
    for turn in turns:
        for order in turn.orders:
            if Kind(order["fault"]) not in INCIDENTS | {Kind.STALL}:
                assert order["for_s"] == pytest.approx(turn.end_s - turn.begin_s)


@pytest.mark.parametrize(("per_s", "holds"), [(0, True), (600, True), (750, False), (-2_000, True)])
def test_a_process_may_grow_by_a_megabyte_after_the_first_ten_minutes(seen, per_s, holds):
    """Whatever it has grown by before that; of the sandbox it is only told."""
    looks = []
    for number in range(2 * SECONDS * 7 // 8 // EVERY_S):  # half an hour and more
        at_s = number * EVERY_S
        rss = 90_000_000 + min(at_s, 500) * 20_000 + max(at_s - 600, 0) * per_s
        looks.append(look(number, rss_bytes={"locust": rss, "the sandbox": rss}))
    assert memory(soak(looks, **seen), "locust").holds is holds
    sandbox = memory(soak(looks, **seen), "the sandbox")
    assert sandbox.holds is None
    assert sandbox.found == memory(soak(looks, **seen), "locust").found


def test_a_soak_that_is_too_short_says_nothing_about_memory(seen):
    assert memory(soak([look(number) for number in range(200)], **seen), "locust").holds is None


def test_processes_are_told_apart():
    assert by_name({7: 70}) == {"locust": 70}
    assert by_name({9: 90, 7: 70, 8: 80}) == {"the master": 70, "worker 1": 80, "worker 2": 90}


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("5m", 300), ("1h", 3600), ("60m", 3600), ("45", 45)])
def test_how_long_it_is_may_be_said_as_everywhere(text, seconds):
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "an hour", "0s", "-5m"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError, match="90s, 5m or 1h"):
        duration(text)


def test_a_token_that_is_too_old_counts_unless_the_clock_is_wrong(seen):
    """Ten tokens are refused in the hundredth look."""
    looks = [look(number, expired=10 * (number >= 100)) for number in range(SECONDS // EVERY_S)]
    [skew] = [spell for spell in spells("somebody") if spell.name == Kind.CLOCK_SKEW]
    assert age(soak(looks, **seen)).holds is False
    assert age(soak(looks, [Turn(skew, 490, 505)], **seen)).holds is True


def test_a_wave_of_renewals_fails_in_calm_times_only(seen):
    """A hundred more than usual in the hundredth look: by themselves, after a fault, after the machine stood still."""
    looks = [look(number) for number in range(SECONDS // EVERY_S)]
    assert renewals(soak(looks, **seen)).holds is True
    waved = [
        replace(each, answered={"InitiateAuth": {"ok": each.ok("InitiateAuth") + 100 * (number >= 100)}})
        for number, each in enumerate(looks)
    ]
    assert renewals(soak(waved, **seen)).holds is False
    assert renewals(soak(waved, [Turn(spells("somebody")[0], 480, 490)], **seen)).holds is True
    stood = [replace(each, still_s=40.0 * (number >= 99)) for number, each in enumerate(waved)]
    assert renewals(soak(stood, **seen)).holds is True


@pytest.mark.parametrize(
    ("server", "errors", "holds"),
    [
        (100, [], True),
        (99, [], False),
        (103, [], False),
        (103, [{"name": "GET /me", "error": "TimedOutError: no answer within 30 s", "count": 3}], True),
    ],
)
def test_the_client_has_no_success_that_the_server_does_not_know_and_has_lost_none(seen, server, errors, holds):
    seen["answered"] = {"GET /me": {"ok": server}}
    seen["summary"]["errors"] = errors
    assert false_success(soak(**seen), "GET /me").holds is holds
