"""`cognito-load report`: what can be made of results on disk, one subcommand for each."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from rich.console import Console

from harness.cognito import remedies
from harness.errors import EXIT, ConfigurationError, HarnessError
from harness.evidence.judging import baseline
from harness.evidence.judging.comparison import FAIL_RATE, Comparison, Interval, compare
from harness.evidence.rebuild import rebuild
from harness.evidence.reports import files, summary, terminal
from harness.evidence.reports.numbers import Numbers
from harness.evidence.reports.summary import comparison_record
from harness.evidence.storage import jtl


class Subcommand(NamedTuple):
    """One thing to do with results."""

    name: str
    summary: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], EXIT]


def main(argv: Sequence[str], prog: str = "cognito-load report") -> int:
    """Run one subcommand.

    Returns:
        One of `harness.errors.EXIT`; EXIT.CONFIGURATION when the results cannot be read.
    """
    arguments = build_parser(prog).parse_args(argv)
    try:
        return arguments.run(arguments)  # type: ignore[no-any-return]  # set below, by add_subcommand
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return EXIT.CONFIGURATION


def build_parser(prog: str) -> argparse.ArgumentParser:
    """The options of every subcommand."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Make something of results on disk.",
        epilog=f"Example: {prog} build results/latest",
    )
    commands = parser.add_subparsers(required=True, metavar="SUBCOMMAND", title="subcommands")
    for subcommand in SUBCOMMANDS:
        child = commands.add_parser(subcommand.name, help=subcommand.summary, description=subcommand.summary)
        subcommand.add_arguments(child)
        child.set_defaults(run=subcommand.run)
    return parser


def _add_compare_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("before", type=Path, metavar="A", help="results of the earlier run, such as results/nightly")
    parser.add_argument("after", type=Path, metavar="B", help="results of the later run, such as results/latest")
    parser.add_argument("--json", action="store_true", help="print an object: word, and every figure of both runs")
    parser.epilog = (
        "Exit code 0: better or same; 3: worse, or not enough data; 5: results that cannot be read. "
        "How it is decided: docs/gates-in-ci.md. "
        f"Example: {parser.prog} results/nightly results/latest"
    )


def _compare(arguments: argparse.Namespace) -> EXIT:
    comparison = compare(baseline.read(arguments.before), baseline.read(arguments.after))
    if arguments.json:
        print(json.dumps(comparison_record(comparison), indent=2, ensure_ascii=False))
    else:
        print("\n".join(_table(comparison)))
    return EXIT.PASSED if comparison.word in ("better", "same") else EXIT.GATE


def _table(comparison: Comparison) -> list[str]:
    """Every figure of both runs, its interval, and the verdict last."""
    heads = ("", "", "before", "between", "after", "between", "tolerance", "verdict")
    rows = [
        (
            row.subject,
            row.metric,
            *_cells(row.before, row.metric),
            *_cells(row.after, row.metric),
            _figure(row.tolerance, row.metric),
            row.word,
        )
        for row in comparison.rows
    ]
    widths = [max(len(line[column]) for line in (heads, *rows)) for column in range(len(heads))]
    left = (0, 1, len(heads) - 1)
    lines = [
        "  ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in (heads, *rows)
    ]
    title = f"{comparison.before} (before) and {comparison.after} (after); latencies in ms, fail_rate in %"
    return [title, "", *lines, "", comparison.sentence]


def _cells(interval: Interval | None, metric: str) -> tuple[str, str]:
    if interval is None:
        return "-", "-"
    low, value, high = (_figure(figure, metric) for figure in interval)
    return value, f"{low} to {high}"


def _figure(value: float, metric: str) -> str:
    numbers = Numbers()
    return numbers.percent(value) if metric == FAIL_RATE else numbers.milliseconds(value)


def _add_build_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="the run's folder, such as results/latest")
    parser.epilog = (
        "Works for a run whose processes were killed, too: the report then says what is missing, and its verdict is "
        "invalid. "
        f"Exit code {EXIT.PASSED}: the reports were made; {EXIT.FAILED}: they could not be made. "
        f"Example: {parser.prog} results/latest"
    )


def _build(arguments: argparse.Namespace) -> EXIT:
    folder = arguments.folder.resolve()  # results/latest is a link; the reports belong to the run that it points to
    try:
        run = rebuild(folder, _explain)
        _merge_samples(folder)
        path = summary.rewrite(run, folder)
        written = files.write(run, folder, {})
    except HarnessError as error:
        print(f"No report: {error.message}\n    {error.hint}", file=sys.stderr)
        return EXIT.FAILED
    except OSError as error:
        print(f"No report: {folder} cannot be written: {error.strerror or error}", file=sys.stderr)
        return EXIT.FAILED
    for fault in written.faults:
        print(fault, file=sys.stderr)
    terminal.render(run, Console(), report=written.page or path)
    return EXIT.PASSED


def _merge_samples(folder: Path) -> None:
    """One file of the workers' files, as far as they can be read; what cannot is said."""
    parts = jtl.parts_in(folder)
    if not parts or (folder / jtl.FILE_NAME).exists():
        return
    refused: Counter[str] = Counter()
    try:
        jtl.merge(parts, folder / jtl.FILE_NAME, refuse=lambda part: refused.update([part.name]))
    except OSError as error:
        print(f"{jtl.FILE_NAME} cannot be made of {len(parts)} files: {error.strerror or error}", file=sys.stderr)
    for name, count in sorted(refused.items()):
        rows = "1 of its lines is" if count == 1 else f"{count} of its lines are"
        print(f"{name}: {rows} no sample, and left out; the file stays where it is", file=sys.stderr)


def _explain(kind: str, message: str) -> tuple[str, str] | None:
    found = remedies.lookup(kind, message)
    return (found.cause, found.remedy) if found else None


SUBCOMMANDS: Final = (
    Subcommand("build", "Make the reports of a run, from what it left on disk.", _add_build_arguments, _build),
    Subcommand("compare", "Is run B slower than run A?", _add_compare_arguments, _compare),
)
