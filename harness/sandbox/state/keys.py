"""The keys that sign a pool's tokens: one for access tokens, one for id tokens, as Cognito has them."""

from __future__ import annotations

import json
from base64 import b64encode
from binascii import b2a_base64
from collections.abc import Mapping
from dataclasses import dataclass

import orjson
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from harness.sandbox.state.clock import Chance

ALGORITHM = "RS256"
KEY_SIZE_BITS = 2048
PUBLIC_EXPONENT = 65537

_PADDING = PKCS1v15()
_HASH = SHA256()
_URL_SAFE = bytes.maketrans(b"+/", b"-_")

_lenient_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def compact_json(document: object) -> bytes:
    """JSON without spaces, in UTF-8; half a surrogate pair becomes a question mark."""
    try:
        return orjson.dumps(document)
    except TypeError:
        return _lenient_json(document).encode("utf-8", "replace")


class SigningKey:
    """An RSA key that makes JWTs.

    The key object is used as it is and the header is encoded once: parsing a PEM and building a header for every token
    would cost a third of the signature again.
    """

    def __init__(self, chance: Chance) -> None:
        self._private_key = generate_private_key(PUBLIC_EXPONENT, KEY_SIZE_BITS)
        self.public_key: RSAPublicKey = self._private_key.public_key()
        self.kid = b64encode(chance.random_bytes(32)).decode()
        self._head = base64url(compact_json({"kid": self.kid, "alg": ALGORITHM})) + b"."

    def message(self, claims: Mapping[str, object]) -> bytes:
        """The claims as a JWT without its signature, which is over this."""
        return self._head + base64url(compact_json(claims))

    def signature(self, message: bytes) -> bytes:
        """Half a millisecond of arithmetic, or less."""
        return self._private_key.sign(message, _PADDING, _HASH)

    def token(self, message: bytes, signature: bytes) -> str:
        """The whole JWT."""
        return (message + b"." + base64url(signature)).decode()

    def jwk(self) -> dict[str, str]:
        """The public half, with the members that Cognito publishes."""
        numbers = self.public_key.public_numbers()
        return {
            "alg": ALGORITHM,
            "e": _number(numbers.e),
            "kid": self.kid,
            "kty": "RSA",
            "n": _number(numbers.n),
            "use": "sig",
        }


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A pool's two keys."""

    access: SigningKey
    id: SigningKey

    @classmethod
    def generate(cls, chance: Chance) -> KeyPair:
        """Two new keys; some 50 ms each."""
        return cls(access=SigningKey(chance), id=SigningKey(chance))

    def find(self, kid: str) -> SigningKey | None:
        """The key of this id."""
        return next((key for key in (self.access, self.id) if key.kid == kid), None)

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The document at `/.well-known/jwks.json`."""
        return {"keys": [self.id.jwk(), self.access.jwk()]}


def base64url(data: bytes) -> bytes:
    """Base64 for URLs without padding, as JOSE has it."""
    return b2a_base64(data, newline=False).translate(_URL_SAFE).rstrip(b"=")


def _number(value: int) -> str:
    return base64url(value.to_bytes((value.bit_length() + 7) // 8, "big")).decode()
