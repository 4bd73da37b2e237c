"""Files read whole, so they have to end and to fit into memory; files written whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

MIB: Final = 1024 * 1024


class UnreadableError(OSError):
    """A file that could be read, and is not: `strerror` says why, as for any other."""

    def __init__(self, why: str) -> None:
        super().__init__(errno.EFBIG, why)


def read_bytes(path: Path, most: int) -> bytes:
    """All of a regular file.

    Args:
        path: The file. A pipe would be empty when it is read again, and a device need not end.
        most: How many bytes it may have; more would fill the memory.

    Raises:
        OSError: It cannot be read, is no regular file, or is larger.
    """
    found = path.stat()
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):  # of a folder the reading says it
        raise UnreadableError("a pipe or a device, expected a file")
    if found.st_size > most:
        raise UnreadableError(f"{found.st_size / MIB:,.0f} MiB, over the limit of {most / MIB:,.0f} MiB")
    return path.read_bytes()


@contextmanager
def replacing(path: Path, *, mode: int = 0o666, is_lasting: bool = False) -> Iterator[IO[bytes]]:
    """Write a file anew: a reader sees the old one or the whole new one, and a fault leaves the old one alone.

    Args:
        path: The file, made where there is none.
        mode: Its permissions from the first byte on, less the process's umask.
        is_lasting: Whether it has to outlive a machine that stops: it is with the disk, and not only with the system.

    Raises:
        OSError: It cannot be written.
    """
    scratch = path.with_suffix(f".part{path.suffix}")  # users.dev.part.csv: what ignores the one ignores the other
    scratch.unlink(missing_ok=True)  # of a process that was killed; its mode may be another
    try:
        with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            yield file
            if is_lasting:
                file.flush()
                os.fsync(file.fileno())
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)


def write_whole(path: Path, text: str, *, mode: int = 0o666, is_lasting: bool = False) -> None:
    """Write a text in UTF-8 as `replacing` does; what UTF-8 has no bytes for stands as an escape."""
    with replacing(path, mode=mode, is_lasting=is_lasting) as file:
        file.write(text.encode("utf-8", "backslashreplace"))
