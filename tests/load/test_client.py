"""Locust's client with a token, against a real HTTP server."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import gevent
import gevent.pywsgi
import pytest
from locust.event import EventHook
from locust.exception import LocustError, RescheduleTask

from harness.cognito.tokens import Tokens
from harness.evidence.figures.in_flight import InFlight
from harness.load.client import ApiSession


@dataclass
class Request:
    method: str
    path: str
    authorization: str | None
    body: bytes


@dataclass
class Api:
    """A server that keeps what it was sent, and refuses the tokens that it is told to refuse."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)

    def __call__(self, environ: dict[str, Any], start: Callable[..., object]) -> list[bytes]:
        body = environ["wsgi.input"].read()
        authorization = environ.get("HTTP_AUTHORIZATION")
        path, query = environ["PATH_INFO"], parse_qs(environ["QUERY_STRING"])
        self.requests.append(Request(environ["REQUEST_METHOD"], path, authorization, body))
        if path == "/slow":
            gevent.sleep(60)
        if path == "/elsewhere":
            start("307 Temporary Redirect", [("Location", query["to"][0])])
            return [b""]
        if path == "/forbidden" or (authorization or "").removeprefix("Bearer ") in self.refuses:
            start("401 Unauthorized", [("Content-Type", "application/json")])
            return [b'{"error": "invalid_token"}']
        status = {"/broken": "500 Internal Server Error", "/missing": "404 Not Found"}.get(path, "200 OK")
        start(status, [("Content-Type", "application/json")])
        return [json.dumps({"path": path}).encode()]


def serve() -> Iterator[Api]:
    api = Api()
    server = gevent.pywsgi.WSGIServer(("127.0.0.1", 0), api, log=None)
    server.start()
    api.url = f"http://127.0.0.1:{server.server_port}"
    yield api
    server.stop(timeout=0)


@pytest.fixture
def api() -> Iterator[Api]:
    yield from serve()


@pytest.fixture
def elsewhere() -> Iterator[Api]:
    """Another site, to which the user's tokens must never go."""
    yield from serve()


class Account:
    """Gives out token-1, and instead of a refused one the next."""

    def __init__(self) -> None:
        self.logins = 0
        self.is_locked = False
        self._current = self._next()

    def _next(self) -> Tokens:
        self.logins += 1
        return Tokens(f"token-{self.logins}", "", "", "Bearer", 3600)

    def tokens(self, name: str) -> Tokens:
        return self._current

    def instead_of(self, refused: Tokens, name: str) -> Tokens:
        if self.is_locked:
            raise RescheduleTask
        if refused is self._current:
            self._current = self._next()
        return self._current

    def value(self, tokens: Tokens) -> str:
        return f"Bearer {tokens.access_token}"


class Client(ApiSession):
    """The session under test, with everything around it that a test looks at."""

    def __init__(self, base_url: str, **kwargs: Any) -> None:
        self.account = Account()
        self.samples: list[tuple[str, str | None]] = []
        self.cut: list[tuple[str, int]] = []
        self.in_flight = InFlight()
        event = EventHook()
        event.add_listener(self._keep)

        def cut_off(name: str, age_us: int) -> None:
            self.cut.append((name, age_us))

        super().__init__(
            *(base_url, event, None),
            insecure=False,
            bearer=self.account,
            cut_off=cut_off,
            in_flight=self.in_flight,
            **kwargs,
        )

    def _keep(self, request_type: str, name: str, exception: object, **_: object) -> None:
        text = str(exception) if isinstance(exception, LocustError | type(None)) else type(exception).__name__
        self.samples.append((f"{request_type} {name}", None if exception is None else text))

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.samples]

    @property
    def failures(self) -> list[str]:
        return [name for name, error in self.samples if error is not None]


@pytest.fixture
def client(api: Api) -> Client:
    return Client(api.url)


def sent(api: Api) -> list[str | None]:
    return [request.authorization for request in api.requests]


