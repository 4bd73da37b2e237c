"""Locust's FastHttpSession, with the token of a Cognito session on requests to the user's own host."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import urlsplit

import gevent
from locust.contrib.fasthttp import ErrorResponse, FastResponse, ResponseContextManager

from harness.cognito.tokens import Tokens
from harness.evidence.figures.in_flight import InFlight
from harness.load.api_errors import refused_token
from harness.load.catch_response import CaughtLocustResponse, CaughtResponse, NoResponse
from harness.load.http import DirectSession
from harness.load.http.session import Meta

_REPEATABLE = (str, bytes, bytearray, Mapping, type(None))
"""Bodies that are still whole after they were sent; a stream is not."""


class Bearer(Protocol):
    """Where a session's tokens come from. Both end the task when there are none to be had."""

    def tokens(self, name: str) -> Tokens:
        """Tokens that are valid now, for a request of this name."""

    def instead_of(self, refused: Tokens, name: str) -> Tokens:
        """Other tokens than those the API refused."""

    def value(self, tokens: Tokens) -> str:
        """The Authorization header's value."""


class ApiSession(DirectSession):
    """Everything FastHttpSession does; requests to the user's own host carry the user's token.

    A request that sets Authorization itself, or goes to another host, is left as it is. When the API answers 401,
    the refused request becomes a sample of its own, `<name> (token refused)`, which is no failure; one forced login
    follows outside the timer, and the request is sent once more under its own name. A second 401 fails, and so does a
    401 to a body that cannot be sent twice (a stream, files): the login then comes before the next request.

    Args:
        bearer: The user's tokens.
        cut_off: Told of a request that was in flight when its user was stopped: its name, and for how long it had been
            open, in microseconds.
        in_flight: Has each request for as long as it is open; sessions of a process share it.
    """

    caught_answer = CaughtResponse
    caught_otherwise = CaughtLocustResponse

    def __init__(
        self,
        *args: Any,  # noqa: ANN401  # Locust's arguments, passed through
        bearer: Bearer,
        cut_off: Callable[[str, int], None],
        in_flight: InFlight | None = None,
        **kwargs: Any,  # noqa: ANN401  # the same
    ) -> None:
        super().__init__(*args, **kwargs)
        self._bearer = bearer
        self._cut_off = cut_off
        self._open = (in_flight or InFlight()).requests
        self._own_origin = _origin(self.base_url or "")
        self._sets_authorization = _has_authorization(kwargs.get("headers"))
        self._carried: Tokens | None = None
        self._value = ""
        """The header's value for the tokens that were carried last."""
        self._refused: Tokens | None = None
        """Refused, but not replaced yet: the request could not be repeated."""
        self._hopeless: Tokens | None = None
        """Refused though they were fresh: another login would bring nothing better."""

    def request(  # type: ignore[override]  # noqa: PLR0913, PLR0917  # Locust's signature, without its mutable default
        self,
        method: str,
        url: str,
        name: str | None = None,
        data: Any = None,  # noqa: ANN401  # Locust takes text, bytes, mappings and streams
        catch_response: bool = False,  # noqa: FBT001, FBT002  # Locust's signature
        stream: bool = False,  # noqa: FBT001, FBT002  # Locust's signature
        headers: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
        auth: tuple[str | bytes, str | bytes] | None = None,
        json: Any = None,  # noqa: ANN401  # whatever can be JSON
        allow_redirects: bool = True,  # noqa: FBT001, FBT002  # Locust's signature
        context: Mapping[str, Any] | None = None,
        **kwargs: Any,  # noqa: ANN401  # Locust's arguments, passed through
    ) -> ResponseContextManager | FastResponse:
        """Send a request, as FastHttpSession does."""
        label = name or self.request_name or url
        given = dict(headers or {})

        def send() -> Meta:
            began_ns = time.perf_counter_ns()
            self._open[began_ns] = method, label
            try:
                return self.measure(
                    method, url, label, data, stream, given, auth, json, allow_redirects, context, **kwargs
                )
            except gevent.GreenletExit:
                self._cut_off(f"{method} {label}", (time.perf_counter_ns() - began_ns) // 1000)
                raise
            finally:
                self._open.pop(began_ns, None)

        sets_authorization = auth or self.auth_header or self._sets_authorization or _has_authorization(given)
        if sets_authorization or not self._is_own(url):
            return self.conclude(send(), catch_response=catch_response)
        tokens = self._bearer.tokens(label)
        is_fresh = tokens is self._refused
        if is_fresh:
            tokens = self._bearer.instead_of(tokens, label)
        given["Authorization"] = self._authorization(tokens)
        meta = send()
        if tokens is not self._hopeless and self._is_refusal(meta["response"]):
            if is_fresh:
                self._hopeless = tokens
            elif kwargs.get("files") or not isinstance(data, _REPEATABLE):
                self._refused = tokens
            else:
                self._report_refused(meta, f"{label} (token refused)")
                tokens = self._bearer.instead_of(tokens, label)
                given["Authorization"] = self._authorization(tokens)
                meta = send()
                if self._is_refusal(meta["response"]):
                    self._hopeless = tokens
        if tokens is self._hopeless or tokens is self._refused:
            self._note_refusal(meta["response"], given["Authorization"], is_fresh=tokens is self._hopeless)
        return self.conclude(meta, catch_response=catch_response)

    def _authorization(self, tokens: Tokens) -> str:
        if tokens is not self._carried:
            self._value = self._bearer.value(tokens)
            self._carried = tokens
        return self._value

    def conclude(self, meta: Meta, *, catch_response: bool) -> ResponseContextManager | FastResponse:
        """Report a request that was measured, or leave that to the caller's `with`."""
        if isinstance(meta["response"], ErrorResponse):
            meta["response"] = NoResponse.of(meta["response"])
        return super().conclude(meta, catch_response=catch_response)

    def _report_refused(self, meta: Meta, name: str) -> None:
        meta["name"] = name
        meta["exception"] = None
        self.conclude(meta, catch_response=False).release()

    def _note_refusal(self, response: FastResponse, authorization: str, *, is_fresh: bool) -> None:
        """Let the error say which token it was; its own words are all that a report has of it."""
        if self._is_refusal(response):
            vars(response)["refused_token"] = refused_token(authorization, is_fresh=is_fresh)

    def _is_own(self, url: str) -> bool:
        # A path without a slash in front goes on with the host's name: "@elsewhere/", ".elsewhere/", ":81/".
        return url.startswith("/") or _origin(self._build_url(url)) == self._own_origin

    def _is_refusal(self, response: FastResponse) -> bool:
        """Whether the own host would not take the token, and not one that it redirected to or came back from."""
        return (
            response.status_code == HTTPStatus.UNAUTHORIZED
            and _origin(response.url or "") == self._own_origin
            and response.request is not None
            and "authorization" in response.request.headers
        )


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url.lower())
    return parts.scheme, parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _has_authorization(headers: Mapping[str, str] | None) -> bool:
    return any(name.lower() == "authorization" for name in headers or ())
