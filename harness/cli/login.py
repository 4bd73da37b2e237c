"""`cognito-load login`: one login by the code that the load test uses, and what came of it.

For the first look at a pool (is the flow enabled, is the region right, does the account work?) before any load.
"""

from __future__ import annotations

import argparse
import getpass
import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from typing import Final

from rich.console import Console

from harness import aws, vault
from harness.cli import answer
from harness.cli.curl import curl
from harness.cli.decoded import decode
from harness.cognito.flows import CLIENT_CREDENTIALS, FLOWS, Account, AppClient, Asked, token_path
from harness.cognito.flows.challenges import ANSWERED_BY_FUNCTION
from harness.cognito.tokens import Tokens, TokenUse
from harness.conversation import Cognito, Conversation, CutOff
from harness.errors import EXIT, ConfigurationError, LoginError, Problem
from harness.evidence.figures.sample import Sample
from harness.extract import JsonExtractor
from harness.outcome import Reason
from harness.settings import CLIENT_SECRET_VARIABLE, KNOBS, Settings, problems_of
from harness.transport import Endpoint, proxy_for, tls_context

PASSWORD_VARIABLE: Final = "COGNITO_PASSWORD"  # noqa: S105  # the name of a variable
NEW_PASSWORD_VARIABLE: Final = "COGNITO_NEW_PASSWORD"  # noqa: S105  # the name of a variable
TOTP_SECRET_VARIABLE: Final = "COGNITO_TOTP_SECRET"  # noqa: S105  # the name of a variable

_UNTOLD: Final = frozenset({"USER_ID_FOR_SRP", "USERNAME", "requiredAttributes", "userAttributes"})
"""Challenge parameters that tell a person at the terminal nothing."""
_USED: Final = frozenset(
    {
        "--cognito-client-id",
        "--cognito-user-pool-id",
        "--cognito-region",
        "--cognito-endpoint",
        "--cognito-flow",
        "--cognito-first-factor",
        "--cognito-domain",
        "--cognito-scopes",
        "--cognito-sign",
        "--cognito-token-use",
        "--cognito-ca-bundle",
        "--cognito-sandbox-keys",
    }
)
"""The knobs of a load test that one login has, too."""
_HELP: Final = {
    "--cognito-client-id": "App client id.",
    "--cognito-ca-bundle": "PEM file of the CAs to trust. Empty: the system's.",
}
"""What is said differently where there is neither sandbox nor API."""


def main(argv: Sequence[str], prog: str = "cognito-load login") -> int:
    """Log in once and print what came of it.

    Returns:
        EXIT.PASSED, EXIT.FAILED when the login failed, EXIT.CONFIGURATION when there was nothing to try.
    """
    arguments = _arguments(argv, prog)
    try:
        settings = _settings(arguments, os.environ)
        if arguments.curl:
            print(_command(settings, arguments.username))
            return EXIT.PASSED
        attempt = _try(settings, arguments.username, os.environ)
        bearer = attempt.tokens.bearer(_use(settings)) if attempt.tokens and arguments.header else ""
    except ConfigurationError as error:
        answer.refuse(error, as_json=arguments.json)
        return EXIT.CONFIGURATION
    except LoginError as error:
        print(Problem(error.message, error.hint), file=sys.stderr)
        return EXIT.FAILED
    if attempt.tokens is None and (arguments.header or arguments.decode):
        with redirect_stdout(sys.stderr):  # whoever reads the output wants a header or a table, or nothing
            answer.tell(attempt, as_json=False, shows_tokens=False)
    elif attempt.tokens and arguments.header:
        print(f"Authorization: Bearer {bearer}")
    elif attempt.tokens and arguments.decode:
        decode(attempt.tokens, Console(highlight=False), time.time())
    else:
        answer.tell(attempt, as_json=arguments.json, shows_tokens=arguments.show_token)
    return EXIT.PASSED if attempt.tokens is not None else EXIT.FAILED