class TestWhereTheTokenGoes:
    def test_requests_to_the_own_host_carry_it(self, api: Api, client: Client) -> None:
        client.get("/orders")
        client.get(f"{api.url}/orders")
        client.get(f"{api.url.upper()}/orders")
        client.post("/orders?next=https://elsewhere.example/", json={"item": "book"})

        assert sent(api) == ["Bearer token-1"] * 4
        assert client.account.logins == 1

    @pytest.mark.parametrize("name", ["Authorization", "authorization", "AUTHORIZATION"])
    def test_a_request_that_sets_authorization_itself_is_left_alone(self, api: Api, client: Client, name: str) -> None:
        client.get("/orders", headers={name: "Basic mine"})
        client.get("/orders", headers=[(name, "Basic mine")])
        assert sent(api) == ["Basic mine"] * 2

    @pytest.mark.parametrize("name", ["Authorization", "authorization"])
    def test_so_is_a_user_whose_default_headers_set_it(self, api: Api, name: str) -> None:
        Client(api.url, headers={name: "Basic mine"}).get("/orders")
        assert sent(api) == ["Basic mine"]

    def test_so_are_basic_credentials(self, api: Api, client: Client) -> None:
        client.get("/orders", auth=("alice", "password"))
        Client(api.url.replace("http://", "http://alice:password@")).get("/orders")
        assert all(str(authorization).startswith("Basic ") for authorization in sent(api))
        assert len(sent(api)) == 2

    def test_another_host_never_gets_it(self, client: Client, elsewhere: Api) -> None:
        client.get(f"{elsewhere.url}/orders")
        assert sent(elsewhere) == [None]

    def test_an_url_that_goes_on_with_the_hosts_name_never_carries_it(
        self, api: Api, client: Client, elsewhere: Api
    ) -> None:
        """`http://own-host` + `@elsewhere/` is elsewhere, and such a path may come out of a response."""
        client.get(f"@{elsewhere.url.removeprefix('http://')}/orders")
        assert sent(elsewhere) == [None]
        assert sent(api) == []

    def test_another_host_that_is_redirected_to_never_gets_it(self, api: Api, client: Client, elsewhere: Api) -> None:
        client.get(f"/elsewhere?to={elsewhere.url}/orders")
        assert sent(api) == ["Bearer token-1"]
        assert sent(elsewhere) == [None]

    def test_a_redirect_within_the_own_host_keeps_it(self, api: Api, client: Client) -> None:
        client.get("/elsewhere?to=/orders")
        assert sent(api) == ["Bearer token-1"] * 2

    def test_the_callers_headers_are_not_changed(self, client: Client) -> None:
        mine = {"X-Mine": "1"}
        client.get("/orders", headers=mine)
        assert mine == {"X-Mine": "1"}


