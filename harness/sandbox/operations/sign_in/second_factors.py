"""How a user gets a second factor: an authenticator app, mails, text messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.sandbox.errors import EnableSoftwareTokenMFA, InvalidParameter, SoftwareTokenMFANotFound
from harness.sandbox.operations.parameters import Answer, Parameters
from harness.sandbox.operations.sign_in.next_step import MFA_SETUP, SOFTWARE_TOKEN_MFA
from harness.sandbox.state.pool import Directory
from harness.sandbox.state.session import Sessions
from harness.sandbox.state.tokens import Tokens
from harness.sandbox.state.totp import Authenticator, new_secret
from harness.sandbox.state.user import User

SETTINGS: Mapping[str, str] = {
    "SoftwareTokenMfaSettings": SOFTWARE_TOKEN_MFA,
    "SMSMfaSettings": "SMS_MFA",
    "EmailMfaSettings": "EMAIL_OTP",
}


class SecondFactors:
    """AssociateSoftwareToken, VerifySoftwareToken and the preferences.

    With an access token, as administrator, or, for the first two, within a sign-in that asks for it (MFA_SETUP).
    """

    def __init__(self, directory: Directory, tokens: Tokens, sessions: Sessions) -> None:
        self._directory = directory
        self._tokens = tokens
        self._sessions = sessions

    def associate_software_token(self, parameters: Parameters) -> Answer:
        """AssociateSoftwareToken: the secret for a new app."""
        user, session = self._whose(parameters)
        user.candidate = Authenticator(new_secret(self._directory.chance))
        return {"SecretCode": user.candidate.secret, **self._going_on(session)}

    def verify_software_token(self, parameters: Parameters) -> Answer:
        """VerifySoftwareToken: the app's first code."""
        user, session = self._whose(parameters)
        app = user.candidate
        if app is None:
            raise InvalidParameter("User has not associated a software token.")
        step = app.step_of(parameters["UserCode"], self._directory.clock.wall())
        if step is None:
            raise EnableSoftwareTokenMFA("Code mismatch and fail enable Software Token MFA")
        app.use(step)
        user.authenticator, user.candidate = app, None
        if session:
            user.second_factors = [SOFTWARE_TOKEN_MFA]
        return {"Status": "SUCCESS", **self._going_on(session)}

    def set_user_mfa_preference(self, parameters: Parameters) -> Answer:
        """SetUserMFAPreference: which factors, and which first."""
        _, user = self._tokens.holder(parameters["AccessToken"])
        return self._prefer(user, parameters)

    def admin_set_user_mfa_preference(self, parameters: Parameters) -> Answer:
        """AdminSetUserMFAPreference: the same for anybody."""
        return self._prefer(self._directory.pool(parameters["UserPoolId"]).user(parameters["Username"]), parameters)

    def _whose(self, parameters: Parameters) -> tuple[User, str]:
        """The user, and the session of the sign-in; empty when an access token says who it is."""
        token, session = parameters.get("AccessToken"), parameters.get("Session")
        if token:
            _, user = self._tokens.holder(token)
            return user, ""
        if not session:
            raise InvalidParameter("Either an access token or a session is needed.")
        found = self._sessions.find(session, MFA_SETUP, None)
        return self._directory.pool(found.pool_id).user(found.username), session

    def _going_on(self, session: str) -> dict[str, str]:
        return {"Session": self._sessions.renew(session)} if session else {}

    def _prefer(self, user: User, parameters: Parameters) -> Answer:
        factors, preferred = list(user.second_factors), user.second_factors[:1] if user.has_preference else []
        for member, challenge in SETTINGS.items():
            wanted: Mapping[str, Any] | None = parameters.get(member)
            if wanted is None:
                continue
            if wanted.get("Enabled") and challenge == SOFTWARE_TOKEN_MFA and user.authenticator is None:
                raise SoftwareTokenMFANotFound("User has not verified software token mfa")
            factors = [factor for factor in factors if factor != challenge]
            preferred = [factor for factor in preferred if factor != challenge]
            if wanted.get("Enabled"):
                factors.append(challenge)
                preferred = [challenge] if wanted.get("PreferredMfa") else preferred
        user.second_factors = preferred + [factor for factor in factors if factor not in preferred]
        user.has_preference = bool(preferred)
        return {}
