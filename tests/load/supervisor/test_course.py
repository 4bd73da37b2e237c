"""When a run began, and how many users it had at most."""

from __future__ import annotations

from harness.load.supervisor.course import Course


class Now:
    users, time_s = 0, 1_000.0


def test_the_most_users_are_counted_and_not_the_last() -> None:
    """A load that ramps down ends with one."""
    now = Now()
    course = Course(lambda: now.users, lambda: now.time_s)
    due = course.counting(lambda _: [])
    for now.users in (3, 8, 1):
        assert due(0.0) == []
    course.stopping()
    assert course.most_users == 8


def test_users_of_a_run_that_ends_before_the_first_look_are_counted() -> None:
    now = Now()
    course = Course(lambda: now.users, lambda: now.time_s)
    now.users = 5
    course.stopping()
    assert course.most_users == 5


def test_the_arrivals_of_an_open_load_begin_once() -> None:
    now = Now()
    course = Course(lambda: now.users, lambda: now.time_s)
    assert course.elapsed_s is None
    for now.time_s in (1_010.0, 1_015.0):
        course.spawned()
    assert (course.elapsed_s, course.seconds) == (5.0, 15.0)
