"""TLS, and proxies on the way."""

import gevent
import gevent.socket
import gevent.subprocess
import pytest

from harness.errors import ConnectError, TimedOutError, TransportError
from harness.transport import Proxy
from tests.transport.conftest import OK, REQUEST, answering, mute


class TestTls:
    def test_verified_connection_is_kept(self, serve, channel_to, authority):
        server = serve(answering(OK), authority.server_context("localhost"))
        channel = channel_to(server, "https", "localhost", tls=authority.trust)
        assert channel.exchange(REQUEST).connect_ns > 0
        gevent.sleep(0.02)  # TLS 1.3 sends session tickets: bytes while idle that are no fault
        assert channel.exchange(REQUEST).reused
        assert len(server.sockets) == 1

    def test_body_of_many_records_arrives_whole(self, serve, channel_to, authority):
        body = bytes(range(256)) * 2000
        raw = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        channel = channel_to(serve(answering(raw), authority.server_context("127.0.0.1")), "https", tls=authority.trust)
        assert channel.exchange(REQUEST).body == body
        assert channel.exchange(REQUEST).reused

    def test_name_goes_out_as_sni(self, serve, channel_to, authority):
        names = []
        context = authority.server_context("localhost")
        context.sni_callback = lambda _sock, name, _context: names.append(name)
        channel_to(serve(answering(OK), context), "https", "localhost", tls=authority.trust).exchange(REQUEST)
        assert names == ["localhost"]

    def test_unknown_authority(self, serve, channel_to, authority, stranger):
        server = serve(answering(OK), stranger.server_context("127.0.0.1"))
        with pytest.raises(ConnectError, match=r"^TLS certificate not trusted: ") as caught:
            channel_to(server, "https", tls=authority.trust).exchange(REQUEST)
        assert "--cognito-ca-bundle" in caught.value.hint
        assert server.requests == []

    @pytest.mark.parametrize(("host", "issued_for"), [("127.0.0.1", "127.0.0.2"), ("localhost", "example.org")])
    def test_certificate_of_another_host(self, serve, channel_to, authority, host, issued_for):
        server = serve(answering(OK), authority.server_context(issued_for))
        with pytest.raises(ConnectError, match=r"^TLS certificate is for another host$"):
            channel_to(server, "https", host, tls=authority.trust).exchange(REQUEST)
        assert server.requests == []

    @pytest.mark.parametrize(
        ("reply", "message"),
        [
            (b"HTTP/1.1 400 Bad Request\r\n\r\n", "TLS handshake failed: .*wrong version"),
            (b"", "closed during the TLS handshake"),
        ],
    )
    def test_server_without_tls(self, serve, channel_to, authority, reply, message):
        def script(_server, sock):
            sock.recv(65536)
            sock.sendall(reply)

        with pytest.raises(ConnectError, match=message) as caught:
            channel_to(serve(script), "https", tls=authority.trust).exchange(REQUEST)
        assert not caught.value.sent

    def test_handshake_that_never_ends(self, serve, channel_to, authority):
        channel = channel_to(serve(mute), "https", tls=authority.trust, connect_timeout_s=0.05)
        with pytest.raises(TimedOutError, match="no connection within"):
            channel.exchange(REQUEST)

    def test_garbage_in_place_of_a_record(self, serve, channel_to, authority):
        def script(server, sock):
            server.read(sock)
            raw = gevent.socket.socket(fileno=sock.detach())
            raw.sendall(b"\x17\x03\x03\x00\x20" + b"x" * 32)

        server = serve(script, authority.server_context("127.0.0.1"))
        with pytest.raises(TransportError, match="TLS failed") as caught:
            channel_to(server, "https", tls=authority.trust).exchange(REQUEST)
        assert caught.value.sent


