"""The watch over the generator itself."""

from __future__ import annotations

import gc
import time

import gevent

from harness.load.run.generator_monitor import GeneratorMonitor


def test_collections_of_garbage_are_noticed_while_it_watches_and_not_after():
    before = list(gc.callbacks)
    monitor = GeneratorMonitor()
    monitor.start()
    gc.collect()
    pauses = monitor.health.gc_pauses.count
    assert pauses >= 1
    monitor.stop()
    monitor.stop()
    gc.collect()
    assert monitor.health.gc_pauses.count == pauses
    assert gc.callbacks == before


def test_a_collection_that_began_before_the_watch_is_none_of_its_business():
    monitor = GeneratorMonitor()
    monitor._collected("stop", {})
    assert monitor.health.gc_pauses.count == 0


def test_it_counts_who_is_ready_to_run_at_once():
    """Fifty users whose answers come while another one computes are fifty that wait for each other."""
    monitor = GeneratorMonitor()
    monitor.start()

    def user() -> None:
        while True:
            gevent.sleep(0.001)

    users = [gevent.spawn(user) for _ in range(50)]
    while monitor.health.ready.max_us < 40:
        time.sleep(0.005)
        gevent.sleep(0)
    gevent.killall(users)
    monitor.stop()
    assert monitor.health.ready.max_us <= 60
