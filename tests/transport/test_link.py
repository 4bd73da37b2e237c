"""Links receive in the same place, each what is its own."""

from __future__ import annotations

import threading
import time

import gevent.socket

from harness.transport.link import CHUNK_BYTES, Link


def test_what_one_link_received_stays_when_another_receives():
    pairs = [gevent.socket.socketpair() for _ in range(2)]
    links = [Link(near, 5) for near, _ in pairs]
    try:
        for (_, far), letter in zip(pairs, (b"a", b"b"), strict=True):
            far.sendall(letter * 100)
        received = [link.receive(time.perf_counter_ns()) for link in links]
        assert received == [b"a" * 100, b"b" * 100]
    finally:
        for link, (_, far) in zip(links, pairs, strict=True):
            link.close()
            far.close()


def test_more_than_the_place_holds_comes_in_parts():
    near, far = gevent.socket.socketpair()
    link = Link(near, 5)
    try:
        sending = gevent.spawn(far.sendall, b"x" * (3 * CHUNK_BYTES))
        parts = []
        while sum(map(len, parts)) < 3 * CHUNK_BYTES:
            parts.append(link.receive(time.perf_counter_ns()))
        sending.join(5)
        assert all(0 < len(part) <= CHUNK_BYTES for part in parts)
    finally:
        link.close()
        far.close()


def test_threads_do_not_receive_in_each_others_place():
    """Each has an event loop of its own, and the system copies while the others run."""
    found = {}

    def work(letter):
        near, far = gevent.socket.socketpair()
        link, wrong = Link(near, 5), 0
        for _ in range(300):
            far.sendall(letter * 20_000)
            data = b""
            while len(data) < 20_000:
                data += link.receive(time.perf_counter_ns())
            wrong += data != letter * 20_000
        link.close()
        far.close()
        found[letter] = wrong

    threads = [threading.Thread(target=work, args=(letter,)) for letter in (b"a", b"b", b"c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == {b"a": 0, b"b": 0, b"c": 0}
