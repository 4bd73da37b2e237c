"""Asks everybody for an SRP proof and takes any answer: `python -m bench.servers.challenger PORT`.

It costs next to nothing, where a server that checks would cost more than the client that is to be measured.
"""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from contextlib import AbstractContextManager

from gevent.server import StreamServer

from bench.canned import login_answer
from bench.contest import Venue
from bench.servers.canned_server import CannedServer, started
from bench.servers.fallback import Fallback, response

PUBLIC_HEX = "5" * 768
"""SRP_B: 3072 bits, as any other."""
SALT_HEX, BLOCK_BYTES = "1f" * 16, 1024


def start(venue: Venue) -> AbstractContextManager[CannedServer]:
    """The server, in a process of its own, listening."""
    return started("challenger", venue)


class Challenger(Fallback):
    """The challenge for InitiateAuth, tokens for whatever answers it."""

    def __init__(self) -> None:
        super().__init__()
        parameters = {
            "USERNAME": "bench-user",
            "USER_ID_FOR_SRP": "bench-user",
            "SALT": SALT_HEX,
            "SRP_B": PUBLIC_HEX,
            "SECRET_BLOCK": b64encode(bytes(BLOCK_BYTES)).decode(),
        }
        question = {"ChallengeName": "PASSWORD_VERIFIER", "ChallengeParameters": parameters}
        self._question = response(json.dumps(question), "application/x-amz-json-1.1")
        self._tokens = response(login_answer(), "application/x-amz-json-1.1")

    def _answer(self, head: bytes) -> bytes:
        return self._question if b".InitiateAuth" in head else self._tokens


if __name__ == "__main__":
    StreamServer(("127.0.0.1", int(sys.argv[1])), Challenger().serve).serve_forever()
