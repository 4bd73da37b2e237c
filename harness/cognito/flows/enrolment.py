"""MFA_SETUP: a pool that demands a second factor lets a user enrol an authenticator app within the sign-in.

Three exchanges more: AssociateSoftwareToken brings the app's secret, VerifySoftwareToken takes its first code, and
MFA_SETUP is answered with the session of the latter.

Source: AWS's API reference of AssociateSoftwareToken, VerifySoftwareToken and RespondToAuthChallenge.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from typing import Any, Final

from harness.cognito.flows.challenges import answer_of, leave_unanswered, respond
from harness.cognito.parties import Account, AppClient, Challenge
from harness.cognito.wire import NOT_COGNITO, Call, Reply, encode
from harness.errors import LoginError
from harness.outcome import Outcome

MFA_SETUP: Final = "MFA_SETUP"
SETUP_HINT: Final = (
    "Enrol test users before the load (`cognito-load login` does it on a terminal), give install() a function that "
    "makes a code of `SecretCode`, or use a pool whose second factor is optional."
)


def set_up_authenticator(
    client: AppClient, account: Account, challenge: Challenge, read: Callable[[Reply], Mapping[str, Any]]
) -> Generator[Call, Reply, Call]:
    """The answer to MFA_SETUP, by the function for it, which is told the new app's secret and gives its first code.

    Args:
        client: The app client.
        account: Who logs in.
        challenge: What is asked.
        read: Reads an answer, or raises what it says.

    Raises:
        LoginError: There is no such function, it gave no code, or Cognito did not take it.
    """
    if challenge.name not in client.answers:
        leave_unanswered(challenge, hint=SETUP_HINT)
    begun = read((yield encode("AssociateSoftwareToken", {"Session": challenge.session})))
    secret = begun.get("SecretCode")
    if not isinstance(secret, str) or not secret:
        raise LoginError(NOT_COGNITO, "AssociateSoftwareToken brought no SecretCode", outcome=Outcome.MALFORMED)
    code = answer_of(client, account, replace(challenge, parameters={"SecretCode": secret}))
    verified = read((yield encode("VerifySoftwareToken", {"Session": _session(begun, challenge), "UserCode": code})))
    return respond(client, replace(challenge, session=_session(verified, challenge)), {})


def _session(document: Mapping[str, Any], challenge: Challenge) -> str:
    session = document.get("Session")
    return session if isinstance(session, str) and session.isascii() and session else challenge.session
