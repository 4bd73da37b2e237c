"""What came out, for people: a row for each case, a column for each way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.faults.case import Case, Way
from bench.faults.judging import Seen


@dataclass(frozen=True, slots=True)
class Cell:
    """A case in a way."""

    case: Case
    way: Way
    seen: Seen | None
    """None when it does not apply."""
    wrongs: Sequence[str] = ()
    absent: str = ""
    """Why it does not apply."""

    @property
    def result(self) -> str:
        """`right`, `wrong: why` or `not applicable: why`."""
        if self.absent:
            return f"not applicable: {self.absent}"
        return f"wrong: {'; '.join(self.wrongs)}" if self.wrongs else "right"

    def __str__(self) -> str:
        """What the table shows: verdict and exit code, and what is wrong with them."""
        if self.seen is None:
            return f"({self.absent})"
        found = f"{self.seen.word} {self.seen.code}"
        return f"**wrong**: {found}: {'; '.join(self.wrongs)}" if self.wrongs else found


def table(cells: Sequence[Cell]) -> list[str]:
    """A row for each case, with what came of it in each way."""
    lines = [f"| what happens | {' | '.join(Way)} |", f"| --- |{' --- |' * len(Way)}"]
    by_case: dict[str, dict[Way, Cell]] = {}
    for cell in cells:
        by_case.setdefault(cell.case.name, {})[cell.way] = cell
    group = ""
    for name, ways in by_case.items():
        its_group = next(iter(ways.values())).case.group
        if its_group != group:
            group = its_group
            lines.append(f"| **{group}** |{' |' * len(Way)}")
        lines.append(f"| {name} | {' | '.join(str(ways[way]) if way in ways else '' for way in Way)} |")
    return lines


def score(cells: Sequence[Cell]) -> str:
    """How many came out right."""
    played = [cell for cell in cells if cell.seen is not None]
    wrong = sum(bool(cell.wrongs) for cell in played)
    return f"{len(played) - wrong} of {len(played)} right, {wrong} wrong"


def document(cells: Sequence[Cell], facts: Mapping[str, str], seconds: float) -> str:
    """The result file."""
    return "\n".join(
        [
            "# What comes of every fault",
            "",
            f"Made by `python -m bench.faults` in {seconds / 60:.1f} minutes. {score(cells)}.",
            "",
            *(f"- {name}: {fact}" for name, fact in facts.items() if name != "Canned answers"),
            "",
            *table(cells),
            "",
        ]
    )
