"""Our jar against the library's: whatever a server sets, the same is kept, and the same is sent."""

from __future__ import annotations

import time
from http.cookiejar import Cookie, CookieJar, DefaultCookiePolicy
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.load.http.answer import WholeAnswer
from harness.load.http.cookies import Jar
from harness.load.http.location import locate
from harness.load.http.outgoing import Outgoing

ATTRIBUTES = [
    *("Path=/", "path=/", "Path=/a", "Path=/a/b", "Path", "Path=", "xpath=/", "Path=/; Path=/a", 'Path="/"'),
    *("HttpOnly", "Secure", "secure=1", "SameSite=Lax", "SameSite=None", "Priority=High", "Partitioned", "Discard"),
    *("Domain=example.com", "Domain=.example.com", "Domain=a.example.com", "Domain=com", "Domain=other.org", "Domain"),
    *("Max-Age=100", "max-age=1", "Max-Age=0", "Max-Age=-1", "Max-Age=x", "Max-Age"),
    *("Expires=Thu, 02 Dec 2038 21:00:00 GMT", "Expires=Thu, 01 Jan 1970 00:00:00 GMT", "expires=soon", "Expires"),
    *("Version=1", "version=0", "Port", 'Port="80"', "Comment=x", "", " "),
]
PAIRS = ["a=1", "a=2", "b=3", "b=", "=4", "a", "", " c = 5 ", 'd="6"', "$e=7", "a=x=y", "f=ü"]
URLS = [
    *("http://example.com/", "http://a.example.com/a", "https://a.example.com/a/b?c=1", "http://localhost/a/b/c"),
    *("http://127.0.0.1:8000/", "https://127.0.0.1/a", "http://A.example.com/", "http://u:p@example.com/"),
    *("http://[::1]/", "http://other.org/a/"),
]
lines = st.builds(
    lambda pair, attributes, glue: glue.join([pair, *attributes]),
    st.sampled_from(PAIRS),
    st.lists(st.sampled_from(ATTRIBUTES), max_size=4),
    st.sampled_from([";", "; ", " ;  "]),
)
exchanges = st.lists(st.tuples(st.sampled_from(URLS), st.lists(lines, max_size=3), st.integers(0, 2)), max_size=6)


class Clock:
    def __init__(self) -> None:
        self.now_s = 1_800_000_000.5

    def time(self) -> float:
        return self.now_s


def sent(url: str) -> Outgoing:
    location = locate(url)
    assert location is not None
    return Outgoing(url, "GET", {}, None, location)


def came(set_cookie: list[str]) -> WholeAnswer:
    return WholeAnswer(
        200, "".join([" OK\r\n", *(f"Set-Cookie: {line}\r\n" for line in set_cookie)]).encode("latin-1"), b""
    )


def exchange(jar: CookieJar, url: str, set_cookie: list[str]) -> str | None:
    """What a request carries; its answer's cookies are kept."""
    outgoing, answer = sent(url), came(set_cookie)
    if not (isinstance(jar, Jar) and jar.give(outgoing)):
        jar.add_cookie_header(outgoing.request)
    if not (isinstance(jar, Jar) and jar.take(answer, outgoing)):
        jar.extract_cookies(answer, outgoing.request)  # type: ignore[arg-type]
    carried: Any = outgoing.request.headers.get("cookie")
    return carried


def kept(jar: CookieJar) -> list[dict[str, Any]]:
    return [dict(vars(cookie)) for cookie in jar]


class TestAgainstTheLibrary:
    @pytest.mark.filterwarnings("ignore:http.cookiejar bug")  # the library's own word for `Max-Age` without a value
    @settings(max_examples=200, deadline=None)
    @given(exchanges)
    def test_the_same_is_kept_and_sent(self, steps: list[tuple[str, list[str], int]]) -> None:
        clock, ours, theirs = Clock(), Jar(), CookieJar()
        with patch("time.time", clock.time):
            for url, set_cookie, later_s in steps:
                assert exchange(ours, url, set_cookie) == exchange(theirs, url, set_cookie)
                assert kept(ours) == kept(theirs)
                clock.now_s += later_s

    def test_the_longest_path_comes_first(self) -> None:
        ours, theirs = Jar(), CookieJar()
        for jar in (ours, theirs):
            exchange(jar, "http://example.com/a/b", ["root=1; Path=/", "deep=2; Path=/a/b", "mid=3; Path=/a"])
        assert exchange(ours, "http://example.com/a/b/c", []) == exchange(theirs, "http://example.com/a/b/c", [])
        assert exchange(ours, "http://example.com/a/b/c", []) == "deep=2; mid=3; root=1"


class TestWhatTheLibraryIsNotAsked:
    def test_another_value_is_kept_without_it(self) -> None:
        jar, outgoing = Jar(), sent("http://example.com/")
        assert jar.take(came(["a=1; Path=/; Max-Age=60; HttpOnly"]), outgoing)
        with patch.object(CookieJar, "make_cookies", side_effect=AssertionError):
            assert jar.take(came(["a=2; Path=/; Max-Age=60; HttpOnly"]), outgoing)
            assert jar.give(outgoing)
        assert outgoing.fields["cookie"] == ("Cookie", "a=2")

    def test_a_cookie_of_the_users_own_is_sent(self) -> None:
        jar, outgoing = Jar(), sent("http://example.com/")
        jar.set_cookie(
            Cookie(
                0, "mine", None, None, False, "example.com", False, False, "/", True, False, None, True, None, None, {}
            )
        )
        assert jar.give(outgoing)
        assert outgoing.fields["cookie"] == ("Cookie", "mine")

    def test_a_field_of_the_requests_own_stays(self) -> None:
        jar, outgoing = Jar(), sent("http://example.com/")
        jar.take(came(["a=1"]), outgoing)
        outgoing.fields["cookie"] = ("Cookie", "own=1")
        assert jar.give(outgoing)
        assert outgoing.fields["cookie"] == ("Cookie", "own=1")


class TestWhatItIsAsked:
    def test_everything_with_a_policy_of_ones_own(self) -> None:
        jar, outgoing = Jar(), sent("http://example.com/")
        jar.set_policy(DefaultCookiePolicy(blocked_domains=["example.com"]))
        assert not jar.take(came(["a=1"]), outgoing)
        assert not jar.give(outgoing)

    def test_a_cookie_that_has_expired_since(self) -> None:
        jar, outgoing = Jar(), sent("http://example.com/")
        assert jar.take(came(["a=1; Max-Age=5"]), outgoing)
        next(iter(jar)).expires = int(time.time()) - 1
        assert not jar.give(outgoing)
