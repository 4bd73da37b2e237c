"""An answer that is none, that never ends or leads nowhere: one failed request, and the user goes on."""

from __future__ import annotations

import gzip
import resource
import zlib
from collections.abc import Iterator
from typing import Any

import brotli
import gevent
import pytest

from harness.load.api_sample import request_sample
from harness.load.client import ApiSession
from harness.load.http import DirectSession
from harness.load.http.limits import MAX_HEAD_BYTES, MIB, Limits
from harness.outcome import Outcome
from tests.load.http.conftest import Answer, Opened, Record, Site, answer, closing, endless, pieces, redirect

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKS = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
LIMITS = Limits(max_answer_bytes=MIB, request_timeout_s=30.0)
SOON = Limits(request_timeout_s=0.2)
HEAD_TOO_LARGE = f"AnswerTooLargeError: the head is larger than {MAX_HEAD_BYTES // 1024} KiB"
TOO_LARGE = "AnswerTooLargeError: the body is larger than 1 MiB"
TOO_LATE = "AnswerTooLateError: the answer did not end in time"
NOWHERE = "InvalidLocationError: a redirect leads to no http or https address"


def zipped(body: bytes) -> bytes:
    return gzip.compress(body, mtime=0)


@pytest.fixture(params=[{}, {"max_retries": 1}], ids=["direct", "by Locust's client"])
def either(direct: Opened, request: pytest.FixtureRequest) -> Iterator[Opened]:
    """Both ways that a session's requests go."""
    direct.options = {"limits": LIMITS, **request.param}
    return direct


def told(record: Record, number: int = -1) -> tuple[str, str]:
    sample = request_sample(**record.events[number])
    return sample.outcome.value, sample.error


LOCATIONS = {
    "http://": NOWHERE,
    "http:///path": NOWHERE,
    "http://[::1": NOWHERE,
    "//[": NOWHERE,
    "http://[]/": NOWHERE,
    "https://:99999/": NOWHERE,
    "http://127.0.0.1:99999/": NOWHERE,
    "http://127.0.0.1:-1/": NOWHERE,
    "http://127.0.0.1:none/": NOWHERE,
    "http://\x01/": NOWHERE,
    "http://\xfc.example/": NOWHERE,
    "ftp://x": "UnsupportedRedirectSchemeError",
    "javascript:1": "UnsupportedRedirectSchemeError",
    "/" + "x" * 5_000_000: HEAD_TOO_LARGE,
}


