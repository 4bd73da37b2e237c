"""`make bench`: every work, the table on the terminal and in bench/results/<machine>.md."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench import machine, table
from bench.child import pinned_to
from bench.contest import Venue, hold
from bench.works import WORKS

RESULTS = Path(__file__).parent / "results"


def main(argv: Sequence[str] | None = None) -> int:
    """Run; 0 when everything that was asked for could be measured, whatever the figures say."""
    options = _parser().parse_args(argv)
    works = options.work or list(WORKS)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that peers that stand still are ended, too
    facts, others = machine.describe(), machine.Others()
    results = []
    with tempfile.TemporaryDirectory(prefix="cognito-load-bench-") as folder:
        for name in works:
            client_core, server_core = machine.cores()
            say(f"{WORKS[name].title}:")
            venue = Venue(Path(folder) / name, client_core, server_core)
            venue.folder.mkdir()
            with pinned_to(server_core):
                results.append(hold(WORKS[name], venue, rounds=options.rounds, seconds=options.seconds, say=say))
    facts["Load by others meanwhile"] = f"{others.share():.0%} of the machine"
    document = table.render(results, facts, rounds=options.rounds, seconds=options.seconds)
    print(document)
    if set(works) == set(WORKS):
        file = RESULTS / f"{machine.slug()}.md"
        RESULTS.mkdir(exist_ok=True)
        file.write_text(document, encoding="utf-8")
        say(f"Written to {file}")
    return int(any(judgement.is_met is None for result in results for judgement in result.judgements))


def say(line: str) -> None:
    """Tell whoever watches; the table alone goes to standard output."""
    print(line, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    add = parser.add_argument
    add("--work", action="append", choices=list(WORKS), help="only this one; repeatable; then no file is written")
    add("--rounds", type=int, default=5, help="default: %(default)s")
    add("--seconds", type=float, default=2.0, help="how long a round is measured; default: %(default)s")
    return parser


if __name__ == "__main__":
    sys.exit(main())
