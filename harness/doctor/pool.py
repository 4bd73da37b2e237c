"""What an administrator sees: the pool, the app client, whether this is production, the quota, the costs."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any, Final

from harness import prices
from harness.doctor.case import Case, Known
from harness.doctor.finding import Finding, State, all_unchecked, explained, ok, unchecked, warning
from harness.doctor.keys import inquiry
from harness.inquiry import Inquiry, UnansweredError
from harness.settings import Settings

CHECKS: Final = ("pool", "production", "app client")
ACCOUNT: Final = ("quota", "web ACL")
COSTS: Final = "costs"
_PRODUCTION: Final = re.compile(r"(?<![a-z])(prod|prd|production|live)(?![a-z])", re.IGNORECASE)
_NO_PRODUCTION: Final = re.compile(r"(?<![a-z])(non|not|pre)[-_ ]?(?=prod)", re.IGNORECASE)
_NO_USERS: Final = re.compile(r"(?<![a-z])(dev|test|stag|stg|qa|load|perf|sandbox|demo|non[-_ ]?prod)", re.IGNORECASE)
"""What the name or a tag of a pool without real users says, at the beginning of a word."""
_NAMES: Final[Mapping[str, frozenset[str]]] = {
    "USER_PASSWORD_AUTH": frozenset({"ALLOW_USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH"}),
    "USER_SRP_AUTH": frozenset({"ALLOW_USER_SRP_AUTH"}),
    "USER_AUTH": frozenset({"ALLOW_USER_AUTH"}),
    "CUSTOM_AUTH": frozenset({"ALLOW_CUSTOM_AUTH", "CUSTOM_AUTH_FLOW_ONLY"}),
    "ADMIN_USER_PASSWORD_AUTH": frozenset({"ALLOW_ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"}),
}
"""What enables a flow, in ExplicitAuthFlows; the names without ALLOW_ are those of old clients."""


def check_pool(case: Case, known: Known) -> Iterator[Finding]:
    """DescribeUserPool and DescribeUserPoolClient, as far as the keys allow."""
    settings = case.settings
    why = _hindrance(case, known)
    if why or known.keys is None:
        yield from all_unchecked((*CHECKS, *ACCOUNT), why)
        return
    asked = inquiry(case, known.keys)
    pool = yield from _asked(CHECKS[0], lambda: asked.user_pool(settings.user_pool_id))
    if pool is None:
        yield unchecked(CHECKS[1], "the pool was not described")
    else:
        size = pool.get("EstimatedNumberOfUsers", 0)
        yield ok(CHECKS[0], f"{pool.get('Name')}, about {size:,} users, tier {pool.get('UserPoolTier', 'not told')}")
        yield _production(settings, pool)
    client = yield from _asked(CHECKS[2], lambda: asked.app_client(settings.user_pool_id, settings.client_id))
    if client is not None:
        yield from _client(settings, known, client)
    if settings.is_local:
        yield from all_unchecked(ACCOUNT, "a local endpoint has none")
    else:
        yield from _account(settings, asked, str((pool or {}).get("Arn", "")))
    known.tier = str((pool or {}).get("UserPoolTier", ""))


def check_account(case: Case, known: Known) -> Iterator[Finding]:
    """What the accounts cost in a month, when each of them logs in."""
    if known.users is None:
        yield unchecked(COSTS, "there is no users file to count")
    elif case.settings.is_machine:
        yield unchecked(COSTS, "a machine is no active user; AWS bills its app client and each token request")
    elif case.settings.is_local:
        yield ok(COSTS, "none: the endpoint is local")
    else:
        yield ok(COSTS, prices.sentence(len(known.users), known.tier))


def _hindrance(case: Case, known: Known) -> str:
    if known.keys is None:
        return "needs AWS credentials"
    if not case.settings.user_pool_id:
        return "needs the pool's id (--cognito-user-pool-id)"
    return "" if known.has_connection else "the endpoint is not reached"


def _asked(check: str, question: Callable[[], Mapping[str, Any]]) -> Generator[Finding, None, Mapping[str, Any] | None]:
    """The answer; without one, a finding that says why."""
    try:
        return question()
    except UnansweredError as error:
        if error.kind == "ResourceNotFoundException":
            yield explained(check, error.kind, error.message)
        else:
            right = ": these keys have no right to describe it" if error.is_denied else ""
            yield unchecked(check, f"{error.kind}{right}")
    return None


def _production(settings: Settings, pool: Mapping[str, Any]) -> Finding:
    tags = {str(key): str(value) for key, value in (pool.get("UserPoolTags") or {}).items()}
    signs = [
        *(["its name says so"] if _says_production(str(pool.get("Name", ""))) else []),
        *(f"tag {key}={value}" for key, value in tags.items() if _says_production(value)),
        *(["deletion protection is on"] if pool.get("DeletionProtection") == "ACTIVE" else []),
    ]
    if not signs:
        said = (str(pool.get("Name", "")), *tags.values())
        if "USER_PASSWORD" in settings.flow and not any(map(_NO_USERS.search, said)):
            text = (
                "neither name nor tags say whether this is for development or staging, where USER_PASSWORD_AUTH belongs"
            )
            return warning(CHECKS[1], text, "Tag the pool (stage=staging), or make sure that nobody depends on it.")
        return ok(CHECKS[1], "neither name nor tags nor deletion protection say so")
    text = f"this looks like a production pool: {', '.join(signs)}"
    if settings.allows_production:
        return warning(CHECKS[1], text, "It was allowed (--allow-production): its quota is its users', too.")
    plain = ", and USER_PASSWORD_AUTH belongs to development and staging" if "USER_PASSWORD" in settings.flow else ""
    cause = f"A load shares the quota with this pool's users{plain}."
    return Finding(CHECKS[1], State.FAULT, text, cause, "Use another pool, or say --allow-production.")


def _says_production(text: str) -> bool:
    return bool(_PRODUCTION.search(_NO_PRODUCTION.sub("non", text)))


def _client(settings: Settings, known: Known, client: Mapping[str, Any]) -> Iterator[Finding]:
    flows = frozenset(client.get("ExplicitAuthFlows") or ())
    if settings.is_machine:
        yield from _oauth(settings, known, client)
    elif flows and not flows & _NAMES[settings.flow] and not known.faulty & {"flow"}:
        yield explained("flow", "InvalidParameterException", f"{settings.flow} flow not enabled for this client")
    yield from _secret(settings, known, str(client.get("ClientSecret") or ""))
    hides = client.get("PreventUserExistenceErrors", "LEGACY")
    shown = ", ".join(sorted(flow.removeprefix("ALLOW_") for flow in flows)) or "not told"
    yield ok(CHECKS[2], f"flows {shown}; validity {_validity(client)}; PreventUserExistenceErrors {hides}")
    rotation = client.get("RefreshTokenRotation") or {}
    if rotation.get("Feature") == "ENABLED":
        yield _rotation(settings, rotation.get("RetryGracePeriodSeconds") or 0)


def _rotation(settings: Settings, grace_s: int) -> Finding:
    text = f"refresh tokens are good once, and {grace_s} s more (RefreshTokenRotation)"
    if settings.refresh == "initiate-auth":
        return warning(
            "rotation",
            f"{text}, and REFRESH_TOKEN_AUTH is refused: each renewal is a full login",
            "Set --cognito-refresh auto or get-tokens.",
        )
    if settings.refresh == "never":
        return ok("rotation", f"{text}; this load never refreshes")
    return ok("rotation", f"{text}; renewed by GetTokensFromRefreshToken")


def _oauth(settings: Settings, known: Known, client: Mapping[str, Any]) -> Iterator[Finding]:
    """Whether the client may log in for itself, and have these scopes."""
    is_allowed = client.get("AllowedOAuthFlowsUserPoolClient") and settings.flow in client.get("AllowedOAuthFlows", ())
    if not is_allowed and not known.faulty & {"flow"}:
        yield explained("flow", "unauthorized_client", "client_credentials is not among the client's OAuth grants")
    allowed = client.get("AllowedOAuthScopes") or ()
    foreign = [name for name in settings.scope_names if name not in allowed]
    if foreign and not known.faulty & {"login"}:
        yield explained("scopes", "invalid_scope", f"the client may not have {', '.join(foreign)}")


def _secret(settings: Settings, known: Known, secret: str) -> Iterator[Finding]:
    ours = (known.secrets or {}).get(settings.client_secret, settings.client_secret)
    if known.secrets is None or "client secret" in known.faulty or secret == ours:
        return
    if secret and not ours:
        message = f"Client {settings.client_id} is configured with secret but SECRET_HASH was not received"
        yield explained("client secret", "NotAuthorizedException", message)
    elif secret and settings.is_machine:
        yield explained("client secret", "invalid_client", "the secret that is set is not this client's")
    elif secret:
        message = f"Unable to verify secret hash for client {settings.client_id}"
        yield explained("client secret", "NotAuthorizedException", message)
    else:
        yield warning("client secret", "one is set, and this client has none", "Unset COGNITO_CLIENT_SECRET.")


def _validity(client: Mapping[str, Any]) -> str:
    units = client.get("TokenValidityUnits") or {}
    defaults = {"AccessToken": (1, "hours"), "IdToken": (1, "hours"), "RefreshToken": (30, "days")}
    told = []
    for name, (value, usual) in defaults.items():
        given = client.get(f"{name}Validity") or value
        unit = str(units.get(name, usual))
        told.append(f"{name.removesuffix('Token').lower()} {given} {unit.removesuffix('s') if given == 1 else unit}")
    return ", ".join(told)


def _account(settings: Settings, asked: Inquiry, arn: str) -> Iterator[Finding]:
    try:
        quota = asked.login_quota(_category(settings))
        if quota is None:
            yield unchecked(ACCOUNT[0], "Service Quotas does not name it")
        else:
            yield _quota(settings, quota)
    except UnansweredError as error:
        yield unchecked(ACCOUNT[0], f"Service Quotas: {error.kind}")
    try:
        name = asked.firewall(arn) if arn else ""
        if name:
            yield Finding(
                ACCOUNT[1],
                State.WARNING,
                f"{name} stands before the pool",
                "A rate limit for one IP address counts every login of this machine.",
                "Exempt the load generator's address in its rules.",
            )
        else:
            yield ok(ACCOUNT[1], "none before the pool") if arn else unchecked(ACCOUNT[1], "the pool was not described")
    except UnansweredError as error:
        yield unchecked(ACCOUNT[1], f"WAF: {error.kind}")


def _category(settings: Settings) -> str:
    """The quota that logins draw on."""
    return "ClientAuthentication" if settings.is_machine else "UserAuthentication"


def _quota(settings: Settings, quota: float) -> Finding:
    text = f"{_category(settings)} {quota:g} requests/s for all pools of the account and region"
    cap = settings.max_login_rate
    if cap and cap <= quota:
        return ok(ACCOUNT[0], f"{text}; a load stays below {cap:g} logins/s")
    return warning(
        ACCOUNT[0],
        f"{text}; a load is not held below",
        f"Set --cognito-max-login-rate below {quota:g}, or get a higher quota.",
    )
