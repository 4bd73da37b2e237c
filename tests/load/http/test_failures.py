"""What goes wrong reads in Locust's tables as it does with FastHttpUser."""

from __future__ import annotations

import socket
from typing import Any

import gevent
import pytest
from locust.contrib.fasthttp import FAILURE_EXCEPTIONS, LocustBadStatusCode

from tests.load.http.conftest import Opened, Record, Site, answer, closing, silent
from tests.transport.conftest import mute

HEAD = b"HTTP/1.1 200 OK\r\n"


class TestStatuses:
    @pytest.mark.parametrize("status", [200, 201, 202, 203, 205, 206, 207, 208, 226, 300, 303])
    def test_good_ones(self, site: Site, opened: Opened, record: Record, status: int) -> None:
        site.answers["/orders"] = answer(b"", f"{status} X")
        response = opened(site).get("/orders")
        assert response.status_code == status
        assert (record.errors == [None]) == (status != 300)

    @pytest.mark.parametrize("status", [300, 305, 400, 401, 404, 429, 500, 503, 599])
    def test_bad_ones(self, site: Site, opened: Opened, record: Record, status: int) -> None:
        site.answers["/orders"] = answer(b"why", f"{status} X")

        response = opened(site).get("/orders", headers={"X-One": "1"})

        assert (response.status_code, response.ok, response.text) == (status, status < 400, "why")
        assert record.errors == [f"LocustBadStatusCode(code={status})"]
        error = record.events[0]["exception"]
        assert isinstance(error, LocustBadStatusCode)
        assert str(error) == f"URL {site.url}/orders: code={status}"
        assert (error.code, error.url) == (status, f"{site.url}/orders")
        assert error.response.text == "why"
        assert error.request.headers["x-one"] == "1"
        assert repr(response.error) == repr(error)
        with pytest.raises(LocustBadStatusCode):
            response.raise_for_status()
        assert (record.events[0]["response_length"], record.events[0]["response"]) == (3, response)

    def test_the_list_of_good_ones_is_the_users(self, site: Site, opened: Opened, record: Record) -> None:
        site.answers["/orders"] = answer(b"", "404 Not Found")
        session = opened(site)
        session.client.valid_response_codes = frozenset({404})
        session.get("/orders")
        session.get("/others")
        assert record.errors == [None, "LocustBadStatusCode(code=200)"]


