"""SRP against two who know nothing of it: pycognito's client with the same secrets, and a server written here."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycognito.aws_srp import AWSSRP

from harness.cognito import srp
from harness.cognito.srp import Exchange, G, N, Question

POOL = "eu-west-1_AbC123xyz"
NAME = "AbC123xyz"
BLOCK = base64.b64encode(b"a secret block").decode()
NOW_S = 1_700_000_000.0
PASSWORD = "Corr3ct-Horse"

secrets = st.integers(1, 2**srp.SECRET_BITS - 1)
salts = st.integers(1, 2**127)


def pycognitos(a: int, salt: str, public: str, username: str, password: str) -> dict[str, str]:
    """What pycognito answers with this `a`, at this time."""
    peer = AWSSRP(username, password, POOL, "client", client=object())
    peer.small_a_value, peer.large_a_value = a, pow(G, a, N)
    parameters = {"USER_ID_FOR_SRP": username, "SALT": salt, "SRP_B": public, "SECRET_BLOCK": BLOCK}
    with mock.patch("pycognito.aws_srp.datetime") as clock:
        clock.datetime.utcnow.return_value = datetime.fromtimestamp(NOW_S, UTC)
        return peer.process_challenge(parameters, {"USERNAME": username})


@pytest.mark.parametrize("is_fast", [True, False])
@settings(max_examples=12, deadline=None)
@given(a=secrets, b=secrets, salt=salts, username=st.sampled_from(["alice", "a@example.com", "ümläut"]))
def test_the_proof_is_pycognitos_for_the_same_secrets(is_fast, a, b, salt, username):
    public = f"{pow(G, b, N):x}"
    exchange = Exchange(NAME, a, is_fast=is_fast)
    proof = exchange.prove(Question.read(username, f"{salt:x}", public, BLOCK), PASSWORD, NOW_S)
    expected = pycognitos(a, f"{salt:x}", public, username, PASSWORD)
    assert exchange.public == f"{pow(G, a, N):x}"
    assert (proof.signature, proof.secret_block, proof.timestamp) == (
        expected["PASSWORD_CLAIM_SIGNATURE"],
        expected["PASSWORD_CLAIM_SECRET_BLOCK"],
        expected["TIMESTAMP"],
    )


def with_leading_zeros(bits: int) -> st.SearchStrategy[int]:
    """Numbers whose hexadecimal form would begin with zeros, has an odd length, or its top bit set."""
    return st.integers(0, 40).flatmap(lambda short: st.integers(1, 2 ** (bits - short) - 1))


@settings(max_examples=25, deadline=None)
@given(a=secrets, public=with_leading_zeros(3071), salt=with_leading_zeros(128))
def test_numbers_that_begin_with_zeros_are_hashed_as_pycognito_hashes_them(a, public, salt):
    """B is any number here: what matters is how its bytes, and those of S and u that come of it, are padded."""
    question = Question.read("alice", f"{salt:x}", f"{public:x}", BLOCK)
    proof = Exchange(NAME, a).prove(question, PASSWORD, NOW_S)
    assert proof.signature == pycognitos(a, f"{salt:x}", f"{public:x}", "alice", PASSWORD)["PASSWORD_CLAIM_SIGNATURE"]


@settings(max_examples=10, deadline=None)
@given(a=secrets, b=secrets, salt=salts, password=st.text(min_size=1, max_size=20).filter(str.isprintable))
def test_a_server_that_knows_the_verifier_derives_the_same_key(a, b, salt, password):
    """The server's half of SRP-6a, by its own formula: S = (A * v^u)^b."""

    def to_bytes(number: int) -> bytes:
        text = f"{number:x}"
        text = text if len(text) % 2 == 0 else f"0{text}"
        return bytes.fromhex(text if text[0] in "01234567" else f"00{text}")

    def hashed(*parts: bytes) -> int:
        return int(hashlib.sha256(b"".join(parts)).hexdigest(), 16)

    identity = hashlib.sha256(f"{NAME}alice:{password}".encode()).digest()
    verifier = pow(G, hashed(to_bytes(salt), identity), N)
    public = (hashed(to_bytes(N), to_bytes(G)) * verifier + pow(G, b, N)) % N
    exchange = Exchange(NAME, a)
    proof = exchange.prove(Question.read("alice", f"{salt:x}", f"{public:x}", BLOCK), password, NOW_S)
    big_a = int(exchange.public, 16)
    u = hashed(to_bytes(big_a), to_bytes(public))
    shared = pow(big_a * pow(verifier, u, N), b, N)
    key = hmac.digest(hmac.digest(to_bytes(u), to_bytes(shared), "sha256"), b"Caldera Derived Key\x01", "sha256")[:16]
    message = f"{NAME}alice".encode() + b"a secret block" + proof.timestamp.encode()
    assert proof.signature == base64.b64encode(hmac.digest(key, message, "sha256")).decode()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (("alice", "1f", "0", BLOCK), "multiple of N"),
        (("alice", "1f", f"{N:x}", BLOCK), "multiple of N"),
        (("alice", "1f", f"{2 * N:x}", BLOCK), "multiple of N"),
        (("alice", "xyz", "1f", BLOCK), "invalid literal"),
        (("alice", "", "1f", BLOCK), "SALT"),
        (("alice", "1f", "f" * 3000, BLOCK), "SRP_B"),
        (("alice", "1f", None, BLOCK), "SRP_B"),
        (("", "1f", "1f", BLOCK), "USER_ID_FOR_SRP"),
        ((5, "1f", "1f", BLOCK), "USER_ID_FOR_SRP"),
        (("alice", "1f", "1f", "?"), "base64"),
        (("alice", "1f", "1f", None), "SECRET_BLOCK"),
    ],
)
def test_a_question_that_is_none_is_refused(values, said):
    with pytest.raises(ValueError, match=said):
        Question.read(*values)


def test_u_of_0_is_refused(monkeypatch):
    monkeypatch.setattr(srp, "_hash_number", lambda *_: 0)
    with pytest.raises(ValueError, match="u is 0"):
        Exchange(NAME).prove(Question.read("alice", "1f", "1f", BLOCK), PASSWORD, NOW_S)


def test_each_exchange_has_a_secret_of_its_own_with_256_bits():
    exchanges = [Exchange(NAME) for _ in range(20)]
    assert len({exchange.public for exchange in exchanges}) == 20
    assert {exchange._a.bit_length() for exchange in exchanges} == {256}


def test_the_time_is_written_as_java_writes_it_in_english():
    assert srp.timestamp(1_709_629_325.9) == "Tue Mar 5 09:02:05 UTC 2024"


def test_secrets_stay_out_of_repr():
    question = Question.read("alice", "1f", "2f", BLOCK)
    proof = Exchange(NAME).prove(question, PASSWORD, NOW_S)
    assert BLOCK not in f"{question!r}{proof!r}"
    assert proof.signature not in repr(proof)
