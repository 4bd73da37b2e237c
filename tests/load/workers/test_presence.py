"""Workers that fall silent: told once, and taken back when they are heard again."""

from __future__ import annotations

from harness.load.workers.presence import GIVEN_UP_AFTER_S, Presence


def test_a_worker_that_stays_silent_is_told_once_and_was_lost() -> None:
    presence = Presence()
    assert presence.missed({"b", "a"}, 10.0) == [
        ("worker_lost", "worker a was lost"),
        ("worker_lost", "worker b was lost"),
    ]
    assert presence.missed({"a", "b"}, 11.0) == []
    assert presence.notes(12.0) == tuple(
        f"worker {name} was lost: what it measured in its last second is missing" for name in "ab"
    )
    assert presence.lost == ("a", "b")


def test_a_worker_that_comes_back_was_not_lost() -> None:
    """Twice, here: the note says how long in all."""
    presence = Presence()
    for fell_s, rose_s in ((10.0, 22.0), (50.0, 58.0)):
        presence.missed({"a"}, fell_s)
        assert presence.heard({"a", "b"}, rose_s) == [("worker_back", "worker a is back")]
        assert presence.heard({"a", "b"}, rose_s + 1) == []
    assert (presence.lost, presence.gaps(99.0)) == ((), {})
    (note,) = presence.notes(99.0)
    assert note.startswith("worker a was cut off for about 20 s and came back: what it measured is all here")


def test_who_was_always_heard_is_not_mentioned() -> None:
    presence = Presence()
    assert (presence.heard({"a"}, 1.0), presence.notes(9.0)) == ([], ())


def test_of_a_silent_worker_everything_since_its_last_report_is_missing() -> None:
    presence = Presence()
    presence.missed({"a"}, 14.0)
    presence.missed({"b"}, 24.0)
    assert presence.gaps(25.0) == {"a": 11.0}
    assert presence.notes(25.0) == (
        "worker a was lost: what it measured in the 11 s after its last report is missing",
        "worker b was lost: what it measured in its last second is missing",
    )


def test_a_report_that_comes_late_from_a_silent_worker_makes_its_gap_smaller() -> None:
    presence = Presence()
    presence.missed({"a"}, 14.0)
    assert presence.missed({"a"}, 20.0) == []
    assert presence.gaps(25.0) == {"a": 5.0}


def test_a_process_that_has_ended_measures_nothing_more() -> None:
    presence = Presence()
    presence.missed({"a"}, 14.0)
    presence.ended("a")
    assert (presence.lost, presence.gaps(3_600.0)) == (("a",), {})


def test_a_worker_that_locust_gave_up_had_stopped_by_then() -> None:
    presence = Presence()
    presence.missed({"a"}, 10.0)
    assert presence.gaps(3_600.0) == {"a": GIVEN_UP_AFTER_S}
