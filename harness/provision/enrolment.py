"""Authenticator apps for test accounts: their secrets, and their first codes."""

from __future__ import annotations

from typing import Final

from harness.cognito.flows.enrolment import MFA_SETUP
from harness.cognito.parties import AppClient
from harness.cognito.totp import Authenticators
from harness.provision.pool import Pool, RefusedError

SOFTWARE_TOKEN_MFA: Final = "SOFTWARE_TOKEN_MFA"  # noqa: S105  # the name of a challenge


class Enrolment:
    """Enrols an app for one account after another; safe for several threads, each with an account of its own.

    An app is enrolled by its user, so each account signs in once, by the app client that the load will use.

    Args:
        pool: Whose accounts.
        app: What they sign in by.
    """

    def __init__(self, pool: Pool, app: AppClient) -> None:
        self._pool = pool
        self._app = app
        self._authenticators = Authenticators()

    def enrol(self, name: str, password: str) -> str | None:
        """The secret of the account's app, which is asked for at each sign-in from now on.

        An app that an earlier attempt enrolled, and whose secret was lost with it, is replaced.

        Returns:
            Base32; None when the pool insists on the lost app: only another account helps.

        Raises:
            RefusedError: See the hint.
        """
        self._pool.prefer_app(name, wanted=False)
        answer = self._pool.sign_in(self._app, name, password)
        challenge = answer.get("ChallengeName")
        if challenge == SOFTWARE_TOKEN_MFA:
            return None
        if challenge == MFA_SETUP:
            whose = {"Session": answer["Session"]}
        elif challenge:
            raise RefusedError(
                f"signing {name} in to enrol an app was answered with {challenge}",
                "Use an app client and a pool that ask for nothing but the password.",
            )
        else:
            whose = {"AccessToken": answer["AuthenticationResult"]["AccessToken"]}
        secret, session = self._pool.begin_app(whose)
        code = self._authenticators.next_code(secret).text
        self._pool.confirm_app({"Session": session} if session else whose, code)
        self._pool.prefer_app(name, wanted=True)
        return secret
