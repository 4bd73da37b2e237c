"""The three tokens: issued here, and recognised here when they come back.

Source of the claims: AWS's developer guide, "Understanding user pool JSON web tokens".
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jwt
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from jwt.types import Options

from harness.sandbox.errors import NotAuthorized, RefreshTokenReuse
from harness.sandbox.state.batch_signer import BatchSigner
from harness.sandbox.state.keys import ALGORITHM, base64url, compact_json
from harness.sandbox.state.pool import Client, Directory, Pool
from harness.sandbox.state.user import User

SCOPE = "aws.cognito.signin.user.admin"
BAD_REFRESH_TOKEN = "Invalid Refresh Token."  # noqa: S105  # the service's text
VERIFIED_SUFFIX = "_verified"

_JWE_HEADER = base64url(compact_json({"cty": "JWT", "enc": "A256GCM", "alg": "RSA-OAEP"}))
_JWE_PARTS = 5
_TAG_BYTES = 16
_WRAPPED_KEY_BYTES = 256
_GENERATION_DIGITS = 12


class Grant(NamedTuple):
    """What a refresh token stands for: one sign-in of one user through one client. Times in seconds since the epoch."""

    jti: str
    pool_id: str
    client_id: str
    username: str
    sub: str
    origin_jti: str
    auth_time: int
    expires: int
    epoch: int = 0
    """How often all refresh tokens had been made to expire before this sign-in."""
    device_key: str = ""
    """The device that it came from, where the pool keeps track of them."""


class Tokens:
    """Issues and recognises the tokens of every pool of a directory.

    A refresh token looks like Cognito's (a five-part JWE), but its content is sealed with AES-GCM alone and its
    wrapped-key part is the same noise in all of them: a third RSA operation would only cost time. Nothing is remembered
    per login, so a run of millions of logins does not fill the memory; only revocations are.

    The last twelve digits of `origin_jti` hold how often the user had signed out everywhere. That is how a later
    sign-out revokes every token before it, to the instant, without a list of them.

    Args:
        directory: Whose pools these are.
        press: Makes them; others run meanwhile.
    """

    def __init__(self, directory: Directory, press: BatchSigner) -> None:
        self._directory = directory
        self._press = press
        self._seal = AESGCM(directory.chance.random_bytes(32))
        self._head = _JWE_HEADER + b"." + base64url(directory.chance.random_bytes(_WRAPPED_KEY_BYTES))
        self._revoked: set[str] = set()
        """`origin_jti` of revoked sign-ins; one per RevokeToken."""
        self._epoch = 0
        self._replaced: dict[str, float] = {}
        """Refresh tokens that rotation replaced, by `jti`, and until when (monotonic seconds) they still work."""

    def sign_in(self, pool: Pool, client: Client, user: User, device_key: str = "") -> dict[str, object]:
        """The AuthenticationResult of a new sign-in."""
        chance, now = self._directory.chance, int(self._directory.clock.wall())
        origin_jti = f"{chance.uuid()[:-_GENERATION_DIGITS]}{user.generation:0{_GENERATION_DIGITS}x}"
        expires = now + client.lives.refresh_s
        who = (client.id, user.username, user.sub)
        grant = Grant(chance.uuid(), pool.id, *who, origin_jti, now, expires, self._epoch, device_key)
        return {**self.refresh(pool, client, user, grant), "RefreshToken": self.seal(grant)}

    def refresh(self, pool: Pool, client: Client, user: User, grant: Grant) -> dict[str, object]:
        """The AuthenticationResult of a refresh: new access and id tokens of the same sign-in."""
        chance, now = self._directory.chance, int(self._directory.clock.wall())
        common = {
            "sub": user.sub,
            "iss": pool.issuer,
            "origin_jti": grant.origin_jti,
            "event_id": chance.uuid(),
            "auth_time": grant.auth_time,
            "iat": now,
            **({"cognito:groups": [group.name for group in pool.groups_of(user)]} if user.groups else {}),
        }
        access = {
            **common,
            "client_id": client.id,
            "token_use": "access",
            "scope": SCOPE,
            "exp": now + client.lives.access_s,
            "jti": chance.uuid(),
            "username": user.username,
            **({"device_key": grant.device_key} if grant.device_key else {}),
        }
        identity = {
            **common,
            "aud": client.id,
            "token_use": "id",
            "exp": now + client.lives.id_s,
            "jti": chance.uuid(),
            "cognito:username": user.username,
            **_attribute_claims(user.attributes),
        }
        access_token, id_token = self._press.sign((pool.keys.access, access), (pool.keys.id, identity))
        return {
            "AccessToken": access_token,
            "ExpiresIn": client.lives.access_s,
            "TokenType": "Bearer",
            "IdToken": id_token,
        }

    def machine(self, pool: Pool, client: Client, scopes: Sequence[str]) -> str:
        """The access token of a client that logs in for itself: its subject is the client, and it has no user."""
        now = int(self._directory.clock.wall())
        claims = {
            "sub": client.id,
            "token_use": "access",
            "scope": " ".join(scopes),
            "auth_time": now,
            "iss": pool.issuer,
            "exp": now + client.lives.access_s,
            "iat": now,
            "version": 2,
            "jti": self._directory.chance.uuid(),
            "client_id": client.id,
        }
        return self._press.sign((pool.keys.access, claims))[0]

    def seal(self, grant: Grant) -> str:
        """The refresh token of a grant."""
        iv = self._directory.chance.random_bytes(12)
        content = compact_json(tuple(grant))
        sealed = self._seal.encrypt(iv, content, _JWE_HEADER)
        parts = (iv, sealed[:-_TAG_BYTES], sealed[-_TAG_BYTES:])
        return b".".join((self._head, *map(base64url, parts))).decode()

    def unseal(self, token: str) -> Grant | None:
        """The grant of a refresh token, valid or not; None when it is none of ours."""
        parts = token.split(".")
        if len(parts) != _JWE_PARTS:
            return None
        try:
            iv, content, tag = (urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in parts[2:])
            return Grant(*json.loads(self._seal.decrypt(iv, content + tag, parts[0].encode())))
        except (InvalidTag, ValueError):
            return None

    def redeem(self, token: str, client: Client, device_key: str = "") -> tuple[User, Grant]:
        """Whose refresh token this is.

        Raises:
            NotAuthorized: It is none, belongs to another client or device, expired or was revoked.
            RefreshTokenReuse: Rotation replaced it, and its grace period is over.
        """
        grant = self.unseal(token)
        pool = self._directory.find_pool(client.pool_id)
        if grant is None or pool is None or grant.client_id != client.id:
            raise NotAuthorized(BAD_REFRESH_TOKEN)
        user = pool.find(grant.username)
        if user is None or user.sub != grant.sub or grant.device_key != device_key:
            raise NotAuthorized(BAD_REFRESH_TOKEN)
        if not user.is_enabled:
            raise NotAuthorized("User is disabled.")
        if self._is_revoked(grant.origin_jti, user):
            raise NotAuthorized("Refresh Token has been revoked")
        if self._directory.clock.wall() >= grant.expires or grant.epoch < self._epoch:
            raise NotAuthorized("Refresh Token has expired")
        if self._directory.clock.monotonic() >= self._replaced.get(grant.jti, float("inf")):
            raise RefreshTokenReuse("Refresh token has been rotated out and can no longer be used")
        return user, grant

    def rotate(self, grant: Grant, grace_s: float) -> str:
        """A refresh token in the place of this one, which lives `grace_s` longer."""
        until_s = self._directory.clock.monotonic() + grace_s
        self._replaced[grant.jti] = min(until_s, self._replaced.get(grant.jti, until_s))
        return self.seal(grant._replace(jti=self._directory.chance.uuid()))

    def expire_refresh_tokens(self) -> None:
        """Let every refresh token that there is have expired."""
        self._epoch += 1

    def revoke(self, grant: Grant) -> None:
        """Revoke a sign-in: its refresh token, and every token that came of it."""
        self._revoked.add(grant.origin_jti)

    def holder(self, access_token: str) -> tuple[Pool, User]:
        """Whose access token this is, as GetUser asks it.

        Raises:
            NotAuthorized: It is none, expired, or was revoked.
        """
        pool, claims = self._verified(access_token)
        if claims["exp"] <= self._directory.clock.wall():
            raise NotAuthorized("Access Token has expired")
        if SCOPE not in str(claims.get("scope")).split():
            raise NotAuthorized("Access Token does not have required scopes")
        user = pool.user(claims["username"])
        if user.sub != claims["sub"] or self._is_revoked(claims["origin_jti"], user):
            raise NotAuthorized("Access Token has been revoked")
        return pool, user

    def _verified(self, access_token: str) -> tuple[Pool, Mapping[str, Any]]:
        try:
            kid = str(jwt.get_unverified_header(access_token).get("kid"))
            pool = self._directory.pool_of_key(kid)
            if pool is not None and pool.keys.access.kid == kid:
                options: Options = {"verify_exp": False, "verify_iat": False}
                key = pool.keys.access.public_key
                return pool, jwt.decode(access_token, key, [ALGORITHM], options=options)
        except jwt.InvalidTokenError:
            pass
        raise NotAuthorized("Invalid Access Token")

    def _is_revoked(self, origin_jti: str, user: User) -> bool:
        return origin_jti in self._revoked or int(origin_jti[-_GENERATION_DIGITS:], 16) < user.generation


def _attribute_claims(attributes: Mapping[str, str]) -> dict[str, object]:
    """Attributes as the id token has them: strings, but `email_verified` and its like are booleans."""
    return {
        name: value == "true" if name.endswith(VERIFIED_SUFFIX) and not name.startswith("custom:") else value
        for name, value in attributes.items()
    }
