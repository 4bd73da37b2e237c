"""What surrounds a request: its name, its event, its with-block; the same with Locust's own session."""

from __future__ import annotations

import time
from typing import Any

import pytest
from locust.exception import CatchResponseError, InterruptTaskSet, LocustError, RescheduleTask, ResponseError
from locust.user.users import RestMixin

from tests.load.http.conftest import Opened, Record, Site, answer, redirect

FAIL = answer(b"no", "500 Internal Server Error")


@pytest.fixture(autouse=True)
def fail(site: Site) -> None:
    site.answers["/fail"] = FAIL


class User(RestMixin[Any]):
    def __init__(self, opened: Opened, site: Site) -> None:
        self.client = opened(site, user=self)

    def context(self) -> dict[str, str]:
        return {"user": "alice", "row": "1"}


class TestEvent:
    def test_its_arguments(self, site: Site, opened: Opened, record: Record) -> None:
        before = time.time()
        response = opened(site).request("get", "/orders", context={"row": 7})
        assert record.events == [
            {
                "request_type": "get",
                "name": "/orders",
                "context": {"row": 7},
                "response": response,
                "exception": None,
                "start_time": record.events[0]["start_time"],
                "url": f"{site.url}/orders",
                "response_length": 4,
                "response_time": record.events[0]["response_time"],
            }
        ]
        assert before <= record.events[0]["start_time"] <= time.time()
        assert 0 < record.events[0]["response_time"] < 1000 * (time.time() - before)

    def test_the_users_context_is_told_too(self, site: Site, opened: Opened, record: Record) -> None:
        user = User(opened, site)
        user.client.get("/orders", context={"row": "2"})
        assert record.events[0]["context"] == {"user": "alice", "row": "2"}

    def test_the_name_is_that_of_the_start(self, site: Site, opened: Opened, record: Record) -> None:
        """A user's greenlets share its session: what one of them sets meanwhile is no matter of the others."""
        user = User(opened, site)
        site.answers["/orders"] = lambda sock: [setattr(user.client, "request_name", "late"), sock.sendall(answer())]
        user.client.get("/orders")
        assert record.events[0]["name"] == "/orders"

    def test_names(self, site: Site, opened: Opened, record: Record) -> None:
        session = opened(site)
        session.get("/orders/1", name="an order")
        with session.rename_request("other orders"):
            session.get("/orders/2")
            session.get("/orders/3", name="an order")
        session.get(f"{site.url}/orders/4")
        assert [event["name"] for event in record.events] == [
            "an order",
            "other orders",
            "an order",
            f"{site.url}/orders/4",
        ]
        assert [event["url"].rpartition("/")[2] for event in record.events] == ["1", "2", "3", "4"]

    def test_a_listener_may_end_the_task(self, site: Site, opened: Opened, record: Record) -> None:
        def end(**_: object) -> None:
            raise RescheduleTask

        record.hook.add_listener(end)
        with pytest.raises(RescheduleTask):
            opened(site).get("/orders")