class TestRefusal:
    def test_a_refused_request_is_sent_once_more_with_another_token(self, api: Api, client: Client) -> None:
        api.refuses = {"token-1"}

        response = client.post("/orders", json={"item": "book"})

        assert response.status_code == 200
        assert [(r.authorization, r.body) for r in api.requests] == [
            ("Bearer token-1", b'{"item": "book"}'),
            ("Bearer token-2", b'{"item": "book"}'),
        ]
        assert client.samples == [("POST /orders (token refused)", None), ("POST /orders", None)]

    def test_the_next_request_uses_the_new_token_at_once(self, api: Api, client: Client) -> None:
        api.refuses = {"token-1"}
        client.get("/orders")
        client.get("/orders")
        assert sent(api) == ["Bearer token-1", "Bearer token-2", "Bearer token-2"]
        assert client.account.logins == 2

    def test_a_name_is_the_name_of_both(self, api: Api, client: Client) -> None:
        api.refuses = {"token-1"}
        client.get("/orders/7", name="/orders/{id}")
        assert client.names == ["GET /orders/{id} (token refused)", "GET /orders/{id}"]

    def test_rename_request_names_both_and_ends_with_its_block(self, api: Api, client: Client) -> None:
        api.refuses = {"token-1"}
        with client.rename_request("an order"):
            client.get("/orders/7")
        client.get("/orders/8")
        assert client.names == ["GET an order (token refused)", "GET an order", "GET /orders/8"]

    def test_a_second_refusal_fails_and_no_storm_of_logins_follows(self, api: Api, client: Client) -> None:
        for _ in range(5):
            assert client.get("/forbidden").status_code == 401

        assert client.account.logins == 2
        assert client.failures == ["GET /forbidden"] * 5
        assert client.names.count("GET /forbidden (token refused)") == 1
        assert len(api.requests) == 6

    def test_its_error_says_that_the_token_was_fresh(self, client: Client) -> None:
        responses = [client.get("/forbidden") for _ in range(2)]
        with client.get("/forbidden", catch_response=True) as response:
            responses.append(response)
        assert [vars(response)["refused_token"] for response in responses] == ["to a fresh token"] * 3
        assert not hasattr(client.get("/missing"), "refused_token")

    def test_one_that_could_not_be_repeated_was_not_fresh(self, client: Client) -> None:
        assert vars(client.post("/forbidden", data=iter([b"once"])))["refused_token"] == "to a token"

    def test_a_refusal_without_the_token_says_nothing_about_it(self, api: Api, client: Client, elsewhere: Api) -> None:
        """Redirected away and back, the request carries it no more."""
        back = f"{elsewhere.url}/elsewhere?to={api.url}/forbidden"
        assert client.get(f"/elsewhere?to={back}").status_code == 401
        assert client.account.logins == 1
        assert sent(api) == ["Bearer token-1", None]

    def test_tokens_that_were_renewed_since_are_tried_again(self, api: Api, client: Client) -> None:
        client.get("/forbidden")
        client.account._current = client.account._next()  # it expired, and was renewed

        client.get("/forbidden")

        assert client.account.logins == 4

    def test_a_token_that_worked_and_is_revoked_later_costs_another_login(self, api: Api, client: Client) -> None:
        for refused in ("token-1", "token-2", "token-3"):
            api.refuses.add(refused)
            assert client.get("/orders").status_code == 200
        assert client.account.logins == 4
        assert client.failures == []

    @pytest.mark.parametrize("body", ["stream", "iterator", "files"])
    def test_a_body_that_cannot_be_sent_twice_is_not(self, api: Api, client: Client, body: str) -> None:
        """The request fails; the login that it showed to be needed comes before the next one."""
        api.refuses = {"token-1"}
        kinds: dict[str, dict[str, Any]] = {
            "stream": {"data": io.BytesIO(b"once"), "headers": {"Content-Length": "4"}},
            "iterator": {"data": iter([b"once"])},
            "files": {"files": {"file": io.BytesIO(b"once")}},
        }

        assert client.post("/orders", **kinds[body]).status_code == 401
        assert client.samples == [("POST /orders", "LocustBadStatusCode")]
        assert client.account.logins == 1

        assert client.get("/orders").status_code == 200
        assert client.account.logins == 2
        assert sent(api) == ["Bearer token-1", "Bearer token-2"]

    def test_nor_does_it_lead_to_a_storm_of_logins(self, client: Client) -> None:
        for _ in range(5):
            client.post("/forbidden", data=iter([b"once"]))
        assert client.account.logins == 2

    def test_a_foreign_hosts_refusal_says_nothing_about_the_token(
        self, api: Api, client: Client, elsewhere: Api
    ) -> None:
        assert client.get(f"/elsewhere?to={elsewhere.url}/forbidden").status_code == 401
        assert client.account.logins == 1
        assert client.failures == [client.names[0]]

    def test_without_a_token_to_be_had_the_task_ends_and_the_refusal_is_no_failure(
        self, api: Api, client: Client
    ) -> None:
        api.refuses = {"token-1"}
        client.account.is_locked = True

        with pytest.raises(RescheduleTask):
            client.get("/orders")

        assert client.samples == [("GET /orders (token refused)", None)]


