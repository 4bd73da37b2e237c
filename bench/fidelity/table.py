"""What came out, for people: the table that docs/sandbox.md has, too, and what others do instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from bench.fidelity import accounts, conversations, refusals, tokens, wire
from bench.fidelity.probe import Probe, probes_of

AREAS: Mapping[str, Sequence[Probe]] = MappingProxyType(
    {
        "Requests and answers": probes_of(wire),
        "Refusals": probes_of(refusals),
        "Conversations": probes_of(conversations),
        "Tokens": probes_of(tokens),
        "Users' own accounts": probes_of(accounts),
    }
)
SANDBOX = "sandbox"
NOT_ASKED = "?"

Findings = Mapping[str, Sequence[str | None]]
"""By contestant: why each probe failed there, None where it did not; in the order of AREAS."""


def probes() -> list[Probe]:
    """All of them, in the table's order."""
    return [probe for area in AREAS.values() for probe in area]


def table(findings: Findings) -> list[str]:
    """One row for each behaviour: where it is tested, and who has it."""
    names = list(findings)
    lines = [
        f"| behaviour | tested by | {' | '.join(names)} |",
        f"| --- | --- |{' :-: |' * len(names)}",
    ]
    number = 0
    for area, rows in AREAS.items():
        lines.append(f"| **{area}** | |{' |' * len(names)}")
        for probe in rows:
            cells = [_cell(probe, name, findings[name][number]) for name in names]
            lines.append(f"| {probe.behaviour} | `{probe.tested_by}` | {' | '.join(cells)} |")
            number += 1
    return lines


def score(findings: Findings) -> str:
    """How many of the behaviours that were asked for each has."""
    asked = [number for number, probe in enumerate(probes()) if probe.attempt is not None]
    told = (f"{name} {sum(found[number] is None for number in asked)}" for name, found in findings.items())
    return f"Of {len(asked)} behaviours: {', '.join(told)}."


def instead(findings: Findings) -> list[str]:
    """What was found where the behaviour is missing."""
    lines = []
    for name, found in findings.items():
        missing = [(probe, why) for probe, why in zip(probes(), found, strict=True) if why is not None]
        if missing:
            lines += ["", f"## {name}: what it does instead", "", "| behaviour | found |", "| --- | --- |"]
            lines += [f"| {probe.behaviour} | {why} |" for probe, why in missing]
    return lines


def _cell(probe: Probe, name: str, why: str | None) -> str:
    if probe.attempt is None:
        return "yes" if name == SANDBOX else NOT_ASKED
    return "yes" if why is None else "no"
