"""What a user does with an account of their own."""

from __future__ import annotations

from harness.sandbox.errors import InvalidParameter, Unauthorized, UnsupportedTokenType, UsernameExists
from harness.sandbox.operations.parameters import (
    Answer,
    Parameters,
    attributes,
    check_client_secret,
    check_secret_hash,
    required,
)
from harness.sandbox.operations.recovery import SIGN_UP, Recovery
from harness.sandbox.state.pool import Directory
from harness.sandbox.state.tokens import BAD_REFRESH_TOKEN, Tokens
from harness.sandbox.state.user import UserStatus

PARTS_OF_A_JWT = 3


class Accounts:
    """The operations that need no AWS credentials, apart from signing in."""

    def __init__(self, directory: Directory, tokens: Tokens, recovery: Recovery) -> None:
        self._directory = directory
        self._tokens = tokens
        self._recovery = recovery

    def get_user(self, parameters: Parameters) -> Answer:
        """GetUser: whose access token this is."""
        _, user = self._tokens.holder(parameters["AccessToken"])
        return {"Username": user.username, "UserAttributes": user.attribute_list()}

    def global_sign_out(self, parameters: Parameters) -> Answer:
        """GlobalSignOut: revoke every token of the user."""
        _, user = self._tokens.holder(parameters["AccessToken"])
        user.sign_out_everywhere()
        return {}

    def revoke_token(self, parameters: Parameters) -> Answer:
        """RevokeToken: revoke one refresh token, and what came of it."""
        client = self._directory.client(parameters["ClientId"])
        check_client_secret(client, parameters.get("ClientSecret"))
        token = parameters["Token"]
        grant = self._tokens.unseal(token)
        if grant is None:
            if len(token.split(".")) == PARTS_OF_A_JWT:
                raise UnsupportedTokenType("Only refresh tokens can be revoked.")
            raise InvalidParameter(BAD_REFRESH_TOKEN)
        if grant.client_id != client.id:
            raise Unauthorized("The token was not issued to this client.")
        self._tokens.revoke(grant)
        return {}

    def sign_up(self, parameters: Parameters) -> Answer:
        """SignUp: a new account that waits for its confirmation, by a code that the outbox shows."""
        client = self._directory.client(parameters["ClientId"])
        username, password = parameters["Username"], required(parameters, "Password")
        check_secret_hash(client, username, parameters.get("SecretHash"))
        pool = self._directory.pool(client.pool_id)
        if pool.find(username) is not None:
            raise UsernameExists("User already exists")
        pool.policy.check(password)
        user = pool.add(
            username,
            self._directory.new_verifier(password),
            UserStatus.UNCONFIRMED,
            attributes(parameters.get("UserAttributes")),
            sub=self._directory.chance.uuid(),
            now_s=self._directory.clock.wall(),
        )
        return {"UserConfirmed": False, "UserSub": user.sub, **self._recovery.send(pool, user, SIGN_UP)}
