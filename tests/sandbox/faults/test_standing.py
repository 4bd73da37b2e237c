"""Faults on the wire: what a client sees of each, over TCP and over TLS."""

from __future__ import annotations

import contextlib
import json
import math
import random
import socket
import ssl
import time
from http import HTTPStatus
from urllib.parse import urlsplit

import pytest

from harness.sandbox.faults.orders import Kind, Order
from harness.sandbox.faults.standing import Faults
from harness.sandbox.http.exchange import Response

PREFIX = "AWSCognitoIdentityProviderService."
REQUESTS = 20_000


def order(kind, **members):
    return Order.read({"fault": kind, **members})


class Play:
    """Faults whose time and waits the test makes."""

    def __init__(self):
        self.now_s = 1000.0
        self.waits = []
        self.faults = Faults(lambda: self.now_s, self.waits.append, random.Random(5))  # noqa: S311  # the same draws each time

    def meet(self, name="InitiateAuth", area="cognito"):
        """How one request is counted."""
        made = Response(HTTPStatus.OK, (), b'{"made":1}')
        counted, self.response = self.faults.meet(
            name, area, lambda: ("ok", made), lambda refusal: (refusal.kind, Response(refusal.status))
        )
        return counted


@pytest.fixture
def play():
    return Play()


class TestWhoIsHit:
    def test_a_share_is_that_share_of_many(self, play):
        play.faults.order(order("throttle", share=0.2))
        hit = sum(play.meet() == "TooManyRequestsException" for _ in range(REQUESTS))
        deviation = math.sqrt(REQUESTS * 0.2 * 0.8)
        assert abs(hit - 0.2 * REQUESTS) < 4 * deviation

    @pytest.mark.parametrize(
        ("on", "hit"),
        [
            ("cognito", {"InitiateAuth", "GetUser"}),
            ("api", {"GET /orders"}),
            ("jwks", {"/keys"}),
            ("all", {"InitiateAuth", "GetUser", "GET /orders", "/keys"}),
            ("GetUser", {"GetUser"}),
            ("GET /orders", {"GET /orders"}),
        ],
    )
    def test_only_what_it_is_on(self, play, on, hit):
        play.faults.order(order("500", on=on))
        names = {"InitiateAuth": "cognito", "GetUser": "cognito", "GET /orders": "api", "/keys": "jwks"}
        assert {name for name, area in names.items() if play.meet(name, area) != "ok"} == hit

    def test_the_key_set_is_down_for_nobody_else(self, play):
        play.faults.order(order("jwks-down"))
        assert [play.meet("x", area) for area in ("cognito", "api", "jwks")] == [
            "ok",
            "ok",
            "ServiceUnavailableException",
        ]

    def test_it_is_over_after_its_time(self, play):
        play.faults.order(order("500", for_s=10))
        play.now_s += 9.9
        assert play.meet() == "InternalErrorException"
        play.now_s += 0.2
        assert play.meet() == "ok"
        assert play.faults.standing() == []

    def test_it_is_over_after_its_times(self, play):
        play.faults.order(order("503", times=2))
        assert [play.meet() for _ in range(3)] == ["ServiceUnavailableException"] * 2 + ["ok"]

    def test_it_is_over_when_it_is_lifted(self, play):
        play.faults.order(order("503"))
        play.faults.lift()
        assert play.meet() == "ok"

    def test_of_two_the_first_happens_and_the_second_is_not_used_up(self, play):
        play.faults.order(order("500", times=1))
        play.faults.order(order("503", times=1))
        assert [play.meet() for _ in range(3)] == ["InternalErrorException", "ServiceUnavailableException", "ok"]


