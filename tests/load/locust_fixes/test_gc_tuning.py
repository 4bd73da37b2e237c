"""What the collector is spared, and that it finds what has to go."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from harness.load.locust_fixes.gc_tuning import Spared


class Ring:
    """Refers to itself: only the collector can free it."""

    def __init__(self) -> None:
        self.ring = self


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def spared(clock: Clock) -> Iterator[Spared]:
    spared = Spared(clock)
    spared.before_users()
    yield spared
    spared.after_users()


def test_what_is_there_before_the_users_is_not_walked_over(spared: Spared) -> None:
    assert gc.get_freeze_count() > 10_000


def test_users_are_not_either_once_all_are_there(spared: Spared) -> None:
    users: list[list[int]] = [[] for _ in range(1000)]
    assert {*map(id, users)} <= {*map(id, gc.get_objects())}
    spared.with_users(len(users))
    assert {*map(id, users)}.isdisjoint(map(id, gc.get_objects()))


def test_users_that_have_gone_are_collected(spared: Spared) -> None:
    user = Ring()
    gone = weakref.ref(user)
    spared.with_users(2)
    del user
    spared.with_users(1)
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize(("took_s", "is_spared"), [(0.019, False), (0.021, True)])
def test_only_what_has_survived_a_long_walk_is_spared(
    spared: Spared, clock: Clock, took_s: float, is_spared: bool
) -> None:
    before, made = gc.get_freeze_count(), [[] for _ in range(1000)]
    spared.collecting("start", {"generation": 2})
    clock.now_s += took_s
    spared.collecting("stop", {"generation": 2})
    assert (gc.get_freeze_count() >= before + len(made)) == is_spared


def test_short_generations_are_nobodys_concern(spared: Spared, clock: Clock) -> None:
    before, made = gc.get_freeze_count(), [[] for _ in range(1000)]
    for phase in ("start", "stop"):
        spared.collecting(phase, {"generation": 1})
        clock.now_s += 1
    assert gc.get_freeze_count() < before + len(made)


def test_a_run_leaves_nothing_spared_and_nobody_listening(spared: Spared) -> None:
    spared.after_users()
    assert gc.get_freeze_count() == 0
    assert spared.collecting not in gc.callbacks


def test_what_the_run_before_has_left_is_collected(spared: Spared) -> None:
    user = Ring()
    gone = weakref.ref(user)
    spared.with_users(1)
    del user
    spared.before_users()
    assert gone() is None
