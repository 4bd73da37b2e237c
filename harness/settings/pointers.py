"""What says that a user pool of the user's own is meant where no app client id is set: a job's unset secret, say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from harness.errors import Problem
from harness.settings.knobs import KNOBS
from harness.settings.settings import Settings
from harness.settings.url import without_user

_FLAGS: Final = ("--cognito-user-pool-id", "--cognito-region", "--cognito-endpoint", "--cognito-domain")
_VARIABLES: Final = (
    "COGNITO_CLIENT_SECRET",
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
)
"""What a person or a job sets on purpose. Not what is simply there on a machine: AWS_REGION and AWS_DEFAULT_REGION,
the files in ~/.aws, a role of the container or of the instance."""


def pointers(settings: Settings, environ: Mapping[str, str], hosts: Mapping[str, str]) -> list[str]:
    """What points at a user pool, as a sentence names it. Empty where nothing does.

    Args:
        settings: As given.
        environ: The environment.
        hosts: Base URLs of an API, by where each is written (`--host`, `class Api`).
    """
    given = [(knob.flag, str(getattr(settings, knob.field))) for knob in KNOBS if knob.flag in _FLAGS]
    return [
        *(f"{flag} {without_user(value)}" for flag, value in given if value),
        *(f"{place} {without_user(url)}" for place, url in hosts.items() if url),
        *(name for name in _VARIABLES if environ.get(name)),
    ]


def no_client(found: list[str]) -> Problem:
    """The fault: no app client id, though all of this points at a pool."""
    verb = "points" if len(found) == 1 and not found[0].startswith("the accounts") else "point"
    return Problem(
        f"no app client id is set, and {', '.join(found)} {verb} at a user pool of yours",
        "Set --cognito-client-id (COGNITO_CLIENT_ID; in CI an unset secret is empty). Or is the sandbox meant? Say "
        "--cognito-sandbox.",
    )


def contradictions(settings: Settings, host: str) -> list[Problem]:
    """What --cognito-sandbox cannot be together with: an app client of the user's own, and an API.

    Nor can the sandbox's latency, with an app client alone.
    """
    if settings.client_id and settings.sandbox_latency_s and not settings.is_sandbox:
        return [
            Problem(
                f"--cognito-sandbox-latency is {settings.sandbox_latency}, and --cognito-client-id is set: "
                "no sandbox is started",
                "Drop --cognito-sandbox-latency; or drop the app client id to load the sandbox.",
            )
        ]
    given = {"--cognito-client-id": settings.client_id, "--host": without_user(host)}
    found = [f"{flag} {value}" for flag, value in given.items() if value]
    if not (settings.is_sandbox and found):
        return []
    return [
        Problem(
            f"--cognito-sandbox starts a sandbox, and {' and '.join(found)} {'is' if len(found) == 1 else 'are'} set",
            "Drop --cognito-sandbox to load what is yours, or the other to load the sandbox.",
        )
    ]
