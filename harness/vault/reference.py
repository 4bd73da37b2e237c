"""What a reference to a secret looks like."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

LITERAL: Final = "literal"
"""`literal:env:x` is the secret `env:x`: the way to write one that looks like a reference."""
SCHEMES: Final = {
    "env": "env:NAME, the variable NAME",
    "file": "file:PATH, the content of a file",
    "keyring": "keyring:service/name, the operating system's vault",
    "ssm": "ssm:/path, a parameter of AWS Systems Manager",
    "secretsmanager": "secretsmanager:id or secretsmanager:id#member, a secret of AWS Secrets Manager",
    LITERAL: "literal:text, the text itself",
}
"""What each begins with, and its shape in words."""
PREFIXES: Final = tuple(f"{scheme}:" for scheme in SCHEMES)
"""What every reference begins with one of."""

_SHAPES: Final = {
    "env": re.compile(r"[A-Za-z_][A-Za-z0-9_]*"),
    "file": re.compile(r"[^\x00]+"),
    "keyring": re.compile(r"[^\s].*/[^/]+"),
    "ssm": re.compile(r"[\w./:-]+"),
    "secretsmanager": re.compile(r"[\w./:+=@!-]+(#.+)?"),
    LITERAL: re.compile(r".+", re.DOTALL),
}


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a secret is kept. Its text is no secret, unless it is a literal's."""

    scheme: str
    place: str
    """What its source is asked for; references of one place cost one question."""
    member: str = ""
    """Of a JSON object that is kept there; empty for all of it."""

    def __str__(self) -> str:
        return f"{self.scheme}:{self.place}{f'#{self.member}' if self.member else ''}"


class MalformedReferenceError(ValueError):
    """A text begins like a reference and is none. It may be a secret that happens to, so it is not in here.

    Args:
        scheme: What it begins with.
    """

    def __init__(self, scheme: str) -> None:
        super().__init__(f"begins with {scheme}: but is no reference of the shape {SCHEMES[scheme]}")


def parse(text: str) -> Reference | None:
    """The reference that a text is; None when it is a secret itself.

    Raises:
        MalformedReferenceError: It begins like one, and goes on like none.
    """
    scheme, colon, rest = text.partition(":")
    if not colon or scheme not in SCHEMES:
        return None
    if not _SHAPES[scheme].fullmatch(rest):
        raise MalformedReferenceError(scheme)
    if scheme != "secretsmanager":
        return Reference(scheme, rest)
    place, _, member = rest.partition("#")
    return Reference(scheme, place, member)
