"""Many references at once: each place is asked once, so many at a time, and no failure hides another."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from harness.errors import ConfigurationError, Problem
from harness.vault.reference import SCHEMES, MalformedReferenceError, Reference, parse
from harness.vault.sources import Source, UnresolvedError, sources

AT_ONCE: Final = 64
SHOWN: Final = 10
"""So many faults are told, then their number: the eleventh teaches nothing new."""

Found = str | UnresolvedError


def unlock(
    given: Iterable[tuple[str, str]],
    environ: Mapping[str, str],
    *,
    region: str = "",
    source_of: Mapping[str, Source] | None = None,
) -> dict[str, str]:
    """The secrets that references stand for, by reference. What is no reference is not in there.

    Args:
        given: Values that may be references, each with where it stands, in words for people:
            `("users.csv, line 3, column 2 (password)", "ssm:/load/alice")`.
        environ: Where `env:` looks.
        region: For AWS, where neither its variables nor its profile name one.
        source_of: Where secrets are kept, by scheme; None for the real places.

    Raises:
        ConfigurationError: Every reference that leads to no secret, the first ten in words, each with where it stands
            first. None holds a value that could be a secret.
    """
    uses: dict[str, list[str]] = {}
    references: dict[str, Reference] = {}
    faults: dict[str, Problem] = {}
    for where, text in given:
        try:
            reference = parse(text)
        except MalformedReferenceError as error:
            hint = "Correct it; a secret that begins so is written with literal: before it."
            faults.setdefault(f"{where} {text}", Problem(f"{where}: {error}", hint))
            continue
        if reference is not None:
            references[text] = reference
            uses.setdefault(text, []).append(where)
    found = _asked(references.values(), source_of or sources(environ, region)) if references else {}
    secrets: dict[str, str] = {}
    for text, reference in references.items():
        try:
            secrets[text] = _secret(reference, found[reference.scheme, reference.place])
        except UnresolvedError as error:
            faults[text] = _problem(reference, uses[text], error)
    if faults:
        raise ConfigurationError(_told(list(faults.values())))
    return secrets


def _asked(references: Iterable[Reference], source_of: Mapping[str, Source]) -> Mapping[tuple[str, str], Found]:
    """What each place holds, or why it cannot be had."""
    places = list({(reference.scheme, reference.place): None for reference in references})

    def ask(place: tuple[str, str]) -> Found:
        try:
            return source_of[place[0]](place[1])
        except UnresolvedError as error:
            return error

    with ThreadPoolExecutor(min(AT_ONCE, len(places)), thread_name_prefix="vault") as pool:
        return dict(zip(places, pool.map(ask, places), strict=True))


def _secret(reference: Reference, found: Found) -> str:
    """What a reference stands for, of what its place holds."""
    if isinstance(found, UnresolvedError):
        raise found
    if not reference.member:
        if not found:
            raise UnresolvedError("it is empty", "Put the secret there.")
        return found
    try:
        document = json.loads(found)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise UnresolvedError("the secret is no JSON object", f"Leave out #{reference.member}, or store one.")
    value = document.get(reference.member)
    if not isinstance(value, str) or not value:
        raise UnresolvedError(f"the secret has no text under {reference.member!r}", "Correct what stands after the #.")
    return value


def _problem(reference: Reference, uses: list[str], error: UnresolvedError) -> Problem:
    shown = "literal:…" if reference.scheme not in SCHEMES or reference.scheme == "literal" else str(reference)
    more = f" (and {len(uses) - 1} more)" if len(uses) > 1 else ""
    return Problem(f"{uses[0]}{more}: {shown} leads to no secret: {error.why}", error.hint)


def _told(problems: list[Problem]) -> list[Problem]:
    """The first ten, each hint once, and how many more there are."""
    told: set[str] = set()
    shown = []
    for problem in problems[:SHOWN]:
        shown.append(Problem(problem.message, "" if problem.hint in told else problem.hint))
        told.add(problem.hint)
    more = len(problems) - SHOWN
    return [*shown, Problem(f"{more} more secret{'s' if more > 1 else ''} like these")] if more > 0 else shown
