"""The client's side of Secure Remote Password, as Cognito speaks it: the password itself never leaves this machine.

SRP-6a over the 3072-bit group of RFC 5054 (g = 2) with SHA-256. What Cognito adds, where the RFC is no help: numbers
are hashed as Java's `BigInteger.toByteArray` writes them, the key is HKDF's first 16 bytes with the info `Caldera
Derived Key`, and the proof is an HMAC over the pool's name, the user's own name, the secret block and the time.
Cognito sends no proof of its own back: a server that does not know the password is noticed by its tokens alone.

Source: the clients that AWS published (amazon-cognito-identity-js, `AuthenticationHelper`).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from typing import Any, Final, Self

N: Final = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510"
    "15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7"
    "ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C"
    "BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
    16,
)
"""RFC 5054, appendix A; RFC 3526, section 5."""
G: Final = 2
SECRET_BITS: Final = 256
"""Of `a`: RFC 5054 asks for at least 256, the published clients take 1024 at more than twice the cost."""
SLOW_ARITHMETIC: Final = (
    "gmpy2 is not installed: an SRP login costs about 20 ms of this process's CPU instead of 2, and holds up every "
    "other user of the process meanwhile (pip install gmpy2)"
)

_INFO: Final = b"Caldera Derived Key\x01"
_KEY_BYTES: Final = 16
_WINDOW_BITS: Final = 6
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

gmpy2: Any
try:
    gmpy2 = import_module("gmpy2")
except ImportError:  # no wheel for this platform
    gmpy2 = None
IS_FAST: Final[bool] = gmpy2 is not None
"""Whether the arithmetic is gmpy2's."""


@dataclass(frozen=True, slots=True)
class Question:
    """What PASSWORD_VERIFIER brings. Build it with `read`."""

    username: str
    """USER_ID_FOR_SRP: the user's own name in the pool."""
    salt: int = field(repr=False)
    public: int = field(repr=False)
    """B."""
    secret_block: bytes = field(repr=False)

    @classmethod
    def read(cls, username: object, salt: object, public: object, secret_block: object) -> Self:
        """The challenge's parameters, checked.

        Raises:
            ValueError: One of them is not what the protocol promises; B = 0 would give the password away.
        """
        if not (isinstance(username, str) and username.isprintable() and username):
            raise ValueError("USER_ID_FOR_SRP is no name")
        numbers = []
        for name, text in (("SALT", salt), ("SRP_B", public)):
            if not (isinstance(text, str) and text.isalnum() and text.isascii() and len(text) <= _LONGEST_HEX):
                raise ValueError(f"{name} is no hexadecimal number of at most {_LONGEST_HEX} digits")
            numbers.append(int(text, 16))
        if numbers[1] % N == 0:
            raise ValueError("SRP_B is a multiple of N")
        if not isinstance(secret_block, str):
            raise ValueError("SECRET_BLOCK is missing")  # noqa: TRY004  # an answer's value is wrong, not an argument's type
        return cls(username, numbers[0], numbers[1], b64decode(secret_block, validate=True))


@dataclass(frozen=True, slots=True)
class Proof:
    """The answer to the question."""

    signature: str = field(repr=False)
    secret_block: str = field(repr=False)
    timestamp: str


