"""The domain of a user pool, and what a machine's login by it needs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from harness.cognito.flows.client_credentials import CLIENT_CREDENTIALS, PATH, SCOPE
from harness.errors import Problem
from harness.settings.url import parts_of

if TYPE_CHECKING:
    from harness.settings.settings import Settings

_PREFIX: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""The service model's pattern of DomainType, without its dots: what the console calls a Cognito domain's prefix."""
EXPECTED: Final = "Expected a prefix (my-pool), a host (auth.example.com) or a URL; in the sandbox its endpoint."


def token_url(domain: str, region: str) -> str:
    """The URL of a domain's token endpoint; empty where none is given, or a prefix without a region."""
    if not domain:
        return ""
    if _PREFIX.fullmatch(domain):
        suffix = "amazoncognito.com.cn" if region.startswith("cn-") else "amazoncognito.com"
        return f"https://{domain}.auth.{region}.{suffix}{PATH}" if region else ""
    url = domain if "://" in domain else f"https://{domain}"
    return url if url.endswith(PATH) else f"{url.rstrip('/')}{PATH}"


def machine_problems(settings: Settings) -> list[Problem]:
    """What is missing for `client_credentials`, or set in vain without it."""
    if not settings.is_machine:
        return [
            Problem(f"{flag} is set, but {settings.flow} has no use for it", f"Drop it, or set {_FLOW}.")
            for flag, value in (("--cognito-domain", settings.domain), ("--cognito-scopes", settings.scopes))
            if value
        ]
    problems = [*_domain_problems(settings)]
    if not settings.client_secret:
        problems.append(
            Problem(
                "client_credentials needs the app client's secret, and none is set",
                "Set COGNITO_CLIENT_SECRET; the console shows it with the app client.",
            )
        )
    problems += [
        Problem(f"--cognito-scopes holds {name!r}", "Expected scopes between blanks, as api/read api/write.")
        for name in settings.scope_names
        if not SCOPE.fullmatch(name)
    ]
    if settings.token_use == "id":  # noqa: S105  # a choice
        problems.append(
            Problem("client_credentials brings no id token, and --cognito-token-use is id", "Set it to access.")
        )
    if settings.sign == "always":
        problems.append(
            Problem("client_credentials is never signed, and --cognito-sign is always", "Set it to auto or never.")
        )
    return problems


def _domain_problems(settings: Settings) -> list[Problem]:
    if not settings.domain:
        return [
            Problem(
                "client_credentials needs the user pool's domain, and none is set",
                "Set --cognito-domain (COGNITO_DOMAIN); the console shows it under Branding > Domain.",
            )
        ]
    if "@" in settings.domain:  # not quoted: there may be a password before it
        return [Problem("--cognito-domain holds an @", "Give it without a user name and a password.")]
    if not settings.given_url:
        return [
            Problem(
                f"--cognito-domain is the prefix {settings.domain}, and no region is known",
                "Set --cognito-region, or give the whole host.",
            )
        ]
    parts = parts_of(settings.given_url)
    if parts is None:
        return [Problem(f"--cognito-domain is {settings.domain!r}, which is no domain", EXPECTED)]
    if parts.scheme == "http" and not settings.is_local:
        return [
            Problem(
                f"--cognito-domain {settings.domain} is not encrypted, and the client's secret would travel there",
                "Use https://; plain http is for the sandbox on this machine.",
            )
        ]
    return []


_FLOW: Final = f"--cognito-flow {CLIENT_CREDENTIALS}"
