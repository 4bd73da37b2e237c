from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from harness.credentials.faults import Faults
from harness.files import MIB, UnreadableError, read_bytes

REPLACEMENT = "\ufffd"
"""Stands where a bad byte was, so that the rest of the file can be checked in the same go."""
LINE_END = re.compile(r"\r\n?|\n")
"""What ends a line for Java's BufferedReader and for RFC 4180; Python's `splitlines` knows seven more."""

MOST_BYTES = 256 * MIB
"""Two million accounts of 128 bytes; each process keeps the text."""

_MARKS_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ZIP = b"PK\x03\x04"
"""How an .xlsx or .ods file begins."""


def read_text(path: str, encoding: str, faults: Faults) -> str | None:
    """The file's characters, or None with the reason among the faults.

    With a fault per bad byte (the first of each line), the text comes all the same, with `REPLACEMENT` in its place.
    """
    data = _bytes(path, faults)
    if data is None or _is_no_text(data, encoding, faults):
        return None
    content = data.removeprefix(codecs.BOM_UTF8)
    codec = encoding or "utf-8"
    try:
        text = content.decode(codec)
        text.encode()  # half a surrogate pair gets through some codecs, and would fail in a login
    except LookupError:
        faults.add(f"unknown encoding {encoding!r}", "Use a name that Python knows, for example utf-8 or cp1252.")
        return None
    except UnicodeDecodeError as error:
        skipped = len(data) - len(content)
        for line, byte, offset in list(_bad_bytes(content, codec)) or [_place(content, codec, error.start)]:
            faults.add(
                f"byte {byte} of the line (offset {offset + skipped} of the file) is not {codec}",
                "Save the file as UTF-8, or name the encoding it has (Excel: often cp1252).",
                line=line,
            )
        text = content.decode(codec, "replace")
    except ValueError:
        faults.add(f"the file's bytes are not {codec}", "Save the file as UTF-8.")
        return None
    return text.removeprefix("\ufeff")


def _bytes(path: str, faults: Faults) -> bytes | None:
    if not path.strip():
        faults.add("no users file is named", "Set --cognito-users, for example to users.dev.csv.")
        return None
    try:
        return read_bytes(Path(path), MOST_BYTES)
    except FileNotFoundError:
        where = "" if Path(path).is_absolute() else f" in {Path.cwd()}"
        faults.add(
            f"there is no such file{where}",
            "Create it with the columns username and password, or correct --cognito-users.",
        )
    except IsADirectoryError:
        faults.add("is a directory, expected a CSV file", "Name the file in it.")
    except UnreadableError as error:
        faults.add(f"is {error.strerror}", "Name a CSV file with the accounts that the run needs.")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        faults.add(f"cannot be read: {reason}", "Check its permissions.")
    return None


def _is_no_text(data: bytes, encoding: str, faults: Faults) -> bool:
    if data.startswith(_ZIP):
        faults.add("is a spreadsheet or an archive, expected CSV", "Export it as CSV (UTF-8).")
        return True
    if not encoding and (data.startswith(_MARKS_16) or b"\0\0\0" in (data[1:7:2], data[0:6:2])):
        faults.add("is UTF-16, expected UTF-8", "Save the file as UTF-8, or set the encoding to utf-16.")
        return True
    return False


def _bad_bytes(data: bytes, codec: str) -> Iterator[tuple[int, int, int]]:
    """Line, byte within the line (both from 1) and offset (from 0) of the first bad byte of each line.

    Nothing for encodings in which a line does not end in a byte of its own (UTF-16).
    """
    if "\n".encode(codec) != b"\n":
        return
    offset = 0
    for line, content in enumerate(data.splitlines(keepends=True), start=1):
        try:
            content.decode(codec)
        except UnicodeDecodeError as error:
            yield line, error.start + 1, offset + error.start
        offset += len(content)


def _place(data: bytes, codec: str, offset: int) -> tuple[int, int, int]:
    before = data[:offset].decode(codec, "replace")
    ends = list(LINE_END.finditer(before))
    line_start = len(before[: ends[-1].end()].encode(codec)) if ends else 0
    return len(ends) + 1, offset - line_start + 1, offset
