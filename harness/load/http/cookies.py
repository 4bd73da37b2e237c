"""The standard library's cookie jar, which asks itself the same question only once.

Whether a cookie is kept, and whether it is sent, depends on its attributes and on the address, and on no other cookie.
A server that sets one with each answer (a load balancer's, a sliding session's) changes the value alone. So the
library decides about attributes and addresses that it has not seen, and its decision is remembered. The library does
all of it where more has a say: a policy of one's own, RFC 2965's versions and ports, cookies that expire.
"""

from __future__ import annotations

import re
import time
from email.message import Message
from functools import lru_cache
from http.cookiejar import Cookie, CookieJar
from typing import Any, Final, NamedTuple
from urllib.request import Request

from harness.load.http.answer import WholeAnswer
from harness.load.http.location import LONGEST_REMEMBERED, Origin
from harness.load.http.outgoing import Outgoing

REMEMBERED: Final = 1024
"""Decisions of a process: some hundred bytes each."""
MOST_COOKIES: Final = 180
"""Of one domain and path. Chrome keeps as many for a domain; RFC 6265, section 6.1, asks for 50. A server that names a
new one in each answer would take the memory of a long run, and each request would carry all of them."""
ROOT: Final = "/"
_path: Final = re.compile(r"(?:^|;)\s*path=/").search


class Jar(CookieJar):
    """A CookieJar; what it keeps and sends is the same."""

    _cookies: dict[str, dict[str, dict[str, Cookie]]]
    _policy: Any

    def __init__(self) -> None:
        super().__init__()
        self._first_policy = self._policy

    def take(self, answer: WholeAnswer, outgoing: Outgoing) -> bool:
        """Keep the cookies of an answer.

        Returns:
            Whether that is done; if not, nothing has been, and `extract_cookies` knows what to do.
        """
        if self._policy is not self._first_policy or "@" in outgoing.url or len(outgoing.url) > LONGEST_REMEMBERED:
            return False
        location, now_s = outgoing.location, int(time.time())
        made: list[Cookie] = []
        for line in answer.cookie_lines:
            pair, _, attributes = line.partition(";")
            name, equals, value = pair.partition("=")
            name = name.strip()
            if len(attributes) > LONGEST_REMEMBERED:
                return False
            kept = _decision(attributes, location.origin, ROOT if _has_path(attributes) else location.target)
            if not name or not equals or kept is None:
                return False
            if kept.fields is None:
                continue
            cookie = Cookie.__new__(Cookie)
            fields = cookie.__dict__
            fields.update(kept.fields)
            fields["name"], fields["value"], fields["_rest"] = name, value.strip(), kept.fields["_rest"].copy()
            if kept.age_s is not None:
                cookie.expires = now_s + kept.age_s
            if cookie.expires is not None and cookie.expires <= now_s:  # the wish to delete one
                return False
            made.append(cookie)
        for cookie in made:
            by_name = self._cookies.setdefault(cookie.domain, {}).setdefault(cookie.path, {})
            by_name[cookie.name] = cookie
            if len(by_name) > MOST_COOKIES:
                del by_name[next(iter(by_name))]
        return True

    def set_cookie(self, cookie: Cookie) -> None:
        """Keep a cookie; of those of one domain and path, the oldest goes when there are too many."""
        super().set_cookie(cookie)
        by_name = self._cookies[cookie.domain][cookie.path]
        if len(by_name) > MOST_COOKIES:
            del by_name[next(iter(by_name))]

    def give(self, outgoing: Outgoing) -> bool:
        """Put the cookies into a request that belong there.

        Returns:
            Whether that is done; if not, nothing has been, and `add_cookie_header` knows what to do.
        """
        if self._policy is not self._first_policy or "@" in outgoing.url or len(outgoing.url) > LONGEST_REMEMBERED:
            return False
        location, now_s = outgoing.location, time.time()
        found: list[Cookie] = []
        lengths: set[int] = set()
        for domain, by_path in self._cookies.items():
            for path, by_name in by_path.items():
                target = ROOT if path == ROOT else location.target
                for cookie in by_name.values():
                    expires = cookie.expires
                    if cookie.version or cookie.port is not None or (expires is not None and expires <= now_s):
                        return False
                    if _is_sent(domain, path, cookie.secure, cookie.domain_specified, location.origin, target):
                        found.append(cookie)
                        lengths.add(len(path))
        if found and "cookie" not in outgoing.fields:
            if len(lengths) > 1:
                found.sort(key=lambda cookie: len(cookie.path), reverse=True)
            text = "; ".join([each.name if each.value is None else f"{each.name}={each.value}" for each in found])
            dict.__setitem__(outgoing.fields, "cookie", ("Cookie", text))  # as it is stored, be it a Headers
        return True


class _Kept(NamedTuple):
    """What the library makes of a cookie's attributes."""

    fields: dict[str, Any] | None
    """The attributes of the Cookie but its name and value; None when it is not kept."""
    age_s: int | None
    """Seconds that it lives, where that is what its attributes say."""


def _url(origin: Origin, target: str) -> str:
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    return f"{origin.scheme}://{host}:{origin.port}{target}"


@lru_cache(maxsize=REMEMBERED)
def _has_path(attributes: str) -> bool:
    """Whether the attributes say so themselves where the cookie belongs, so that the request's path has no part."""
    lower = attributes.lower()
    return lower.count("path") == 1 and _path(lower) is not None


@lru_cache(maxsize=REMEMBERED)
def _decision(attributes: str, origin: Origin, target: str) -> _Kept | None:
    """What the library decides; None when that is not for long."""
    lower = attributes.lower()
    if "version" in lower or "port" in lower:
        return None
    jar, answer = CookieJar(), _Answer()
    answer["Set-Cookie"] = f"n=v;{attributes}"
    jar.extract_cookies(answer, Request(_url(origin, target)))  # type: ignore[arg-type]  # noqa: S310  # `info` is all it asks for
    cookie = next(iter(jar), None)
    if cookie is None:
        is_over = "expires" in lower or "max-age" in lower
        return None if is_over else _Kept(None, None)
    looked_s: int = vars(jar)["_now"]
    age_s = cookie.expires - looked_s if cookie.expires is not None and "max-age" in lower else None
    return _Kept(vars(cookie), age_s)


@lru_cache(maxsize=REMEMBERED)
def _is_sent(
    domain: str,
    path: str,
    secure: bool,  # noqa: FBT001  # as http.cookiejar has it
    domain_specified: bool,  # noqa: FBT001  # the same
    origin: Origin,
    target: str,
) -> bool:
    """Whether the library sends such a cookie there."""
    jar, request = CookieJar(), Request(_url(origin, target))  # noqa: S310  # never opened
    jar.set_cookie(
        Cookie(
            *(0, "n", "v", None, False, domain, domain_specified, domain.startswith("."), path, True, secure),
            *(None, True, None, None, {}),
        )
    )
    jar.add_cookie_header(request)
    return request.has_header("Cookie")


class _Answer(Message):
    """An answer as far as the library reads one."""

    def info(self) -> Message:
        return self