class TestLocations:
    @pytest.mark.parametrize("location", LOCATIONS, ids=[location[:30] for location in LOCATIONS])
    def test_one_that_is_no_address_fails_the_request(
        self, site: Site, direct: Opened, record: Record, location: str
    ) -> None:
        site.answers["/orders"] = redirect(location).decode().encode("latin-1")
        session = direct(site, limits=LIMITS)
        response = session.get("/orders")
        assert (response.status_code, response.text, len(record.events)) == (0, None, 1)
        error = LOCATIONS[location]
        outcome = Outcome.TRANSPORT_ERROR if error == HEAD_TOO_LARGE else Outcome.MALFORMED
        assert told(record) == (outcome, error)
        assert session.get("/others").text == "body"

    @pytest.mark.parametrize("location", ["http://", "http://[::1", "https://:99999/", "http://a..b/"])
    def test_the_same_where_locusts_client_follows(
        self, site: Site, direct: Opened, record: Record, location: str
    ) -> None:
        site.answers["/orders"] = redirect(location)
        assert direct(site, max_retries=1).get("/orders").status_code == 0
        assert told(record) == (Outcome.MALFORMED, NOWHERE)

    @pytest.mark.parametrize("host", ["a..b", ".", "a" * 64])
    def test_a_host_that_can_have_no_name(self, site: Site, direct: Opened, record: Record, host: str) -> None:
        site.answers["/orders"] = redirect(f"http://{host}/")
        assert direct(site).get("/orders").status_code == 0
        assert told(record) == (Outcome.TRANSPORT_ERROR, "gaierror: [Errno -2] Name or service not known")

    def test_a_loop(self, site: Site, direct: Opened, record: Record) -> None:
        site.answers["/orders"] = redirect("/orders")
        direct(site, max_redirects=3).get("/orders")
        assert told(record) == (Outcome.MALFORMED, "RetriesExceeded: Redirection limit reached (3)")
        assert len(site.requests) == 4

    def test_bodies_on_the_way_count_together(self, site: Site, direct: Opened, record: Record) -> None:
        part = answer(b"x" * (MIB // 4), "302 Found", Location="/orders")
        site.answers["/orders"] = part
        direct(site, limits=LIMITS).get("/orders")
        assert told(record)[1].startswith("AnswerTooLargeError: ")
        assert len(site.requests) == 5


NO_HTTP = {
    "bytes": bytes(range(256)) * 4,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/2 settings": b"\0\0\x12\4\0\0\0\0\0\0\3\0\0\0\x80",
    "a TLS alert": b"\x15\x03\x01\0\2\2F",
    "SMTP": b"220 mail.example ESMTP\r\n",
    "HTTP/0.9": b"<html>",
    "no status": b"HTTP/1.1 \r\nContent-Length: 0\r\n\r\n",
    "a status of two digits": b"HTTP/1.1 99 X\r\nContent-Length: 0\r\n\r\n",
    "a status of four digits": b"HTTP/1.1 1000 X\r\nContent-Length: 0\r\n\r\n",
    "another version": b"HTTP/3.7 200 OK\r\nContent-Length: 0\r\n\r\n",
    "a length without end": HEAD + b"Content-Length: 1" + b"0" * 5000 + b"\r\n\r\n",
    "a length below nothing": HEAD + b"Content-Length: -1\r\n\r\n",
    "a chunk below nothing": CHUNKS + b"-1\r\na\r\n0\r\n\r\n",
    "a chunk without end": CHUNKS + b"f" * 20 + b"\r\na\r\n0\r\n\r\n",
    "a chunk that is too short": CHUNKS + b"5\r\na\r\n0\r\n\r\n",
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nabc",
}


class TestNoHttp:
    @pytest.mark.parametrize("data", NO_HTTP.values(), ids=NO_HTTP)
    def test_it_fails_the_request(self, site: Site, direct: Opened, record: Record, data: bytes) -> None:
        site.answers["/orders"] = closing(data)
        session = direct(site, limits=LIMITS)
        response = session.get("/orders")
        assert (response.status_code, response.text, len(record.events)) == (0, None, 1)
        outcome, error = told(record)
        assert outcome == Outcome.TRANSPORT_ERROR
        assert error.startswith("HTTPParseError: ")
        assert session.get("/others").text == "body"


SURPLUS = {
    "a length": answer() + b"surplus",
    "a length, closing": HEAD + b"Connection: close\r\nContent-Length: 4\r\n\r\nbodysurplus",
    "chunks": CHUNKS + b"4\r\nbody\r\n0\r\n\r\nsurplus",
    "another answer": answer() + answer(b"other", "500 Internal Server Error"),
    "an interim answer before": b"HTTP/1.1 100 Continue\r\n\r\n" + answer() + b"surplus",
    "204": b"HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nbody",
    "304": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nbody",
}


class TestSurplus:
    """As curl and browsers have it: the answer counts, and its connection is not used again."""

    @pytest.mark.parametrize("data", SURPLUS.values(), ids=SURPLUS)
    @pytest.mark.parametrize("in_pieces", [False, True])
    def test_more_than_an_answer_ends_its_connection(
        self, site: Site, direct: Opened, record: Record, data: bytes, in_pieces: bool
    ) -> None:
        middle = data.rindex(b"\r\n\r\n") + 4
        site.answers["/orders"] = pieces(data[:middle], data[middle:]) if in_pieces else data
        session = direct(site)
        response = session.get("/orders")
        assert told(record) == (Outcome.OK, "")
        assert response.status_code == int(data.replace(b"HTTP/1.1 100 Continue\r\n\r\n", b"")[9:12])
        assert response.content == (b"" if response.status_code > 200 else b"body")
        assert len(response.headers) > 0
        gevent.sleep(0.03)
        assert session.get("/others").text == "body"
        assert (site.connections, told(record)) == (2, (Outcome.OK, ""))


ENDLESS = {
    "fields": (endless(HEAD, b"X-A: " + b"a" * 1000 + b"\r\n"), HEAD_TOO_LARGE),
    "one field": (endless(HEAD + b"X-A: ", b"a" * 10_000), HEAD_TOO_LARGE),
    "a cookie": (endless(HEAD + b"Set-Cookie: a=", b"a" * 10_000), HEAD_TOO_LARGE),
    "the reason": (endless(b"HTTP/1.1 200 ", b"a" * 10_000), HEAD_TOO_LARGE),
    "interim answers": (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100), HEAD_TOO_LARGE),
    "trailers": (endless(CHUNKS + b"1\r\na\r\n0\r\n", b"X: " + b"a" * 1000 + b"\r\n"), HEAD_TOO_LARGE),
    "chunks": (endless(CHUNKS, b"10000\r\n" + b"a" * 65536 + b"\r\n"), TOO_LARGE),
    "body": (endless(HEAD + b"\r\n", b"a" * 65536), TOO_LARGE),
    "10^12": (endless(HEAD + b"Content-Length: 1000000000000\r\n\r\n", b"a" * 65536), TOO_LARGE),
    "10^18": (endless(HEAD + b"Content-Length: 1000000000000000000\r\n\r\n", b"a" * 65536), TOO_LARGE),
}


class TestSize:
    @pytest.mark.parametrize(("script", "error"), ENDLESS.values(), ids=ENDLESS)
    def test_what_never_ends_is_given_up(
        self, site: Site, direct: Opened, record: Record, script: Answer, error: str
    ) -> None:
        site.answers["/orders"] = script
        session = direct(site, limits=LIMITS)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        response = session.get("/orders")
        assert (response.text or "", len(record.events)) == ("", 1)
        assert told(record) == (Outcome.TRANSPORT_ERROR, error)
        assert session.get("/others").text == "body"
        assert site.connections == 2
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024

    @pytest.mark.parametrize("name", ["chunks", "body", "10^12", "10^18"])
    def test_the_body_by_locusts_client(self, site: Site, direct: Opened, record: Record, name: str) -> None:
        site.answers["/orders"], error = ENDLESS[name]
        direct(site, limits=LIMITS, max_retries=1).get("/orders")
        assert told(record) == (Outcome.TRANSPORT_ERROR, error)

    @pytest.mark.parametrize("size", [MIB, MIB + 1])
    @pytest.mark.parametrize("in_chunks", [False, True])
    def test_the_limit_is_exact(self, site: Site, direct: Opened, record: Record, size: int, in_chunks: bool) -> None:
        body = b"x" * size
        site.answers["/orders"] = CHUNKS + b"%x\r\n%b\r\n0\r\n\r\n" % (size, body) if in_chunks else answer(body)
        direct(site, limits=LIMITS).get("/orders")
        assert told(record)[1] == ("" if size == MIB else TOO_LARGE)

    def test_a_stream_is_the_tasks_to_read_piece_by_piece(self, site: Site, direct: Opened, record: Record) -> None:
        site.answers["/orders"], _ = ENDLESS["body"]
        response = direct(site, limits=LIMITS).get("/orders", stream=True)
        assert sum(len(response.stream.read(65536)) for _ in range(32)) == 2 * MIB
        with pytest.raises(Exception, match="larger than 1 MiB"):
            response.content  # noqa: B018  # reads all of it
        assert told(record) == (Outcome.OK, "")


def bomb(coding: str) -> bytes:
    zeros = b"\0" * (16 * MIB)
    return {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress}[coding](zeros)


class TestCodings:
    @pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
    def test_what_grows_beyond_the_limit_is_given_up(
        self, site: Site, either: Opened, record: Record, coding: str
    ) -> None:
        site.answers["/orders"] = answer(bomb(coding), Content_Encoding=coding)
        response = either(site).get("/orders")
        assert len(record.events) == 1
        assert told(record) == (Outcome.TRANSPORT_ERROR, TOO_LARGE)
        assert response.status_code == 200

    @pytest.mark.parametrize(
        ("coding", "body", "error"),
        [
            ("gzip", b"no gzip", "the body is not gzip"),
            ("gzip", zipped(b"body")[:-4], "the body is not whole gzip"),
            ("deflate", b"no deflate", "the body is not deflate"),
            ("deflate", zlib.compress(b"body")[:-1], "the body is not whole deflate"),
            ("br", b"no brotli", "the body is not br"),
            ("br", brotli.compress(b"body" * 100)[:-2], "the body is not whole br"),
            ("zstd", b"(\xb5/\xfd", "a content coding that was not asked for"),
            ("compress", b"body", "a content coding that was not asked for"),
            ("gzip, zstd", b"body", "a content coding that was not asked for"),
            ("gzip, " * 6, b"body", "more than 5 content codings"),
        ],
    )
    def test_what_is_not_what_it_says_fails(
        self, site: Site, either: Opened, record: Record, coding: str, body: bytes, error: str
    ) -> None:
        site.answers["/orders"] = answer(body, Content_Encoding=coding)
        session = either(site)
        session.get("/orders")
        assert len(record.events) == 1
        assert told(record) == (Outcome.MALFORMED, f"ContentCodingError: {error}")
        assert session.get("/others").text == "body"

    @pytest.mark.parametrize(
        ("coding", "body"),
        [
            ("x-gzip", zipped(b"body")),
            ("gzip", zipped(b"bo") + zipped(b"dy")),
            ("gzip", zipped(b"body") + b"\0\0"),
            ("deflate, gzip", zipped(zlib.compress(b"body"))),
            ("identity", b"body"),
            ("", b"body"),
        ],
    )
    def test_what_can_be_read_is(self, site: Site, either: Opened, record: Record, coding: str, body: bytes) -> None:
        site.answers["/orders"] = answer(body, Content_Encoding=coding)
        assert either(site).get("/orders").text == "body"
        assert told(record) == (Outcome.OK, "")

    def test_one_that_the_task_asked_for_is_the_tasks_to_read(self, site: Site, direct: Opened, record: Record) -> None:
        site.answers["/orders"] = answer(b"(\xb5/\xfd", Content_Encoding="zstd")
        response = direct(site).get("/orders", headers={"Accept-Encoding": "br, zstd;q=0.5"})
        assert (response.content, told(record)) == (b"(\xb5/\xfd", (Outcome.OK, ""))

    def test_no_body_is_none_in_any_coding(self, site: Site, either: Opened, record: Record) -> None:
        site.answers["/orders"] = HEAD + b"Content-Length: 40\r\nContent-Encoding: gzip\r\n\r\n"
        assert either(site).head("/orders").status_code == 200
        assert told(record) == (Outcome.OK, "")

    @pytest.mark.parametrize("charset", ["nonsense", "hex", "\0", "idna", "undefined"])
    def test_an_encoding_that_is_none_is_read_as_utf_8(self, site: Site, direct: Opened, charset: str) -> None:
        site.answers["/orders"] = answer(b"body", Content_Type=f"text/plain; charset={charset}")
        assert direct(site).get("/orders").text == "body"


class TestTime:
    @pytest.mark.parametrize(
        "script",
        [
            endless(HEAD + b"Content-Length: 100000\r\n\r\n", b"a", 0.01),
            endless(HEAD + b"\r\n", b"a", 0.01),
            endless(CHUNKS, b"1\r\na\r\n", 0.01),
            endless(CHUNKS + b"1;", b"a" * 1000),
            endless(HEAD, b"A: b\r\n", 0.01),
            endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.01),
            endless(b"HTTP/1.1 000 X\r\n\r\n", b"HTTP/1.1 000 X\r\n\r\n", 0.01),
            endless(HEAD + b"Content-Length: 9\r\n\r\n", b"", 0.01),
        ],
    )
    def test_an_answer_that_trickles_is_given_up(
        self, site: Site, either: Opened, record: Record, script: Answer
    ) -> None:
        site.answers["/orders"] = script
        response = either(site, limits=SOON).get("/orders")
        assert (response.ok and either.options == {}, len(record.events)) == (False, 1)
        assert told(record) == (Outcome.TRANSPORT_ERROR, TOO_LATE)
        assert record.events[0]["response_time"] >= 200

    def test_silence_is_what_it_was(self, site: Site, direct: Opened, record: Record) -> None:
        site.answers["/orders"] = endless(b"", b"", 0.01)
        direct(site, limits=SOON).get("/orders")
        assert told(record) == (Outcome.TRANSPORT_ERROR, "TimeoutError: timed out")

    def test_a_timeout_in_force_on_the_connection_is_shortened(
        self, site: Site, direct: Opened, record: Record
    ) -> None:
        """The timer of the first answer is set for five seconds; the second may take 0.2."""
        session = direct(site, limits=SOON, network_timeout=5.0)
        session.get("/others")
        site.answers["/orders"] = endless(HEAD + b"Content-Length: 9\r\n\r\n", b"", 0.01)
        with gevent.Timeout(4):
            session.get("/orders")
        assert told(record) == (Outcome.TRANSPORT_ERROR, TOO_LATE)
        assert site.connections == 1

    def test_a_stream_may_go_on(self, site: Site, direct: Opened, record: Record) -> None:
        site.answers["/orders"] = endless(HEAD + b"\r\n", b"a", 0.01)
        response = direct(site, limits=SOON).get("/orders", stream=True)
        gevent.sleep(0.25)
        assert len(response.stream.read(30)) == 30
        assert told(record) == (Outcome.OK, "")


