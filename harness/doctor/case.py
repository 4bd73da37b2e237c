"""What is examined, and what earlier checks leave to later ones."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from harness import aws
from harness.cognito.tokens import Tokens
from harness.credentials import CsvDataSet, UsersFile
from harness.settings import Settings
from harness.transport import Endpoint, Proxy

TIMEOUT_S: Final = 4.0
"""For each step on the way to a server, and for each answer: a dead endpoint is told in a few seconds."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is examined.

    Args:
        settings: What the user asked for.
        environ: Proxies, and what `env:` references name.
        data_set: How to read the users file; its path is the settings'.
        api: URL of a resource that both tokens are tried on; empty for none.
        run_time_s: How long the run is going to take; 0 when nobody knows.
    """

    settings: Settings
    environ: Mapping[str, str] = field(repr=False)
    data_set: CsvDataSet
    api: str = ""
    run_time_s: float = 0.0


@dataclass(slots=True)
class Known:
    """What has been found out so far; None is what could not be."""

    users: UsersFile | None = None
    secrets: Mapping[str, str] | None = field(default=None, repr=False)
    """What references stand for; None when one does not resolve."""
    endpoint: Endpoint | None = None
    tls: ssl.SSLContext | None = None
    proxy: Proxy | None = None
    is_reached: bool = False
    keys: aws.KeySource | None = None
    tokens: Tokens | None = None
    tier: str = ""
    """The pool's feature plan, as AWS calls it; empty when nobody knows."""
    faulty: set[str] = field(default_factory=set)
    """Checks that found a fault."""

    @property
    def has_connection(self) -> bool:
        """Whether calls can be sent."""
        return self.is_reached and self.endpoint is not None
