"""What needs no connection: settings, the users file, references to secrets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from harness import aws, credentials, vault
from harness.doctor.case import Case, Known
from harness.doctor.finding import Finding, fault, faults_of, ok, unchecked, warning
from harness.errors import ConfigurationError
from harness.settings import CLIENT_SECRET_VARIABLE, Settings, problems_of
from harness.settings.names import unread
from harness.transport import Endpoint, proxy_for, tls_context

ENDPOINT_VARIABLES: Final = ("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", "AWS_ENDPOINT_URL")
"""Where AWS's SDKs look for Cognito."""


def check_settings(case: Case, known: Known) -> Iterator[Finding]:
    """Region, pool id, client id, flow and endpoint, by their shape; what is needed to connect."""
    settings = case.settings
    problems = problems_of(settings)
    yield from faults_of("settings", problems)
    if settings.region:
        yield ok("region", f"{settings.region}, {_source(settings)}")
    pool = settings.user_pool_id
    yield ok("user pool id", pool) if pool else unchecked("user pool id", "none is set (--cognito-user-pool-id)")
    if problems:
        return
    yield ok("settings", f"client {settings.client_id}, flow {settings.flow}")
    elsewhere = next((name for name in ENDPOINT_VARIABLES if case.environ.get(name)), "")
    if elsewhere and not settings.given_url:
        yield warning(
            "endpoint",
            f"{elsewhere} is set, and logins do not follow it: passwords go to AWS's own endpoint",
            "Say where they are to go by --cognito-endpoint, or unset the variable.",
        )
    try:
        known.endpoint = endpoint = Endpoint.parse(settings.given_url or aws.endpoint_url(settings.region))
        if endpoint.is_tls or settings.ca_bundle or case.api.startswith("https:"):
            known.tls = tls_context(settings.ca_bundle)
        known.proxy = proxy_for(endpoint, case.environ)
    except ConfigurationError as error:
        known.endpoint = None
        yield from faults_of("endpoint", error.problems)


def check_users(case: Case, known: Known) -> Iterator[Finding]:
    """The users file, where users log in."""
    if case.settings.is_machine:
        known.users = credentials.of_machine(case.settings.client_id)
        yield ok("users file", "none is needed: the app client logs in for itself")
        return
    path = case.settings.users
    try:
        users = credentials.read(replace(case.data_set, path=path))
    except ConfigurationError as error:
        yield from faults_of("users file", error.problems)
        return
    known.users = users
    if credentials.is_sample(users) and not case.settings.is_local:
        yield fault(
            "users file",
            f"{path} holds the sandbox's sample users, but the endpoint is not the sandbox",
            "Put your pool's test accounts into users.dev.csv and set --cognito-users users.dev.csv.",
        )
        known.users = None  # their passwords go nowhere else
        return
    count = len(users)
    yield ok("users file", f"{path}: {count:,} account{'s' if count > 1 else ''}, so at most {count:,} API users")


def check_secrets(case: Case, known: Known) -> Iterator[Finding]:
    """References to secrets, each that leads nowhere by its name."""
    settings, users = case.settings, known.users
    given = [(CLIENT_SECRET_VARIABLE, settings.client_secret)]
    given += users.secrets(vault.PREFIXES) if users else ()
    misspelt, others = unread(case.environ, (value for _, value in given))
    yield from faults_of("variables", misspelt)
    if others:
        yield warning(
            "variables", f"no option reads {', '.join(others)}", "See `cognito-load options` for those that are."
        )
    try:
        known.secrets = vault.unlock(given, case.environ, region=settings.region)
    except ConfigurationError as error:
        yield from faults_of("secrets", error.problems)
        return
    count = len(known.secrets)
    yield ok("secrets", f"{count} reference{'s' if count > 1 else ''} resolved" if count else "no references")
    if users is not None:
        known.users = users.unlocked(known.secrets)


def _source(settings: Settings) -> str:
    if settings.given_region:
        return "from --cognito-region"
    return "from the user pool id" if settings.pool_region else "from the AWS profile"
