"""Every fault, headless, in the web UI and with two workers: is the verdict so, and is anything lost?

    .venv/bin/python -m bench.faults                      everything; writes results/faults-<machine>.md
    .venv/bin/python -m bench.faults --only "SIGHUP"      what has that in its name; only prints
    .venv/bin/python -m bench.faults --way headless

Each cell is a run of a few seconds against a sandbox, which something happens to. Compared with what has to come of it
are the verdict, the exit code, the server's own counts, the users at the end, and that printed verdict, summary.json,
junit.xml and exit code say the same. The exit code is 0 when no cell is wrong.
"""

from __future__ import annotations

import argparse
import re
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench import machine
from bench.faults.case import Case, Way
from bench.faults.cases import cases
from bench.faults.judging import Seen, wrongs
from bench.faults.play import Lane
from bench.faults.table import Cell, document, score

RESULTS = Path(__file__).parents[1] / "results"
LANES = 3
"""Runs side by side: most of them wait most of the time."""


def main() -> int:
    """Play everything; 0 when nothing is wrong."""
    options = _parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is ended, too
    wanted = [case for case in cases() if re.search(options.only, f"{case.group}: {case.name}", re.IGNORECASE)]
    ways = [Way(options.way)] if options.way else list(Way)
    facts = machine.describe()
    started_s = time.monotonic()
    folder = options.keep or Path(tempfile.mkdtemp(prefix="cognito-load-faults-"))
    cells = played(wanted, ways, folder, options.lanes)
    text = document(cells, facts, time.monotonic() - started_s)
    print(text)
    if not options.only and not options.way:
        (RESULTS / f"faults-{machine.slug()}.md").write_text(text, encoding="utf-8")
    say(score(cells))
    return int(any(cell.wrongs for cell in cells))


def played(wanted: Sequence[Case], ways: Sequence[Way], folder: Path, lanes: int) -> list[Cell]:
    """All cells, some side by side; the longest first."""
    here = threading.local()
    made: list[Lane] = []

    def cell(case: Case, way: Way) -> Cell:
        if not hasattr(here, "lane"):
            here.lane = Lane(folder / f"lane-{len(made) + 1}")
            made.append(here.lane)
        done = play(here.lane, case, way)
        say(f"{done.result:<7.200} {case.name}, {way}")
        return done

    jobs = [(case, way) for case in wanted for way in ways]
    pool = ThreadPoolExecutor(lanes)
    try:
        return list(pool.map(lambda job: cell(*job), jobs))
    finally:
        pool.shutdown(cancel_futures=True)
        for lane in made:
            lane.close()


def play(lane: Lane, case: Case, way: Way) -> Cell:
    """One cell."""
    expected = case.in_way(way)
    if isinstance(expected, str):
        return Cell(case, way, None, absent=expected)
    try:
        seen = lane.play(case, way, expected)
    except (OSError, RuntimeError, ValueError) as error:  # the bench's own fault costs one cell
        return Cell(case, way, Seen(None, ""), [f"the bench: {type(error).__name__}: {error}"])
    return Cell(case, way, seen, wrongs(expected, seen))


def say(line: str) -> None:
    """Tell whoever watches; the table alone goes to standard output."""
    print(line, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="a regular expression that names of cases hold; no file is written")
    parser.add_argument("--way", default="", choices=["", *Way], help="only this way; no file is written")
    parser.add_argument("--lanes", type=int, default=LANES, help="runs side by side; default: %(default)s")
    parser.add_argument("--keep", type=Path, help="leave the folders of all runs here")
    return parser


if __name__ == "__main__":
    sys.exit(main())
