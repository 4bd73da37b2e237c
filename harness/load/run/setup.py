"""Everything a run needs, made from the settings and checked at once before anything is sent."""

from __future__ import annotations

import os
import ssl
import sys
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeVar

from locust.env import Environment

from harness import aws, credentials, vault
from harness.cognito.flows import AppClient, token_path
from harness.cognito.flows.challenges import ANSWERED_BY_FUNCTION
from harness.cognito.parties import AnswerFunction
from harness.conversation import Cognito
from harness.credentials import CsvDataSet, UsersFile
from harness.errors import ConfigurationError, Problem
from harness.evidence.judging import baseline as past
from harness.evidence.judging.baseline import Baseline
from harness.evidence.judging.gate_sources import gather
from harness.evidence.judging.gates import Gate
from harness.extract import JsonExtractor
from harness.settings import CLIENT_SECRET_VARIABLE, Settings, problems_of
from harness.transport import Endpoint, proxy_for, tls_context

T = TypeVar("T")

PROBE_BYTES = 65_536
"""What must fit on the disk of the results, before a run is begun."""

_ANSWERS: Final = "cognito_answers"


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
    baseline: Baseline | None = None
    """The earlier run that this one is compared with."""

    @property
    def baseline_figures(self) -> dict[str, float]:
        """What the baseline has for each gate that is relative to it, by the gate's text."""
        if self.baseline is None:
            return {}
        measured = self.baseline.measured
        figures = {gate.text: gate.figure(measured) for gate in self.gates if gate.needs_baseline}
        return {text: figure for text, figure in figures.items() if figure is not None}


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
    settings: Settings,
    data_set: CsvDataSet,
    answers: Mapping[str, AnswerFunction] = MappingProxyType({}),
    *,
    judges: bool = True,
) -> Setup:
    """The set-up for these settings.

    Args:
        settings: What the user asked for.
        data_set: How to read the users file.
        answers: The locustfile's answer functions.
        judges: Whether this process decides; a worker does not, and need not have the gate file and the baseline.

    Raises:
        ConfigurationError: With every fault that was found, not just the first.
    """
    check = _Check()
    check.problems += [*problems_of(settings), *_unknown_answers(answers)]
    users = check.attempt(lambda: users_of(settings, data_set))
    secrets = check.attempt(lambda: _unlock(settings, users)) or {}
    tls = check.attempt(lambda: tls_context(settings.ca_bundle))
    keys = check.attempt(lambda: aws.keys_for(settings.signing, settings.sandbox_keys))
    gates, baseline = _yardsticks(settings, check) if judges else ((), None)
    endpoint = None
    if not problems_of(settings):
        endpoint = check.attempt(lambda: Endpoint.parse(settings.given_url or aws.endpoint_url(settings.region)))
    if users is not None and credentials.is_sample(users) and not settings.is_local:
        check.problems.append(_sample_users(settings.users))
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
            settings.client_id,
            secrets.get(settings.client_secret, settings.client_secret),
            settings.user_pool_id,
            settings.first_factor,
            answers,
            scopes=settings.scope_names,
        ),
        users=users.unlocked(secrets),
        data_set=data_set,
        cognito=cognito,
        tls=tls,
        gates=gates,
        endpoint=endpoint,
        read_token=JsonExtractor.token(token_path(settings.flow)).from_document,
        baseline=baseline,
    )


def users_of(settings: Settings, data_set: CsvDataSet) -> UsersFile:
    """The accounts of a run: those of the users file, or the app client itself, which every user then is.

    Raises:
        ConfigurationError: With every fault of the users file.
    """
    if settings.is_machine:
        return credentials.of_machine(settings.client_id)
    return credentials.read(replace(data_set, path=settings.users))


def _unknown_answers(answers: Mapping[str, AnswerFunction]) -> list[Problem]:
    return [
        Problem(
            f"install() was given an answer to {name}, which no function answers",
            f"Choose from {', '.join(sorted(ANSWERED_BY_FUNCTION))}.",
        )
        for name in sorted(set(answers) - ANSWERED_BY_FUNCTION)
    ]


def _sample_users(path: str) -> Problem:
    return Problem(
        f"{path} holds the sandbox's sample users, but the endpoint is not the sandbox",
        "Put your pool's test accounts into users.dev.csv and set --cognito-users users.dev.csv.",
    )


def check_results_dir(path: str) -> list[Problem]:
    """Whether results can be written there; tried with a file that is removed again."""
    probe = Path(path) / f".write-test-{uuid.uuid4().hex}"
    try:
        probe.parent.mkdir(parents=True, exist_ok=True)
        try:
            probe.write_bytes(bytes(PROBE_BYTES))  # an empty file fits on a full disk
        finally:
            probe.unlink(missing_ok=True)
    except OSError as error:
        return [
            Problem(
                f"results cannot be written to {path}: {error.strerror}",
                "Set --results-dir to a folder you can write to, on a disk with space left.",
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
            "Add accounts or run fewer users, or say with --cognito-on-exhausted what users without one do.",
        )
    ]


def too_few_for_logins(users: UsersFile, api_users: int, processes: int) -> list[Problem]:
    """Whether rows are left for login users that are on processes of their own: no account is on two of them."""
    wanted = api_users + processes
    if not processes or wanted <= len(users):
        return []
    return [
        Problem(
            f"{api_users} API users need an account each, and the login users of {processes} processes one more each; "
            f"{users.path} has {len(users)}: {wanted - len(users)} missing",
            "Add accounts, run fewer processes, or say with --cognito-on-exhausted what users without one do.",
        )
    ]


def asked_for(settings: Settings) -> Settings:
    """The settings without what only tells runs apart."""
    return replace(settings, run="", workers="")


def say_problems(problems: list[Problem]) -> None:
    """Print configuration faults, all of them, to standard error."""
    count = f"{len(problems)} fault{'s' if len(problems) > 1 else ''}"
    lines = [f"\nThe configuration cannot work ({count}); nothing was sent.", *(f"- {p}" for p in problems), ""]
    with suppress(OSError):  # a full disk, a closed pipe
        print("\n".join(lines), file=sys.stderr, flush=True)  # noqa: T201  # a log line would fold it


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


def _unlock(settings: Settings, users: UsersFile | None) -> dict[str, str]:
    """The secrets that references stand for, those of the settings and those of the users file at once."""
    given = [(CLIENT_SECRET_VARIABLE, settings.client_secret)]
    return vault.unlock([*given, *(users.secrets(vault.PREFIXES) if users else ())], os.environ, region=settings.region)


def gate_problems(settings: Settings) -> list[Problem]:
    """What is wrong with gates and baseline, for who looks before there is a set-up."""
    check = _Check()
    _yardsticks(settings, check)
    return check.problems


def _yardsticks(settings: Settings, check: _Check) -> tuple[tuple[Gate, ...], Baseline | None]:
    """The gates, from wherever they are written, and the run to compare with."""
    sources = gather(settings.gate, settings.gate_file, Path())
    check.problems += sources.problems
    name = settings.baseline or sources.baseline
    baseline = check.attempt(lambda: past.read(Path(name))) if name else None
    if not name:
        check.problems += [
            Problem(
                f"the gate {gate.text!r} needs a baseline", "Name an earlier run's results: --baseline results/latest."
            )
            for gate in sources.gates
            if gate.needs_baseline
        ]
    return tuple(sources.gates), baseline
