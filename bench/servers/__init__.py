"""Who answers: a server that costs next to nothing, so that the client is what is measured."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from bench.contest import Venue
from bench.servers import fallback, nginx
from bench.servers.canned_server import CannedServer


def name() -> str:
    """Which server will answer, for the table."""
    return nginx.version() if shutil.which("nginx") else "bench/servers/fallback.py (nginx is not on PATH)"


@contextmanager
def canned(venue: Venue) -> Iterator[CannedServer]:
    """A server with canned answers: `POST /` is a login, everything else the API."""
    start = nginx.start if shutil.which("nginx") else fallback.start
    with start(venue) as server:
        yield server
