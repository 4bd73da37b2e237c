"""Every sample as JMeter writes it (JTL, CSV): for JMeter's dashboard, Taurus, Jenkins, a spreadsheet.

A login is a row as JMeter's Transaction Controller makes it, around the rows of its exchanges; JMeter's own reader
knows such rows by their message and keeps them out of its totals.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Final

from harness.evidence.figures.sample import Sample
from harness.evidence.storage.record import Trail
from harness.files import replacing
from harness.outcome import Outcome

FILE_NAME: Final = "samples.jtl"
HEADER: Final = (
    "timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,failureMessage,bytes,sentBytes,"
    "grpThreads,allThreads,URL,Latency,IdleTime,Connect\n"
)
"""JMeter's default columns in its own order, which its dashboard insists on."""
BUFFERED: Final = 1_000
"""Rows that wait to be written at most, about 150 kB."""
PAUSE_EVERY: Final = 10_000

_OK: Final = Outcome.OK


class SampleFile:
    """The samples of one process.

    Args:
        path: Must not exist; its folder must.
        process: Names the process in the column threadName.
        complain: Told when the file cannot be written; what follows is then dropped.
    """

    def __init__(self, path: Path, process: str, complain: Callable[[str], None]) -> None:
        self.path = path
        self.rows = 0
        """How many rows there are, written or waiting."""
        self.users = 1
        """How many users this process has now, for grpThreads and allThreads."""
        self._thread = quoted(f"{process} 1-1")
        self._trail = Trail(path, complain)
        self._trail.write(HEADER)
        self._lines: list[str] = []

    @property
    def is_open(self) -> bool:
        """Whether all of it could be written until now."""
        return self._trail.is_open

    def add(self, sample: Sample) -> None:
        """Take in one sample; on the hot path, about 2 us."""
        self._lines.append(row(sample, self._thread, self.users))
        self.rows += 1
        if len(self._lines) >= BUFFERED:
            self.flush()

    def flush(self) -> None:
        """Hand what waits to the operating system."""
        lines, self._lines = self._lines, []
        self._trail.write("".join(lines))

    def close(self) -> None:
        """The run is over."""
        self.flush()
        self._trail.close()


def row(sample: Sample, thread: str, users: int) -> str:
    """One line of a JTL, ended.

    Args:
        sample: What happened.
        thread: The column threadName, quoted where that is needed.
        users: The columns grpThreads and allThreads.
    """
    (kind, name, outcome, started_s, elapsed_us, connect_us, first_us, _, error, received, sent, status, _, n, _) = (
        sample
    )
    label = quoted(name)
    if outcome is _OK:
        code, message, failure = str(status or 200), "OK", ""
        success = "true"
    else:
        failure = quoted(error or outcome.value)
        what = error.partition(":")[0] or outcome.value
        code = str(status) if status else quoted(what)
        message, success = quoted(what), "false"
    data_type = "text"
    if kind == "login":
        message = f'"Number of samples in transaction : {n}, number of failing samples : {int(outcome is not _OK)}"'
        data_type = ""
    return (
        f"{int(started_s * 1000)},{(elapsed_us + 500) // 1000},{label},{code},{message},{thread},{data_type},{success},"
        f"{failure},{received},{sent},{users},{users},,{(first_us + 500) // 1000},0,{(connect_us + 500) // 1000}\n"
    )


def quoted(text: str) -> str:
    """A field as RFC 4180 has it; line breaks become spaces, so that a line is a row."""
    if "\n" in text or "\r" in text:
        text = text.replace("\r", " ").replace("\n", " ")
    return '"' + text.replace('"', '""') + '"' if "," in text or '"' in text else text


def merge(
    parts: Sequence[Path],
    target: Path,
    pause: Callable[[], None] = lambda: None,
    refuse: Callable[[Path], None] = lambda _: None,
) -> int:
    """Make one file of the workers' files, by the time at which samples ended, and remove theirs.

    Half a line at the end of a part (its process was killed) is left out, and so is what is no row; a part with such a
    line stays where it is.

    Args:
        parts: The workers' files.
        target: Replaced when it exists.
        pause: Called now and then, to let an event loop go on.
        refuse: Told of each line that is no row, by its file.

    Returns:
        How many rows there are.

    Raises:
        OSError: The merged file could not be written; the parts are still there.
    """
    count, damaged = 0, set()

    def skip(part: Path) -> None:
        damaged.add(part)
        refuse(part)

    with replacing(target) as file:
        file.write(HEADER.encode())
        for _, line in heapq.merge(*(_rows(part, skip) for part in parts), key=itemgetter(0)):
            file.write(line)
            count += 1
            if count % PAUSE_EVERY == 0:
                pause()
    for part in parts:
        if part not in damaged:
            part.unlink()
    return count


def parts_in(folder: Path) -> list[Path]:
    """The workers' files that were not merged yet."""
    return sorted(part for part in folder.glob("samples-*.jtl") if part.is_file())


def _rows(path: Path, refuse: Callable[[Path], None]) -> Iterator[tuple[int, bytes]]:
    """Each row with when its sample ended."""
    with path.open("rb") as file:
        next(file, None)
        for line in file:
            if not line.endswith(b"\n"):
                continue
            try:
                yield _ended_ms(line), line
            except ValueError:
                refuse(path)


def _ended_ms(line: bytes) -> int:
    started, elapsed, _ = line.split(b",", 2)
    return int(started) + int(elapsed)
