"""What a request costs, in counts that are the same on every machine."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from typing import Any

import pytest
from locust.contrib.fasthttp import FastHttpSession
from locust.event import EventHook

from harness.cognito.tokens import Tokens
from harness.load.client import ApiSession
from tests.load.http.conftest import Opened, Site, answer

SYSTEM = {"send", "sendall", "recv", "recvmsg_into", "poll", "select", "switch", "start", "stop", "connect"}
"""Names under which code calls into the operating system or gevent's loop."""


class Account:
    """Somebody with a token."""

    def __init__(self) -> None:
        self._tokens = Tokens("token" * 200, "", "", "Bearer", 3600)

    def tokens(self, name: str) -> Tokens:
        return self._tokens

    def instead_of(self, refused: Tokens, name: str) -> Tokens:
        pytest.fail("no request here is refused")

    def value(self, tokens: Tokens) -> str:
        return f"Bearer {tokens.access_token}"


def counted(call: Callable[[], object]) -> tuple[list[str], list[str]]:
    """The Python functions that were run in this greenlet, and the calls into the system."""
    functions: list[str] = []
    system: list[str] = []

    def profile(frame: Any, event: str, called: Any) -> None:
        file = frame.f_code.co_filename
        if not any(part in file for part in ("harness", "locust", "geventhttpclient", "http/cookiejar", "urllib")):
            return
        if event == "call":
            functions.append(frame.f_code.co_qualname)
        elif event == "c_call" and called.__name__ in SYSTEM:
            system.append(called.__name__)

    sys.setprofile(profile)
    try:
        call()
    finally:
        sys.setprofile(None)
    return functions, system


class TestFloor:
    @pytest.fixture
    def api(self, site: Site) -> ApiSession:
        site.answers["/orders"] = answer(b'{"a": 1}', Content_Type="application/json")
        session = ApiSession(
            site.url,
            EventHook(),
            None,
            insecure=False,
            concurrency=10,
            network_timeout=5.0,
            max_retries=0,
            bearer=Account(),
            cut_off=lambda *_: None,
        )
        session.get("/orders")
        return session

    def test_one_look_one_send_one_wait_and_one_recv(self, api: ApiSession) -> None:
        _, system = counted(lambda: api.get("/orders"))
        assert system == ["poll", "send", "switch", "recvmsg_into"]

    def test_functions_of_a_request_that_carries_a_token(self, api: ApiSession) -> None:
        """Each costs about a hundredth of a request; 37 when this was written."""
        functions, _ = counted(lambda: api.get("/orders"))
        assert len(functions) <= 38, functions

    def test_functions_of_one_with_a_body_whose_answer_is_read(self, api: ApiSession) -> None:
        functions, _ = counted(lambda: api.post("/orders", json={"a": 1}).json())
        assert len(functions) <= 50, functions

    def test_functions_of_one_that_brings_a_cookie_and_takes_it_along(self, site: Site, api: ApiSession) -> None:
        """A load balancer's cookie, new with each answer: a third more, not three times as many."""
        values = iter(range(100))
        site.answers["/orders"] = lambda sock: sock.sendall(answer(Set_Cookie=f"a={next(values)}; Path=/")) or True
        api.get("/orders")
        api.get("/orders")  # what may be sent, and to where, is asked of the library once
        functions, _ = counted(lambda: api.get("/orders"))
        assert len(functions) <= 51, functions
        assert site.field("Cookie") == "a=1"

    def test_the_same_by_locust(self, site: Site, opened: Opened) -> None:
        """So that somebody looks at this again when Locust's own client has become as cheap."""
        session = opened(site)
        session.get("/orders", headers={"Authorization": "Bearer token"})
        functions, _ = counted(lambda: session.get("/orders", headers={"Authorization": "Bearer token"}))
        assert (len(functions) > 120) == (opened.kind is FastHttpSession), functions


def plainly(session: FastHttpSession) -> None:
    session.get("/orders").json()


def in_a_with_block(session: FastHttpSession) -> None:
    with session.get("/orders", catch_response=True) as response:
        response.json()
        response.success()


def failing(session: FastHttpSession) -> None:
    session.get("/fail")


def looking_at_everything(session: FastHttpSession) -> None:
    response = session.post("/orders", json={"a": 1})
    assert [response.headers, response.request.headers, response.history, response.elapsed]


def redirected(session: FastHttpSession) -> None:
    session.get("/from")


class TestGarbage:
    """What refers to itself waits for the garbage collector, which stops every user of the process."""

    @pytest.mark.parametrize("use", [plainly, in_a_with_block, failing, looking_at_everything, redirected])
    def test_a_request_leaves_none(self, site: Site, direct: Opened, use: Callable[[FastHttpSession], None]) -> None:
        site.answers = {
            "/orders": answer(b'{"a": 1}', Content_Type="application/json"),
            "/fail": answer(b"", "503 Service Unavailable"),
            "/from": answer(b"", "302 Found", Location="/orders"),
        }
        session = direct(site)
        direct.record.hook._handlers.clear()  # which keeps what it hears
        use(session)
        gc.collect()
        gc.disable()
        gc.set_debug(gc.DEBUG_SAVEALL)
        try:
            for _ in range(5):
                use(session)
            gc.collect()
            left = [type(each).__name__ for each in gc.garbage]
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
            gc.enable()
        ours = {"ApiResponse", "CaughtResponse", "Outgoing", "WholeAnswer", "FastRequest", "LocustBadStatusCode"}
        assert not ours & set(left), left
