"""Findings written down: lines for people, an object for programs."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from harness.doctor.finding import Finding, State

STYLES: Final = {State.OK: "green", State.WARNING: "yellow", State.FAULT: "bold red", State.NOT_CHECKED: "dim"}
STATE_WIDTH: Final = max(map(len, State)) + 2
CHECK_WIDTH: Final = 15
WIDEST: Final = 100
NARROW: Final = 60
"""Below that, what was found stands under the name of the check."""
INDENT: Final = 4


class Chart:
    """Writes each finding as soon as it is there, and the sum at the end.

    Args:
        console: Where to; it knows the width, and whether colours are wanted.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._width = min(console.width, WIDEST)

    def add(self, finding: Finding) -> None:
        """One finding: a line, or more where it is long; each starts with what it belongs to or is indented."""
        head = Text("").append(f"{finding.state:<{STATE_WIDTH}}", STYLES[finding.state])
        check = f"{finding.check:<{CHECK_WIDTH}} "
        indent = STATE_WIDTH + len(f"{'':<{CHECK_WIDTH}} ")
        body = [finding.message]
        if finding.state is not State.OK:
            body += [f"{label}: {text}" for label, text in (("cause", finding.cause), ("do", finding.remedy)) if text]
        if self._width < NARROW:
            indent = INDENT
            self._print(head.append(finding.check))
            lines = self._wrapped(body, indent)
        else:
            first, *rest = self._wrapped(body, indent, first=len(check) - CHECK_WIDTH - 1)
            self._print(head.append(f"{check}{first}".rstrip()))
            lines = rest
        for line in lines:
            self._print(Text(" " * indent + line))

    def conclude(self, findings: Iterable[Finding]) -> None:
        """The sum, last, because that is where the eye is."""
        self._print(Text())
        self._print(Text(verdict(findings)))

    def _wrapped(self, texts: Iterable[str], indent: int, first: int = 0) -> list[str]:
        width = max(self._width - indent, 20)
        lines = []
        for number, text in enumerate(texts):
            shown = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
            lines += textwrap.wrap(
                shown,
                width,
                initial_indent=" " * (first if number == 0 else 0),
                subsequent_indent="  " if number else "",
                break_long_words=False,
                break_on_hyphens=False,
            )
        return lines or [""]

    def _print(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True)


def verdict(findings: Iterable[Finding]) -> str:
    """How many of each, in words."""
    states = [finding.state for finding in findings]
    faults, warnings, unchecked = (states.count(state) for state in (State.FAULT, State.WARNING, State.NOT_CHECKED))
    parts = [f"{_count(faults, 'fault')}" if faults else "No fault"]
    parts += [_count(warnings, "warning")] if warnings else []
    parts += [f"{unchecked} not checked"] if unchecked else []
    return f"{', '.join(parts)}."


def as_object(findings: Iterable[Finding]) -> dict[str, Any]:
    """Every finding, for programs."""
    found = list(findings)
    is_faulty = any(finding.state is State.FAULT for finding in found)
    return {
        "outcome": "fault" if is_faulty else "ok",
        "findings": [
            {
                "check": finding.check,
                "state": finding.state.value,
                "message": finding.message,
                "cause": finding.cause,
                "remedy": finding.remedy,
            }
            for finding in found
        ],
    }


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
