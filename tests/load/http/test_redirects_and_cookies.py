"""Where a request is led, and what it carries there; the same with Locust's own session."""

from __future__ import annotations

from collections.abc import Callable
from http.cookiejar import Cookie

import pytest

from harness.load.http.cookies import MOST_COOKIES
from harness.load.locust_fixes import patches
from tests.load.http.conftest import Opened, Record, Site, answer, redirect
from tests.transport.conftest import Authority

GET_AFTER = [("301 Moved Permanently", True), ("302 Found", True), ("303 See Other", True)]
SAME_AFTER = [("307 Temporary Redirect", False), ("308 Permanent Redirect", False)]


class TestRedirects:
    @pytest.mark.parametrize(("status", "becomes_get"), GET_AFTER + SAME_AFTER)
    def test_method_and_body_follow_the_status(
        self, site: Site, opened: Opened, status: str, becomes_get: bool
    ) -> None:
        site.answers["/from"] = redirect("/to", status)

        response = opened(site).post("/from", json={"a": 1})

        assert site.requests[1].split(b" ")[0] == (b"GET" if becomes_get else b"POST")
        assert site.body(1) == (b"" if becomes_get else b'{"a": 1}')
        assert site.field("Content-Type", 1) == (None if becomes_get else "application/json")
        assert response.status_code == 200
        assert response.request.method == ("GET" if becomes_get else "POST")

    @pytest.mark.parametrize(
        ("location", "target"),
        [
            ("/to", "/to"),
            ("to", "/a/to"),
            ("../to?x=1#y", "/to?x=1"),
            ("?x=1", "/a/from?x=1"),
            ("//{host}/to", "/to"),
            ("{url}/to", "/to"),
            ("{url}", "/"),
            ("/t ö", "/t%20%C3%83%C2%B6"),
        ],
    )
    def test_a_location_may_be_relative(self, site: Site, opened: Opened, location: str, target: str) -> None:
        host = site.url.removeprefix("http://")
        site.answers["/a/from"] = redirect(location.format(host=host, url=site.url))
        opened(site).get("/a/from")
        assert site.targets[:2] == ["/a/from", target]

    def test_it_is_one_sample_under_the_first_name(self, site: Site, opened: Opened, record: Record) -> None:
        site.answers["/from"] = redirect("/to")
        response = opened(site).get("/from")
        assert [(e["name"], e["url"], e["exception"]) for e in record.events] == [("/from", f"{site.url}/from", None)]
        assert response.url == response.request.url == f"{site.url}/to"
        assert [earlier.status_code for earlier in response.history] == [302]
        assert response.history[0].headers["location"] == "/to"

    def test_they_can_be_declined_for_a_request(self, site: Site, opened: Opened, record: Record) -> None:
        site.answers["/from"] = redirect("/to")
        session = opened(site)
        assert session.get("/from", allow_redirects=False).headers["location"] == "/to"
        assert session.get("/from").status_code == 200
        assert record.errors == [None, None]

    def test_without_a_location_it_is_an_answer(self, site: Site, opened: Opened, record: Record) -> None:
        site.answers["/from"] = answer(b"choose", "302 Found")
        assert opened(site).get("/from").text == "choose"
        assert record.errors == [None]

    @pytest.mark.parametrize("most", [0, 1, 3])
    def test_they_end_somewhere(self, site: Site, opened: Opened, record: Record, most: int) -> None:
        site.answers["/round"] = redirect("/round")
        response = opened(site, max_redirects=most).get("/round")
        assert len(site.requests) == most + 1
        if most:
            assert response.status_code == 0
            assert record.errors == [f"RetriesExceeded('{site.url}/round', 'Redirection limit reached ({most})')"]
        else:
            assert response.status_code == 302

    @pytest.mark.parametrize("location", ["ftp://127.0.0.1/to", "mailto:me@example.com"])
    def test_what_is_not_http_is_not_followed(self, site: Site, opened: Opened, record: Record, location: str) -> None:
        site.answers["/from"] = redirect(location)
        assert opened(site).get("/from").status_code == 0
        assert "UnsupportedRedirectSchemeError" in str(record.errors[0])
        assert len(site.requests) == 1

    def test_a_status_that_fails_ends_it(self, site: Site, opened: Opened, record: Record) -> None:
        site.answers["/from"] = redirect("/to")
        site.answers["/to"] = answer(b"no", "500 Internal Server Error")
        response = opened(site).get("/from")
        assert response.status_code == 500
        assert record.errors == [f"LocustBadStatusCode('{site.url}/to', code=500)".replace(f"'{site.url}/to', ", "")]
        assert f"{site.url}/to" in str(record.events[0]["exception"])

    def test_authorization_stays_with_its_origin(self, sites: Callable[..., Site], opened: Opened) -> None:
        site, elsewhere = sites(), sites()
        site.answers = {"/out": redirect(f"{elsewhere.url}/orders"), "/in": redirect("/orders")}
        session = opened(site)
        session.get("/in", headers={"Authorization": "secret"})
        session.get("/out", headers={"Authorization": "secret"})
        assert [site.field("Authorization", number) for number in range(3)] == ["secret"] * 3
        assert elsewhere.field("Authorization") is None

    def test_authorization_does_not_come_back_with_a_redirect(self, sites: Callable[..., Site], opened: Opened) -> None:
        site, elsewhere = sites(), sites()
        site.answers["/out"] = redirect(f"{elsewhere.url}/back")
        elsewhere.answers["/back"] = redirect(f"{site.url}/orders")
        opened(site).get("/out", headers={"Authorization": "secret"})
        assert site.targets == ["/out", "/orders"]
        assert [site.field("Authorization", number) for number in range(2)] == ["secret", None]

    def test_authorization_is_not_sent_without_tls(
        self, sites: Callable[..., Site], opened: Opened, authority: Authority
    ) -> None:
        """To the same host by name, but in the clear."""
        site, plain = sites(authority.server_context("localhost")), sites()
        site.answers["/out"] = redirect(f"http://localhost:{plain.port}/orders")
        factory = patches.shared_context_factory(patches.unverified_context())
        session = opened(f"https://localhost:{site.port}", insecure=True, ssl_context_factory=factory)
        assert session.get("/out", headers={"Authorization": "secret"}).status_code == 200
        assert (site.field("Authorization"), plain.field("Authorization")) == ("secret", None)


