"""URLs that a user gives."""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit


def parts_of(url: str) -> SplitResult | None:
    """The parts of an http or https URL with a host; None when it is none."""
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return None
    return parts if is_url else None


def is_loopback(url: str) -> bool:
    """Whether the host of a URL is this machine."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:  # no URL, or a name: 127.0.0.1.example.com is not this machine
        return False


def without_user(url: str) -> str:
    """The URL without user name and password, for people; a password may hold any character."""
    scheme, slashes, rest = url.partition("://") if "://" in url else ("", "", url)
    return f"{scheme}{slashes}{rest.rpartition('@')[2]}"
