"""Everything a run needs, made from the settings and checked at once before anything is sent."""

from __future__ import annotations

import os
import ssl
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeVar

from locust.env import Environment

from harness import aws, credentials
from harness.cognito.challenges import ANSWERED_BY_FUNCTION
from harness.cognito.flows import AppClient
from harness.cognito.parties import AnswerFunction
from harness.conversation import Cognito
from harness.credentials import CsvDataSet, UsersFile
from harness.errors import ConfigurationError, Problem
from harness.evidence.gates import Gate, parse_gates
from harness.extract import JsonExtractor
from harness.settings import Settings
from harness.transport import Endpoint, proxy_for, tls_context

T = TypeVar("T")

_ANSWERS: Final = "cognito_answers"
TOKEN_PATH = "$.AuthenticationResult.AccessToken"  # noqa: S105  # a JSONPath


@dataclass(frozen=True, slots=True)
class Setup:
    """What a process runs with."""

    settings: Settings
    client: AppClient
    users: UsersFile
    data_set: CsvDataSet
    cognito: Cognito
    tls: ssl.SSLContext
    """For the API, too: one shared, verifying context."""
    gates: tuple[Gate, ...]
    endpoint: Endpoint
    read_token: Callable[[Mapping[str, object]], str] = field(repr=False)


def read_settings(options: Mapping[str, object]) -> Settings:
    """The settings in Locust's parsed options; the AWS profile is asked only where it decides the region."""
    settings = Settings.from_options(options, os.environ)
    if not settings.region:
        settings = replace(settings, profile_region=aws.profile_region())
    return settings


def keep_answers(environment: Environment, answers: Mapping[str, AnswerFunction]) -> None:
    """Remember the locustfile's answer functions for this process's runs."""
    setattr(environment, _ANSWERS, answers)


def answers_of(environment: Environment) -> Mapping[str, AnswerFunction]:
    """The locustfile's answer functions."""
    answers: Mapping[str, AnswerFunction] = getattr(environment, _ANSWERS, {})
    return answers


def assemble(
    settings: Settings, data_set: CsvDataSet, answers: Mapping[str, AnswerFunction] = MappingProxyType({})
) -> Setup:
    """The set-up for these settings.

    Raises:
        ConfigurationError: With every fault that was found, not just the first.
    """
    check = _Check()
    check.problems += settings.problems()
    check.problems += [
        Problem(
            f"install() was given an answer to {name}, which no function answers",
            f"Choose from {', '.join(sorted(ANSWERED_BY_FUNCTION))}.",
        )
        for name in sorted(set(answers) - ANSWERED_BY_FUNCTION)
    ]
    users = check.attempt(lambda: credentials.read(replace(data_set, path=settings.users)))
    tls = check.attempt(lambda: tls_context(settings.ca_bundle))
    keys = check.attempt(lambda: aws.keys_for(settings.sign, settings.sandbox_keys))
    gates, faults = parse_gates([settings.gate] if settings.gate else [])
    check.problems += faults
    endpoint = None
    if settings.region and not settings.problems():
        endpoint = check.attempt(lambda: Endpoint.parse(settings.given_endpoint or aws.endpoint_url(settings.region)))
    if users is not None and credentials.is_sample(users) and not settings.is_local:
        check.problems.append(
            Problem(
                f"{settings.users} holds the sandbox's sample users, but the endpoint is not the sandbox",
                "Put your pool's test accounts into users.dev.csv and set --cognito-users users.dev.csv.",
            )
        )
    if check.problems or users is None or tls is None or endpoint is None:
        raise ConfigurationError(check.problems)
    cognito = Cognito(
        endpoint,
        region=settings.region,
        keys=keys,
        tls=tls if endpoint.is_tls else None,
        proxy=proxy_for(endpoint, os.environ),
    )
    return Setup(
        settings=settings,
        client=AppClient(
            settings.client_id, settings.client_secret, settings.user_pool_id, settings.first_factor, answers
        ),
        users=users,
        data_set=data_set,
        cognito=cognito,
        tls=tls,
        gates=tuple(gates),
        endpoint=endpoint,
        read_token=JsonExtractor.token(TOKEN_PATH).from_document,
    )


def check_results_dir(path: str) -> list[Problem]:
    """Whether results can be written there; tried with a file that is removed again."""
    probe = Path(path) / f".write-test-{uuid.uuid4().hex}"
    try:
        probe.parent.mkdir(parents=True, exist_ok=True)
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        return [
            Problem(
                f"results cannot be written to {path}: {error.strerror}",
                "Set --results-dir to a folder you can write to.",
            )
        ]
    return []


def too_few_rows(users: UsersFile, wanted: int) -> list[Problem]:
    """Whether there is a row for each API user."""
    if wanted <= len(users):
        return []
    return [
        Problem(
            f"{wanted} API users need an account each; {users.path} has {len(users)}: {wanted - len(users)} missing",
            "Add accounts, or run fewer users: two users of one account would share its quota and its lockout.",
        )
    ]


class _Check:
    """Gathers faults instead of stopping at the first."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def attempt(self, step: Callable[[], T]) -> T | None:
        try:
            return step()
        except ConfigurationError as error:
            self.problems += error.problems
            return None
