"""HTTP itself: what goes over the wire, connections, and requests that are none."""

from __future__ import annotations

import io
import json
import socket
from urllib.parse import urlsplit

import pytest

from harness.sandbox.http.request_reader import Headers, Incoming

PREFIX = "AWSCognitoIdentityProviderService."


class Wire:
    """One connection, in bytes."""

    def __init__(self, endpoint):
        parts = urlsplit(endpoint)
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=10)
        self.file = self.socket.makefile("rb")

    def send(self, text, body=b""):
        self.socket.sendall(text.replace("\n", "\r\n").encode("latin-1") + body)

    def head(self):
        """Status line and headers of the next answer."""
        status = self.file.readline().decode().strip()
        headers = {}
        while (line := self.file.readline().decode().strip()) != "":
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return status, headers

    def answer(self):
        status, headers = self.head()
        return status, headers, self.file.read(int(headers.get("content-length", 0)))

    def is_closed(self):
        return self.file.read(1) == b""


@pytest.fixture
def wire(served):
    wires = []

    def connect():
        wires.append(Wire(served.endpoint))
        return wires[-1]

    yield connect
    for one in wires:
        one.file.close()
        one.socket.close()


def connections(served):
    return served.ask_control("GET", "/counts")[1]["connections"]


def post(body, operation="InitiateAuth", version="1.1", more=""):
    return (
        f"POST / HTTP/{version}\nHost: x\nX-Amz-Target: {PREFIX}{operation}\nContent-Length: {len(body)}\n{more}\n",
        body,
    )


def test_a_connection_carries_one_request_after_the_other(wire):
    connection = wire()
    for _ in range(3):
        connection.send(*post(b"{}"))
        status, headers, body = connection.answer()
        assert (status, json.loads(body)["__type"]) == ("HTTP/1.1 400 Bad Request", "InvalidParameterException")
        assert "date" in headers


def test_requests_that_come_at_once_are_answered_in_order(wire):
    connection = wire()
    first, second = post(b"{}"), post(b"{}", "GetUser")
    connection.send(first[0] + "{}" + second[0], b"{}")
    texts = [json.loads(connection.answer()[2])["message"] for _ in range(2)]
    assert ["authFlow" in texts[0], "accessToken" in texts[1]] == [True, True]


def test_a_client_that_wants_to_close_is_let_go(wire):
    connection = wire()
    connection.send(*post(b"{}", more="Connection: close\n"))
    assert connection.answer()[1]["connection"] == "close"
    assert connection.is_closed()


@pytest.mark.parametrize(("more", "answered"), [("", "close"), ("Connection: keep-alive\n", "keep-alive")])
def test_the_older_http_closes_unless_asked_not_to(wire, more, answered):
    connection = wire()
    connection.send(*post(b"{}", version="1.0", more=more))
    assert connection.answer()[1]["connection"] == answered


def test_a_chunked_body_is_read(wire):
    connection = wire()
    connection.send(
        f"POST / HTTP/1.1\nHost: x\nX-Amz-Target: {PREFIX}GetUser\nTransfer-Encoding: chunked\n\n2\n{{}}\n0\n\n"
    )
    assert b"accessToken" in connection.answer()[2]


def test_who_waits_to_be_asked_for_the_body_is_asked(wire):
    connection = wire()
    connection.send(post(b"{}", more="Expect: 100-continue\n")[0])
    assert connection.head()[0] == "HTTP/1.1 100 Continue"
    connection.send("", b"{}")
    assert connection.answer()[0] == "HTTP/1.1 400 Bad Request"


def test_an_answer_to_head_has_no_body(wire):
    connection = wire()
    connection.send("HEAD /orders HTTP/1.1\nHost: x\n\nGET /orders HTTP/1.1\nHost: x\n\n")
    assert connection.head()[0] == "HTTP/1.1 401 Unauthorized"
    assert connection.answer()[0] == "HTTP/1.1 401 Unauthorized"


def test_a_body_over_1_mib_is_refused(wire):
    connection = wire()
    connection.send(*post(b"x" * ((1 << 20) + 1)))
    assert connection.answer()[0].startswith("HTTP/1.1 413 "), "Python 3.13 gave the status a new name"


@pytest.mark.parametrize(
    "request_text",
    [
        "nonsense\n\n",
        "POST / HTTP/1.1\nno colon here\n\n",
        "POST / HTTP/1.1\nName : space before the colon\n\n",
        "POST / HTTP/1.1\nContent-Length: many\n\n",
        "POST / HTTP/1.1\n" + "".join(f"X-{number}: x\n" for number in range(101)) + "\n",
        "POST / HTTP/1.1\nX-Long: " + "x" * 70_000 + "\n\n",
        "POST / HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\n\nno size\n\n",
    ],
)
def test_what_is_no_http_is_refused_and_let_go(wire, request_text):
    connection = wire()
    connection.send(request_text)
    assert connection.head()[0] == "HTTP/1.1 400 Bad Request"


def test_a_body_that_never_comes_harms_nobody(wire):
    connection = wire()
    connection.send(post(b"{}")[0])
    connection.socket.shutdown(socket.SHUT_WR)
    assert connection.head()[0] == "HTTP/1.1 400 Bad Request"
    connection = wire()
    connection.send(*post(b"{}"))
    assert connection.answer()[0] == "HTTP/1.1 400 Bad Request"


def test_repeated_headers_are_one_list(wire, served, world):
    """As in a signature: the values joined by commas."""
    connection = wire()
    connection.send("GET /me HTTP/1.1\nAuthorization: Bearer a\nAuthorization: b\n\n")
    assert b"is not a JWT" in connection.answer()[2]


@pytest.mark.parametrize("at_once", [1, 8192])
@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_a_head_is_the_same_in_pieces_at_once_and_with_bare_line_ends(at_once, end):
    """A line feed ends a line, and never becomes part of a value, however much of the head has come."""
    lines = end.join(["Host: x", "A: 1", "B:  2 ", "a: 3", "", "body"])
    sent = io.BytesIO(lines.encode())
    file = Incoming(lambda size: sent.read(min(size, at_once)))
    assert Headers(file) == {"host": "x", "a": "1,3", "b": "2"}
    assert file.read(10) == b"body"


def test_connections_are_counted_as_they_come(wire, served):
    """Also one that never sends anything, as soon as it is answered once that it is there."""
    before = connections(served)
    idle, busy = wire(), wire()
    busy.send(*post(b"{}"))
    busy.answer()
    assert connections(served) == before + 2
    assert idle.socket.fileno() > 0


def test_a_browser_may_ask_first_and_is_told_what_it_may_send(wire):
    connection = wire()
    connection.send("OPTIONS / HTTP/1.1\nHost: x\nOrigin: http://app.example\n\n")
    status, headers, body = connection.answer()
    assert (status, body) == ("HTTP/1.1 200 OK", b"")
    assert headers["access-control-allow-origin"] == "*"
    allowed = set(headers["access-control-allow-headers"].split(","))
    assert allowed >= {
        "cache-control",
        "content-type",
        "x-amz-target",
        "x-amz-user-agent",
        "authorization",
        "x-amz-date",
    }


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        ("GET /us-east-1_none/.well-known/jwks.json", "404 Not Found"),
        ("GET /us-east-1_none/.well-known/other.json", "404 Not Found"),
        ("GET /", "401 Unauthorized"),
    ],
)
def test_pages_that_are_not_there(wire, request_line, status):
    connection = wire()
    connection.send(f"{request_line} HTTP/1.1\nHost: x\nContent-Length: 0\n\n")
    assert connection.answer()[0] == f"HTTP/1.1 {status}"
