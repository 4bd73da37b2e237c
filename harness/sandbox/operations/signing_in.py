"""Signing in: passwords, challenges and refresh tokens."""

from __future__ import annotations

from collections.abc import Mapping

from harness.sandbox.checks.refusals import (
    InvalidParameter,
    NotAuthorized,
    PasswordResetRequired,
    ResourceNotFound,
    UnsupportedOperation,
    UserNotConfirmed,
    UserNotFound,
)
from harness.sandbox.operations.parameters import (
    Answer,
    Parameters,
    check_client_secret,
    check_secret_hash,
    required,
)
from harness.sandbox.state.keys import compact_json
from harness.sandbox.state.pool import Client, Directory, Pool
from harness.sandbox.state.session import Sessions
from harness.sandbox.state.tokens import Tokens
from harness.sandbox.state.user import User, UserStatus

NEW_PASSWORD_REQUIRED = "NEW_PASSWORD_REQUIRED"  # noqa: S105  # the name of a challenge
REFRESH_FLOWS = frozenset({"REFRESH_TOKEN_AUTH", "REFRESH_TOKEN"})
ADMIN_FLOWS = frozenset({"ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"})
ATTRIBUTE_PREFIX = "userAttributes."
"""How an answer to NEW_PASSWORD_REQUIRED names an attribute that it sets."""

WRONG_PASSWORD = "Incorrect username or password."  # noqa: S105  # the service's text
FLOW_OFF = "Auth flow not enabled for this client"
FLOWS_OFF: Mapping[str, str] = {
    "USER_PASSWORD_AUTH": "USER_PASSWORD_AUTH flow not enabled for this client",
    "USER_SRP_AUTH": "USER_SRP_AUTH is not enabled for the client.",
    "USER_AUTH": "USER_AUTH is not enabled for the client.",
    "CUSTOM_AUTH": "CUSTOM_AUTH is not enabled for the client.",
}


