"""What comes back; the same with Locust's own session."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

import brotli
import pytest
from locust.contrib.fasthttp import FastHttpSession, FastResponse

from harness.load.http import DirectSession
from tests.load.http.conftest import Opened, Record, Site, answer, closing, pieces, silent

HEAD = b"HTTP/1.1 200 OK\r\n"
GREETING = "schöne grüße über alle wörter"
CODED = {
    "gzip": gzip.compress(b"body"),
    "GZIP": gzip.compress(b"body"),
    "deflate": zlib.compress(b"body"),
    "br": brotli.compress(b"body"),
    "identity": b"body",
}
FRAMED = {
    "length": answer(),
    "length, first": b"HTTP/1.1 200 Fine with me\r\nContent-Length:4\r\nX-One: 1\r\n\r\nbody",
    "chunks": HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n",
    "chunks with extension and trailer": HEAD
    + b"transfer-encoding: Chunked\r\n\r\n4;x=y\r\nbody\r\n0\r\nX-T: 1\r\n\r\n",
    "chunks that hold an end": HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
    "no reason": b"HTTP/1.1 200\r\nContent-Length: 4\r\n\r\nbody",
    "http/1.0": b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody",
    "until closed": HEAD + b"Connection: close\r\n\r\nbody",
    "interim": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + answer(),
    "keep-alive said": answer(Connection="keep-alive"),
    "in two": pieces(HEAD + b"Content-Length: 4\r\n\r\n", b"body"),
    "head in two": pieces(HEAD + b"Content-Le", b"ngth: 4\r\n\r\nbody"),
    "drop by drop": pieces(*(bytes([byte]) for byte in answer()), pause_s=0.0),
    "chunks in two": pieces(HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\nbo", b"dy\r\n0\r\n\r\n"),
    "chunks, the end late": pieces(HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n", b"0\r\n\r\n"),
}


class TestFrames:
    @pytest.mark.parametrize("framed", FRAMED.values(), ids=FRAMED)
    def test_the_body_is_found(self, site: Site, opened: Opened, record: Record, framed: Any) -> None:
        site.answers["/orders"] = framed
        session = opened(site)
        assert [session.get("/orders").content for _ in range(2)] == [b"body", b"body"]
        assert [event["response_length"] for event in record.events] == [4, 4]
        assert record.errors == [None, None]

    @pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
    def test_some_have_none(self, site: Site, opened: Opened, record: Record, status: str) -> None:
        site.answers["/orders"] = f"HTTP/1.1 {status}\r\nETag: 1\r\n\r\n".encode()
        session = opened(site)
        for _ in range(2):
            response = session.get("/orders")
            assert (response.status_code, response.content, response.text) == (int(status[:3]), b"", "")
        assert record.errors == [None, None]
        assert site.connections == 1

    def test_head_has_a_length_and_no_body(self, site: Site, opened: Opened, record: Record) -> None:
        site.answers["/orders"] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"
        session = opened(site)
        for _ in range(2):
            response = session.head("/orders")
            assert (response.content, response.headers["content-length"]) == (b"", "4")
        assert [event["response_length"] for event in record.events] == [0, 0]
        assert site.connections == 1

    def test_large_bodies(self, site: Site, opened: Opened, record: Record) -> None:
        body = bytes(range(256)) * 20_000
        site.answers["/orders"] = answer(body)
        assert opened(site).post("/orders", body).content == body
        assert site.body() == body
        assert record.events[0]["response_length"] == len(body)


class TestContent:
    @pytest.mark.parametrize("coding", CODED)
    @pytest.mark.parametrize("is_chunked", [False, True])
    def test_codings_are_undone(
        self, site: Site, opened: Opened, record: Record, coding: str, is_chunked: bool
    ) -> None:
        body = CODED[coding]
        site.answers["/orders"] = (
            HEAD
            + b"Content-Encoding: %b\r\nTransfer-Encoding: chunked\r\n\r\n" % coding.encode()
            + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
            if is_chunked
            else answer(body, Content_Encoding=coding)
        )
        session = opened(site)
        assert [session.get("/orders").text for _ in range(2)] == ["body", "body"]
        assert record.events[0]["response_length"] == 4
        assert site.connections == 1

    def test_deflate_without_a_header(self, site: Site, opened: Opened) -> None:
        bare = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        site.answers["/orders"] = answer(bare.compress(b"body") + bare.flush(), Content_Encoding="deflate")
        assert opened(site).get("/orders").content == b"body"

    def test_a_coding_that_is_broken_fails(self, site: Site, opened: Opened, record: Record) -> None:
        site.answers["/orders"] = answer(b"no gzip", Content_Encoding="gzip")
        response = opened(site).get("/orders")
        assert response.status_code == 200
        said = {
            FastHttpSession: "error('Error -3 while decompressing",
            DirectSession: "ContentCodingError('the body is not gzip'",
        }
        assert str(record.errors[0]).startswith(said[opened.kind])
        assert record.events[0]["response_length"] == 0

    @pytest.mark.parametrize(
        ("content_type", "body", "encoding", "text"),
        [
            ("application/json", "ü".encode(), "utf-8", "ü"),
            ("application/json; charset=latin-1", b"\xfc", "latin-1", "ü"),
            ('text/html; charset="utf-8"', "ü".encode(), "utf-8", "ü"),
            ("text/plain", b"\xfc", "ISO-8859-1", "ü"),
            ("text/plain; boundary=x; charset=UTF-8 ", "ü".encode(), "UTF-8", "ü"),
            ("application/octet-stream", GREETING.encode(), None, GREETING),
            ("application/json", b"\xff", "utf-8", "\ufffd"),
        ],
    )  # fmt: skip
    def test_text_in_the_encoding_that_is_said_or_found(
        self, site: Site, opened: Opened, content_type: str, body: bytes, encoding: str | None, text: str
    ) -> None:
        site.answers["/orders"] = answer(body, Content_Type=content_type)
        response = opened(site).get("/orders")
        assert response.text == text
        assert response.encoding == (encoding or response.encoding)

    def test_without_a_type_it_is_found(self, site: Site, opened: Opened) -> None:
        site.answers["/orders"] = answer(GREETING.encode())
        assert opened(site).get("/orders").text == GREETING

    def test_an_encoding_that_is_set_first_counts(self, site: Site, opened: Opened) -> None:
        site.answers["/orders"] = answer(b"\xfc", Content_Type="application/json")
        response = opened(site).get("/orders")
        response.encoding = "latin-1"
        assert response.text == "ü"

    def test_json(self, site: Site, opened: Opened) -> None:
        site.answers["/orders"] = answer(b'{"id": "\\u00fc", "n": [1]}', Content_Type="application/json")
        response = opened(site).get("/orders")
        assert response.json() == {"id": "ü", "n": [1]}
        assert response.json() == {"id": "ü", "n": [1]}


class TestResponse:
    def test_everything_that_can_be_asked(self, site: Site, opened: Opened) -> None:
        site.answers["/orders"] = answer(X_One="1", X_Two=" a: b ").replace(b"X-Two", b"x-one: 2\r\nX-Two")
        response = opened(site).post("/orders", json={"a": 1}, headers={"X-Mine": "1"})

        assert isinstance(response, FastResponse)
        assert (response.status_code, response.status, response.ok) == (200, "200", True)
        assert response.headers["CONTENT-LENGTH"] == response.headers.get("content-length") == "4"
        assert response.headers["X-ONE"] == response.headers.getlist("x-one") == ["1", "2"]
        assert "x-two" in response.headers
        assert response.headers.get("none") is None
        assert next(iter(response.headers.items())) == ("Content-Length", "4")
        assert response.info().get_all("X-One") == ["1", "2"]
        assert (response.content, response.data, response.text) == (b"body", b"body", "body")
        assert (len(response), response.isclosed(), response.history) == (4, True, [])
        assert response.elapsed.total_seconds() > 0
        assert response.url == response.request.url == f"{site.url}/orders"
        assert (response.request.method, response.request.body, response.request.payload) == (
            "POST",
            '{"a": 1}',
            '{"a": 1}',
        )
        assert response.request.headers["x-mine"] == "1"
        assert response.request.headers.get("Content-Type") == "application/json"
        assert response.request.get_host() == "127.0.0.1"
        assert not hasattr(response, "error")
        response.raise_for_status()
        response.release()
        # The body has been read, for its length: what reads on finds nothing, and content stays.
        assert (response.read(), response.read(2), response.readline(), list(response)) == (b"", b"", b"", [])
        assert (response.stream.read(), list(response.iter_content())) == (b"", [])
        assert response.content == b"body"

    def test_what_was_sent_without_a_body(self, site: Site, opened: Opened) -> None:
        request = opened(site).get("/orders").request
        assert (request.method, request.body, request.data) == ("GET", None, None)

    def test_the_manager_knows_the_same(self, site: Site, opened: Opened) -> None:
        site.answers["/orders"] = answer(b'{"a": 1}', Content_Type="application/json", X_One="1")
        with opened(site).post("/orders", "sent", catch_response=True) as response:
            assert isinstance(response, FastResponse)
            assert (response.status_code, response.ok, response.headers["x-one"]) == (200, True, "1")
            assert (response.json(), response.content, response.text) == ({"a": 1}, b'{"a": 1}', '{"a": 1}')
            assert (response.url, response.request.body) == (f"{site.url}/orders", b"sent")
            assert response.encoding == "utf-8"
            assert not hasattr(response, "error")


class TestStreams:
    LINES = HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\none\n\r\n", b"4\r\ntwo\n\r\n5\r\nthree\r\n0\r\n\r\n"

    def test_lines(self, site: Site, opened: Opened, record: Record) -> None:
        site.answers["/orders"] = pieces(*self.LINES)
        assert list(opened(site).iter_lines("/orders")) == ["one", "two", "three"]
        assert [event["response_length"] for event in record.events] == [0]

    def test_lines_of_a_failure(self, site: Site, opened: Opened) -> None:
        site.answers["/orders"] = answer(b"no", "500 Internal Server Error")
        with pytest.raises(Exception, match="code=500"):
            list(opened(site).iter_lines("/orders"))

    def test_the_request_ends_with_the_head(self, site: Site, opened: Opened, record: Record) -> None:
        site.answers["/orders"] = pieces(HEAD + b"Content-Length: 8\r\n\r\n", b"bodybody", pause_s=0.3)
        response = opened(site).get("/orders", stream=True)
        assert record.events[0]["response_time"] < 250
        assert record.events[0]["response_length"] == 8
        assert response.content == b"bodybody"
        assert response.isclosed()

    def test_bit_by_bit(self, site: Site, opened: Opened) -> None:
        site.answers["/orders"] = answer(b"0123456789")
        session = opened(site)
        response = session.get("/orders", stream=True)
        assert (response.read(3), response.stream.read(3)) == (b"012", b"345")
        assert list(response.iter_content(2)) == ["67", "89"]
        response = session.get("/orders", stream=True)
        assert list(response.iter_content(8, decode_content=False)) == [b"01234567", b"89"]
        assert site.connections == 1

    def test_in_a_with_block(self, site: Site, opened: Opened, record: Record) -> None:
        site.answers["/orders"] = pieces(*self.LINES)
        with opened(site).get("/orders", stream=True, catch_response=True) as response:
            assert response.stream.read(4) == b"one\n"
            response.failure("seen enough")
        assert record.errors == ["CatchResponseError('seen enough')"]

    def test_what_is_not_read_costs_its_connection(self, site: Site, opened: Opened) -> None:
        site.answers["/stream"] = silent(HEAD + b"Content-Length: 8\r\n\r\nbody")
        session = opened(site, concurrency=1)
        session.get("/stream", stream=True).release()
        assert session.get("/orders").text == "body"
        assert site.connections == 2

    def test_one_that_breaks_off_ends(self, site: Site, opened: Opened) -> None:
        site.answers["/orders"] = closing(HEAD + b"Content-Length: 8\r\n\r\nbody")
        response = opened(site).get("/orders", stream=True)
        with pytest.raises(Exception, match="Incomplete response"):
            response.read()