class TestWithBlocks:
    @pytest.mark.parametrize(
        ("path", "verdicts", "error"),
        [
            ("/orders", "", None),
            ("/orders", "f", "CatchResponseError('no')"),
            ("/orders", "fsfs", None),
            ("/fail", "", "LocustBadStatusCode(code=500)"),
            ("/fail", "s", None),
            ("/fail", "f", "CatchResponseError('no')"),
        ],
    )
    def test_the_last_verdict_counts(
        self, site: Site, opened: Opened, record: Record, path: str, verdicts: str, error: str | None
    ) -> None:
        with opened(site).get(path, catch_response=True) as response:
            for verdict in verdicts:
                response.success() if verdict == "s" else response.failure("no")
        assert record.errors == [error]

    def test_an_exception_of_ones_own_is_a_verdict(self, site: Site, opened: Opened, record: Record) -> None:
        mine = ValueError("mine")
        with opened(site).get("/orders", catch_response=True) as response:
            response.failure(mine)
        assert record.events[0]["exception"] is mine

    def test_a_response_error_is_one_too(self, site: Site, opened: Opened, record: Record) -> None:
        with opened(site).get("/orders", catch_response=True):
            raise ResponseError("not working")
        assert record.errors == ["ResponseError('not working')"]

    @pytest.mark.parametrize("error", [KeyError, InterruptTaskSet])
    def test_others_pass_through_unreported(
        self, site: Site, opened: Opened, record: Record, error: type[Exception]
    ) -> None:
        with pytest.raises(error), opened(site).get("/orders", catch_response=True):
            raise error
        assert record.events == []

    def test_unless_there_was_a_verdict_before(self, site: Site, opened: Opened, record: Record) -> None:
        manager = opened(site).get("/fail", catch_response=True)

        def judge_and_break() -> None:
            with manager:
                manager.success()
                raise KeyError

        with pytest.raises(KeyError):
            judge_and_break()
        assert record.errors == [None]

    def test_raise_for_status_knows_the_verdict(self, site: Site, opened: Opened) -> None:
        session = opened(site)
        with session.get("/orders", catch_response=True) as response:
            response.raise_for_status()
            response.failure("no")
            with pytest.raises(CatchResponseError):
                response.raise_for_status()
        with session.get("/fail", catch_response=True) as response:
            assert (response.status_code, response.ok, response.text) == (500, False, "no")
            assert "code=500" in str(response.error)
            with pytest.raises(Exception, match="code=500"):
                response.raise_for_status()
            response.success()
            response.raise_for_status()

    def test_neither_without_asking_for_it_nor_without_with(self, site: Site, opened: Opened, record: Record) -> None:
        session = opened(site)
        plain, caught = session.get("/fail"), session.get("/fail", catch_response=True)
        for response in (plain, caught):
            with pytest.raises(LocustError):
                response.success()
            with pytest.raises(LocustError):
                response.failure("")
        assert len(record.events) == 1


class TestRest:
    def test_js_is_the_answer(self, site: Site, opened: Opened, record: Record) -> None:
        site.answers["/rest"] = answer(b'{"foo": "bar"}', Content_Type="application/json")
        with User(opened, site).rest("POST", "/rest", json={"foo": "bar"}) as response:
            assert response.js["foo"] == "bar"
        assert record.errors == [None]
        assert site.field("Accept") == "application/json"

    def test_assertions_fail_the_request(self, site: Site, opened: Opened, record: Record) -> None:
        site.answers["/rest"] = answer(b'{"foo": "bar"}')
        with User(opened, site).rest("GET", "/rest") as response:
            assert response.js["foo"] == "bar"
            raise AssertionError("wrong foo,")
        assert str(record.errors[0]).startswith("CatchResponseError('wrong foo, response was ")

    @pytest.mark.parametrize(("reply", "said"), [(answer(b"no json"), "Could not parse"), (redirect("ftp://x"), "ftp")])
    def test_so_does_what_is_no_json(self, site: Site, opened: Opened, record: Record, reply: bytes, said: str) -> None:
        site.answers["/rest"] = reply
        with User(opened, site).rest("GET", "/rest") as response:
            assert response.js is None
        assert said in str(record.errors[0])

    def test_rest_with_a_timestamp(self, site: Site, opened: Opened, record: Record) -> None:
        site.answers["/rest"] = answer(b"[]")
        with User(opened, site).rest_("GET", "/rest"):
            pass
        assert record.events[0]["name"] == "/rest?_=..."
        assert site.targets[0].startswith("/rest?_=")


class TestCredentials:
    def test_of_the_host(self, site: Site, opened: Opened) -> None:
        session = opened(site.url.replace("//", "//locust:men%20ace@"))
        session.get("/orders")
        session.get("/orders", auth=("other", "one"))
        assert session.base_url == site.url
        assert [site.field("Authorization", number) for number in range(2)] == [
            "Basic bG9jdXN0Om1lbiBhY2U=",
            "Basic b3RoZXI6b25l",
        ]
