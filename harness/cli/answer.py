"""What came of a login, for people and for programs. A token is shown only when that was asked for."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from harness.cognito import remedies
from harness.cognito.tokens import Tokens, claims
from harness.errors import ConfigurationError, LoginError
from harness.evidence.figures.sample import Sample

TIMES: Final = frozenset({"iat", "exp", "auth_time", "nbf"})
"""Claims that are seconds since the epoch (RFC 7519, OpenID Connect Core)."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One login, over."""

    username: str
    url: str
    flow: str
    signed_by: str
    """Where the keys come from that signed it; empty for an unsigned one."""
    samples: Sequence[Sample]
    """Its exchanges, and last the login itself."""
    tokens: Tokens | None
    error: LoginError | None
    arithmetic_ms: float = 0.0
    """What SRP took this machine; in no sample."""

    @property
    def login(self) -> Sample:
        """The login as a whole."""
        return self.samples[-1]


def refuse(error: ConfigurationError, *, as_json: bool) -> None:
    """Print faults of the configuration: to standard error, or as an object to standard output."""
    if as_json:
        problems = [{"message": problem.message, "hint": problem.hint} for problem in error.problems]
        _print_json({"outcome": "not_sent", "problems": problems})
        return
    count = len(error.problems)
    faults = "\n".join(f"- {problem}" for problem in error.problems)
    print(f"Nothing was sent: {count} fault{'s' if count > 1 else ''}.\n{faults}", file=sys.stderr)


def tell(attempt: Attempt, *, as_json: bool, shows_tokens: bool) -> None:
    """Print what came of a login to standard output."""
    if as_json:
        _print_json(_as_object(attempt, shows_tokens=shows_tokens))
        return
    print(f"Login of {attempt.username}: {attempt.login.outcome}")
    for label, value in _facts(attempt):
        print(f"  {label:<11}{printable(value)}")
    if attempt.tokens is not None:
        for name, token in _named(attempt.tokens).items():
            _tell_token(name, token, is_shown=shows_tokens)


def _facts(attempt: Attempt) -> list[tuple[str, str]]:
    login = attempt.login
    facts = [
        ("endpoint", attempt.url),
        ("flow", attempt.flow),
        ("signed", f"yes, with keys of {attempt.signed_by}" if attempt.signed_by else "no"),
        ("connect", f"{login.connect_us / 1000:.1f} ms"),
        ("first byte", f"{login.first_byte_us / 1000:.1f} ms"),
        ("total", f"{login.elapsed_us / 1000:.1f} ms"),
    ]
    exchanges = [sample.name for sample in attempt.samples if sample.kind == "exchange"]
    if len(exchanges) > 1:
        facts.append(("exchanges", ", ".join(exchanges)))
    if attempt.arithmetic_ms:
        facts.append(("arithmetic", f"{attempt.arithmetic_ms:.1f} ms, not part of the total"))
    if attempt.error is not None:
        facts += [(label, text) for label, text in _explained(attempt.error).items() if label != "kind" and text]
    return facts


def _tell_token(name: str, token: str, *, is_shown: bool) -> None:
    if not token:
        print(f"{name} token: none")
        return
    print(f"{name} token: {token if is_shown else f'{len(token)} characters (--show-token shows them)'}")
    said = claims_of(token)
    if said is None:
        if name != "refresh":  # that one is encrypted: its claims are nobody's business
            print("  it is no JWT: it has no claims to show")
        return
    width = max(map(len, said), default=0) + 2
    for claim, value in said.items():
        print(f"  {printable(claim):<{width}}{printable(readable(claim, value))}")


def _as_object(attempt: Attempt, *, shows_tokens: bool) -> dict[str, Any]:
    login, tokens = attempt.login, attempt.tokens
    found: dict[str, Any] = {
        "outcome": login.outcome,
        "username": attempt.username,
        "endpoint": attempt.url,
        "flow": attempt.flow,
        "signed": bool(attempt.signed_by),
        "times_ms": {
            "connect": login.connect_us / 1000,
            "first_byte": login.first_byte_us / 1000,
            "total": login.elapsed_us / 1000,
            **({"arithmetic": attempt.arithmetic_ms} if attempt.arithmetic_ms else {}),
        },
        "exchanges": [
            {"name": sample.name, "outcome": sample.outcome, "total_ms": sample.elapsed_us / 1000}
            for sample in attempt.samples
            if sample.kind == "exchange"
        ],
        "claims": {"access": claims_of(tokens.access_token), "id": claims_of(tokens.id_token)} if tokens else {},
    }
    if tokens is not None:
        found["expires_in_s"] = tokens.expires_in_s
        if shows_tokens:
            found["tokens"] = _named(tokens)
    if attempt.error is not None:
        found["error"] = _explained(attempt.error)
    return found


def _explained(error: LoginError) -> dict[str, str]:
    """The error, its cause and its remedy, empty where nobody knows; a hint knows more of the case than the table."""
    known = remedies.lookup(error.kind, error.message)
    return {
        "kind": error.kind,
        "message": error.message,
        "cause": known.cause if known else "",
        "remedy": error.hint or (known.remedy if known else ""),
    }


def _named(tokens: Tokens) -> dict[str, str]:
    return {"access": tokens.access_token, "id": tokens.id_token, "refresh": tokens.refresh_token}


def claims_of(token: str) -> dict[str, Any] | None:
    """What a token says; None when it is no JWT."""
    try:
        return claims(token)
    except ValueError:
        return None


def readable(claim: str, value: object) -> str:
    """A claim for people: a time as a date, too."""
    if claim in TIMES and isinstance(value, int | float):
        try:
            return f"{value} = {datetime.fromtimestamp(value, UTC):%Y-%m-%d %H:%M:%S} UTC"
        except (ValueError, OverflowError, OSError):
            return str(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def printable(text: str) -> str:
    """What a server says must not steer the terminal."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def _print_json(document: Mapping[str, Any]) -> None:
    print(json.dumps(document, indent=2))
