"""Workers that fall silent: told once, and taken back when they are heard again."""

from __future__ import annotations

from harness.load.lifecycle.attendance import Attendance


def test_a_worker_that_stays_silent_is_told_once_and_was_lost() -> None:
    attendance = Attendance()
    assert attendance.missed({"b", "a"}, 10.0) == [
        ("worker_lost", "worker a was lost"),
        ("worker_lost", "worker b was lost"),
    ]
    assert attendance.missed({"a", "b"}, 11.0) == []
    assert attendance.notes == tuple(
        f"worker {name} was lost: what it measured in its last second is missing" for name in "ab"
    )


def test_a_worker_that_comes_back_was_not_lost() -> None:
    """Twice, here: the note says how long in all."""
    attendance = Attendance()
    for fell_s, rose_s in ((10.0, 22.0), (50.0, 58.0)):
        attendance.missed({"a"}, fell_s)
        assert attendance.heard({"a", "b"}, rose_s) == [("worker_back", "worker a is back")]
        assert attendance.heard({"a", "b"}, rose_s + 1) == []
    (note,) = attendance.notes
    assert note.startswith("worker a was cut off for about 20 s and came back: what it measured is all here")


def test_who_was_always_heard_is_not_mentioned() -> None:
    attendance = Attendance()
    assert (attendance.heard({"a"}, 1.0), attendance.notes) == ([], ())
