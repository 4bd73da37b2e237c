"""`cognito-load report build`: the reports of a run, made from what it left on disk."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from harness.cognito import remedies
from harness.errors import EXIT, HarnessError
from harness.evidence import jtl
from harness.evidence.rebuild import rebuild
from harness.evidence.reports import files, summary, terminal


def main(argv: Sequence[str], prog: str) -> int:
    """Run `report` with its own arguments; returns an exit code."""
    parser = argparse.ArgumentParser(prog=prog, description="Make reports from what runs left on disk.")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION", title="actions")
    build = actions.add_parser(
        "build",
        help="make the reports of one run",
        description="Make the reports of one run, from the files it wrote while it was running. Works for a run whose "
        "processes were killed: the report then says what is missing, and its verdict is invalid.",
        epilog=f"exit codes: {EXIT.PASSED} the reports were made, {EXIT.FAILED} they could not be made",
    )
    build.add_argument("folder", type=Path, help="the run's folder, such as results/latest")
    return _build(parser.parse_args(argv).folder)


def _build(folder: Path) -> int:
    folder = folder.resolve()  # results/latest is a link; the reports belong to the run that it points to
    try:
        run = rebuild(folder, _explain)
        parts = jtl.parts_in(folder)
        if parts and not (folder / jtl.FILE_NAME).exists():
            jtl.merge(parts, folder / jtl.FILE_NAME)
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


def _explain(kind: str, message: str) -> tuple[str, str] | None:
    found = remedies.lookup(kind, message)
    return (found.cause, found.remedy) if found else None