def _arguments(argv: Sequence[str], prog: str) -> argparse.Namespace:
    parser = build_parser(prog)
    arguments = parser.parse_args(argv)
    if arguments.username is None and arguments.cognito_flow != CLIENT_CREDENTIALS:
        parser.error("the following arguments are required: --username")
    arguments.username = arguments.username or ""
    return arguments


def build_parser(prog: str) -> argparse.ArgumentParser:
    """The command's options; each of Cognito's also as an environment variable, as with `locust`."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Log in once, by the code that the load test uses, and show the outcome, the times and the claims.",
        epilog=f"The password comes from {PASSWORD_VARIABLE}, or is asked for; the app client's secret comes from"
        f" {CLIENT_SECRET_VARIABLE}, the answer to NEW_PASSWORD_REQUIRED from {NEW_PASSWORD_VARIABLE},"
        f" an authenticator's secret from {TOTP_SECRET_VARIABLE}; codes and other answers are asked for."
        " Each of them may be a reference: env:NAME, file:PATH, keyring:service/name, ssm:/path,"
        " secretsmanager:id#member."
        f" AWS keys come from AWS's own variables and files. Example: {prog} --username alice@example.com"
        " --cognito-client-id 1example23456789 --cognito-region eu-west-1",
    )
    parser.add_argument("--username", metavar="U", help="who logs in; nobody by client_credentials")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--json", action="store_true", help="print an object: outcome, times in ms, claims, error")
    shown.add_argument("--decode", action="store_true", help="print both tokens' claims side by side")
    shown.add_argument(
        "--header", action="store_true", help="print nothing but the Authorization header, for curl: it is a secret"
    )
    shown.add_argument(
        "--curl", action="store_true", help="do not log in; print the request for curl, with secrets as variables"
    )
    parser.add_argument("--show-token", action="store_true", help="print the tokens themselves: they are secrets")
    for knob in KNOBS:
        if knob.flag in _USED:
            choices = f" One of: {', '.join(knob.choices)}." if knob.choices else ""
            text = f"{_HELP.get(knob.flag, knob.help)}{choices} [{knob.variable}]"
            parser.add_argument(
                *((knob.flag, "--flow") if knob.flag == "--cognito-flow" else (knob.flag,)),
                default=os.environ.get(knob.variable, ""),
                metavar="<text>",
                help=text.replace("%", "%%") if knob.is_shown else argparse.SUPPRESS,
            )
    return parser


@dataclass(slots=True)
class Notes:
    """The witness of one login."""

    samples: list[Sample]

    def sample(self, sample: Sample, /) -> None:
        """Keep an exchange or the login."""
        self.samples.append(sample)

    def cut_off(self, cut_off: CutOff, /) -> None:
        """Nobody stops this run but by Ctrl-C, which ends it."""


def _settings(arguments: argparse.Namespace, environ: Mapping[str, str]) -> Settings:
    settings = Settings.from_options(vars(arguments), environ)
    return settings if settings.region else replace(settings, profile_region=aws.profile_region())


def _use(settings: Settings) -> TokenUse:
    return "id" if settings.token_use == "id" else "access"  # noqa: S105  # a choice


def _command(settings: Settings, username: str) -> str:
    problems = _problems(settings, username)
    if problems:
        raise ConfigurationError(problems)
    keys = aws.keys_for(settings.signing, settings.sandbox_keys)
    url = Endpoint.parse(settings.given_url or aws.endpoint_url(settings.region)).url
    has_session_token = keys is not None and bool(keys.current().session_token)
    return curl(settings, url, username, is_signed=keys is not None, has_session_token=has_session_token)


def _try(settings: Settings, username: str, environ: Mapping[str, str]) -> answer.Attempt:
    cognito, endpoint, signed_by = _reach(settings, username)
    username = settings.client_id if settings.is_machine else username
    has_password = settings.flow not in {"CUSTOM_AUTH", CLIENT_CREDENTIALS}
    needs_password = has_password and not settings.first_factor.endswith("_OTP")
    given = {
        CLIENT_SECRET_VARIABLE: settings.client_secret,
        PASSWORD_VARIABLE: environ.get(PASSWORD_VARIABLE, ""),
        NEW_PASSWORD_VARIABLE: environ.get(NEW_PASSWORD_VARIABLE, ""),
        TOTP_SECRET_VARIABLE: environ.get(TOTP_SECRET_VARIABLE, ""),
    }
    secrets = vault.unlock(given.items(), environ, region=settings.region)
    found = {name: secrets.get(value, value) for name, value in given.items()}
    account = Account(
        username,
        _password(username, found) if needs_password else found[PASSWORD_VARIABLE],
        found[NEW_PASSWORD_VARIABLE],
        found[TOTP_SECRET_VARIABLE],
    )
    notes = Notes([])
    conversation = Conversation(cognito, notes)
    client = AppClient(
        settings.client_id,
        found[CLIENT_SECRET_VARIABLE],
        settings.user_pool_id,
        settings.first_factor,
        dict.fromkeys((*ANSWERED_BY_FUNCTION, "NEW_PASSWORD_REQUIRED"), ask) if _is_terminal() else {},
        scopes=settings.scope_names,
    )
    flow = FLOWS[settings.flow](client, account, JsonExtractor.token(token_path(settings.flow)).from_document)
    tokens: Tokens | None = None
    error: LoginError | None = None
    try:
        tokens = conversation.run(flow, Reason.INITIAL)
    except LoginError as failure:
        error = failure
    finally:
        conversation.close()
    arithmetic_ms = conversation.arithmetic_ns / 1e6
    return answer.Attempt(username, endpoint.url, settings.flow, signed_by, notes.samples, tokens, error, arithmetic_ms)


def ask(asked: Asked) -> str:
    """The answer to a challenge, typed in; what Cognito says along with the challenge is shown."""
    said = (f"{name}={value}" for name, value in asked.parameters.items() if name not in _UNTOLD)
    told = "".join(letter for letter in ", ".join(said) if letter.isprintable())
    try:
        return getpass.getpass(f"{asked.challenge} for {asked.username}{f' ({told})' if told else ''}: ").strip()
    except EOFError:
        return ""


def _reach(settings: Settings, username: str) -> tuple[Cognito, Endpoint, str]:
    """Cognito as the settings describe it, its endpoint, and where the keys that sign come from ("" for no keys).

    Raises:
        ConfigurationError: With every fault that was found.
    """
    problems = _problems(settings, username)
    if problems:
        raise ConfigurationError(problems)
    endpoint = Endpoint.parse(settings.given_url or aws.endpoint_url(settings.region))
    tls = tls_context(settings.ca_bundle) if endpoint.is_tls else None
    keys = aws.keys_for(settings.signing, settings.sandbox_keys)
    proxy = proxy_for(endpoint, os.environ)
    cognito = Cognito(endpoint, region=settings.region, keys=keys, tls=tls, proxy=proxy)
    return cognito, endpoint, keys.name if keys else ""


def _problems(settings: Settings, username: str) -> list[Problem]:
    if username.strip() or settings.is_machine:
        return problems_of(settings)
    return [*problems_of(settings), Problem("--username is empty", "Name the account that should log in.")]


def _password(username: str, environ: Mapping[str, str]) -> str:
    """The password from the environment, else from a prompt that does not show it.

    Raises:
        ConfigurationError: There is neither.
    """
    password = environ.get(PASSWORD_VARIABLE, "")
    if not password and _is_terminal():
        try:
            password = getpass.getpass(f"Password of {username}: ")
        except EOFError:
            password = ""
    if not password:
        raise ConfigurationError(
            [
                Problem(
                    f"there is no password: {PASSWORD_VARIABLE} is not set, and none was typed in at a terminal",
                    f"Set {PASSWORD_VARIABLE}, or run this in a terminal and type it in.",
                )
            ]
        )
    return password


def _is_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()
