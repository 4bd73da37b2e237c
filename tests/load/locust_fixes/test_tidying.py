"""What a process of the load throws away now and then."""

from __future__ import annotations

import ctypes
from types import SimpleNamespace
from typing import cast

import psutil
import pytest
from locust.env import Environment
from locust.runners import WorkerRunner
from locust.stats import RequestStats

from harness.load.locust_fixes.tidying import RELEASED_EVERY_S, Tidying, release_memory

NOTE = {"time": "now"}


def environment(*, runner=None, web_ui=None, **options) -> Environment:
    stats = RequestStats()
    stats.history.append(NOTE)
    found = SimpleNamespace(stats=stats, runner=runner, web_ui=web_ui, parsed_options=SimpleNamespace(**options))
    return cast("Environment", found)


@pytest.mark.parametrize(
    ("facts", "is_kept"),
    [
        ({}, False),
        ({"html_file": None}, False),
        ({"html_file": "report.html"}, True),
        ({"web_ui": object()}, True),
        ({"web_ui": object(), "runner": WorkerRunner.__new__(WorkerRunner)}, False),
    ],
)
def test_what_locust_notes_for_its_charts_is_kept_where_there_are_charts(facts, is_kept):
    tidied = environment(**facts)
    Tidying(tidied, release=lambda: None).tidy(0.0)
    assert tidied.stats.history == [NOTE] * is_kept


def test_memory_is_handed_back_once_a_minute():
    released, now = [], [0.0]
    tidying = Tidying(environment(), lambda: released.append(now[0]), lambda: now[0])
    for now[0] in range(0, 181, 10):  # the clock
        tidying.tidy(0.0)
    assert released == [RELEASED_EVERY_S, 2 * RELEASED_EVERY_S, 3 * RELEASED_EVERY_S]


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="only glibc can")
def test_what_a_burst_leaves_behind_is_no_longer_resident():
    """Blocks of the heap between which small ones stay."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, (ctypes.c_void_p,)
    blocks = [libc.malloc(10_000) for _ in range(4_000)]
    for block in blocks:
        ctypes.memset(block, 1, 10_000)
    kept = [block for number, block in enumerate(blocks) if not number % 10]
    for block in set(blocks) - set(kept):
        libc.free(block)
    before = psutil.Process().memory_info().rss
    release_memory()
    assert before - psutil.Process().memory_info().rss > 10_000_000
    for block in kept:
        libc.free(block)
