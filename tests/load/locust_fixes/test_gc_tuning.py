"""What the collector is spared, and that it finds what has to go."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from harness.load.locust_fixes.gc_tuning import GcTuning


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
def gc_tuning(clock: Clock) -> Iterator[GcTuning]:
    gc_tuning = GcTuning(clock)
    gc_tuning.before_users()
    yield gc_tuning
    gc_tuning.after_users()


def test_what_is_there_before_the_users_is_not_walked_over(gc_tuning: GcTuning) -> None:
    assert gc.get_freeze_count() > 10_000


def test_users_are_not_either_once_all_are_there(gc_tuning: GcTuning) -> None:
    users: list[list[int]] = [[] for _ in range(1000)]
    assert {*map(id, users)} <= {*map(id, gc.get_objects())}
    gc_tuning.with_users(len(users))
    assert {*map(id, users)}.isdisjoint(map(id, gc.get_objects()))


def test_users_that_have_gone_are_collected(gc_tuning: GcTuning) -> None:
    user = Ring()
    gone = weakref.ref(user)
    gc_tuning.with_users(2)
    del user
    gc_tuning.with_users(1)
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize(("took_s", "is_spared"), [(0.019, False), (0.021, True)])
def test_only_what_has_survived_a_long_walk_is_spared(
    gc_tuning: GcTuning, clock: Clock, took_s: float, is_spared: bool
) -> None:
    before, made = gc.get_freeze_count(), [[] for _ in range(1000)]
    gc_tuning.collecting("start", {"generation": 2})
    clock.now_s += took_s
    gc_tuning.collecting("stop", {"generation": 2})
    assert (gc.get_freeze_count() >= before + len(made)) == is_spared


def test_short_generations_are_nobodys_concern(gc_tuning: GcTuning, clock: Clock) -> None:
    before, made = gc.get_freeze_count(), [[] for _ in range(1000)]
    for phase in ("start", "stop"):
        gc_tuning.collecting(phase, {"generation": 1})
        clock.now_s += 1
    assert gc.get_freeze_count() < before + len(made)


def test_a_run_leaves_nothing_spared_and_nobody_listening(gc_tuning: GcTuning) -> None:
    gc_tuning.after_users()
    assert gc.get_freeze_count() == 0
    assert gc_tuning.collecting not in gc.callbacks


def test_what_the_run_before_has_left_is_collected(gc_tuning: GcTuning) -> None:
    user = Ring()
    gone = weakref.ref(user)
    gc_tuning.with_users(1)
    del user
    gc_tuning.before_users()
    assert gone() is None