class SigningIn:
    """The operations that end in tokens."""

    def __init__(self, directory: Directory, tokens: Tokens, sessions: Sessions) -> None:
        self._directory = directory
        self._tokens = tokens
        self._sessions = sessions

    def initiate_auth(self, parameters: Parameters) -> Answer:
        """InitiateAuth: what the article's request calls."""
        client = self._directory.client(parameters["ClientId"])
        flow = parameters["AuthFlow"]
        if flow in ADMIN_FLOWS:
            raise InvalidParameter("Initiate Auth method not supported.")
        return self._start(client, flow, parameters.get("AuthParameters") or {})

    def admin_initiate_auth(self, parameters: Parameters) -> Answer:
        """AdminInitiateAuth: the same with AWS credentials, and with flows of its own."""
        pool = self._directory.pool(parameters["UserPoolId"])
        client = self._directory.client(parameters["ClientId"])
        if client.pool_id != pool.id:
            raise ResourceNotFound(f"User pool client {client.id} does not exist.")
        flow, values = parameters["AuthFlow"], parameters.get("AuthParameters") or {}
        if flow == "USER_PASSWORD_AUTH":
            raise InvalidParameter("Initiate Auth method not supported.")
        if flow not in ADMIN_FLOWS:
            return self._start(client, flow, values)
        if not any(map(client.allows, ADMIN_FLOWS)):
            raise InvalidParameter(FLOW_OFF)
        return self._by_password(client, values)

    def respond_to_auth_challenge(self, parameters: Parameters) -> Answer:
        """RespondToAuthChallenge: the next step of a conversation."""
        client = self._directory.client(parameters["ClientId"])
        challenge, responses = parameters["ChallengeName"], parameters.get("ChallengeResponses") or {}
        if challenge != NEW_PASSWORD_REQUIRED:
            raise UnsupportedOperation(f"This sandbox does not issue the challenge {challenge}.")
        token = required(parameters, "Session")
        username, new_password = required(responses, "USERNAME"), required(responses, "NEW_PASSWORD")
        check_secret_hash(client, username, responses.get("SECRET_HASH"))
        session = self._sessions.find(token, challenge, client.id)
        pool = self._directory.pool(session.pool_id)
        user = pool.user(session.username)
        if pool.find(username) is not user:
            raise NotAuthorized("Invalid session for the user.")
        pool.policy.check(new_password)
        self._sessions.close(token)
        user.verifier = self._directory.new_verifier(new_password)
        user.status, user.temporary_until_s = UserStatus.CONFIRMED, None
        user.modified_s = self._directory.clock.wall()
        for name, value in responses.items():
            if name.startswith(ATTRIBUTE_PREFIX):
                user.attributes[name.removeprefix(ATTRIBUTE_PREFIX)] = value
        return self._signed_in(pool, client, user)

    def get_tokens_from_refresh_token(self, parameters: Parameters) -> Answer:
        """GetTokensFromRefreshToken: a refresh that can also rotate the refresh token."""
        client = self._directory.client(parameters["ClientId"])
        check_client_secret(client, parameters.get("ClientSecret"))
        user, grant = self._tokens.redeem(parameters["RefreshToken"], client)
        result = self._tokens.refresh(self._directory.pool(client.pool_id), client, user, grant)
        if client.rotation_grace_s is not None:
            result["RefreshToken"] = self._tokens.rotate(grant, client.rotation_grace_s)
        return {"AuthenticationResult": result}

    def _start(self, client: Client, flow: str, values: Mapping[str, str]) -> Answer:
        if flow in REFRESH_FLOWS:
            return self._by_refresh_token(client, values)
        if not client.allows(flow):
            raise InvalidParameter(FLOWS_OFF[flow])
        if flow != "USER_PASSWORD_AUTH":
            raise UnsupportedOperation(f"This sandbox does not speak {flow}.")
        return self._by_password(client, values)

    def _by_refresh_token(self, client: Client, values: Mapping[str, str]) -> Answer:
        is_legacy = not any(flow.startswith("ALLOW_") for flow in client.flows)
        if client.rotation_grace_s is not None or not (is_legacy or client.allows("REFRESH_TOKEN_AUTH")):
            raise InvalidParameter(FLOW_OFF)
        token = required(values, "REFRESH_TOKEN")
        if client.secret is not None and "SECRET_HASH" not in values:
            check_secret_hash(client, "", None)
        user, grant = self._tokens.redeem(token, client)
        check_secret_hash(client, user.username, values.get("SECRET_HASH"))
        result = self._tokens.refresh(self._directory.pool(client.pool_id), client, user, grant)
        return {"AuthenticationResult": result, "ChallengeParameters": {}}

    def _by_password(self, client: Client, values: Mapping[str, str]) -> Answer:
        username, password = required(values, "USERNAME"), required(values, "PASSWORD")
        check_secret_hash(client, username, values.get("SECRET_HASH"))
        pool = self._directory.pool(client.pool_id)
        user = pool.find(username)
        if user is None:
            raise NotAuthorized(WRONG_PASSWORD) if client.hides_existence else UserNotFound("User does not exist.")
        self._check_password(client, user, password)
        if user.status == UserStatus.UNCONFIRMED:
            raise UserNotConfirmed("User is not confirmed.")
        if user.status == UserStatus.FORCE_CHANGE_PASSWORD:
            return self._ask_for_new_password(pool, client, user)
        return self._signed_in(pool, client, user)

    def _check_password(self, client: Client, user: User, password: str) -> None:
        now_s = self._directory.clock.monotonic()
        if user.lockout.is_locked(now_s):
            raise NotAuthorized("Password attempts exceeded")
        if not user.is_enabled and not client.hides_existence:
            raise NotAuthorized("User is disabled.")
        if user.status == UserStatus.RESET_REQUIRED:
            raise PasswordResetRequired("Password reset required for the user")
        if not user.verifier.accepts(password):
            user.lockout.failed(now_s)
            raise NotAuthorized(WRONG_PASSWORD)
        if not user.is_enabled:
            raise NotAuthorized("User is disabled.")
        user.lockout.succeeded()

    def _ask_for_new_password(self, pool: Pool, client: Client, user: User) -> Answer:
        if user.temporary_until_s is not None and self._directory.clock.wall() >= user.temporary_until_s:
            raise NotAuthorized("Temporary password has expired and must be reset by an administrator.")
        session = self._sessions.open(
            NEW_PASSWORD_REQUIRED,
            pool_id=pool.id,
            client_id=client.id,
            username=user.username,
            life_s=client.session_life_s,
        )
        return {
            "ChallengeName": NEW_PASSWORD_REQUIRED,
            "Session": session,
            "ChallengeParameters": {
                "USER_ID_FOR_SRP": user.username,
                "requiredAttributes": "[]",
                "userAttributes": compact_json(user.attributes),
            },
        }

    def _signed_in(self, pool: Pool, client: Client, user: User) -> Answer:
        return {"AuthenticationResult": self._tokens.sign_in(pool, client, user), "ChallengeParameters": {}}
