"""What the servers of the bench answer, and who asks: made up, the same in every run, shaped like the real thing."""

from __future__ import annotations

import csv
import hashlib
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path

CLIENT_ID = "bench1client2bench3client4"
REGION = "us-east-1"
ISSUER = f"https://cognito-idp.{REGION}.amazonaws.com/{REGION}_BenchPool"
LIFE_S = 3600
LOGIN_BYTES = 4096
"""The size of a Cognito answer with three tokens."""
API_BYTES = 2048
ACCOUNTS = 1000


def login_answer() -> str:
    """The answer to InitiateAuth, of LOGIN_BYTES bytes. No token in it is signed by anybody."""
    now = int(time.time())
    common = {
        "sub": "5f3a1c9e-0000-4000-8000-00000be4c400",
        "iss": ISSUER,
        "origin_jti": "5f3a1c9e-0000-4000-8000-00000be4c401",
        "event_id": "5f3a1c9e-0000-4000-8000-00000be4c402",
        "auth_time": now,
        "iat": now,
        "exp": now + LIFE_S,
        "jti": "5f3a1c9e-0000-4000-8000-00000be4c403",
    }
    scope = {"scope": "aws.cognito.signin.user.admin"}
    access = {**common, "client_id": CLIENT_ID, "token_use": "access", "username": "bench-user", **scope}
    identity = {**common, "aud": CLIENT_ID, "token_use": "id", "cognito:username": "bench-user"}
    tokens = {"AccessToken": _jwt(access), "IdToken": _jwt(identity), "ExpiresIn": LIFE_S, "TokenType": "Bearer"}

    def answer(refresh_token: str) -> str:
        result = {**tokens, "RefreshToken": refresh_token}
        return json.dumps({"AuthenticationResult": result, "ChallengeParameters": {}}, separators=(",", ":"))

    return answer(_filling(LOGIN_BYTES - len(answer(""))))


def api_answer() -> str:
    """A list of orders, of API_BYTES bytes."""
    orders = [{"id": f"order-{number:04d}", "item": "book", "quantity": number} for number in range(1, 21)]

    def answer(note: str) -> str:
        return json.dumps({"orders": orders, "note": note}, separators=(",", ":"))

    return answer(_filling(API_BYTES - len(answer(""))))


def write_accounts(path: Path) -> None:
    """A users file of ACCOUNTS made-up accounts."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["username", "password"])
        writer.writerows([f"bench-{number:04d}@example.com", f"Bench-Pass-{number:04d}!"] for number in range(ACCOUNTS))


def _jwt(claims: Mapping[str, object]) -> str:
    header = {"kid": "BenchKeyBenchKeyBenchKeyBenchKeyBenchKeyBen=", "alg": "RS256"}
    parts = [_base64url(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims)]
    return ".".join([*parts, _filling(342)])  # 342 characters: a 2048-bit signature


def _filling(length: int) -> str:
    """So many characters that do not compress."""
    return _base64url(hashlib.shake_256(b"bench").digest(length))[:length]


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
