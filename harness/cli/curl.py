"""A login's first request as a command for curl, with every secret as a variable of the shell's."""

from __future__ import annotations

import json
import re
import shlex
from typing import Final

from harness.cognito.flows import CLIENT_CREDENTIALS, FLOWS, Account, AppClient
from harness.cognito.wire import CONTENT_TYPE, OFFLOAD, SERVICE, TARGET_PREFIX, USER_AGENT
from harness.errors import ConfigurationError, Problem
from harness.settings import CLIENT_SECRET_VARIABLE, Settings

_PASSWORD: Final = "\N{OBJECT REPLACEMENT CHARACTER}1"  # noqa: S105  # what stands for it until it is a variable
_SECRET_HASH: Final = "\N{OBJECT REPLACEMENT CHARACTER}2"  # noqa: S105  # the same
_ACTIVE: Final = re.compile(r"[\\$`]")
"""What a here-document of the shell's would act on (POSIX, 2.7.4)."""


def curl(settings: Settings, url: str, username: str, *, is_signed: bool, has_session_token: bool) -> str:
    """The command, over several lines, for any POSIX shell; the body comes on standard input.

    Raises:
        ConfigurationError: The flow's first request holds arithmetic (SRP), which no shell can do.
    """
    if settings.is_machine:
        return _of_machine(settings, url)
    client = AppClient(settings.client_id, "", settings.user_pool_id, settings.first_factor)
    call = next(FLOWS[settings.flow](client, Account(username, _PASSWORD), lambda _: ""))
    if call is OFFLOAD:
        raise ConfigurationError(
            [
                Problem(
                    f"the first request of {settings.flow} holds the result of SRP's arithmetic",
                    "Choose another flow for --curl, such as --flow USER_PASSWORD_AUTH.",
                )
            ]
        )
    body = json.loads(call.body)
    if settings.client_secret:
        body["AuthParameters"]["SECRET_HASH"] = _SECRET_HASH
    options = [f"curl --silent --show-error {shlex.quote(url)}"]
    if is_signed:
        scope = shlex.quote(f"aws:amz:{settings.region}:{SERVICE}")
        options.append(f'--aws-sigv4 {scope} --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY"')
    if is_signed and has_session_token:
        options.append('--header "X-Amz-Security-Token: $AWS_SESSION_TOKEN"')
    headers = (f"Content-Type: {CONTENT_TYPE}", f"X-Amz-Target: {TARGET_PREFIX}{call.operation}")
    options += [f"--header {shlex.quote(header)}" for header in (*headers, f"X-Amz-User-Agent: {USER_AGENT}")]
    command = " \\\n  ".join([*options, "--data-binary @- <<END"])
    return f"{command}\n{_document(body, username, settings.client_id)}\nEND"


def _of_machine(settings: Settings, url: str) -> str:
    options = [
        f"curl --silent --show-error {shlex.quote(url)}",
        f'--user {shlex.quote(settings.client_id)}:"${CLIENT_SECRET_VARIABLE}"',
        f"--data grant_type={CLIENT_CREDENTIALS}",
    ]
    if settings.scope_names:
        scopes = " ".join(settings.scope_names)
        options.append(f"--data-urlencode {shlex.quote(f'scope={scopes}')}")
    return " \\\n  ".join(options)


def _document(body: object, username: str, client_id: str) -> str:
    text = _ACTIVE.sub(r"\\\g<0>", json.dumps(body, ensure_ascii=False))
    name = shlex.quote(username + client_id)
    digest = f'printf %s {name} | openssl dgst -sha256 -hmac "${CLIENT_SECRET_VARIABLE}" -binary | base64'
    return text.replace(_PASSWORD, "$COGNITO_PASSWORD").replace(_SECRET_HASH, f"$({digest})")
