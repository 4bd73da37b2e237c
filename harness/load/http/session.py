"""Locust's FastHttpSession, whose requests travel on connections of our own."""

from __future__ import annotations

import json as jsonlib
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import gevent
from gevent.ssl import create_default_context
from geventhttpclient.client import HTTPClientPool
from geventhttpclient.connectionpool import ConnectionPool, SSLConnectionPool, init_ssl_context
from geventhttpclient.url import URL
from locust.contrib.fasthttp import (
    FAILURE_EXCEPTIONS,
    FastHttpSession,
    FastResponse,
    ResponseContextManager,
    _construct_basic_auth_str,
)
from locust.event import EventHook
from locust.user import User

from harness.load.http import by_locust
from harness.load.http.agent import Agent
from harness.load.http.cookies import Jar
from harness.load.http.limits import Limits, too_late
from harness.load.http.location import locate
from harness.load.http.outgoing import Outgoing, UnusualRequestError, payload_of, verb, with_fields
from harness.load.http.response import ApiResponse, ApiResponseContext, failure_of
from harness.steady import STEADY

ENCODINGS: Final = "gzip, deflate, br"
"""What FastHttpUser accepts."""
JSON: Final = "application/json"
_OWN_OPTIONS: Final = frozenset(
    {"network_timeout", "connection_timeout", "concurrency", "insecure", "ssl_context_factory"}
)
"""What the connections here can be told. With any other (a proxy, foremost) all requests go Locust's own way."""
_UNUSUAL_FIELDS: Final = frozenset({"transfer-encoding", "expect"})
_LIMITS: Final = Limits()
_NOWHERE: Final = frozenset[int]()

Meta = dict[str, Any]
"""The arguments of Locust's request event."""


