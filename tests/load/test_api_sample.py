"""What becomes of a request, read from the events that Locust fires."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import requests
from geventhttpclient.useragent import ConnectionError as ClientError
from locust.contrib.fasthttp import LocustBadStatusCode
from locust.exception import CatchResponseError, ResponseError

from harness.load.api_sample import MAX_ERROR_CHARS, request_sample
from harness.outcome import Outcome

SECRET = "Bearer canary-token"


class MyCheckError(Exception):
    """An exception of the locustfile's own, as given to `response.failure()`."""


def bad_status(code: int) -> LocustBadStatusCode:
    return LocustBadStatusCode(f"http://127.0.0.1/?token={SECRET}", code=code, response=SECRET)


CASES = [
    # status, exception, outcome, error
    (200, None, Outcome.OK, ""),
    (404, None, Outcome.OK, ""),  # response.success(): the user's word counts
    (302, None, Outcome.OK, ""),
    (400, bad_status(400), Outcome.HTTP_ERROR, "HTTP 400"),
    (401, bad_status(401), Outcome.HTTP_ERROR, "HTTP 401"),
    (429, bad_status(429), Outcome.THROTTLED, "HTTP 429"),
    (500, bad_status(500), Outcome.SERVER_ERROR, "HTTP 500"),
    (503, bad_status(503), Outcome.SERVER_ERROR, "HTTP 503"),
    (404, requests.HTTPError("404 for url: " + SECRET), Outcome.HTTP_ERROR, "HTTP 404"),  # Locust's HttpUser
    (200, CatchResponseError("no orders"), Outcome.FAILED_CHECK, "no orders"),  # response.failure("no orders")
    (500, CatchResponseError("no orders"), Outcome.FAILED_CHECK, "no orders"),  # the user's word before the status
    (200, ResponseError("raised in the with block"), Outcome.FAILED_CHECK, "raised in the with block"),
    (200, MyCheckError("wrong sum"), Outcome.FAILED_CHECK, "wrong sum"),  # response.failure(MyCheckError(...))
    (500, MyCheckError(), Outcome.FAILED_CHECK, "MyCheckError"),
    (200, "only text", Outcome.FAILED_CHECK, "only text"),  # an event that a locustfile fires itself
    (0, ConnectionRefusedError(111, "Connection refused"), Outcome.TRANSPORT_ERROR, None),
    (0, TimeoutError("timed out"), Outcome.TRANSPORT_ERROR, "TimeoutError: timed out"),
    (0, ClientError("http://x/" + SECRET), Outcome.TRANSPORT_ERROR, "ConnectionError"),  # it quotes the URL
    (0, MyCheckError("a client of its own"), Outcome.TRANSPORT_ERROR, "MyCheckError"),
    (200, ConnectionResetError(104, "reset"), Outcome.TRANSPORT_ERROR, None),  # the body broke off
    (None, TimeoutError(), Outcome.TRANSPORT_ERROR, "TimeoutError"),
]


def event(status: int | None, exception: Any, **more: Any) -> dict[str, Any]:
    """What Locust fires, with the keywords that nobody here needs."""
    return {
        "name": "/orders",
        "response_time": 12.3456,
        "response_length": 40,
        "start_time": 1_700_000_000.0,
        "exception": exception,
        "response": SimpleNamespace(status_code=status),
        "context": {},
        "url": "http://127.0.0.1/orders",
        **more,
    }


@pytest.mark.parametrize(("status", "exception", "outcome", "error"), CASES)
def test_a_request_has_an_outcome_and_a_short_error(
    status: int | None, exception: Any, outcome: Outcome, error: str | None
) -> None:
    sample = request_sample("GET", **event(status, exception))

    assert sample.outcome is outcome
    assert sample.error == (f"{type(exception).__name__}: {exception}" if error is None else error)
    assert SECRET not in sample.error


def test_the_figures_of_a_sample() -> None:
    sample = request_sample("GET", **event(200, None))
    assert (sample.kind, sample.name) == ("request", "GET /orders")
    assert (sample.elapsed_us, sample.received_bytes, sample.started_s) == (12346, 40, 1_700_000_000.0)
    assert sample.reason is None


def test_what_a_client_does_not_know_is_nought() -> None:
    """Clients that people write themselves fire events with gaps."""
    facts = {"name": "rpc", "response_time": None, "response_length": None, "exception": None}
    sample = request_sample("GRPC", **facts)
    assert (sample.name, sample.elapsed_us, sample.received_bytes) == ("GRPC rpc", 0, 0)


@pytest.mark.parametrize("exception", [CatchResponseError("x" * 5000), "x" * 5000, TimeoutError("x" * 5000)])
def test_a_long_error_is_cut(exception: Any) -> None:
    assert len(request_sample("GET", **event(0, exception)).error) == MAX_ERROR_CHARS


def test_phases_are_those_of_the_response_where_it_knows_them() -> None:
    response = SimpleNamespace(status_code=200, connect_ns=1_500_000, first_byte_ns=4_200_000)
    sample = request_sample("GET", "/me", 9.5, 12, response=response)
    assert (sample.connect_us, sample.first_byte_us, sample.elapsed_us, sample.status) == (1_500, 4_200, 9_500, 200)
    other = request_sample("GET", "/me", 9.5, 12, response=SimpleNamespace(status_code=200))
    assert (other.connect_us, other.first_byte_us) == (0, 0)
