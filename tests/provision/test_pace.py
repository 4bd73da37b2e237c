from __future__ import annotations

import threading

import pytest

from harness.provision.pace import AT_ONCE, Pace


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self):
        self.now_s = 0.0

    def now(self):
        return self.now_s

    def sleep(self, seconds):
        self.now_s += seconds


def run(items, act, *, rate=10.0, clock=None):
    """What was told, however it ended, and the error that ended it."""
    clock, told = clock or Clock(), []
    try:
        Pace(rate, clock.now, clock.sleep).run(items, act, lambda item, result: told.append((item, result)))
    except Exception as error:  # noqa: BLE001  # the test looks at it
        return told, error
    return told, None


def test_every_item_is_done_once_at_the_rate():
    clock = Clock()
    told, error = run(range(101), lambda item: item * 2, clock=clock)
    assert error is None
    assert sorted(told) == [(item, item * 2) for item in range(101)]
    assert clock.now_s == pytest.approx(10.0)


def test_a_delay_is_made_up_for_by_half_a_second_at_most():
    clock = Clock()

    def items():
        for item in range(40):
            if item == 10:
                clock.now_s += 60
            yield item

    run(items(), lambda item: item, clock=clock)
    # 10 items to 0.9 s; the pause; 6 at once; 24 more at the rate
    assert clock.now_s == pytest.approx(60.9 + 2.4)


def test_the_first_failure_ends_it_and_what_was_begun_is_told():
    gate = threading.Event()

    def act(item):
        if item == 3:
            gate.set()
            raise ValueError("refused")
        gate.wait(10)
        return item

    told, error = run(range(1000), act)
    assert str(error) == "refused"
    assert len(told) < 3 + 2 * AT_ONCE
    assert {0, 1, 2} <= {item for item, _ in told}


def test_an_interrupt_loses_nothing_that_was_done():
    done = []

    def items():
        yield from range(5)
        raise KeyboardInterrupt

    clock = Clock()
    with pytest.raises(KeyboardInterrupt):
        Pace(10.0, clock.now, clock.sleep).run(items(), lambda item: item, lambda item, _: done.append(item))
    assert sorted(done) == [0, 1, 2, 3, 4]