class TestDelays:
    def test_a_fixed_latency(self, play):
        play.faults.order(order("latency", time_s=0.2))
        assert (play.meet(), play.waits) == ("ok", [0.2])

    def test_a_normal_latency_has_its_mean_and_deviation(self, play):
        play.faults.order(order("latency", time_s=0.2, spread_s=0.05))
        for _ in range(REQUESTS):
            play.meet()
        mean = sum(play.waits) / REQUESTS
        variance = sum((wait - mean) ** 2 for wait in play.waits) / REQUESTS
        assert mean == pytest.approx(0.2, rel=0.01)
        assert math.sqrt(variance) == pytest.approx(0.05, rel=0.03)

    def test_a_wide_normal_latency_is_never_negative(self, play):
        play.faults.order(order("latency", time_s=0.01, spread_s=1))
        for _ in range(100):
            play.meet()
        assert min(play.waits) > 0

    def test_a_long_tail_has_its_median_and_its_99th_percentile(self, play):
        play.faults.order(order("latency", time_s=0.1, p99_s=2))
        for _ in range(REQUESTS):
            play.meet()
        waits = sorted(play.waits)
        assert waits[REQUESTS // 2] == pytest.approx(0.1, rel=0.05)
        assert waits[REQUESTS * 99 // 100] == pytest.approx(2, rel=0.1)

    def test_latencies_add_up_and_a_refusal_comes_late(self, play):
        for latency in (order("latency", time_s=0.1), order("latency", time_s=0.2), order("500")):
            play.faults.order(latency)
        assert play.meet() == "InternalErrorException"
        assert play.waits == [pytest.approx(0.3)]

    def test_a_stall_holds_everything_until_one_moment(self, play):
        play.faults.order(order("stall", time_s=5))
        play.meet()
        play.now_s += 3
        play.meet()
        play.now_s += 2
        play.meet()
        assert play.waits == [5, 2]


def test_what_stands_is_told_with_what_is_left(play):
    play.faults.order(order("throttle", share=0.5, for_s=10, times=7))
    play.faults.order(order("html"))
    play.now_s += 4
    first, second = play.faults.standing()
    assert first == {"fault": "throttle", "share": 0.5, "for_s": 10, "times": 7, "left_s": 6, "left": 7}
    assert second == {"fault": "html"}


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ([], "a JSON object"),
        ({}, "'fault' is missing"),
        ({"fault": "plague"}, "'fault' is 'plague'"),
        ({"fault": "latency"}, "'time_s' is missing"),
        ({"fault": "refusal", "status": 400}, "'type' is missing"),
        ({"fault": "disable"}, "'user' is missing"),
        ({"fault": "500", "time_s": 1}, "takes no 'time_s'"),
        ({"fault": "revoke", "share": 1}, "takes no 'share'"),
        ({"fault": "500", "shrae": 1}, "takes no 'shrae'"),
        ({"fault": "500", "share": "20%"}, "'share' is '20%'"),
        ({"fault": "500", "share": True}, "'share' is True"),
        ({"fault": "500", "share": 0}, "'share' has to be"),
        ({"fault": "500", "share": 1.1}, "'share' has to be"),
        ({"fault": "500", "for_s": 0}, "'for_s' has to be"),
        ({"fault": "500", "times": 0}, "'times' has to be"),
        ({"fault": "500", "times": 1.5}, "'times' is 1.5"),
        ({"fault": "drip", "time_s": -1}, "'time_s' has to be"),
        ({"fault": "latency", "time_s": float("nan")}, "'time_s' is nan"),
        ({"fault": "latency", "time_s": 1, "p99_s": 0.5}, "'p99_s' has to be"),
        ({"fault": "latency", "time_s": 1, "p99_s": 2, "spread_s": 1}, "exclude each other"),
        ({"fault": "html", "status": 77}, "'status' is 77"),
        ({"fault": "wrong-length", "by": 0}, "'by' has to be"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_with_the_reason(wanted, reason):
    with pytest.raises(ValueError, match=reason.replace("(", r"\(")):
        Order.read(wanted)


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_goes_to_json_and_back(kind):
    needs = {
        Kind.LATENCY: {"time_s": 1.5, "spread_s": 0.5},
        Kind.STALL: {"time_s": 1.5},
        Kind.DRIP: {"time_s": 1.5},
        Kind.CLOCK_SKEW: {"time_s": -600},
        Kind.REFUSAL: {"type": "ForbiddenException", "message": "no", "status": 403},
        Kind.DISABLE: {"user": "plain"},
        Kind.ENABLE: {"user": "plain"},
    }
    one = order(kind, **needs.get(kind, {}))
    assert Order.read(json.loads(json.dumps(one.to_json()))) == one


@pytest.fixture(scope="module", params=["tcp", "tls"])
def running(request, module_sandbox):
    return module_sandbox(tls=request.param == "tls")


@pytest.fixture
def hit(running):
    """What a client gets for one login under a fault: all bytes, and how the connection ended."""

    def hit(kind, requests=1, **members):
        running.fault(kind, **members)
        try:
            return _raw_login(running, requests)
        finally:
            running.clear_faults()

    return hit


def _raw_login(running, requests=1):
    parts = urlsplit(running.endpoint)
    body = json.dumps(
        {
            "AuthFlow": "USER_PASSWORD_AUTH",
            "ClientId": running.client_id,
            "AuthParameters": {"USERNAME": "load-user-001@example.com", "PASSWORD": "Sample-Password-001!"},
        }
    ).encode()
    head = f"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: {PREFIX}InitiateAuth\r\nContent-Length: {len(body)}\r\n"
    texts = []
    for left in range(requests - 1, -1, -1):
        closing = "" if left else "Connection: close\r\n"
        texts.append(f"{head}{closing}\r\n".encode() + body)
    with contextlib.closing(socket.create_connection((parts.hostname, parts.port), timeout=10)) as connection:
        channel = _Tls(connection, running.ca_bundle) if parts.scheme == "https" else connection
        channel.sendall(b"".join(texts))
        received = b""
        try:
            while part := channel.recv(1 << 16):
                received += part
        except ConnectionResetError as error:
            return received, type(error)
        return received, None


class _Tls:
    """TLS over a socket whose end stays visible: Python's own SSLSocket takes a reset for an end of file."""

    def __init__(self, connection, ca_bundle):
        self._connection = connection
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.create_default_context(cafile=ca_bundle)
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname="127.0.0.1")
        self._drive(lambda: self._tls.do_handshake() or True)

    def sendall(self, data):
        self._drive(lambda: self._tls.write(data))

    def recv(self, size):
        return self._drive(lambda: self._tls.read(size))

    def _drive(self, step):
        while True:
            try:
                done = step()
            except ssl.SSLWantReadError:
                done = None
            except ssl.SSLEOFError:
                return b""
            if self._outgoing.pending:
                self._connection.sendall(self._outgoing.read())
            if done is not None:
                return done
            part = self._connection.recv(1 << 16)
            if part:
                self._incoming.write(part)
            else:
                self._incoming.write_eof()


def _parted(received):
    head, _, body = received.partition(b"\r\n\r\n")
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    return head, int(length.partition(b":")[2]), body


class TestOnTheWire:
    """Each fault as the bytes of a connection, over TCP and over TLS."""

    def test_without_a_fault_a_login_works(self, running):
        received, end = _raw_login(running)
        head, length, body = _parted(received)
        assert (head.startswith(b"HTTP/1.1 200 OK"), length, end) == (True, len(body), None)

    def test_a_reset_before_the_answer(self, hit):
        assert hit("reset-before") == (b"", ConnectionResetError)

    def test_a_reset_inside_the_answer(self, hit):
        received, end = hit("reset-inside")
        head, length, body = _parted(received)
        assert head.startswith(b"HTTP/1.1 200 OK")
        assert 0 < len(body) < length
        assert end is ConnectionResetError

    def test_a_truncated_body_looks_whole(self, hit):
        received, end = hit("truncated")
        head, length, body = _parted(received)
        assert (head.startswith(b"HTTP/1.1 200 OK"), length, end) == (True, len(body), None)
        with pytest.raises(json.JSONDecodeError):
            json.loads(body)

    def test_a_body_that_is_no_json(self, hit):
        head, length, body = _parted(hit("not-json")[0])
        assert (head.startswith(b"HTTP/1.1 200 OK"), length) == (True, len(body))
        assert b"{" not in body

    def test_a_proxys_page(self, hit):
        head, _, body = _parted(hit("html")[0])
        assert head.startswith(b"HTTP/1.1 502 Bad Gateway")
        assert b"content-type: text/html" in head.lower()
        assert b"x-amzn-requestid" not in head.lower()
        assert body.startswith(b"<html>")

    def test_a_proxys_page_with_another_status(self, hit):
        assert _parted(hit("html", status=200)[0])[0].startswith(b"HTTP/1.1 200 OK")

    def test_a_content_length_that_promises_too_much(self, hit):
        """The connection then closes as if all had been said."""
        received, end = hit("wrong-length", by=25)
        _, length, body = _parted(received)
        assert (length, end) == (len(body) + 25, None)
        json.loads(body)

    def test_a_content_length_that_promises_too_little_leaves_bytes_behind(self, hit):
        """The connection stays open, and the next answer on it follows the bytes that nobody was told of."""
        received, _ = hit("wrong-length", requests=2, by=-10, times=1)
        _, length, rest = _parted(received)
        assert rest[length + 10 :].startswith(b"HTTP/1.1 200 OK")

    def test_a_slow_drip_brings_everything_in_the_end(self, hit):
        began = time.monotonic()
        received, end = hit("drip", time_s=0.5)
        assert time.monotonic() - began >= 0.4  # a lower bound holds on any machine
        _, length, body = _parted(received)
        assert (length, end) == (len(body), None)
        json.loads(body)

    def test_what_was_spoiled_is_not_counted_as_ok(self, running, hit):
        before = running.counts()["answered"].get("InitiateAuth", {})
        hit("reset-inside")
        hit("html")
        after = running.counts()["answered"]["InitiateAuth"]
        assert after.get("ok", 0) == before.get("ok", 0)
        assert {kind: after[kind] - before.get(kind, 0) for kind in ("reset-inside", "html")} == {
            "reset-inside": 1,
            "html": 1,
        }
