"""URLs that a user gives, and the names they are made of: a user pool's domain, its id."""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from harness.cognito.flows.client_credentials import PATH

POOL_ID: Final = re.compile(r"[\w-]+_[0-9a-zA-Z]+")  # the service model's pattern of UserPoolIdType
_PREFIX: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""The service model's pattern of DomainType, without its dots: what the console calls a Cognito domain's prefix."""


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


def token_url(domain: str, region: str) -> str:
    """The URL of a domain's token endpoint; empty where none is given, or a prefix without a region."""
    if not domain:
        return ""
    if _PREFIX.fullmatch(domain):
        suffix = "amazoncognito.com.cn" if region.startswith("cn-") else "amazoncognito.com"
        return f"https://{domain}.auth.{region}.{suffix}{PATH}" if region else ""
    url = domain if "://" in domain else f"https://{domain}"
    return url if url.endswith(PATH) else f"{url.rstrip('/')}{PATH}"
