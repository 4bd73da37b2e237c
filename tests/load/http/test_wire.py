"""Byte for byte, what is sent is what FastHttpUser sends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from locust.contrib.fasthttp import FastHttpSession

from harness.load.http import DirectSession
from tests.load.http.conftest import Opened, Record, Site, redirect

Call = Callable[[FastHttpSession, str], Any]

CALLS: dict[str, Call] = {
    "get": lambda s, _: s.get("/orders"),
    "query": lambda s, _: s.get("/orders?a=1&b=x+y%20z"),
    "params": lambda s, _: s.get("/orders", params={"a": 1, "b": ["x y", "ü"], "none": None}),
    "params beside a query": lambda s, _: s.get("/orders?a=1", params=[("b", "2")]),
    "params as text": lambda s, _: s.get("/orders", params="a=1"),
    "no params": lambda s, _: s.get("/orders", params={}),
    "path to be quoted": lambda s, _: s.get("/bücher/a b"),
    "path that is quoted": lambda s, _: s.get("/b%C3%BCcher/%7Eme/100%"),
    "path with parameters": lambda s, _: s.get("/a;b/c;d?e;f"),
    "empty query and fragment": lambda s, _: s.get("/orders?#top"),
    "dots and slashes": lambda s, _: s.get("/a/../b//c/."),
    "query alone": lambda s, _: s.get("?a=1"),
    "no path": lambda s, _: s.get(""),
    "absolute": lambda s, url: s.get(f"{url}/orders"),
    "absolute, in capitals": lambda s, url: s.get(f"{url.upper()}/Orders"),
    "absolute, with credentials": lambda s, url: s.get(f"{url.replace('//', '//me:secret@')}/orders"),
    "method in small letters": lambda s, _: s.request("get", "/orders"),
    "method of one's own": lambda s, _: s.request("PURGE", "/orders"),
    "head": lambda s, _: s.head("/orders"),
    "options": lambda s, _: s.options("/orders"),
    "delete": lambda s, _: s.delete("/orders"),
    "delete with a body": lambda s, _: s.delete("/orders", json={"id": 1}),
    "post without a body": lambda s, _: s.post("/orders"),
    "put without a body": lambda s, _: s.put("/orders"),
    "patch without a body": lambda s, _: s.patch("/orders", data=b""),
    "json": lambda s, _: s.post("/orders", json={"item": "bücher"}),
    "json that is false": lambda s, _: s.post("/orders", json={}),
    "json with its own type": lambda s, _: s.post(
        "/orders", json=[1], headers={"Content-Type": "a/b", "Accept": "c/d"}
    ),
    "json and data": lambda s, _: s.post("/orders", data="text", json=[1]),
    "form": lambda s, _: s.post("/orders", {"a": "x y", "b": "ü"}),
    "form with its own type": lambda s, _: s.post("/orders", {"a": "1"}, headers={"content-type": "a/b"}),
    "text": lambda s, _: s.post("/orders", "grüße"),
    "text with its own type": lambda s, _: s.put("/orders", "grüße", headers={"Content-Type": "a/b"}),
    "text with an empty type": lambda s, _: s.put("/orders", "grüße", headers={"Content-Type": ""}),
    "bytes": lambda s, _: s.post("/orders", b"\x00\xff"),
    "bytes with their own type": lambda s, _: s.patch("/orders", data=b"\x00", headers={"CONTENT-TYPE": "a/b"}),
    "get with a body": lambda s, _: s.get("/orders", data=b"query"),
    "own length": lambda s, _: s.post("/orders", b"four", headers={"content-LENGTH": "4"}),
    "headers": lambda s, _: s.get("/orders", headers={"X-One": "1", "x-two": "é", "X-Three": "\ta b"}),
    "headers as pairs": lambda s, _: s.get("/orders", headers=[("X-One", "1"), ("X-Two", "2")]),
    "header that is a number": lambda s, _: s.get("/orders", headers={"X-One": 1}),
    "header of several lines": lambda s, _: s.get("/orders", headers={"X-One": ["1", "2"]}),
    "a default header replaced": lambda s, _: s.get("/orders", headers={"X-DEFAULT": "mine"}),
    "own user agent": lambda s, _: s.get("/orders", headers={"user-agent": "me"}),
    "own encoding": lambda s, _: s.get("/orders", headers={"Accept-Encoding": "identity"}),
    "own encoding, in small letters": lambda s, _: s.get("/orders", headers={"accept-encoding": "gzip"}),
    "own host": lambda s, _: s.get("/orders", headers={"Host": "elsewhere.example"}),
    "own cookie": lambda s, _: s.get("/orders", headers={"Cookie": "a=1"}),
    "basic credentials": lambda s, _: s.get("/orders", auth=("alice", "pass:word")),
    "basic credentials as bytes": lambda s, _: s.get("/orders", auth=(b"alice", b"\xff")),
    "stream": lambda s, _: s.get("/orders", stream=True).content,
    "see other after a post": lambda s, _: s.post("/see-other", json={"a": 1}, headers={"X-One": "1"}),
    "moved, with a post": lambda s, _: s.post("/moved", {"a": "1"}),
    "keep the method": lambda s, _: s.put("/temporary", json={"a": 1}, headers={"Authorization": "mine"}),
    "head that is redirected": lambda s, _: s.head("/moved"),
    # what is left to Locust's own client
    "files": lambda s, _: s.post("/orders", files={"f": ("name", b"once", "a/b", {}, "boundary")}),
    "body in pieces": lambda s, _: s.post("/orders", iter([b"one", b"two"])),
    "body in chunks": lambda s, _: s.post("/orders", b"whole", headers={"Transfer-Encoding": "chunked"}),
    "argument that only the client knows": lambda s, _: s.get("/orders", colour="red"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_the_same_bytes_are_sent(site: Site, call: Call) -> None:
    site.answers = {
        "/see-other": redirect("/orders?seen=1", "303 See Other", Set_Cookie="seen=1"),
        "/moved": redirect("orders", "301 Moved Permanently"),
        "/temporary": redirect(f"{site.url}/orders", "307 Temporary Redirect"),
    }
    sent = []
    for kind in (FastHttpSession, DirectSession):
        session = Opened(kind, Record())(site, headers={"X-Default": "default"})
        call(session, site.url)
        call(session, site.url)  # with what the first has left behind
        sent.append(site.requests[:])
        site.requests.clear()

    assert sent[0]
    assert sent[1] == sent[0]


@pytest.mark.parametrize(
    "base", ["{url}/v1", "{url}/", "{url}?", "http://alice:p%40ss@{host}", "HTTP://LOCALHOST:{port}"]
)
def test_whatever_the_host_looks_like(site: Site, base: str) -> None:
    host = base.format(url=site.url, host=site.url.removeprefix("http://"), port=site.port)
    sent: list[Any] = []
    for kind in (FastHttpSession, DirectSession):
        session = Opened(kind, Record())(host)
        try:
            session.get("/orders")
        except ValueError as error:
            sent.append(str(error))
        sent.append(site.requests[:])
        site.requests.clear()

    assert sent[: len(sent) // 2] == sent[len(sent) // 2 :]


@pytest.mark.parametrize("host", [None, "ftp://127.0.0.1:1", "127.0.0.1:1", "http://127.0.0.1:none", "http://"])
def test_a_host_that_is_none_ends_the_same_way(host: str | None) -> None:
    ends = []
    for kind in (FastHttpSession, DirectSession):
        record = Record()
        try:
            ends.append(str(Opened(kind, record)(host).get("/").status_code))  # type: ignore[arg-type]
        except Exception as error:  # noqa: BLE001  # whatever it is
            ends.append(repr(error))
        ends += map(str, record.errors)

    assert ends[: len(ends) // 2] == ends[len(ends) // 2 :]


@pytest.mark.parametrize("headers", [{"X-One": "1\r\nX-Two: 2"}, {"X-One": "€"}, {"X One": "1"}, {b"X-One": "1"}])
def test_no_header_begins_another_one(site: Site, opened: Opened, headers: dict[Any, str]) -> None:
    with pytest.raises((ValueError, AttributeError)):
        opened(site).get("/orders", headers=headers)
    assert site.requests == []


def test_an_invalid_value_is_not_told(site: Site, direct: Opened) -> None:
    with pytest.raises(ValueError, match="invalid value for header field 'Authorization'") as error:
        direct(site).get("/orders", headers={"Authorization": "Bearer secret\n"})
    assert "secret" not in str(error.value)


def test_the_callers_headers_are_not_changed(site: Site, opened: Opened) -> None:
    mine = {"X-Mine": "1"}
    opened(site).post("/orders", json={}, headers=mine, auth=("a", "b"))
    assert mine == {"X-Mine": "1"}


def test_default_headers_that_are_changed_later_count(site: Site, opened: Opened) -> None:
    session = opened(site)
    session.client.default_headers["X-Later"] = "1"
    session.get("/orders")
    assert site.field("X-Later") == "1"
