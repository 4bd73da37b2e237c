"""A test's own look at a response never loses the sample, and never takes silence for an answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gevent
import pytest
from locust.exception import InterruptTaskSet, RescheduleTask, StopUser

from harness.load.api_sample import request_sample
from harness.load.client import ApiSession
from tests.load.http.conftest import Record, Site, answer, closing


class Bearer:
    def tokens(self, _name: str) -> Any:
        return self

    def instead_of(self, _refused: Any, _name: str) -> Any:
        return self

    def value(self, _tokens: Any) -> str:
        return "Bearer token"


@pytest.fixture
def record() -> Record:
    return Record()


@pytest.fixture(params=[{}, {"max_retries": 0}], ids=["direct", "by Locust's client"])
def session(record: Record, request: pytest.FixtureRequest) -> Iterator[ApiSession]:
    """A session with a site that has a good answer, a bad one, one that is no JSON, and none at all."""
    site = Site()
    site.answers = {
        "/good": answer(b'{"id": 1}'),
        "/bad": answer(b"", "500 Internal Server Error"),
        "/html": answer(b"<html>"),
        "/silent": closing(),
    }
    yield ApiSession(site.url, record.hook, None, insecure=False, bearer=Bearer(), cut_off=lambda *_: None)
    site.stop()


def outcomes(record: Record) -> list[str]:
    return [request_sample(**event).outcome.value for event in record.events]


def test_what_never_came_is_not_ok(session: ApiSession, record: Record) -> None:
    assert session.get("/silent").ok is False
    with session.get("/silent", catch_response=True) as response:
        assert response.ok is False
    assert outcomes(record) == ["transport_error"] * 2


@pytest.mark.parametrize(("path", "is_ok"), [("/good", True), ("/bad", False)])
def test_an_answer_is_ok_by_its_status(session: ApiSession, path: str, is_ok: bool) -> None:
    assert session.get(path).ok is is_ok
    with session.get(path, catch_response=True) as response:
        assert response.ok is is_ok


@pytest.mark.parametrize(
    ("path", "outcome"), [("/html", "failed_check"), ("/bad", "server_error"), ("/silent", "transport_error")]
)
def test_a_check_that_raises_fails_the_request_as_what_it_was(
    session: ApiSession, record: Record, path: str, outcome: str
) -> None:
    """`response.json()` of a page, or of nothing: the exception goes on, and the sample stays."""
    with pytest.raises((ValueError, TypeError)), session.get(path, catch_response=True) as response:
        response.json()
    assert outcomes(record) == [outcome]


def test_a_check_that_raises_is_named(session: ApiSession, record: Record) -> None:
    with pytest.raises(KeyError), session.get("/good", catch_response=True) as response:
        response.json()["name"]
    assert record.errors == ["CatchResponseError('the check raised KeyError')"]


@pytest.mark.parametrize("ends", [RescheduleTask, InterruptTaskSet, StopUser, gevent.GreenletExit])
def test_a_task_that_ends_inside_the_block_says_nothing_about_the_response(
    session: ApiSession, record: Record, ends: type[BaseException]
) -> None:
    with pytest.raises(ends), session.get("/good", catch_response=True):
        raise ends
    assert outcomes(record) == ["ok"]


def test_what_the_block_has_said_counts(session: ApiSession, record: Record) -> None:
    with session.get("/bad", catch_response=True) as response:
        response.success()
    with session.get("/good", catch_response=True) as response:
        response.failure("too few")
    assert outcomes(record) == ["ok", "failed_check"]
