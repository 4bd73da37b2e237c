"""The figures as Markdown: for the terminal, and for the file that is committed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.contest import Judgement, Result, Standing
from bench.names import SANDBOX, SUBJECT

VERDICTS = {True: "met", False: "**missed**", None: "not measured"}
MEGABYTE = 1 << 20


def render(results: Sequence[Result], facts: Mapping[str, str], *, rounds: int, seconds: float) -> str:
    """The whole document."""
    judgements = [(result.work.title, judgement) for result in results for judgement in result.judgements]
    intro = (
        f"`make bench`: medians of {rounds} alternating rounds of {seconds:g} s each, in one run; a ratio is the "
        "median of the rounds' ratios. The method is in [bench/README.md](../README.md)."
    )
    return "\n".join(
        [
            "# What it costs",
            "",
            intro,
            "",
            *(f"- {name}: {value}" for name, value in facts.items()),
            "",
            "## Targets",
            "",
            *_rows(("Work", "Target", "Measured (rounds)", "")),
            *(_target_row(title, judgement) for title, judgement in judgements),
            *(line for result in results for line in _section(result)),
            "",
        ]
    )


def _section(result: Result) -> list[str]:
    unit = result.work.unit
    header = (
        "",
        f"{unit} per CPU second",
        "lowest to highest",
        "CPU µs each",
        f"{unit} per second",
        "CPU use",
        "RSS MB",
    )
    standings = sorted(result.standings, key=lambda each: -each.per_cpu_s)
    lines = ["", f"## {result.work.title}", "", result.work.method, "", *_rows(header)]
    lines += [_standing_row(standing) for standing in standings]
    lines += ["", *(f"- {each.name}: {each.note}." for each in standings if each.note)]
    if result.absent:
        lines += ["", *(f"- Not measured: {name}, because {why}." for name, why in result.absent.items())]
    return lines


def _rows(header: Sequence[str]) -> list[str]:
    return [_row(header), _row(["---", *["---:"] * (len(header) - 1)])]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _target_row(title: str, judgement: Judgement) -> str:
    return _row((title, str(judgement.target), judgement.measured, VERDICTS[judgement.is_met]))


def _standing_row(standing: Standing) -> str:
    low, high = standing.spread
    name = f"**{standing.name}**" if standing.name in (SUBJECT, SANDBOX) else standing.name
    return _row(
        (
            name,
            f"{standing.per_cpu_s:,.0f}",
            f"{low:,.0f} to {high:,.0f}",
            f"{1e6 / standing.per_cpu_s:,.1f}",
            f"{standing.per_wall_s:,.0f}",
            f"{standing.busy:.0%}",
            f"{standing.rss_bytes / MEGABYTE:,.0f}" if standing.rss_bytes else "",
        )
    )
