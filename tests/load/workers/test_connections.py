"""What a master sees of its workers' connections, with real sockets."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import gevent
import pytest
from locust.rpc import Message, zmqrpc
from locust.runners import MasterRunner

from harness.load.workers.connections import Connections

HOST = "127.0.0.1"


@pytest.fixture
def runner():
    """What it needs of a master's runner."""
    server = zmqrpc.Server(HOST, 0)
    yield SimpleNamespace(server=server, worker_count=0)
    server.close(linger=0)


@pytest.fixture
def connect(runner):
    """A worker's connection, over which it was heard."""
    opened = []

    def worker(name: str) -> zmqrpc.Client:
        client = zmqrpc.Client(HOST, runner.server.port, name)
        opened.append(client)
        client.send(Message("client_ready", None, name))
        runner.server.recv_from_client()
        runner.worker_count += 1
        return client

    yield worker
    for client in opened:
        client.close(linger=0)


def wait_until_closed(connections: Connections) -> None:
    with gevent.Timeout(20):
        while not connections.are_closed():
            gevent.sleep(0.01)


def test_all_are_closed_when_the_last_worker_has_ended(runner: Any, connect: Any) -> None:
    connections = Connections(cast("MasterRunner", runner))
    first, second = connect("first"), connect("second")
    connections.begin()
    assert not connections.are_closed()
    first.close(linger=0)
    third = connect("third")
    second.close(linger=0)
    gevent.sleep(0.2)
    assert not connections.are_closed(), "one that came later is still here"
    assert connections.are_closed(except_for=1)
    third.close(linger=0)
    wait_until_closed(connections)


def test_each_run_counts_from_its_start(runner: Any, connect: Any) -> None:
    """Also what was opened and closed before the first, when nothing was counted."""
    connections = Connections(cast("MasterRunner", runner))
    connect("before").close(linger=0)
    runner.worker_count = 0
    for name in ("first", "second"):
        worker = connect(name)
        connections.begin()
        assert not connections.are_closed()
        worker.close(linger=0)
        wait_until_closed(connections)
        runner.worker_count = 0


def test_nothing_is_known_of_a_socket_that_locust_made_anew(runner: Any, connect: Any) -> None:
    connections = Connections(cast("MasterRunner", runner))
    assert not connections.are_closed()
    connections.begin()
    other = zmqrpc.Server(HOST, 0)
    runner.server, old = other, runner.server
    assert not connections.are_closed()
    runner.server = old
    other.close(linger=0)
