"""How a user gets a second factor: an authenticator app, mails, text messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.sandbox.checks.refusals import EnableSoftwareTokenMFA, InvalidParameter, SoftwareTokenMFANotFound
from harness.sandbox.operations.parameters import Answer, Parameters
from harness.sandbox.operations.steps import SOFTWARE_TOKEN_MFA
from harness.sandbox.state.pool import Directory
from harness.sandbox.state.tokens import Tokens
from harness.sandbox.state.totp import Authenticator, new_secret
from harness.sandbox.state.user import User

SETTINGS: Mapping[str, str] = {
    "SoftwareTokenMfaSettings": SOFTWARE_TOKEN_MFA,
    "SMSMfaSettings": "SMS_MFA",
    "EmailMfaSettings": "EMAIL_OTP",
}


class SecondFactors:
    """AssociateSoftwareToken, VerifySoftwareToken and the preferences; all with an access token or as administrator."""

    def __init__(self, directory: Directory, tokens: Tokens) -> None:
        self._directory = directory
        self._tokens = tokens

    def associate_software_token(self, parameters: Parameters) -> Answer:
        """AssociateSoftwareToken: the secret for a new app."""
        _, user = self._tokens.holder(_access_token(parameters))
        user.candidate = Authenticator(new_secret(self._directory.chance))
        return {"SecretCode": user.candidate.secret}

    def verify_software_token(self, parameters: Parameters) -> Answer:
        """VerifySoftwareToken: the app's first code."""
        _, user = self._tokens.holder(_access_token(parameters))
        app = user.candidate
        if app is None:
            raise InvalidParameter("User has not associated a software token.")
        step = app.step_of(parameters["UserCode"], self._directory.clock.wall())
        if step is None:
            raise EnableSoftwareTokenMFA("Code mismatch and fail enable Software Token MFA")
        app.use(step)
        user.authenticator, user.candidate = app, None
        return {"Status": "SUCCESS"}

    def set_user_mfa_preference(self, parameters: Parameters) -> Answer:
        """SetUserMFAPreference: which factors, and which first."""
        _, user = self._tokens.holder(parameters["AccessToken"])
        return self._prefer(user, parameters)

    def admin_set_user_mfa_preference(self, parameters: Parameters) -> Answer:
        """AdminSetUserMFAPreference: the same for anybody."""
        return self._prefer(self._directory.pool(parameters["UserPoolId"]).user(parameters["Username"]), parameters)

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


def _access_token(parameters: Parameters) -> str:
    token: str | None = parameters.get("AccessToken")
    if not token:
        raise InvalidParameter("This sandbox sets up authenticators with an AccessToken, not within a sign-in.")
    return token
