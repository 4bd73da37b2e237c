"""Signing in: how a conversation begins, and refresh tokens."""

from __future__ import annotations

from collections.abc import Mapping

from harness.sandbox.errors import InvalidParameter, ResourceNotFound
from harness.sandbox.operations.parameters import (
    Answer,
    Parameters,
    check_client_secret,
    check_secret_hash,
    required,
)
from harness.sandbox.operations.sign_in.first_factor import FirstFactor
from harness.sandbox.operations.sign_in.next_step import Steps
from harness.sandbox.state.pool import Client, Directory
from harness.sandbox.state.tokens import Tokens

REFRESH_FLOWS = frozenset({"REFRESH_TOKEN_AUTH", "REFRESH_TOKEN"})
ADMIN_FLOWS = frozenset({"ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"})

FLOW_OFF = "Auth flow not enabled for this client"
FLOWS_OFF: Mapping[str, str] = {
    "USER_PASSWORD_AUTH": "USER_PASSWORD_AUTH flow not enabled for this client",
    "USER_SRP_AUTH": "USER_SRP_AUTH is not enabled for the client.",
    "USER_AUTH": "USER_AUTH is not enabled for the client.",
    "CUSTOM_AUTH": "CUSTOM_AUTH is not enabled for the client.",
}


class SigningIn:
    """The operations that end in tokens."""

    def __init__(self, directory: Directory, tokens: Tokens, steps: Steps, first_factor: FirstFactor) -> None:
        self._directory = directory
        self._tokens = tokens
        self._steps = steps
        self._first_factor = first_factor

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

    def get_tokens_from_refresh_token(self, parameters: Parameters) -> Answer:
        """GetTokensFromRefreshToken: a refresh that can also rotate the refresh token."""
        client = self._directory.client(parameters["ClientId"])
        check_client_secret(client, parameters.get("ClientSecret"))
        user, grant = self._tokens.redeem(parameters["RefreshToken"], client, parameters.get("DeviceKey") or "")
        rotated = {}
        if client.rotation_grace_s is not None:
            rotated = {"RefreshToken": self._tokens.rotate(grant, client.rotation_grace_s)}
        result = self._tokens.refresh(self._directory.pool(client.pool_id), client, user, grant)
        return {"AuthenticationResult": {**result, **rotated}}

    def _start(self, client: Client, flow: str, values: Mapping[str, str]) -> Answer:
        if flow in REFRESH_FLOWS:
            return self._by_refresh_token(client, values)
        if not client.allows(flow):
            raise InvalidParameter(FLOWS_OFF[flow])
        begin = {
            "USER_PASSWORD_AUTH": self._by_password,
            "USER_SRP_AUTH": self._by_srp,
            "USER_AUTH": self._by_choice,
            "CUSTOM_AUTH": self._by_custom_challenge,
        }
        return begin[flow](client, values)

    def _by_refresh_token(self, client: Client, values: Mapping[str, str]) -> Answer:
        is_legacy = not any(flow.startswith("ALLOW_") for flow in client.flows)
        if client.rotation_grace_s is not None or not (is_legacy or client.allows("REFRESH_TOKEN_AUTH")):
            raise InvalidParameter(FLOW_OFF)
        token = required(values, "REFRESH_TOKEN")
        if client.secret is not None and "SECRET_HASH" not in values:
            check_secret_hash(client, "", None)
        user, grant = self._tokens.redeem(token, client, values.get("DEVICE_KEY", ""))
        check_secret_hash(client, user.username, values.get("SECRET_HASH"))
        result = self._tokens.refresh(self._directory.pool(client.pool_id), client, user, grant)
        return {"AuthenticationResult": result, "ChallengeParameters": {}}

    def _by_password(self, client: Client, values: Mapping[str, str]) -> Answer:
        username, password = required(values, "USERNAME"), required(values, "PASSWORD")
        check_secret_hash(client, username, values.get("SECRET_HASH"))
        pool, device_key = self._directory.pool(client.pool_id), values.get("DEVICE_KEY", "")
        return self._first_factor.by_password(pool, client, username, password, device_key)

    def _by_srp(self, client: Client, values: Mapping[str, str]) -> Answer:
        username, public = required(values, "USERNAME"), required(values, "SRP_A")
        check_secret_hash(client, username, values.get("SECRET_HASH"))
        pool, device_key = self._directory.pool(client.pool_id), values.get("DEVICE_KEY", "")
        return self._first_factor.begin_srp(pool, client, username, public, device_key)

    def _by_choice(self, client: Client, values: Mapping[str, str]) -> Answer:
        username = required(values, "USERNAME")
        check_secret_hash(client, username, values.get("SECRET_HASH"))
        pool = self._directory.pool(client.pool_id)
        user = self._first_factor.find(pool, client, username)
        preferred = values.get("PREFERRED_CHALLENGE")
        if preferred not in self._steps.first_factors(user):
            return self._steps.ask_which(pool, client, user)
        if preferred == "PASSWORD" and values.get("PASSWORD"):
            return self._by_password(client, values)
        if preferred == "PASSWORD_SRP" and values.get("SRP_A"):
            return self._by_srp(client, values)
        if preferred in ("PASSWORD", "PASSWORD_SRP"):
            return self._steps.ask(preferred, pool, client, user, {})
        return self._steps.ask_for_code(preferred, pool, client, user)

    def _by_custom_challenge(self, client: Client, values: Mapping[str, str]) -> Answer:
        username = required(values, "USERNAME")
        check_secret_hash(client, username, values.get("SECRET_HASH"))
        pool = self._directory.pool(client.pool_id)
        return self._steps.ask_a_sum(pool, client, self._first_factor.find(pool, client, username))