class Bearer:
    def tokens(self, _name: str) -> Any:
        return self

    def instead_of(self, _refused: Any, _name: str) -> Any:
        return self

    def value(self, _tokens: Any) -> str:
        return "Bearer token"


class TestInATask:
    """What a task sees of an answer whose body broke off, or cannot be read."""

    @pytest.fixture
    def session(self, record: Record, site: Site) -> ApiSession:
        site.answers = {
            "/coding": answer(b"no gzip", Content_Encoding="gzip"),
            "/cut": closing(HEAD + b"Content-Length: 9\r\n\r\nbody"),
            "/bad": answer(b"no gzip", "503 Service Unavailable", Content_Encoding="gzip"),
        }
        return ApiSession(
            site.url, record.hook, None, insecure=False, max_retries=0, bearer=Bearer(), cut_off=lambda _: None
        )

    @pytest.mark.parametrize(("path", "outcome"), [("/coding", "malformed"), ("/cut", "transport_error")])
    def test_it_is_not_ok(self, session: ApiSession, record: Record, path: str, outcome: str) -> None:
        response = session.get(path)
        assert (response.status_code, response.ok, response.content, response.text or "") == (200, False, b"", "")
        assert repr(response.error) == record.errors[0]
        with pytest.raises(type(response.error)):
            response.raise_for_status()
        assert told(record)[0] == outcome

    @pytest.mark.parametrize(("path", "outcome"), [("/coding", "malformed"), ("/cut", "transport_error")])
    def test_nor_in_a_with_block_whose_check_may_raise(
        self, session: ApiSession, record: Record, path: str, outcome: str
    ) -> None:
        with session.get(path, catch_response=True) as response:
            assert (response.ok, response.text or "") == (False, "")
        with pytest.raises((ValueError, TypeError)), session.get(path, catch_response=True) as response:
            response.json()
        with session.get(path, catch_response=True) as response:
            response.success()
        assert [told(record, number)[0] for number in range(3)] == [outcome, outcome, "ok"]

    def test_a_bad_status_comes_first(self, session: ApiSession, record: Record) -> None:
        assert session.get("/bad").ok is False
        with session.get("/bad", catch_response=True):
            pass
        assert [told(record, number) for number in range(2)] == [("server_error", "HTTP 503")] * 2


def test_a_session_without_limits_has_the_usual_ones(site: Site, record: Record) -> None:
    assert Limits() == (64 * MIB, 60.0)
    assert isinstance(DirectSession(site.url, record.hook, None), DirectSession)
