"""How far a long command is: a bar on a terminal, a line every ten seconds in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

LINE_EVERY_S: Final = 10.0


@contextmanager
def progress_of(total: int, verb: str, now: Callable[[], float] = time.monotonic) -> Iterator[Callable[[int], None]]:
    """Shows progress on standard error while the block runs; what it gives is called with how many more are done."""
    if not sys.stderr.isatty():
        yield _lines(total, verb, now)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(verb, total=total)
        yield lambda more: bar.advance(task, more)


def _lines(total: int, verb: str, now: Callable[[], float]) -> Callable[[int], None]:
    done, due_s = 0, now() + LINE_EVERY_S

    def advance(more: int) -> None:
        nonlocal done, due_s
        done += more
        if now() >= due_s:
            due_s = now() + LINE_EVERY_S
            sys.stderr.write(f"{done} of {total} {verb}\n")
            sys.stderr.flush()

    return advance