BROKEN = {
    "no http": (closing(b"SSH-2.0-OpenSSH\r\n\r\n"), 0),
    "two lengths": (HEAD + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nbody", 0),
    "closed at once": (closing(), 0),
    "closed in the head": (closing(HEAD + b"Content"), 0),
    "closed in the body": (closing(HEAD + b"Content-Length: 9\r\n\r\nbody"), 200),
    "closed in the body, later": (closing(HEAD + b"Content-Length: 9\r\n\r\n", b"body"), 200),
    "closed in the chunks": (closing(HEAD + b"Transfer-Encoding: chunked\r\n\r\n9\r\nbo"), 200),
    "chunks that are none": (HEAD + b"Transfer-Encoding: chunked\r\n\r\nX\r\nbody\r\n0\r\n\r\n", 0),
    "silent": (silent(), 0),
    "silent in the head": (silent(HEAD), 0),
    "silent in the body": (silent(HEAD + b"Content-Length: 9\r\n\r\nbody"), 200),
    "silent in the chunks": (silent(HEAD + b"Transfer-Encoding: chunked\r\n\r\n9\r\nbo"), 200),
}
SAID = {
    "no http": "HTTPParseError('Expected HTTP/, RTSP/ or ICE/', 8)",
    "two lengths": "HTTPParseError('Duplicate Content-Length', 4)",
    "closed at once": "HTTPConnectionClosed('connection closed.')",
    "closed in the head": "HTTPParseError('Invalid EOF state', 14)",
    "closed in the body": "HTTPParseError('Incomplete response.')",
    "closed in the body, later": "HTTPParseError('Incomplete response.')",
    "closed in the chunks": "HTTPParseError('Incomplete response.')",
    "chunks that are none": "HTTPParseError('Invalid character in chunk size', 12)",
    "silent": "RetriesExceeded('{url}', 0, original=timed out)",
    "silent in the head": "RetriesExceeded('{url}', 0, original=timed out)",
    "silent in the body": "TimeoutError('timed out')",
    "silent in the chunks": "TimeoutError('timed out')",
}


class TestBrokenAnswers:
    @pytest.mark.parametrize("fault", BROKEN)
    def test_they_are_failures(self, site: Site, opened: Opened, record: Record, fault: str) -> None:
        """By POST: Locust's client sends a GET again, up to eleven times, when a connection is closed."""
        site.answers["/orders"], status = BROKEN[fault]
        session = opened(site, network_timeout=0.15)

        response = session.post("/orders", "sent")

        assert record.errors == [SAID[fault].format(url=f"{site.url}/orders")]
        assert isinstance(record.events[0]["exception"], FAILURE_EXCEPTIONS)
        assert (response.status_code, record.events[0]["response_length"]) == (status, 0)
        assert len(site.requests) == 1
        assert session.get("/others").text == "body"  # on a connection that is sound

    @pytest.mark.parametrize("fault", ["closed in the body", "silent in the chunks", "silent"])
    def test_a_with_block_may_judge_them(self, site: Site, opened: Opened, record: Record, fault: str) -> None:
        site.answers["/orders"], status = BROKEN[fault]
        session = opened(site, network_timeout=0.15)
        with session.post("/orders", catch_response=True) as response:
            assert response.status_code == status
            response.success()
        with session.post("/orders", catch_response=True):
            pass
        assert record.errors == [None, SAID[fault].format(url=f"{site.url}/orders")]

    def test_reset(self, site: Site, opened: Opened, record: Record) -> None:
        def reset(sock: Any) -> None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            sock.close()

        site.answers["/orders"] = reset
        assert opened(site).post("/orders").status_code == 0
        assert record.errors == ["HTTPConnectionClosed('connection closed.')"]

    def test_a_server_that_takes_nothing(self, serve: Any, opened: Opened, record: Record) -> None:
        url = f"http://127.0.0.1:{serve(mute).port}"
        assert opened(url, network_timeout=0.15).post("/orders", b"x" * 20_000_000).status_code == 0
        assert record.errors == [f"RetriesExceeded('{url}/orders', 0, original=timed out)"]

    def test_an_answer_before_the_end_of_the_request_is_one(self, site: Site, opened: Opened, record: Record) -> None:
        """A server that will not take a large body says so, and closes."""

        def refuse(_site: Site, sock: Any) -> None:
            sock.recv(1000)
            sock.sendall(answer(b"too large", "413 Content Too Large", Connection="close"))
            sock.shutdown(socket.SHUT_WR)
            gevent.sleep(0.2)

        server = gevent.server.StreamServer(("127.0.0.1", 0), lambda sock, _: refuse(site, sock))
        server.start()
        try:
            response = opened(f"http://127.0.0.1:{server.server_port}").post("/orders", b"x" * 20_000_000)
        finally:
            server.stop(timeout=0)
        assert (response.status_code, response.text) == (413, "too large")
        assert record.errors == ["LocustBadStatusCode(code=413)"]


class TestNoConnection:
    def test_refused(self, opened: Opened, record: Record) -> None:
        response = opened("http://127.0.0.1:1").get("/orders", headers={"X-One": "1"})

        assert record.errors == ["ConnectionRefusedError(111, 'Connection refused')"]
        assert (response.status_code, response.ok, response.content, response.text) == (0, True, None, None)
        assert (response.headers, record.events[0]["response_length"]) == (None, 0)
        assert isinstance(response.error, ConnectionRefusedError)
        assert response.url == response.request.url == "http://127.0.0.1:1/orders"
        assert response.request.headers.get("X-One") == "1"
        with pytest.raises(ConnectionRefusedError):
            response.raise_for_status()

    def test_refused_in_a_with_block(self, opened: Opened, record: Record) -> None:
        session = opened("http://127.0.0.1:1")
        with session.get("/orders", catch_response=True) as response:
            assert (response.status_code, response.content) == (0, None)
            response.success()
        with session.get("/orders", catch_response=True) as response:
            response.failure("closed today")
        with session.get("/orders", catch_response=True):
            pass
        assert record.errors == [
            None,
            "CatchResponseError('closed today')",
            "ConnectionRefusedError(111, 'Connection refused')",
        ]

    def test_after_a_redirect(self, site: Site, opened: Opened, record: Record) -> None:
        site.answers["/from"] = answer(b"", "302 Found", Location="http://127.0.0.1:1/to")
        response = opened(site).get("/from")
        assert record.errors == ["ConnectionRefusedError(111, 'Connection refused')"]
        assert response.url == f"{site.url}/from"

    def test_name_that_does_not_exist(self, opened: Opened, record: Record) -> None:
        assert opened("http://name.invalid").get("/").status_code == 0
        assert str(record.errors[0]).startswith("gaierror(")


class TestTimeoutsOfTheUsersOwn:
    def test_one_around_a_request_fails_it(self, site: Site, opened: Opened, record: Record) -> None:
        site.answers["/orders"] = silent()
        with gevent.Timeout(0.1):
            assert opened(site).get("/orders").status_code == 0
        assert str(record.errors[0]).startswith("RetriesExceeded(")

    def test_one_with_an_exception_of_its_own_ends_the_task(self, site: Site, opened: Opened, record: Record) -> None:
        class TooLateError(Exception):
            pass

        site.answers["/orders"] = silent()
        session = opened(site, concurrency=1)
        with pytest.raises(TooLateError), gevent.Timeout(0.1, TooLateError):
            session.get("/orders")
        assert record.events == []
        assert session.get("/others").text == "body"
