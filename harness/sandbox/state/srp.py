"""The server's side of Secure Remote Password; shares no code with the client's, so that a shared mistake shows.

Source: RFC 5054 (the group) and RFC 2945; what is Cognito's own (padding, HKDF, the proof) as published clients do it.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import NamedTuple

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from harness.sandbox.state.clock import Chance

try:
    from gmpy2 import powmod
except ImportError:
    powmod = pow

PRIME = int(
    "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404ddef9519b3cd3a"
    "431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7edee386bfb5a899fa5ae9f2411"
    "7c4b1fe649286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f83655d23dca3ad961c62f356208552bb9ed5"
    "29077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3be39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9"
    "de2bcbf6955817183995497cea956ae515d2261898fa051015728e5a8aaac42dad33170d04507a33a85521abdf1cba64ecfb850458db"
    "ef0a8aea71575d060c7db3970f85a6e1e4c7abf5ae8cdb0933d71e8c94e04a25619dcee3d2261ad2ee6bf12ffa06d98a0864d8760273"
    "3ec86a64521f2b18177b200cbbe117577a615d6c770988c0bad946e208e24fa074e5ab3143db5bfce0fd108e4b82d120a93ad2caffff"
    "ffffffffffff",
    16,
)
"""RFC 3526, section 5: 2^3072 - 2^3008 - 1 + 2^64 * (floor(2^2942 * pi) + 1690314)."""
GENERATOR = 2
SALT_BYTES = 16
SECRET_BYTES = 32
KEY_BYTES = 16
BLOCK_BYTES = 256
"""Of the secret block, which Cognito keeps its own notes in and a client only repeats."""
LONGEST_PUBLIC = 1 << 10
"""Hexadecimal digits of SRP_A; a 3072-bit number has 768."""


class Enrolment(NamedTuple):
    """What a server keeps of a password."""

    salt: bytes
    verifier: int

    @property
    def salt_hex(self) -> str:
        """As the challenge has it."""
        return self.salt.hex()


class Attempt(NamedTuple):
    """One login that waits for its proof."""

    name: str
    """Pool name and user name, as they are hashed."""
    client_public: int
    secret: int
    public: int
    enrolment: Enrolment
    block: bytes

    @property
    def public_hex(self) -> str:
        """SRP_B."""
        return f"{self.public:x}"

    def accepts(self, signature: bytes, timestamp: str) -> bool:
        """Whether this proves the password."""
        message = self.name.encode("utf-8", "surrogatepass") + self.block + timestamp.encode("utf-8", "surrogatepass")
        return hmac.compare_digest(hmac.digest(self._key(), message, hashlib.sha256), signature)

    def _key(self) -> bytes:
        scrambler = _digest(_signed(self.client_public) + _signed(self.public))
        shared = powmod(
            self.client_public * int(powmod(self.enrolment.verifier, int.from_bytes(scrambler), PRIME)),
            self.secret,
            PRIME,
        )
        # HKDF's salt is u as a number, so it loses its leading zeros.
        return HKDF(SHA256(), KEY_BYTES, _signed(int.from_bytes(scrambler)), b"Caldera Derived Key").derive(
            _signed(int(shared))
        )


def enrol(pool_name: str, username: str, password: str, chance: Chance) -> Enrolment:
    """What is kept of this password; a millisecond."""
    # Published clients disagree about a salt whose first byte is 0, or has its top bit set.
    salt = bytes([1 + chance.random_bytes(1)[0] % 127]) + chance.random_bytes(SALT_BYTES - 1)
    identity = _digest(f"{pool_name}{username}:{password}".encode("utf-8", "surrogatepass"))
    return Enrolment(salt, int(powmod(GENERATOR, int.from_bytes(_digest(salt + identity)), PRIME)))


def read_public(text: str) -> int | None:
    """SRP_A as a number; None when it is none, or one that lets anybody in."""
    try:
        number = int(text, 16) if len(text) <= LONGEST_PUBLIC else 0
    except ValueError:
        return None
    return number if number > 0 and number % PRIME else None


def begin(name: str, client_public: int, enrolment: Enrolment, chance: Chance) -> Attempt:
    """A login's first half: the challenge."""
    secret = int.from_bytes(chance.random_bytes(SECRET_BYTES)) | 1 << (8 * SECRET_BYTES - 1)
    multiplier = int.from_bytes(_digest(_signed(PRIME) + _signed(GENERATOR)))
    public = (multiplier * enrolment.verifier + int(powmod(GENERATOR, secret, PRIME))) % PRIME
    return Attempt(name, client_public, secret, public, enrolment, chance.random_bytes(BLOCK_BYTES))


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _signed(number: int) -> bytes:
    """Two's complement, as short as it can be: a positive number whose top bit is set gets a zero byte before it."""
    length = (number.bit_length() + 8) // 8
    return number.to_bytes(length, signed=True)