class Exchange:
    """One login's secrets. Making one and `prove` are heavy: 0.2 and 2 ms of CPU with gmpy2, ten times that without.

    Args:
        name: What stands before the user's name in every hash: the pool id after its underscore.
        a: The client's secret; random unless a test needs a certain one.
        is_fast: Whether gmpy2 does the arithmetic.
    """

    __slots__ = ("_a", "_is_fast", "_name", "_public", "public")

    def __init__(self, name: str, a: int | None = None, *, is_fast: bool = IS_FAST) -> None:
        self._name = name
        self._is_fast = is_fast
        self._a = a or secrets.randbits(SECRET_BITS) | 1 << (SECRET_BITS - 1)
        self._public = self._power_of_g(self._a)
        self.public: Final = f"{self._public:x}"
        """SRP_A: hexadecimal."""

    def prove(self, question: Question, password: str, now_s: float) -> Proof:
        """The proof that this client knows the password.

        Args:
            question: What Cognito asked.
            password: The user's.
            now_s: Seconds since the epoch; the proof is good for some minutes around it.

        Raises:
            ValueError: u = 0, with which the proof would prove nothing.
        """
        stamp = timestamp(now_s)
        key = self._key(question, password)
        parts = (self._name.encode(), question.username.encode(), question.secret_block, stamp.encode())
        signature = hmac.digest(key, b"".join(parts), "sha256")
        return Proof(b64encode(signature).decode(), b64encode(question.secret_block).decode(), stamp)

    def _key(self, question: Question, password: str) -> bytes:
        u = _hash_number(_bytes(self._public), _bytes(question.public))
        if u == 0:
            raise ValueError("u is 0")
        identity = hashlib.sha256(f"{self._name}{question.username}:{password}".encode()).digest()
        x = _hash_number(_bytes(question.salt), identity)
        base = (question.public - _K * self._power_of_g(x)) % N
        shared = self._power(base, self._a + u * x)
        return hmac.digest(hmac.digest(_bytes(u), _bytes(shared), "sha256"), _INFO, "sha256")[:_KEY_BYTES]

    def _power(self, base: int, exponent: int) -> int:
        if not self._is_fast:
            return pow(base, exponent, N)
        gmpy2.get_context().allow_release_gil = True  # a context belongs to a thread
        return int(gmpy2.powmod(base, exponent, N))

    def _power_of_g(self, exponent: int) -> int:
        if not self._is_fast or exponent.bit_length() > SECRET_BITS:
            return self._power(G, exponent)
        result = gmpy2.mpz(1)
        for row in _powers_of_g():
            result = result * row[exponent & (1 << _WINDOW_BITS) - 1] % _modulus()
            exponent >>= _WINDOW_BITS
        return int(result)


def device_verifier(group_key: str, key: str, password: str, salt: bytes) -> dict[str, str]:
    """What lets a device prove itself later: ConfirmDevice's DeviceSecretVerifierConfig.

    Args:
        group_key: NewDeviceMetadata's DeviceGroupKey.
        key: Its DeviceKey.
        password: The device's, made up for it (40 random bytes in base64 are what published clients take).
        salt: 16 random bytes, the first of them 1 to 127: clients disagree about other ones.

    Returns:
        PasswordVerifier and Salt, base64.
    """
    identity = hashlib.sha256(f"{group_key}{key}:{password}".encode()).digest()
    x = _hash_number(_bytes(int.from_bytes(salt, "big")), identity)
    verifier = _bytes(pow(G, x, N))
    return {"PasswordVerifier": b64encode(verifier).decode(), "Salt": b64encode(salt).decode()}


def prepare() -> None:
    """Make the tables now, and not within somebody's first login."""
    if IS_FAST:
        _powers_of_g()


def timestamp(now_s: float) -> str:
    """The time as the proof has it: `EEE MMM d HH:mm:ss z yyyy` of Java, in English whatever the locale, in UTC."""
    now = datetime.fromtimestamp(now_s, UTC)
    return f"{_DAYS[now.weekday()]} {_MONTHS[now.month - 1]} {now.day} {now:%H:%M:%S} UTC {now.year}"


@cache
def _modulus() -> Any:  # noqa: ANN401  # gmpy2 has no types
    return gmpy2.mpz(N)


@cache
def _powers_of_g() -> tuple[tuple[Any, ...], ...]:
    """g^(j * 64^i) for every digit j: raising g to a power is then 43 multiplications, a quarter of the time.

    Made once in a process, in 8 ms; 1 MB, of which a power reads 16 KB. Larger digits need fewer multiplications and
    came out slower within a run, whose own code they drive out of the processor's cache.
    """
    rows = []
    base = gmpy2.mpz(G)
    for _ in range(-(-SECRET_BITS // _WINDOW_BITS)):
        row = [gmpy2.mpz(1)]
        for _ in range((1 << _WINDOW_BITS) - 1):
            row.append(row[-1] * base % _modulus())
        rows.append(tuple(row))
        base = row[-1] * base % _modulus()
    return tuple(rows)


def _bytes(number: int) -> bytes:
    """A number as Java writes it: the fewest bytes that leave the top bit, its sign, 0."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def _hash_number(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha256(b"".join(parts)).digest(), "big")


_K: Final = _hash_number(_bytes(N), _bytes(G))
_LONGEST_HEX: Final = 2 * len(_bytes(N))
