"""When an answer came, and when it was read, are two things."""

import sys
import time

import pytest

from harness.transport import link
from tests.transport.conftest import OK, REQUEST

BUSY_S = 0.1
NS = 1_000_000_000


def busily(server, sock):
    """Answers, and then keeps the event loop, which is the client's too, from looking at it."""
    while server.read(sock):
        sock.sendall(OK)
        time.sleep(BUSY_S)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux stamps what it receives")
@pytest.mark.parametrize("is_tls", [False, True], ids=["http", "https"])
def test_what_the_generator_was_late_is_not_in_the_latency(serve, channel_to, authority, is_tls):
    """Beside a task that computes for 100 ms an answer takes as long as the server took; the rest is told apart."""
    if is_tls:
        server = serve(busily, authority.server_context("127.0.0.1"))
        channel = channel_to(server, "https", tls=authority.trust)
    else:
        channel = channel_to(serve(busily))
    channel.exchange(REQUEST)
    began_ns = time.perf_counter_ns()
    answer = channel.exchange(REQUEST)
    took_ns = time.perf_counter_ns() - began_ns
    assert answer.unread_ns >= 0.9 * BUSY_S * NS
    assert answer.first_byte_ns <= answer.total_ns <= took_ns - answer.unread_ns


@pytest.mark.parametrize("set_by_s", [-3_600, -0.05, 3_600])
def test_a_clock_that_is_set_meanwhile_is_not_believed(serve, channel_to, monkeypatch, set_by_s):
    """A stamp before the request, or after the reading, is of another clock: the time of reading counts."""
    channel = channel_to(serve(busily))
    channel.exchange(REQUEST)
    clock = time.time_ns
    monkeypatch.setattr(
        link.time, "time_ns", lambda: clock() + round(set_by_s * NS) - round(BUSY_S * NS * (set_by_s < 0))
    )
    began_ns = time.perf_counter_ns()
    answer = channel.exchange(REQUEST)
    assert answer.unread_ns == 0
    assert 0.9 * BUSY_S * NS <= answer.total_ns <= time.perf_counter_ns() - began_ns


def test_without_stamps_an_answer_came_when_it_was_read(serve, channel_to, monkeypatch):
    """As on macOS, or where a system that looks like Linux refuses the option."""
    monkeypatch.setattr(link, "SO_TIMESTAMPNS", 9_999)
    channel = channel_to(serve(busily))
    answers = [channel.exchange(REQUEST) for _ in range(2)]
    assert [answer.unread_ns for answer in answers] == [0, 0]
    assert answers[1].total_ns >= 0.9 * BUSY_S * NS
