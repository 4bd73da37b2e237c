"""What is read in a shorter way than by the parser and the classes of geventhttpclient, held against them."""

from __future__ import annotations

import contextlib

import pytest
from geventhttpclient.header import Headers
from geventhttpclient.response import HTTPParseError, HTTPResponse
from geventhttpclient.url import URL
from hypothesis import example, given
from hypothesis import strategies as st

from harness.load.http.answer import WholeAnswer, whole_frame
from harness.load.http.location import locate
from harness.load.http.outgoing import Outgoing
from harness.transport.answer import simple_frame

LINES = st.lists(
    st.sampled_from(
        [
            b"Content-Type: text/html; charset=utf-8",
            b"content-type:application/json",
            b"Set-Cookie: a=1",
            b"Set-Cookie:  b=2; Path=/",
            b"X-Empty:",
            b"X-Latin: \xe9\xff: x",
            b"Connection: keep-alive",
            b"Connection: close",
            b"Connection: Keep-Alive, Upgrade",
            b"Content-Length: 4",
            b"Content-Length: 0",
            b"Content-Length: 4, 4",
            b"Transfer-Encoding: chunked",
            b"Transfer-Encoding: gzip, chunked",
            b"Trailer: X-T",
        ]
    ),
    max_size=5,
)
STATUS_LINES = st.sampled_from(
    [b"HTTP/1.1 200 OK", b"HTTP/1.1 200", b"HTTP/1.0 200 OK", b"HTTP/1.1 204 No", b"HTTP/1.1 304 -", b"HTTP/1.1 100 Go"]
)
BODIES = st.sampled_from(
    [
        b"",
        b"body",
        b"4\r\nbody\r\n0\r\n\r\n",
        b"2\r\nbo\r\n02\r\ndy\r\n000\r\n\r\n",
        b"A\r\n0123456789\r\n0\r\n\r\n",
        b"0\r\n\r\n",
        b"4;x=1\r\nbody\r\n0\r\n\r\n",
        b"4\r\nbody\r\n0\r\nX-T: 1\r\n\r\n",
        b"+4\r\nbody\r\n0\r\n\r\n",
        b"0x4\r\nbody\r\n0\r\n\r\n",
        b"4\r\nbody\r\n0\r\n\r\nmore",
        b"5\r\nbody\r\n0\r\n\r\n",
        b"3\r\nbody\r\n0\r\n\r\n",
        b"4\r\nbody\r\n",
    ]
)


def by_llhttp(data: bytes, *, is_head: bool) -> HTTPResponse | None:
    """The answer, if it is complete and leaves the connection open."""
    response = HTTPResponse("HEAD" if is_head else "GET")
    with contextlib.suppress(HTTPParseError):
        response.feed(data)
        if response.message_complete and not response.should_close():
            return response
    return None


@given(STATUS_LINES, LINES, BODIES, st.booleans())
@example(b"HTTP/1.1 204 No", [b"Transfer-Encoding: chunked"], b"0\r\n\r\n", False)
def test_short_ways_end_where_llhttp_does(start: bytes, lines: list[bytes], body: bytes, is_head: bool) -> None:
    """What they take is whole, with the same body and fields, on a connection that may be kept."""
    data = b"\r\n".join([start, *lines, b"", b""]) + body
    frame = None if is_head else simple_frame(data)
    if frame is not None and frame[3] == len(data):
        whole = WholeAnswer(frame[0], frame[1], data[frame[2] :])
    else:
        found = whole_frame(data, is_head=is_head)
        if found is None:
            return
        whole = WholeAnswer(*found)
    theirs = by_llhttp(data, is_head=is_head)
    assert theirs is not None
    assert (whole.get_code(), whole.content) == (theirs.get_code(), bytes(theirs._body_buffer))
    assert list(whole.info().items()) == list(theirs.info().items())
    assert whole.status_message == (theirs.status_message or "")
    assert whole.has_cookies == ("set-cookie" in theirs)
    assert whole.length == theirs.length


@given(LINES, st.sampled_from([b"4\r\nbody\r\n0\r\n\r\n", b"0\r\n\r\n"]))
def test_usual_chunks_take_the_short_way(lines: list[bytes], body: bytes) -> None:
    lines = [line for line in lines if not line.startswith((b"Con", b"Tran"))] + [b"Transfer-Encoding: chunked"]
    data = b"\r\n".join([b"HTTP/1.1 200 OK", *lines, b"", b""]) + body
    assert whole_frame(data, is_head=False) is not None


SEGMENTS = st.text(st.sampled_from("aZ09-._~!$&'()*+,;=:@%/?#[] |ü\"2Ff"), max_size=12)


@given(
    st.sampled_from(["http", "https", "HTTP"]),
    st.sampled_from(["api.example", "API.example", "127.0.0.1", "[::1]", "me:pw@api.example", "a_b"]),
    st.sampled_from(["", ":80", ":443", ":8080", ":65535"]),
    SEGMENTS,
)
def test_urls_lead_where_geventhttpclient_goes(scheme: str, host: str, port: str, rest: str) -> None:
    url = f"{scheme}://{host}{port}/{rest}"
    location = locate(url)
    theirs = URL(url)
    if location is None:
        assert theirs.quoted_uri.startswith("//")
        return
    assert location.origin == (theirs.scheme, theirs.host, theirs.port)
    assert location.target == theirs.quoted_uri
    name = f"[{theirs.host}]" if ":" in theirs.host else theirs.host
    shown = name if theirs.port in (80, 443) else f"{name}:{theirs.port}"
    assert location.host_line == f"Host: {shown}\r\n"


@given(st.dictionaries(st.sampled_from(["X-One", "x-one", "Cookie", "Accept"]), st.text("aé1 ", max_size=5)))
def test_the_fields_of_a_request_are_those_that_its_response_remembers(headers: dict[str, str]) -> None:
    fields = {name.lower(): (name, value) for name, value in headers.items()}
    location = locate("http://api.example/")
    assert location is not None
    outgoing = Outgoing("http://api.example/", "GET", dict(fields), None, location)
    before = bytes(outgoing)
    assert outgoing.request.headers == Headers(dict(fields.values()))
    assert bytes(outgoing) == before


def test_a_body_that_broke_off_says_so_once() -> None:
    whole = WholeAnswer(200, b" OK\r\n", b"line\r\nrest", OSError("gone"))
    with pytest.raises(OSError, match="gone"):
        whole.read()
    assert (whole.readline(), whole.readline(), list(whole), list(whole)) == (b"line\r\n", b"", [b"rest"], [])
