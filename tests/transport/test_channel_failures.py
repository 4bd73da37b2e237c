"""Everything that servers do to an exchange, and what is left when somebody ends it."""

import errno
import os
import ssl

import gevent
import gevent.socket
import gevent.subprocess
import pytest

from harness.errors import ConnectError, ProtocolError, TimedOutError, TransportError
from harness.transport import Channel, Endpoint, failures
from harness.transport.link import Link, NothingSentError
from tests.transport.conftest import OK, REQUEST, answering, chunked, mute, silent


class TestFailures:
    @pytest.mark.parametrize(
        ("raw", "kind", "message"),
        [
            (b"", TransportError, "closed before an answer"),
            (OK[:-1], ProtocolError, "closed in the middle of the answer"),
            (OK[:20], ProtocolError, "closed in the middle of the answer"),
            (b"SSH-2.0-OpenSSH_9.6\r\n", ProtocolError, "the answer is not HTTP"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n", ProtocolError, "longer than 1000 bytes"),
            (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 2000, ProtocolError, "longer than 1000 bytes"),
            (chunked(b"x" * 2000), ProtocolError, "longer than 1000 bytes"),
        ],
    )
    def test_bad_answer(self, serve, channel_to, raw, kind, message):
        def script(server, sock):
            server.read(sock)
            sock.sendall(raw)

        channel = channel_to(serve(script), max_body_bytes=1000)
        with pytest.raises(TransportError, match=message) as caught:
            channel.exchange(REQUEST)
        assert type(caught.value) is kind
        assert caught.value.sent
        assert channel.is_awaiting_reply

    def test_body_of_exactly_the_limit_is_taken(self, serve, channel_to):
        raw = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000
        assert len(channel_to(serve(answering(raw)), max_body_bytes=1000).exchange(REQUEST).body) == 1000

    @pytest.mark.parametrize(
        "raw",
        [
            b"HTTP/1.1 100 Continue\r\n\r\n" * 5000,
            b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000,
            b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000,
        ],
    )
    def test_a_head_without_end_is_given_up(self, serve, channel_to, raw):
        def script(server, sock):
            server.read(sock)
            sock.sendall(raw)
            sock.recv(1)

        with pytest.raises(ProtocolError, match="head is longer"):
            channel_to(serve(script)).exchange(REQUEST)

    @pytest.mark.parametrize(
        ("head", "part"),
        [
            (b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n", b"x"),
            (b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n"),
            (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
            (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        ],
    )
    def test_an_answer_that_trickles_is_given_up(self, serve, channel_to, head, part):
        def script(server, sock):
            server.read(sock)
            sock.sendall(head)
            while True:
                sock.sendall(part)
                gevent.sleep(0.01)

        channel = channel_to(serve(script), read_timeout_s=5, answer_timeout_s=0.1)
        with pytest.raises(TimedOutError, match=r"^the answer did not end within 0.1 s$") as caught:
            channel.exchange(REQUEST)
        assert caught.value.sent

    def test_nobody_listens(self, channel_to):
        class Nobody:
            port = 1

        with pytest.raises(ConnectError, match=r"^connection refused$") as caught:
            channel_to(Nobody).exchange(REQUEST)
        assert not caught.value.sent
        assert caught.value.hint

    def test_connection_that_is_gone_before_the_first_byte(self, serve, channel_to, monkeypatch):
        def refuse(_link, _data, _until_ns):
            raise NothingSentError

        monkeypatch.setattr(Link, "send", refuse)
        channel = channel_to(serve(silent))
        with pytest.raises(ConnectError, match="closed as soon as") as caught:
            channel.exchange(REQUEST)
        assert not caught.value.sent
        assert not channel.is_awaiting_reply

    def test_name_that_does_not_exist(self):
        channel = Channel(Endpoint.parse("http://no-such-host.invalid"), tls=None)
        with pytest.raises(ConnectError, match=r"^name not resolved$"):
            channel.exchange(REQUEST)
        assert not channel.is_awaiting_reply

    def test_server_that_takes_no_connection(self, channel_to):
        """A full backlog: the kernel drops what asks to be let in."""
        listener = gevent.socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [gevent.socket.socket() for _ in range(8)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())

        class Full:
            port = listener.getsockname()[1]

        with pytest.raises(TimedOutError, match=r"^no connection within 0.1 s$") as caught:
            channel_to(Full, connect_timeout_s=0.1).exchange(REQUEST)
        assert not caught.value.sent
        for sock in [*waiting, listener]:
            sock.close()

    def test_last_address_may_give_up_a_moment_before_the_whole_time_is_over(self, serve, channel_to, monkeypatch):
        def give_up(*_):
            raise TimeoutError

        monkeypatch.setattr(Link, "connect", give_up)
        with pytest.raises(TimedOutError, match=r"^no connection within 5 s$"):
            channel_to(serve(silent)).exchange(REQUEST)

    @pytest.mark.parametrize("part", [b"", OK[:10], OK[:-1]], ids=["nothing", "half a head", "half a body"])
    def test_no_byte_for_too_long(self, serve, channel_to, part):
        def script(server, sock):
            server.read(sock)
            sock.sendall(part)
            server.read(sock)

        server = serve(script)
        with pytest.raises(TimedOutError, match=r"^no answer within 0.05 s$") as caught:
            channel_to(server, read_timeout_s=0.05).exchange(REQUEST)
        assert caught.value.sent
        assert server.was_left.wait(5)

    def test_timeout_counts_from_the_last_byte(self, serve, channel_to):
        def script(server, sock):
            server.read(sock)
            for byte in (OK[:20], OK[20:40], OK[40:60], OK[60:]):
                gevent.sleep(0.1)
                sock.sendall(byte)

        answer = channel_to(serve(script), read_timeout_s=0.35).exchange(REQUEST)
        assert answer.total_ns > 300_000_000

    def test_timeout_of_an_exchange_does_not_hit_a_later_one(self, serve, channel_to):
        """The timer outlives the exchange that set it, and must then ask whose time is up."""

        def script(server, sock):
            for _ in range(4):
                server.read(sock)
                gevent.sleep(0.2)
                sock.sendall(OK)

        channel = channel_to(serve(script), read_timeout_s=0.5)
        assert [channel.exchange(REQUEST).reused for _ in range(4)] == [False, True, True, True]

    def test_timer_that_fires_while_idle_is_set_again(self, serve, channel_to):
        def script(server, sock):
            server.read(sock)
            sock.sendall(OK)
            server.read(sock)
            server.read(sock)

        channel = channel_to(serve(script), read_timeout_s=0.05)
        channel.exchange(REQUEST)
        gevent.sleep(0.1)
        with pytest.raises(TimedOutError):
            channel.exchange(REQUEST)

    def test_server_that_takes_no_more_of_a_request(self, serve, channel_to):
        channel = channel_to(serve(mute), read_timeout_s=0.05)
        with pytest.raises(TimedOutError) as caught:
            channel.exchange(b"x" * 20_000_000)
        assert caught.value.sent

    def test_reset_after_the_request(self, serve, channel_to):
        def script(server, sock):
            sock.recv(1)
            linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
            sock.setsockopt(gevent.socket.SOL_SOCKET, gevent.socket.SO_LINGER, linger)
            sock.close()

        with pytest.raises(TransportError, match=r"^reset by peer after the request was sent$") as caught:
            channel_to(serve(script)).exchange(REQUEST)
        assert type(caught.value) is TransportError
        assert caught.value.sent

    def test_failed_channel_can_be_used_again(self, serve, channel_to):
        server = serve(answering(b"garbage that is no HTTP\r\n\r\n"))
        channel = channel_to(server)
        for connections in (1, 2):
            with pytest.raises(ProtocolError):
                channel.exchange(REQUEST)
            assert len(server.sockets) == connections


class TestCutOff:
    def test_killed_greenlet_leaves_a_trace_and_no_connection(self, serve, channel_to):
        server = serve(silent)
        channel = channel_to(server)
        greenlet = gevent.spawn(channel.exchange, REQUEST)
        assert server.was_asked.wait(5)
        greenlet.kill()
        assert channel.is_awaiting_reply
        assert server.was_left.wait(5)

    def test_killed_before_anything_was_sent(self, serve, authority, channel_to):
        """A server that never answers the TLS handshake: the request has not left."""
        channel = channel_to(serve(mute), "https", tls=authority.trust)
        greenlet = gevent.spawn(channel.exchange, REQUEST)
        gevent.sleep(0.02)
        greenlet.kill()
        assert not channel.is_awaiting_reply

    def test_complete_answer_awaits_nothing(self, serve, channel_to):
        channel = channel_to(serve(answering(OK)))
        assert not channel.is_awaiting_reply
        channel.exchange(REQUEST)
        assert not channel.is_awaiting_reply

    def test_channel_closed_by_somebody_else_ends_the_exchange(self, serve, channel_to):
        server = serve(silent)
        channel = channel_to(server)
        greenlet = gevent.spawn(channel.exchange, REQUEST)
        greenlet.link_exception(lambda _: None)
        assert server.was_asked.wait(5)
        channel.close()
        with pytest.raises(TransportError, match="closed from this side"):
            greenlet.get(timeout=5)

    def test_stray_switch_is_no_answer(self, serve, channel_to):
        def script(server, sock):
            server.read(sock)
            gevent.sleep(0.02)
            sock.sendall(OK)

        server = serve(script)
        greenlet = gevent.spawn(channel_to(server).exchange, REQUEST)
        assert server.was_asked.wait(5)
        gevent.get_hub().loop.run_callback(greenlet.switch, "stray")
        assert greenlet.get(timeout=5).status == 200

    def test_stray_wake_up_is_no_answer(self, serve, channel_to):
        """The loop may call a descriptor readable when nothing is there (epoll's manual allows it)."""
        server = serve(silent)
        channel = channel_to(server)
        greenlet = gevent.spawn(channel.exchange, REQUEST)
        assert server.was_asked.wait(5)
        gevent.get_hub().loop.run_callback(channel._link._on_readable)
        gevent.sleep(0.01)
        server.sockets[0].sendall(OK)
        assert greenlet.get(timeout=5).status == 200

    def test_kernel_without_room_is_waited_for(self, serve, channel_to):
        """A send that would block, even at once, is no failure."""

        class Full:
            def __init__(self, sock):
                self._sock = sock
                self._refusals = 2

            def __getattr__(self, name):
                return getattr(self._sock, name)

            def send(self, data):
                self._refusals -= 1
                if self._refusals >= 0:
                    raise BlockingIOError
                return self._sock.send(data)

        channel = channel_to(serve(answering(OK)))
        channel.exchange(REQUEST)
        channel._link._socket = Full(channel._link._socket)
        assert channel.exchange(REQUEST).reused


class TestWords:
    @pytest.mark.parametrize(
        ("error", "message"),
        [
            (OSError(errno.EHOSTUNREACH, "No route to 10.0.0.1:443"), "host unreachable"),
            (OSError(errno.EMFILE, "x"), "too many open files"),
            (OSError(errno.ENOBUFS, "x"), os.strerror(errno.ENOBUFS).lower()),
            (OSError(), "not connected"),
            (
                ssl.SSLError(1, "[SSL] (_ssl.c:1006)"),
                "TLS handshake failed: unknown reason",
            ),
        ],
    )
    def test_no_connection(self, error, message):
        failure = failures.not_connected(error)
        assert type(failure) is ConnectError
        assert (str(failure), failure.sent) == (message, False)

    @pytest.mark.parametrize(
        ("error", "message"),
        [
            (BrokenPipeError(), "reset by peer after the request was sent"),
            (OSError(errno.EHOSTUNREACH, "No route to 10.0.0.1:443"), "no route to host after the request was sent"),
            (OSError(), "connection lost after the request was sent"),
        ],
    )
    def test_lost_connection(self, error, message):
        failure = failures.lost(error)
        assert (str(failure), failure.sent) == (message, True)
