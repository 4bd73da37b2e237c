"""Bearer tokens, verified as an API does it that never asks Cognito: by the pool's public keys, with pyjwt.

Revoked tokens pass here, as they do with any API that verifies locally.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jwt
from jwt.types import Options

from harness.sandbox.state.keys import ALGORITHM
from harness.sandbox.state.pool import Directory

TOKEN_USES = frozenset({"access", "id"})
CACHE_SIZE = 10_000
"""Tokens; some 20 MB. A token is verified once and remembered until it expires, as real verifiers' users do."""

_OPTIONS: Options = {
    "verify_aud": False,  # an access token has none; the client is checked below for both kinds
    "verify_exp": False,  # checked below, by the sandbox's clock and also for remembered tokens
    "verify_iat": False,
    "require": ["exp", "iss", "sub", "token_use"],
}


class InvalidToken(Exception):  # noqa: N818  # RFC 6750's own name for it
    """The token is refused; the text says why, in words that may stand in a header."""


class KeysUnavailable(Exception):  # noqa: N818  # what the API tells, not a failure of this program
    """The token is signed by a key that the API does not have yet, and the key set cannot be fetched."""


class BearerCheck:
    """Who may call the API.

    Args:
        directory: Whose pools' tokens are accepted.
        accepted_uses: `access`, `id`, or both.
        is_jwks_down: Whether the key set cannot be fetched now.
    """

    def __init__(
        self,
        directory: Directory,
        accepted_uses: frozenset[str] = TOKEN_USES,
        is_jwks_down: Callable[[], bool] = lambda: False,
    ) -> None:
        self._directory = directory
        self._accepted_uses = accepted_uses
        self._is_jwks_down = is_jwks_down
        self._verified: dict[str, Mapping[str, Any]] = {}
        self._fetched: set[str] = set()
        """Ids of the keys that it has."""

    def forget_keys(self) -> None:
        """Fetch the key set anew, and verify every token anew."""
        self._fetched.clear()
        self._verified.clear()

    def check(self, authorization: str) -> Mapping[str, Any]:
        """The claims of the token in an Authorization header.

        Raises:
            InvalidToken: It is missing, not ours, expired or not for this use.
            KeysUnavailable: It cannot be verified, because the key set is down.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise InvalidToken("the request has no bearer token")
        claims = self._verified.get(token)
        if claims is None:
            claims = self._verify(token)
            if len(self._verified) >= CACHE_SIZE:
                del self._verified[next(iter(self._verified))]
            self._verified[token] = claims
        if claims["exp"] <= self._directory.clock.wall():
            del self._verified[token]
            raise InvalidToken("the token has expired")
        return claims

    def _verify(self, token: str) -> Mapping[str, Any]:
        try:
            kid = str(jwt.get_unverified_header(token).get("kid"))
        except jwt.InvalidTokenError:
            raise InvalidToken("the token is not a JWT") from None
        if kid not in self._fetched and self._is_jwks_down():
            raise KeysUnavailable
        pool = self._directory.pool_of_key(kid)
        key = pool.keys.find(kid) if pool else None
        if pool is None or key is None:
            raise InvalidToken("the token is signed by an unknown key")
        self._fetched.add(kid)
        try:
            claims: Mapping[str, Any] = jwt.decode(
                token, key.public_key, algorithms=[ALGORITHM], issuer=pool.issuer, options=_OPTIONS
            )
        except jwt.InvalidSignatureError:
            raise InvalidToken("the signature does not match") from None
        except jwt.InvalidIssuerError:
            raise InvalidToken("the issuer is not this user pool") from None
        except jwt.InvalidTokenError as error:
            raise InvalidToken(f"the token is malformed ({type(error).__name__})") from None
        use = claims["token_use"]
        if use not in self._accepted_uses:
            accepted = " or ".join(sorted(self._accepted_uses))
            raise InvalidToken(f"token_use is {use!r}, this API takes {accepted}")
        client = self._directory.find_client(str(claims.get("client_id" if use == "access" else "aud")))
        if client is None or client.pool_id != pool.id:
            raise InvalidToken("the token was issued to an unknown client")
        return claims
