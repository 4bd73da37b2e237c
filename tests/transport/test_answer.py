import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ProtocolError
from harness.transport import Headers
from harness.transport.answer import MAX_HEAD_BYTES, Answer, AnswerParser, simple_frame

SIMPLE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\ncontent-LENGTH:  4 \r\nX-A: 1\r\nx-a: 2\r\n\r\nbody"


def parsed(*parts: bytes, is_head: bool = False, max_body_bytes: int = 1000) -> AnswerParser:
    parser = AnswerParser(is_head=is_head, max_body_bytes=max_body_bytes)
    for part in parts:
        parser.take(part)
    return parser


def test_frame_finds_status_fields_and_body():
    frame = simple_frame(SIMPLE)
    assert frame is not None
    status, lines, start, end = frame
    assert status == 200
    assert SIMPLE[start:end] == b"body"
    assert dict(Headers(lines)) == {"content-type": "text/plain", "content-length": "4", "x-a": "1, 2"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nbody",
        b"HTTP/1.1 100 Continue\r\nContent-Length: 4\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nbody",
        b"HTTP/1.1 2000 OK\r\nContent-Length: 4\r\n\r\nbody",
        b"HTTP/1.1 +20 OK\r\nContent-Length: 4\r\n\r\nbody",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nbody",
        b"HTTP/1.1 200 OK\r\nContent-Length: +4\r\n\r\nbody",
        b"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nbody",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\nbody",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: keep-alive, close\r\n\r\nbody",
        b"<html>\r\n\r\n",
    ],
)
def test_frame_leaves_everything_else_to_the_parser(data):
    assert simple_frame(data) is None


def test_connection_header_that_only_repeats_the_rule_is_simple():
    assert simple_frame(b"HTTP/1.1 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n") is not None


names = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,12}", fullmatch=True).filter(
    lambda name: (
        name.lower() not in {"content-length", "transfer-encoding", "connection", "proxy-connection", "upgrade"}
    )
)
values = st.text(st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=20)


@given(
    status=st.integers(200, 599).filter(lambda status: status not in {204, 304}),
    fields=st.lists(st.tuples(names, values), max_size=8),
    body=st.binary(max_size=200),
    at=st.integers(0, 8),
)
def test_frame_and_parser_read_the_same_answer(status, fields, body, at):
    fields.insert(min(at, len(fields)), ("Content-Length", str(len(body))))
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
    data = f"HTTP/1.1 {status} Reason\r\n{lines}\r\n".encode("latin-1") + body
    frame, parser = simple_frame(data), parsed(data)
    assert frame is not None
    assert parser.is_complete
    assert parser.is_kept
    found, head, start, end = frame
    assert found == parser.get_code() == status
    assert dict(Headers(head)) == dict(parser.headers)
    assert data[start:end] == parser.body == body


@given(cuts=st.sets(st.integers(1, 170)), chunks=st.lists(st.binary(min_size=1, max_size=30), max_size=4))
def test_where_the_network_cuts_an_answer_makes_no_difference(cuts, chunks):
    coded = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\nX-Trailer: late\r\n\r\n"
    data = (
        b"HTTP/1.1 100 Continue\r\nX-I: 1\r\n\r\nHTTP/1.1 200 OK\r\nX-Long: a b\r\nTransfer-Encoding: chunked\r\n\r\n"
        + coded
    )
    edges = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    parser = parsed(*(data[start:end] for start, end in itertools.pairwise(edges)))
    assert parser.is_complete
    assert parser.is_kept
    assert parser.get_code() == 200
    assert dict(parser.headers) == {"x-long": "a b", "transfer-encoding": "chunked"}
    assert parser.body == b"".join(chunks)


@pytest.mark.parametrize(
    ("parts", "status", "body", "is_kept"),
    [
        ([b"HTTP/1.1 204 No Content\r\n\r\n"], 204, b"", True),
        ([b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"], 304, b"", True),
        ([b"HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx"], 200, b"x", True),
        ([b"HTTP/1.1 200 OK\r\n\r\nto the", b" end", b""], 200, b"to the end", False),
        ([b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx"], 200, b"x", False),
        ([b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx"], 200, b"x", False),
        ([b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nxsurplus"], 200, b"x", False),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nHTTP/1.1 200 OK"], 200, b"", False),
        (
            [b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"],
            404,
            b"",
            True,
        ),
    ],
)
def test_answers_of_other_shapes(parts, status, body, is_kept):
    parser = parsed(*parts)
    assert parser.is_complete
    assert (parser.get_code(), parser.body, parser.is_kept) == (status, body, is_kept)


def test_answer_to_head_ends_with_its_head():
    parser = parsed(b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n", is_head=True)
    assert parser.is_complete
    assert parser.is_kept
    assert parser.body == b""


def test_interim_answer_is_not_the_answer():
    assert not parsed(b"HTTP/1.1 100 Continue\r\n\r\n").is_complete


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([b"SSH-2.0-OpenSSH_9.6\r\n"], "not HTTP"),
        ([b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nxyz"], "not HTTP"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n"], "not HTTP"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbo", b""], "in the middle"),
        ([b"HTTP/1.1 200 OK\r\nContent-", b""], "in the middle"),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbo", b""], "in the middle"),
        ([b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1001], "longer than 1000 bytes"),
        ([b"HTTP/1.1 200 OK\r\n", b"X: " + b"x" * MAX_HEAD_BYTES], "head is longer"),
    ],
)
def test_what_is_no_answer_is_a_protocol_error_of_a_request_that_was_sent(parts, message):
    with pytest.raises(ProtocolError, match=message) as caught:
        parsed(*parts)
    assert caught.value.sent


def test_headers_are_a_mapping_that_shows_no_values():
    headers = Headers(b" OK\r\nSet-Cookie: secret\r\nX: \r\n")
    assert len(headers) == 2
    assert list(headers) == ["set-cookie", "x"]
    assert headers["x"] == ""
    assert headers.get("y") is None
    assert "secret" not in repr(headers)


def test_answer_shows_no_body():
    assert "token" not in repr(Answer(200, {}, b"token", 0, 0, 0, 0, reused=False))
