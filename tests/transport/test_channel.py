"""One exchange after another, on a connection that is kept for as long as the server keeps it."""

import struct
import time

import gevent
import gevent.socket
import gevent.subprocess
import pytest
from gevent.exceptions import ConcurrentObjectUseError

from harness.errors import TransportError
from harness.transport import Channel, Endpoint
from tests.transport.conftest import OK, REQUEST, answering, chunked, mute


def dripping(data: bytes, then_close: bool = True):
    def script(server, sock):
        server.read(sock)
        for at in range(len(data)):
            sock.sendall(data[at : at + 1])
            gevent.sleep(0)
        if not then_close:
            server.read(sock)

    return script


class TestExchange:
    def test_answer_has_status_headers_body_and_times(self, serve, channel_to):
        before = time.perf_counter_ns()
        answer = channel_to(serve(answering(OK))).exchange(REQUEST)
        after = time.perf_counter_ns()
        assert (answer.status, answer.body) == (200, b"body")
        assert dict(answer.headers) == {"content-type": "application/json", "content-length": "4"}
        assert before <= answer.started_ns
        assert 0 < answer.connect_ns < answer.first_byte_ns <= answer.total_ns
        assert answer.started_ns + answer.total_ns <= after
        assert not answer.reused

    def test_connection_is_kept_and_costs_nothing_the_second_time(self, serve, channel_to):
        server = serve(answering(OK))
        channel = channel_to(server)
        channel.exchange(REQUEST)
        second = channel.exchange(REQUEST)
        assert second.reused
        assert second.connect_ns == 0
        assert len(server.sockets) == 1
        assert server.requests == [REQUEST, REQUEST]

    def test_first_byte_comes_before_the_last(self, serve, channel_to):
        def script(server, sock):
            server.read(sock)
            sock.sendall(OK[:-2])
            gevent.sleep(0.05)
            sock.sendall(OK[-2:])

        answer = channel_to(serve(script)).exchange(REQUEST)
        assert answer.body == b"body"
        assert answer.first_byte_ns < answer.total_ns

    @pytest.mark.parametrize(
        ("raw", "status", "body"),
        [
            (OK, 200, b"body"),
            (chunked(b"one, ", b"two"), 200, b"one, two"),
            (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", 200, b"until the end"),
            (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
            (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, 200, b"body"),
            (
                b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08",
                200,
                b"\x1f\x8b\x08",
            ),
        ],
    )
    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_answers_of_all_shapes_arrive_byte_by_byte(self, serve, channel_to, authority, scheme, raw, status, body):
        context = authority.server_context("127.0.0.1") if scheme == "https" else None
        answer = channel_to(serve(dripping(raw), context), scheme, tls=authority.trust).exchange(REQUEST)
        assert (answer.status, answer.body) == (status, body)

    def test_head_has_no_body_and_keeps_the_connection(self, serve, channel_to):
        channel = channel_to(serve(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", OK)))
        assert channel.exchange(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n").body == b""
        assert channel.exchange(REQUEST).reused

    def test_request_larger_than_the_socket_takes_at_once_arrives_whole(self, serve, channel_to):
        body = b"x" * 8_000_000
        server = serve(answering(OK))
        request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        channel = channel_to(server)
        assert channel.exchange(request).status == 200
        assert server.requests[0] == request
        assert channel.exchange(REQUEST).reused

    def test_early_answer_to_a_large_request_is_read_once_all_is_sent(self, serve, channel_to):
        """The answer comes while the request is still being sent: the wait for it must not be lost."""

        def script(_server, sock):
            sock.sendall(OK)
            gevent.sleep(0.05)
            while sock.recv(1_000_000):
                pass

        assert channel_to(serve(script)).exchange(b"x" * 8_000_000).body == b"body"

    def test_name_is_looked_up(self, serve, channel_to):
        assert channel_to(serve(answering(OK)), host="localhost").exchange(REQUEST).status == 200

    def test_ipv6_literal(self, serve, channel_to):
        try:
            server = serve(answering(OK), host="::1")
        except OSError:
            pytest.skip("no IPv6 here")
        assert channel_to(server, host="[::1]").exchange(REQUEST).status == 200

    def test_two_greenlets_cannot_share_a_channel_at_a_time(self, serve, channel_to):
        channel = channel_to(serve(mute))
        first = gevent.spawn(channel.exchange, REQUEST)
        gevent.sleep(0.01)
        with pytest.raises(ConcurrentObjectUseError):
            channel.exchange(REQUEST)
        first.kill()

    def test_https_without_a_context_is_a_mistake_in_the_program(self):
        with pytest.raises(ValueError, match="TLS context"):
            Channel(Endpoint.parse("https://h"), tls=None)


class TestReopening:
    def test_server_that_announces_the_end_is_met_on_a_new_connection(self, serve, channel_to):
        server = serve(answering(OK.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)))
        channel = channel_to(server)
        channel.exchange(REQUEST)
        assert not channel.exchange(REQUEST).reused
        assert len(server.sockets) == 2

    @pytest.mark.parametrize("scheme", ["http", "https"])
    @pytest.mark.parametrize(
        ("is_reset", "loop_turns"),
        [(False, True), (True, True), (False, False)],
        ids=["closed", "reset", "closed, and the loop has not seen it yet"],
    )
    def test_connection_closed_while_idle_is_opened_anew_before_use(
        self, serve, channel_to, authority, scheme, is_reset, loop_turns
    ):
        server = serve(answering(OK), authority.server_context("127.0.0.1") if scheme == "https" else None)
        channel = channel_to(server, scheme, tls=authority.trust)
        channel.exchange(REQUEST)
        if is_reset:
            server.sockets[0].setsockopt(gevent.socket.SOL_SOCKET, gevent.socket.SO_LINGER, struct.pack("ii", 1, 0))
            server.sockets[0].close()
        else:
            server.sockets[0].shutdown(gevent.socket.SHUT_RDWR)
        if loop_turns:
            gevent.sleep(0.01)
        answer = channel.exchange(REQUEST)
        assert answer.status == 200
        assert not answer.reused
        assert answer.connect_ns > 0

    @pytest.mark.parametrize("raw", [OK + b"surplus", chunked(b"x") + b"surplus"], ids=["Content-Length", "chunked"])
    def test_bytes_nobody_asked_for_end_the_connection_but_not_the_answer(self, serve, channel_to, raw):
        channel = channel_to(serve(answering(raw)))
        assert channel.exchange(REQUEST).body in {b"body", b"x"}
        assert not channel.exchange(REQUEST).reused

    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_bytes_that_come_while_idle_end_the_connection(self, serve, channel_to, authority, scheme):
        def script(server, sock):
            server.read(sock)
            sock.sendall(OK)
            gevent.sleep(0.01)
            sock.sendall(OK)
            server.read(sock)

        server = serve(script, authority.server_context("127.0.0.1") if scheme == "https" else None)
        channel = channel_to(server, scheme, tls=authority.trust)
        channel.exchange(REQUEST)
        gevent.sleep(0.03)
        assert not channel.exchange(REQUEST).reused

    def test_request_of_which_nothing_could_leave_goes_out_on_a_new_connection(self, serve, channel_to):
        """The look before use and the send are two moments; a send that the kernel refuses has repeated nothing."""
        server = serve(answering(OK))
        channel = channel_to(server)
        channel.exchange(REQUEST)
        channel._link._socket.shutdown(gevent.socket.SHUT_WR)
        assert not channel.exchange(REQUEST).reused
        assert len(server.requests) == 2

    def test_sent_request_is_never_repeated(self, serve, channel_to):
        def script(server, sock):
            server.read(sock)
            sock.sendall(OK)
            server.read(sock)
            sock.close()

        server = serve(script)
        channel = channel_to(server)
        channel.exchange(REQUEST)
        with pytest.raises(TransportError, match="closed before an answer") as caught:
            channel.exchange(REQUEST)
        assert caught.value.sent
        assert len(server.requests) == 2

    def test_closed_channel_opens_again(self, serve, channel_to):
        channel = channel_to(serve(answering(OK)))
        channel.exchange(REQUEST)
        channel.close()
        channel.close()
        assert not channel.exchange(REQUEST).reused

    def test_forgotten_channel_closes_its_connection(self, serve):
        server = serve(answering(OK))
        channel = Channel(Endpoint.parse(f"http://127.0.0.1:{server.port}"), tls=None)
        channel.exchange(REQUEST)
        del channel
        assert server.was_left.wait(5)