def tunnel(
    granted: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n", ask_for: bytes = b"", piece_bytes: int = 65536
):
    """A script: a proxy that connects a client with where it wants to go."""

    def script(server, sock):
        request = server.read(sock)
        if ask_for not in request:
            sock.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        sock.sendall(granted)
        if b" 200 " not in granted:
            return
        port = int(request.split(b" ")[1].rpartition(b":")[2])
        upstream = gevent.socket.create_connection(("127.0.0.1", port))

        def pump(source, sink):
            while data := source.recv(piece_bytes):
                sink.sendall(data)
                gevent.sleep(0)

        gevent.joinall([gevent.spawn(pump, sock, upstream), gevent.spawn(pump, upstream, sock)])

    return script


class TestProxies:
    @pytest.fixture
    def target(self, serve, authority):
        return serve(answering(OK), authority.server_context("127.0.0.1"))

    def test_https_goes_through_a_tunnel(self, serve, channel_to, authority, target):
        proxy = serve(tunnel())
        channel = channel_to(target, "https", tls=authority.trust, proxy=Proxy("127.0.0.1", proxy.port))
        assert channel.exchange(REQUEST).body == b"body"
        assert channel.exchange(REQUEST).reused
        assert proxy.requests[0].startswith(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\n" % target.port)
        assert target.requests == [REQUEST, REQUEST]

    def test_where_the_network_cuts_a_record_makes_no_difference(self, serve, channel_to, authority, target):
        proxy = Proxy("127.0.0.1", serve(tunnel(piece_bytes=7)).port)
        assert channel_to(target, "https", tls=authority.trust, proxy=proxy).exchange(REQUEST).body == b"body"

    def test_credentials_open_the_tunnel(self, serve, channel_to, authority, target):
        proxy = Proxy("127.0.0.1", serve(tunnel(ask_for=b"Proxy-Authorization: Basic c2Vz")).port, "Basic c2Vz")
        assert channel_to(target, "https", tls=authority.trust, proxy=proxy).exchange(REQUEST).status == 200

    @pytest.mark.parametrize(
        ("script", "message"),
        [
            (tunnel(ask_for=b"Proxy-Authorization"), r"^the proxy asks for credentials \(HTTP 407\)$"),
            (tunnel(b"HTTP/1.1 403 Forbidden\r\n\r\n"), r"^the proxy refused the connection \(HTTP 403\)$"),
            (tunnel(b"SSH-2.0-OpenSSH\r\n\r\n"), "CONNECT is not HTTP"),
            (tunnel(b"HTTP/1.1 200 OK\r\n\r\nsurplus"), "CONNECT is not HTTP"),
            (tunnel(b"HTTP/1.1 "), "^the proxy closed the connection$"),
            (tunnel(b"x" * 200_000), "^the proxy's answer is too long$"),
        ],
    )
    def test_refusal_is_no_connection(self, serve, channel_to, authority, target, script, message):
        proxy = Proxy("127.0.0.1", serve(script).port)
        with pytest.raises(ConnectError, match=message) as caught:
            channel_to(target, "https", tls=authority.trust, proxy=proxy).exchange(REQUEST)
        assert not caught.value.sent
        assert target.requests == []

    def test_proxy_that_is_not_there_is_named_as_the_culprit(self, channel_to, authority, target):
        channel = channel_to(target, "https", tls=authority.trust, proxy=Proxy("127.0.0.1", 1))
        with pytest.raises(ConnectError, match=r"^proxy: connection refused$") as caught:
            channel.exchange(REQUEST)
        assert "HTTPS_PROXY" in caught.value.hint

    def test_plain_http_is_forwarded(self, serve, channel_to):
        proxy = serve(answering(OK))
        channel = channel_to(proxy, host="api.example.com", proxy=Proxy("127.0.0.1", proxy.port, "Basic c2Vz"))
        channel.exchange(REQUEST)
        line, header, _ = proxy.requests[0].split(b"\r\n", 2)
        assert line == b"POST http://api.example.com:%d/ HTTP/1.1" % proxy.port
        assert header == b"Proxy-Authorization: Basic c2Vz"