class TestCookies:
    def test_what_is_set_is_sent(self, site: Site, opened: Opened) -> None:
        site.answers["/login"] = answer(Set_Cookie="session=1; Path=/; HttpOnly")
        session = opened(site)
        session.get("/login")
        session.get("/orders", headers={"X-One": "1"})
        session.post("/orders", {"a": 1})
        assert [site.field("Cookie", number) for number in range(3)] == [None, "session=1", "session=1"]

    def test_several_in_one_answer_and_only_where_they_belong(self, site: Site, opened: Opened) -> None:
        site.answers["/login"] = answer(set_cookie="a=1; Path=/a").replace(
            b"\r\n\r\n", b"\r\nSET-COOKIE: b=2; Path=/b\r\nSet-Cookie: old=1; Max-Age=0\r\n\r\n"
        )
        session = opened(site)
        for path in ("/login", "/a", "/b", "/c"):
            session.get(path)
        assert [site.field("Cookie", number) for number in range(4)] == [None, "a=1", "b=2", None]

    @pytest.mark.parametrize("chunks", [b"4\r\nbody\r\n0\r\n\r\n", b"4;x=1\r\nbody\r\n0\r\n\r\n"])
    def test_with_a_body_in_chunks(self, site: Site, opened: Opened, chunks: bytes) -> None:
        site.answers["/login"] = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
        session = opened(site)
        assert [session.get(path).text for path in ("/login", "/orders")] == ["body", "body"]
        assert site.field("Cookie") == "a=1"

    def test_redirects_set_and_send_them(self, site: Site, opened: Opened) -> None:
        site.answers["/login"] = redirect("/home", Set_Cookie="session=1")
        response = opened(site).post("/login", {"user": "alice"})
        assert site.field("Cookie", 1) == "session=1"
        assert response.request.headers["cookie"] == "session=1"

    def test_failed_answers_set_them_too(self, site: Site, opened: Opened) -> None:
        site.answers["/login"] = answer(b"", "401 Unauthorized", Set_Cookie="tries=1")
        session = opened(site)
        session.get("/login")
        session.get("/orders")
        assert site.field("Cookie") == "tries=1"

    def test_the_jar_is_the_users_to_fill_and_to_empty(self, site: Site, opened: Opened) -> None:
        session = opened(site)
        mine = Cookie(
            0, "mine", "1", None, False, "127.0.0.1", False, False, "/", True, False, None, True, None, None, {}
        )
        session.cookiejar.set_cookie(mine)
        session.get("/orders")
        session.cookiejar.clear()
        session.get("/orders")
        assert [site.field("Cookie", number) for number in range(2)] == ["mine=1", None]
        assert session.cookiejar is session.client.cookiejar

    def test_no_jar_no_cookies(self, site: Site, opened: Opened) -> None:
        site.answers["/login"] = answer(Set_Cookie="session=1")
        session = opened(site)
        session.client.cookiejar = None
        session.get("/login")
        session.get("/orders")
        assert site.field("Cookie") is None

    @pytest.mark.parametrize("more", ["", "; Expires=Fri, 01 Jan 2100 00:00:00 GMT", "; x=" + "y" * 3000])
    def test_one_more_with_each_answer_does_not_pile_up(
        self, site: Site, direct: Opened, record: Record, more: str
    ) -> None:
        numbers = iter(range(1000))
        site.answers["/orders"] = lambda sock: (
            sock.sendall(answer(Set_Cookie=f"name-{next(numbers)}=1; Path=/{more}")) or True
        )
        session = direct(site)
        for _ in range(MOST_COOKIES + 5):
            session.get("/orders")
        names = [cookie.name for cookie in session.cookiejar]
        assert (len(names), names[-1]) == (MOST_COOKIES, f"name-{MOST_COOKIES + 4}")
        assert record.errors == [None] * (MOST_COOKIES + 5)
