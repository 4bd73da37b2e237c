"""How many connections there are, and what each is good for."""

from __future__ import annotations

import gc
import ssl
import weakref
from collections.abc import Callable
from typing import Any

import gevent
import gevent.pool
import gevent.ssl
import pytest
from geventhttpclient.client import HTTPClientPool
from geventhttpclient.response import HTTPConnectionClosed
from locust.contrib.fasthttp import FastHttpSession

from harness.load.http import DirectSession
from harness.load.http.connections import Connections
from harness.load.http.location import Origin
from harness.load.locust_fixes import patches
from harness.transport.link import NothingSentError
from tests.load.http.conftest import Opened, Record, Site, answer, closing, silent
from tests.transport.conftest import Authority, mute


def closing_later(sock: Any) -> bool:
    """An answer, and a connection that is closed while it is idle."""
    sock.sendall(answer())
    return False


class TestKeeping:
    def test_one_connection_carries_all(self, site: Site, opened: Opened) -> None:
        site.answers["/orders"] = answer(b"")  # the same to HEAD
        session = opened(site)
        for call in (session.get, session.head, session.post, session.delete):
            call("/orders")
        session.get(f"{site.url}/orders?x=1")
        assert site.connections == 1

    def test_users_have_their_own(self, site: Site, opened: Opened) -> None:
        sessions = [opened(site), opened(site)]
        for session in sessions * 2:
            session.get("/orders")
        assert site.connections == 2

    def test_one_that_was_closed_while_idle_is_opened_anew(self, site: Site, opened: Opened, record: Record) -> None:
        site.answers["/orders"] = closing_later
        session = opened(site)
        for _ in range(3):
            assert session.post("/orders", "sent").text == "body"
            gevent.sleep(0.02)
        assert (site.connections, len(site.requests)) == (3, 3)
        assert record.errors == [None] * 3

    @pytest.mark.parametrize(
        "reply", [answer(Connection="close"), b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody"]
    )
    def test_one_that_the_server_will_close_is_not_used_again(self, site: Site, opened: Opened, reply: bytes) -> None:
        site.answers["/orders"] = reply
        session = opened(site)
        assert [session.post("/orders").text for _ in range(2)] == ["body", "body"]
        assert site.connections == 2

    def test_bytes_that_nobody_asked_for_end_it(self, site: Site, opened: Opened) -> None:
        def chatty(sock: Any) -> bool:
            sock.sendall(answer())
            gevent.sleep(0.01)
            sock.sendall(answer(b"late"))
            return True

        site.answers["/orders"] = chatty
        session = opened(site)
        for _ in range(2):
            assert session.post("/orders").text == "body"
            gevent.sleep(0.05)
        assert site.connections == 2

    def test_a_request_that_was_sent_is_never_sent_again(self, site: Site, direct: Opened, record: Record) -> None:
        """Locust's client sends a GET up to eleven times, and measures the last one."""
        site.answers["/orders"] = closing()
        assert direct(site).get("/orders").status_code == 0
        assert len(site.requests) == 1
        assert record.errors == ["HTTPConnectionClosed('connection closed.')"]


class Line:
    """A link that goes as a test says: what each send raises, None for nothing."""

    received_ns = unread_ns = 0

    def __init__(self, *sends: BaseException | None) -> None:
        self.sends = list(sends)
        self.is_closed = False

    def is_stale(self) -> bool:
        return False

    def send(self, _request: bytes, _until_ns: int) -> None:
        if error := self.sends.pop(0):
            raise error

    def receive(self, _since_ns: int, _until_ns: int) -> bytes:
        return answer()

    def close(self) -> None:
        self.is_closed = True


class Lines(Connections):
    """Connections that take the next line when they open one."""

    def __init__(self, *lines: Line) -> None:
        super().__init__(Origin("http", "x", 80), None, connect_timeout_s=None, read_timeout_s=None, most=1)
        self.lines = list(lines)

    def _open(self) -> Any:
        return self.lines.pop(0)


class TestTheMomentOfSending:
    def test_an_idle_one_that_takes_not_a_byte_is_replaced(self) -> None:
        """It was closed between the look and the send: nothing left, so nothing is repeated."""
        first, second = Line(None, NothingSentError()), Line(None)
        lines = Lines(first, second)
        lines.keep(lines.ask(b"one")[0])
        assert lines.ask(b"two")[0] is second
        assert (first.is_closed, second.is_closed) == (True, False)

    def test_one_that_breaks_in_the_middle_is_not(self) -> None:
        """Some of it left. The answer may be there all the same."""
        first = Line(None, BrokenPipeError())
        lines = Lines(first)
        lines.keep(lines.ask(b"one")[0])
        assert lines.ask(b"two")[:2] == (first, answer())

    @pytest.mark.parametrize("is_idle", [False, True])
    @pytest.mark.parametrize("error", [OSError("no buffer space"), gevent.GreenletExit()])
    def test_other_faults_end_the_request_and_free_the_turn(self, error: BaseException, is_idle: bool) -> None:
        first, second = Line(*[None] * is_idle, error), Line(None)
        lines = Lines(first, second)
        if is_idle:
            lines.keep(lines.ask(b"one")[0])
        with pytest.raises(type(error)):
            lines.ask(b"two")
        assert first.is_closed
        assert lines.ask(b"three")[0] is second

    def test_a_new_one_that_takes_nothing_was_closed(self) -> None:
        with pytest.raises(HTTPConnectionClosed):
            Lines(Line(NothingSentError())).ask(b"one")


class TestConcurrency:
    def test_greenlets_of_a_user_share_up_to_ten(self, site: Site, opened: Opened) -> None:
        def slow(sock: Any) -> bool:
            gevent.sleep(0.05)
            sock.sendall(answer())
            return True

        site.answers["/orders"] = slow
        session, group = opened(site), gevent.pool.Pool()
        calls = [group.spawn(session.get, "/orders") for _ in range(25)]
        group.join()
        assert [call.value.text for call in calls] == ["body"] * 25
        assert site.connections == 10

    def test_one_that_is_killed_makes_way(self, site: Site, opened: Opened, record: Record) -> None:
        site.answers["/silent"] = silent(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbody")
        session = opened(site, concurrency=1)
        for _ in range(2):
            hanging = gevent.spawn(session.get, "/silent")
            gevent.sleep(0.05)
            hanging.kill()
        assert session.get("/orders").text == "body"
        assert len(record.events) == 1


class TestTls:
    @staticmethod
    def trusting(authority: Authority) -> Callable[..., ssl.SSLContext]:
        context = gevent.ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # Locust's session needs gevent's, unpatched as we are
        context.load_verify_locations(authority.bundle)
        return patches.shared_context_factory(context)

    def test_verified_kept_and_named(self, sites: Callable[..., Site], opened: Opened, authority: Authority) -> None:
        names: list[str] = []
        context = authority.server_context("localhost")
        context.sni_callback = lambda _socket, name, _context: names.append(name)
        site = sites(context)
        site.answers["/large"] = answer(b"x" * 300_000)
        session = opened(f"https://localhost:{site.port}", insecure=False, ssl_context_factory=self.trusting(authority))
        assert [session.post("/orders", "x" * 100_000).text for _ in range(2)] == ["body", "body"]
        assert len(session.get("/large").content) == 300_000
        assert (names, site.connections) == (["localhost"], 1)

    @pytest.mark.parametrize(
        ("host", "signer", "said"),
        [
            ("127.0.0.1", "authority", "IP address mismatch"),
            ("localhost", "stranger", "unable to get local issuer certificate"),
        ],
    )
    def test_who_cannot_be_trusted_gets_nothing(
        self,
        sites: Callable[..., Site],
        opened: Opened,
        record: Record,
        authority: Authority,
        request: pytest.FixtureRequest,
        host: str,
        signer: str,
        said: str,
    ) -> None:
        site = sites(request.getfixturevalue(signer).server_context("localhost"))
        session = opened(f"https://{host}:{site.port}", insecure=False, ssl_context_factory=self.trusting(authority))
        assert session.get("/orders").status_code == 0
        assert str(record.errors[0]).startswith("SSLCertVerificationError(1, ")
        assert said in str(record.errors[0])
        assert site.requests == []

    def test_insecure_is_what_it_says(self, sites: Callable[..., Site], opened: Opened, stranger: Authority) -> None:
        site = sites(stranger.server_context("elsewhere.example"))
        factory = patches.shared_context_factory(patches.unverified_context())
        assert opened(site, insecure=True, ssl_context_factory=factory).get("/orders").text == "body"

    def test_a_factory_that_fails_is_the_users_to_know(self, sites: Callable[..., Site], opened: Opened) -> None:
        def factory(cafile: str | None = None) -> ssl.SSLContext:
            raise ValueError("no such file")

        with pytest.raises(ValueError, match="no such file"):
            opened("https://127.0.0.1:1", ssl_context_factory=factory).get("/orders")

    def test_no_tls_at_the_other_end(self, serve: Any, opened: Opened, record: Record, authority: Authority) -> None:
        server = serve(lambda _server, sock: sock.recv(65536) and sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
        url = f"https://127.0.0.1:{server.port}"
        assert opened(url, ssl_context_factory=self.trusting(authority)).get("/orders").status_code == 0
        assert str(record.errors[0]).startswith("SSLError(1, '[SSL: WRONG_VERSION_NUMBER]")

    def test_a_handshake_that_is_broken_off(self, serve: Any, direct: Opened, record: Record) -> None:
        server = serve(lambda _server, sock: sock.recv(65536))
        assert direct(f"https://127.0.0.1:{server.port}").get("/orders").status_code == 0
        assert "closed during the TLS handshake" in str(record.errors[0])

    def test_a_handshake_has_a_time_limit(self, serve: Any, direct: Opened, record: Record) -> None:
        url = f"https://127.0.0.1:{serve(mute).port}"
        assert direct(url, connection_timeout=0.1).get("/orders").status_code == 0
        assert record.errors == [f"RetriesExceeded('{url}/orders', 0, original=timed out)"]


class TestLeftToLocust:
    def test_a_shared_pool(self, site: Site, opened: Opened) -> None:
        pool = HTTPClientPool(concurrency=1)
        for session in [opened(site, client_pool=pool), opened(site, client_pool=pool)] * 2:
            assert session.get("/orders").text == "body"
        assert site.connections == 1

    def test_a_proxy(self, site: Site, opened: Opened) -> None:
        session = opened("http://elsewhere.example", proxy_host="127.0.0.1", proxy_port=site.port)
        assert session.get("/orders").text == "body"
        assert site.targets == ["http://elsewhere.example:80/orders"]

    def test_retries(self, site: Site, opened: Opened) -> None:
        site.answers["/orders"] = silent()
        opened(site, max_retries=2, network_timeout=0.05).get("/orders")
        assert len(site.requests) == 3

    def test_files_and_a_with_block(self, site: Site, opened: Opened, record: Record) -> None:
        session = opened(site)
        with session.post("/orders", files={"f": b"once"}, catch_response=True) as response:
            response.failure("not today")
        assert b"multipart/form-data" in site.requests[0]
        assert record.errors == ["CatchResponseError('not today')"]

    def test_nothing_that_was_sent_is_kept_in_the_error(self, site: Site, direct: Opened, record: Record) -> None:
        """`http_log` holds the request with its tokens, and its body with passwords."""
        site.answers["/orders"] = answer(b"", "500 Internal Server Error")
        session = direct(site)
        session.get("/orders")
        session.post("/orders", files={"f": b"once"})
        assert [hasattr(event["exception"], "http_log") for event in record.events] == [False, False]


class TestLife:
    def test_times(self, site: Site, direct: Opened) -> None:
        session = direct(site)
        first, second = session.get("/orders"), session.get("/orders")
        assert first.first_byte_ns > first.connect_ns > 0
        assert second.first_byte_ns > second.connect_ns
        assert second.connect_ns < first.connect_ns

    def test_connections_end_with_their_session(self, site: Site, direct: Opened) -> None:
        session = direct(site)
        session.get("/orders")
        agent = weakref.ref(session._agent)
        (link,) = session._agent._origins.popitem()[1]._idle
        session._agent._origins.clear()
        assert link._socket.fileno() < 0
        del session
        gc.collect()
        assert agent() is None

    def test_a_session_is_one_of_locusts(self) -> None:
        assert issubclass(DirectSession, FastHttpSession)
