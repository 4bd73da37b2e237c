"""Files that a user names: read whole, so they have to end, and to fit into memory."""

from __future__ import annotations

import errno
import stat
from pathlib import Path
from typing import Final

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