class DirectSession(FastHttpSession):
    """A FastHttpSession that costs a third of it.

    What is left to Locust's own client: a session with a `client_pool`, a proxy or retries; a request with `files`, a
    body that is sent piece by piece, `Expect` or `Transfer-Encoding`, or arguments that only `urlopen` knows. Beyond
    the cost, two things differ: a request that was sent is never sent again because the connection was lost, and
    errors do not carry the whole exchange (`http_log`), which holds tokens and passwords.
    """

    caught_answer: type[ResponseContextManager] = ApiResponseContext
    """What `catch_response=True` gives for an answer …"""
    caught_otherwise: type[ResponseContextManager] = ResponseContextManager
    """… and for none, or one by Locust's own client."""

    def __init__(  # Locust's signature
        self,
        base_url: str | None,
        request_event: EventHook,
        user: User | None,
        insecure: bool = True,  # noqa: FBT001, FBT002  # Locust's signature
        client_pool: HTTPClientPool | None = None,
        ssl_context_factory: Callable[..., ssl.SSLContext] | None = None,
        *,
        limits: Limits = _LIMITS,
        **kwargs: Any,  # noqa: ANN401  # Locust's arguments, passed through
    ) -> None:
        super().__init__(base_url, request_event, user, insecure, client_pool, ssl_context_factory, **kwargs)
        self.cookiejar = self.client.cookiejar = Jar()
        self._agent: Agent | None = None
        self._sound: object = None
        """The last request's Authorization, which has been found to be a header's value."""
        self._timeout_s = limits.request_timeout_s
        by_locust.limit(self.client, limits)
        options = self.client.clientpool.client_args
        others = any(value for name, value in options.items() if name not in _OWN_OPTIONS)
        if client_pool is None and not self.client.max_retries and not others:
            self._agent = Agent(
                self.client,
                self._context,
                connect_timeout_s=options.get("connection_timeout", ConnectionPool.DEFAULT_CONNECTION_TIMEOUT),
                read_timeout_s=options.get("network_timeout", ConnectionPool.DEFAULT_NETWORK_TIMEOUT),
                most=options.get("concurrency", 1),
                limits=limits,
            )

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
        given = dict(headers or {})
        meta = self.measure(method, url, name, data, stream, given, auth, json, allow_redirects, context, **kwargs)
        return self.conclude(meta, catch_response=catch_response)

    def measure(  # noqa: PLR0913, PLR0917  # as above
        self,
        method: str,
        url: str,
        name: str | None,
        data: Any,  # noqa: ANN401  # as above
        stream: bool,  # noqa: FBT001  # as above
        headers: dict[str, Any],
        auth: tuple[str | bytes, str | bytes] | None,
        json: Any,  # noqa: ANN401  # as above
        allow_redirects: bool,  # noqa: FBT001  # as above
        context: Mapping[str, Any] | None,
        **kwargs: Any,  # noqa: ANN401  # as above
    ) -> Meta:
        """Send a request, and tell nobody yet.

        Args as `request`; `headers` may be changed.

        Returns:
            What Locust's request event is to be told.
        """
        label = name or self.request_name or url
        full_url = self._build_url(url)
        started_s = time.monotonic() + STEADY.offset_s
        told = {**(self.user.context() if self.user else {}), **(context or {})}
        outgoing = self._draft(method, full_url, data, headers, auth, json, **kwargs)
        if outgoing is None or self._agent is None:
            return self._measure_by_locust(
                method,
                url,
                name=label,
                data=data,
                stream=stream,
                headers=headers,
                auth=auth,
                json=json,
                allow_redirects=allow_redirects,
                context=dict(context or {}),
                **kwargs,
            )
        redirecting = self.client.redirect_response_codes if allow_redirects else _NOWHERE
        started_ns = time.perf_counter_ns()
        response = self._agent.send(outgoing, redirecting, is_stream=stream)
        exception = failure_of(response)
        ended_ns: int = getattr(response, "received_ns", 0)
        length = 0
        try:
            length = _announced_length(response) if stream else len(response.content or b"")
        except FAILURE_EXCEPTIONS as error:  # the body broke off, or cannot be decoded
            if isinstance(response, ApiResponse):
                response.broke(error)
            exception = exception or error
            ended_ns = 0
        return {
            "request_type": method,
            "name": label,
            "context": told,
            "response": response,
            "exception": exception,
            "start_time": started_s,
            "url": full_url,
            "response_length": length,
            "response_time": ((ended_ns or time.perf_counter_ns()) - started_ns) / 1e6,
        }

    def conclude(self, meta: Meta, *, catch_response: bool) -> ResponseContextManager | FastResponse:
        """Report a request that was measured, or leave that to the caller's `with`."""
        response: FastResponse = meta["response"]
        if not catch_response:
            self.request_event.fire(**meta)
            return response
        kind = self.caught_answer if isinstance(response, ApiResponse) else self.caught_otherwise
        return kind(response, self.request_event, meta, catch_response)

    def _draft(
        self,
        method: str,
        url: str,
        data: Any,  # noqa: ANN401  # as above
        headers: dict[str, Any],
        auth: tuple[str | bytes, str | bytes] | None,
        json: Any,  # noqa: ANN401  # as above
        params: Any = None,  # noqa: ANN401  # whatever can be a query
        **unusual: object,
    ) -> Outgoing | None:
        """The request; None when it is left to Locust's own client."""
        if unusual or self._agent is None:
            return None
        if auth:
            headers["Authorization"] = _construct_basic_auth_str(*auth)
        elif self.auth_header:
            headers["Authorization"] = self.auth_header
        if "Accept-Encoding" not in headers and "accept-encoding" not in headers:
            headers["Accept-Encoding"] = ENCODINGS
        if not data and json is not None:
            data = _json(json, headers)
        location = locate(url if params is None else str(URL(url, params=params)))
        if location is None:
            return None
        try:
            fields = with_fields(dict.copy(self.client.default_headers), headers, self._sound)
            self._sound = headers.get("Authorization")
            payload = payload_of(data, fields)
            if not _UNUSUAL_FIELDS.isdisjoint(fields):
                return None
            return Outgoing(url, verb(method), fields, payload, location)
        except UnusualRequestError:
            return None

    def _measure_by_locust(self, *args: Any, **kwargs: Any) -> Meta:  # noqa: ANN401  # as above
        # A manager that is never entered reports nothing.
        kwargs["catch_response"] = True
        limit = gevent.Timeout.start_new(self._timeout_s, too_late())
        try:
            manager = super().request(*args, **kwargs)
        finally:
            limit.close()
        meta: Meta = manager.request_meta
        getattr(meta["exception"], "__dict__", {}).pop("http_log", None)
        return meta

    def _context(self) -> ssl.SSLContext:
        options = self.client.clientpool.client_args
        context: ssl.SSLContext = init_ssl_context(
            options.get("ssl_context_factory") or create_default_context,
            SSLConnectionPool.default_options["ca_certs"],
            check_hostname=not options.get("insecure", False),
        )
        return context


def _json(value: Any, headers: dict[str, Any]) -> str:  # noqa: ANN401  # whatever can be JSON
    if "Content-Type" not in headers and "content-type" not in headers:
        headers["Content-Type"] = JSON
    if "Accept" not in headers and "accept" not in headers:
        headers["Accept"] = JSON
    return jsonlib.dumps(value)


def _announced_length(response: FastResponse) -> int:
    length = response.headers.get("content-length") if response.headers else None
    return int(length) if isinstance(length, str) else 0
