"""What a run loaded: the first thing that a reader of its result has to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

Kind = Literal["sandbox", "endpoint", "domain"]


@dataclass(frozen=True, slots=True)
class Target:
    """Where logins went, and the API requests. Holds no secret: URLs come without user name and password."""

    kind: Kind
    """`sandbox`: the one that `locust` started for itself; `domain`: of a user pool, where machines log in."""
    url: str
    """Of Cognito's endpoint, or of the domain's token endpoint."""
    user_pool_id: str = ""
    """Empty when none is set, which most flows do not need."""
    region: str = ""
    apis: tuple[str, ...] = ()
    """Base URLs of the API; empty when nothing but logins ran."""

    @property
    def sentence(self) -> str:
        """For people, without a full stop: `endpoint https://..., pool eu-west-1_AbC123, region eu-west-1`."""
        is_sandbox = self.kind == "sandbox"
        said = ["local sandbox" if is_sandbox else f"{self.kind} {self.url}"]
        if self.kind == "endpoint":
            said.append(f"pool {self.user_pool_id or 'not set'}")
        if self.region and not is_sandbox:
            said.append(f"region {self.region}")
        apis = [api for api in self.apis if not (is_sandbox and api.rstrip("/") == self.url.rstrip("/"))]
        if apis:
            said.append(f"API {' and '.join(apis)}")
        return ", ".join(said)

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Self:
        """What `dataclasses.asdict` made of one, after JSON.

        Raises:
            TypeError, KeyError: It is none.
        """
        return cls(**{**found, "apis": tuple(found["apis"])})