class TestLocustsOwnBehaviour:
    """What users of FastHttpUser know keeps working on requests that carry a token."""

    def test_statuses_are_failures_as_ever(self, client: Client) -> None:
        assert [client.get(path).status_code for path in ("/orders", "/missing", "/broken")] == [200, 404, 500]
        assert client.failures == ["GET /missing", "GET /broken"]

    def test_a_server_that_is_not_there_is_one_failure(self) -> None:
        client = Client("http://127.0.0.1:1")
        assert client.get("/orders").status_code == 0
        assert client.failures == ["GET /orders"]

    def test_catch_response_judges_the_answer(self, client: Client) -> None:
        with client.get("/orders", catch_response=True) as response:
            response.failure("not what was ordered")
        with client.get("/missing", catch_response=True) as response:
            response.success()
        with client.get("/broken", catch_response=True):
            pass
        assert client.samples == [
            ("GET /orders", "CatchResponseError"),
            ("GET /missing", None),
            ("GET /broken", "LocustBadStatusCode"),
        ]

    def test_catch_response_judges_the_replay(self, api: Api, client: Client) -> None:
        api.refuses = {"token-1"}
        with client.get("/orders", catch_response=True) as response:
            assert response.json() == {"path": "/orders"}
            response.failure("still wrong")
        assert client.samples == [("GET /orders (token refused)", None), ("GET /orders", "CatchResponseError")]

    def test_catch_response_can_expect_a_refusal(self, client: Client) -> None:
        """The second 401 is the answer of the request, and the user's to judge."""
        with client.get("/forbidden", catch_response=True) as response:
            assert response.status_code == 401
            response.success()
        assert client.failures == []

    def test_a_response_without_catch_response_is_reported_once_even_in_a_with_block(self, client: Client) -> None:
        with client.get("/orders") as response:
            assert response.json() == {"path": "/orders"}
        assert client.names == ["GET /orders"]

    def test_and_cannot_be_judged(self, client: Client) -> None:
        response = client.get("/orders")
        with pytest.raises(LocustError, match="catch_response"):
            response.failure("too late")

    def test_lines_of_a_streamed_answer_can_be_read(self, client: Client) -> None:
        assert list(client.iter_lines("/orders")) == ['{"path": "/orders"}']

    def test_redirects_are_not_followed_when_that_is_asked_for(self, api: Api, client: Client) -> None:
        assert client.get("/elsewhere?to=/orders", allow_redirects=False).status_code == 307
        assert len(api.requests) == 1

    def test_the_context_reaches_the_event(self, client: Client) -> None:
        seen: list[object] = []
        client.request_event.add_listener(lambda context, **_: seen.append(context))
        client.get("/orders", context={"row": 7})
        assert seen == [{"row": 7}]


class TestCutOff:
    @pytest.mark.parametrize("headers", [{}, {"Authorization": "mine"}], ids=["token", "own header"])
    def test_a_request_in_flight_when_its_user_is_stopped_is_counted_and_no_sample(
        self, api: Api, client: Client, headers: dict[str, str]
    ) -> None:
        before_ns = time.perf_counter_ns()
        user = gevent.spawn(client.get, "/slow", name="slow one", headers=headers)
        with gevent.Timeout(30):
            while not api.requests:
                gevent.sleep(0.01)
        ((began_ns, what),) = client.in_flight.requests.items()
        assert what == ("GET", "slow one")
        assert before_ns < began_ns < time.perf_counter_ns()
        gevent.sleep(0.05)

        user.kill()

        ((name, age_us),) = client.cut
        assert name == "GET slow one"
        assert 50_000 <= age_us <= (time.perf_counter_ns() - before_ns) / 1_000
        assert client.samples == []
        assert client.in_flight.requests == {}

    def test_one_that_its_user_gives_up_is_a_failed_sample(self, client: Client) -> None:
        with gevent.Timeout(0.05, False):
            client.get("/slow")
        assert (client.failures, client.cut) == (["GET /slow"], [])

    def test_what_was_answered_is_in_flight_no_longer(self, client: Client) -> None:
        client.get("/orders")
        client.get("/forbidden")
        assert (client.in_flight.requests, client.cut) == ({}, [])
