"""What can be wrong with settings, as far as it shows without opening a file or a connection."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from harness.cognito.flows import CLIENT_CREDENTIALS, POOL_FLOWS
from harness.cognito.flows.client_credentials import SCOPE
from harness.errors import Problem
from harness.evidence.judging.sweep import SHORTEST_HOLD_S
from harness.settings.knobs import KNOBS
from harness.settings.limits import (
    ANSWER,
    DURATION,
    LAG,
    LEVELS,
    QUOTA,
    RATE,
    RENEW_MARGIN,
    REQUEST_TIMEOUT,
    SANDBOX_LATENCY,
    SLOTS,
    Limit,
)
from harness.settings.rates import levels, stages
from harness.settings.settings import Settings
from harness.settings.units import number, seconds, share, size_bytes, whole
from harness.settings.url import POOL_ID, is_loopback, parts_of

_REGION: Final = re.compile(
    r"[a-z]{2,4}(-[a-z]+)+-\d{1,2}"
)  # the partitions' patterns in botocore's endpoints.json, as one
_CLIENT_ID: Final = re.compile(r"[\w+]{1,128}")  # the service model's pattern of ClientIdType
_AWS_HOST: Final = re.compile(r"cognito-idp(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|api\.aws)")
_MACHINE_FLOW: Final = f"--cognito-flow {CLIENT_CREDENTIALS}"
_DOMAIN_EXPECTED: Final = (
    "Expected a prefix (my-pool), a host (auth.example.com) or a URL; in the sandbox its endpoint."
)


def problems_of(settings: Settings) -> list[Problem]:
    """Every fault at once; empty when all is well."""
    return [
        *_choice_problems(settings),
        *_flow_problems(settings),
        *_machine_problems(settings),
        *_pool_problems(settings),
        *_region_problems(settings),
        *_number_problems(settings),
        *_load_problems(settings),
    ]


def _choice_problems(settings: Settings) -> list[Problem]:
    return [
        Problem(f"{knob.flag} is {given!r}", f"Choose one of {', '.join(knob.choices)}.")
        for knob in KNOBS
        if knob.choices and (given := getattr(settings, knob.field)) not in (knob.default, *knob.choices)
    ]


def _flow_problems(settings: Settings) -> list[Problem]:
    problems = []
    if settings.first_factor and settings.flow != "USER_AUTH":
        problems.append(
            Problem(
                f"--cognito-first-factor is {settings.first_factor}, but {settings.flow} has no choice",
                "Drop it, or set --cognito-flow USER_AUTH.",
            )
        )
    needs_pool = settings.flow if settings.flow in POOL_FLOWS else ""
    needs_pool = needs_pool or (settings.first_factor if settings.first_factor == "PASSWORD_SRP" else "")
    if needs_pool and not settings.user_pool_id:
        problems.append(
            Problem(
                f"{needs_pool} needs the user pool's id, and none is set",
                "Set --cognito-user-pool-id (COGNITO_USER_POOL_ID).",
            )
        )
    if settings.flow.startswith("ADMIN_") and settings.sign == "never":
        problems.append(
            Problem(f"{settings.flow} has to be signed, and --cognito-sign is never", "Set it to auto or always.")
        )
    return problems


def _machine_problems(settings: Settings) -> list[Problem]:
    """What is missing for `client_credentials`, or set in vain without it."""
    if not settings.is_machine:
        return [
            Problem(f"{flag} is set, but {settings.flow} has no use for it", f"Drop it, or set {_MACHINE_FLOW}.")
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
        return [Problem(f"--cognito-domain is {settings.domain!r}, which is no domain", _DOMAIN_EXPECTED)]
    if parts.scheme == "http" and not settings.is_local:
        return [
            Problem(
                f"--cognito-domain {settings.domain} is not encrypted, and the client's secret would travel there",
                "Use https://; plain http is for the sandbox on this machine.",
            )
        ]
    return []


def _pool_problems(settings: Settings) -> list[Problem]:
    problems = []
    if not settings.client_id:
        problems.append(Problem("no app client id is set", "Set --cognito-client-id (COGNITO_CLIENT_ID)."))
    elif not _CLIENT_ID.fullmatch(settings.client_id):
        problems.append(
            Problem(
                f"--cognito-client-id is {settings.client_id!r}, which is not an app client id",
                "Copy it from the Cognito console: User pool > App clients > Client ID (letters and digits).",
            )
        )
    if settings.user_pool_id and not POOL_ID.fullmatch(settings.user_pool_id):
        problems.append(
            Problem(
                f"--cognito-user-pool-id is {settings.user_pool_id!r}, which is not a user pool id",
                "It looks like eu-west-1_AbC123: the region, an underscore, letters and digits.",
            )
        )
    return problems


def _region_problems(settings: Settings) -> list[Problem]:
    problems = []
    pool_region = settings.pool_region
    sources = {
        "--cognito-region": settings.given_region,
        "the region of --cognito-user-pool-id": pool_region,
        "the AWS profile's region": "" if settings.given_region or pool_region else settings.profile_region,
    }
    problems += [
        Problem(f"{source} is {region!r}, which is not an AWS region", "Expected one like us-east-2.")
        for source, region in sources.items()
        if region and not _REGION.fullmatch(region)
    ]
    if settings.given_region and pool_region and pool_region != settings.given_region:
        problems.append(
            Problem(
                f"--cognito-region is {settings.given_region}, but user pool {settings.user_pool_id} "
                f"is in {pool_region}",
                "Drop --cognito-region, or correct one of the two.",
            )
        )
    if not settings.region and not settings.user_pool_id and not settings.is_machine:
        problems.append(
            Problem(
                "no region is known",
                "Set --cognito-region or --cognito-user-pool-id, or the AWS profile's region.",
            )
        )
    return [*problems, *_endpoint_problems(settings)]


def _endpoint_problems(settings: Settings) -> list[Problem]:
    if not settings.given_endpoint:
        return []
    if "@" in settings.given_endpoint:  # not quoted: there may be a password before it
        return [Problem("--cognito-endpoint holds an @", "Give the URL without a user name and a password.")]
    parts = parts_of(settings.given_endpoint)
    if parts is None:
        return [
            Problem(
                f"--cognito-endpoint is {settings.given_endpoint!r}, which is not a URL",
                "Expected https://cognito-idp.<region>.amazonaws.com, or the URL that the sandbox printed.",
            )
        ]
    problems = []
    if parts.scheme == "http" and not is_loopback(settings.given_endpoint):
        problems.append(
            Problem(
                f"--cognito-endpoint {settings.given_endpoint} is not encrypted, and passwords would travel there",
                "Use https://; plain http is for the sandbox on this machine.",
            )
        )
    host = _AWS_HOST.fullmatch(parts.hostname or "")
    if host and settings.region and host["region"] != settings.region:
        problems.append(
            Problem(
                f"--cognito-endpoint is in {host['region']}, but the region is {settings.region}",
                "A signature holds for one region only: correct one of the two.",
            )
        )
    return problems


def _number_problems(settings: Settings) -> list[Problem]:
    problems = []
    rate = number(settings.login_cap) if settings.login_cap else 0.0
    if rate is None or rate < 0:
        problems.append(
            Problem(
                f"--cognito-max-login-rate is {settings.login_cap!r}",
                "Expected logins per second, such as 60; 0 for no cap.",
            )
        )
    if settings.quota and (number(settings.quota) or 0.0) <= 0:
        problems.append(
            Problem(f"--cognito-quota is {settings.quota!r}", "Expected logins per second, such as 120, above 0.")
        )
    if settings.max_lag_ms <= 0:
        problems.append(Problem(f"--cognito-max-lag is {settings.lag!r}", "Expected milliseconds, such as 50."))
    if seconds(settings.renew_margin) is None:
        problems.append(
            Problem(f"--cognito-renew-margin is {settings.renew_margin!r}", "Expected a time, such as 60s.")
        )
    if share(settings.renew_spread) is None:
        problems.append(
            Problem(
                f"--cognito-renew-spread is {settings.renew_spread!r}", "Expected a share, such as 50%, below 100%."
            )
        )
    if seconds(settings.sandbox_latency) is None:
        problems.append(
            Problem(f"--cognito-sandbox-latency is {settings.sandbox_latency!r}", "Expected a time, such as 200ms.")
        )
    if seconds(settings.warmup) is None:
        problems.append(Problem(f"--warmup is {settings.warmup!r}", "Expected a duration, such as 30s or 2m."))
    return [*problems, *_answer_problems(settings), *_limit_problems(settings)]


def _answer_problems(settings: Settings) -> list[Problem]:
    problems = []
    if not size_bytes(settings.max_answer):
        problems.append(Problem(f"--max-answer is {settings.max_answer!r}", "Expected a size, such as 64MiB."))
    if settings.request_timeout and not seconds(settings.request_timeout):
        problems.append(
            Problem(f"--request-timeout is {settings.request_timeout!r}", "Expected a duration, such as 60s, above 0.")
        )
    return problems


def _limit_problems(settings: Settings) -> list[Problem]:
    """What is a number, and more than can be."""
    figures = (
        ("--cognito-max-login-rate", settings.login_cap, number(settings.login_cap), RATE),
        ("--cognito-quota", settings.quota, number(settings.quota), QUOTA),
        ("--cognito-max-lag", settings.lag, number(settings.lag), LAG),
        ("--cognito-renew-margin", settings.renew_margin, seconds(settings.renew_margin), RENEW_MARGIN),
        ("--cognito-sandbox-latency", settings.sandbox_latency, seconds(settings.sandbox_latency), SANDBOX_LATENCY),
        ("--warmup", settings.warmup, seconds(settings.warmup), DURATION),
        ("--max-answer", settings.max_answer, size_bytes(settings.max_answer), ANSWER),
        ("--request-timeout", settings.request_timeout, seconds(settings.request_timeout), REQUEST_TIMEOUT),
        ("--sweep-hold", settings.sweep_hold, seconds(settings.sweep_hold), DURATION),
        ("--login-slots", settings.login_slots, whole(settings.login_slots), SLOTS),
        *_schedule(settings),
    )
    found = (limit.problem(flag, value, given=given) for flag, given, value, limit in figures if value is not None)
    return list(dict.fromkeys(problem for problem in found if problem is not None))


def _schedule(settings: Settings) -> Iterator[tuple[str, str, float, Limit]]:
    """The largest and the smallest rate, the longest part and the number of parts of each load model."""
    if given := settings.login_rate:
        parts = stages(given) or ()
        yield "--login-rate", given, max((part.target_per_s for part in parts), default=0.0), RATE
        yield "--login-rate", given, min((part.target_per_s for part in parts if part.target_per_s), default=0.0), RATE
        yield "--login-rate", given, max((part.duration_s for part in parts), default=0.0), DURATION
        yield "--login-rate", given, len(parts), LEVELS
    sweeps = (("--login-rate-sweep", settings.login_rate_sweep, RATE), ("--login-sweep", settings.login_sweep, SLOTS))
    for flag, given, limit in sweeps:
        steps = (levels(given) or ()) if given else ()
        yield flag, given, max(steps, default=0.0), limit
        yield flag, given, min(steps, default=0.0), limit
        yield flag, given, len(steps), LEVELS


def _load_problems(settings: Settings) -> list[Problem]:
    problems = []
    given = {
        "--login-rate": settings.login_rate,
        "--login-sweep": settings.login_sweep,
        "--login-rate-sweep": settings.login_rate_sweep,
    }
    models = [flag for flag, text in given.items() if text]
    if len(models) > 1:
        problems.append(Problem(f"{' and '.join(models)} are set", "A run has one load model: choose one of them."))
    if settings.login_rate and stages(settings.login_rate) is None:
        problems.append(
            Problem(f"--login-rate is {settings.login_rate!r}", "Expected a rate per second, as 50, or 10:60s,100:5m.")
        )
    problems += [
        Problem(f"{flag} is {given[flag]!r}", "Expected levels that grow, as 1,2,5,10,20,50.")
        for flag in ("--login-sweep", "--login-rate-sweep")
        if given[flag] and levels(given[flag]) is None
    ]
    if settings.login_sweep and any(level % 1 for level in levels(settings.login_sweep) or ()):
        problems.append(Problem(f"--login-sweep is {settings.login_sweep!r}", "Concurrent logins are whole numbers."))
    if settings.login_slots and (whole(settings.login_slots) or 0) < 1:
        problems.append(Problem(f"--login-slots is {settings.login_slots!r}", "Expected a whole number above 0."))
    if settings.max_dropped and share(settings.max_dropped, may_be_all=True) is None:
        problems.append(
            Problem(f"--max-dropped is {settings.max_dropped!r}", "Expected a share of the arrivals, 0% to 100%.")
        )
    if (seconds(settings.sweep_hold) or 0.0) < SHORTEST_HOLD_S:
        problems.append(
            Problem(
                f"--sweep-hold is {settings.sweep_hold!r}",
                f"Expected at least {SHORTEST_HOLD_S:g}s: a step has to settle.",
            )
        )
    if settings.login_sweep and settings.max_login_rate > 0:
        problems.append(
            Problem(
                f"--login-sweep lets each user log in as soon as it has an answer, but a cap of "
                f"{settings.max_login_rate:g} logins/s holds them back: the knee would be the cap's",
                "Set --cognito-max-login-rate 0 if the quota allows (production shares it), or use --login-rate-sweep.",
            )
        )
    peak = max((stage.target_per_s for stage in settings.arrivals), default=0.0)
    if 0 < settings.max_login_rate < peak:
        problems.append(
            Problem(
                f"{models[0]} goes up to {peak:g} logins/s, over the cap of {settings.max_login_rate:g}",
                "Raise --cognito-max-login-rate if the quota allows (production shares it), or lower the rate.",
            )
        )
    return problems
