"""Files that a user names: each option that takes one, with what is no file or too large."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.errors import ConfigurationError
from harness.evidence.judging import baseline
from harness.evidence.judging.gate_sources import gather
from harness.files import read_bytes
from harness.transport import tls_context


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """Reading it would wait for ever."""
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


def said_of(option: str, path: Path) -> str:
    try:
        if option == "--cognito-ca-bundle":
            tls_context(str(path))
        elif option == "--baseline":
            baseline.read(path)
        else:
            return "".join(problem.message for problem in gather("", str(path), path.parent).problems)
    except ConfigurationError as error:
        return error.message
    return ""


@pytest.mark.parametrize("option", ["--cognito-ca-bundle", "--baseline", "--gate-file"])
def test_what_is_no_file_is_a_fault(option: str, pipe: Path, tmp_path: Path) -> None:
    missing = tmp_path / "nowhere"
    for path in (pipe, Path("/dev/zero"), tmp_path, missing, tmp_path / ("x" * 5_000)):
        assert str(path) in said_of(option, path)
    assert "a pipe or a device" in said_of(option, pipe)


def test_a_file_over_its_limit_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "large"
    with file.open("wb") as out:
        out.truncate(3 * 1024 * 1024)
    with pytest.raises(OSError, match="3 MiB, over the limit of 2 MiB"):
        read_bytes(file, 2 * 1024 * 1024)
    assert "over the limit of 1 MiB" in said_of("--gate-file", file)
    assert len(read_bytes(file, 3 * 1024 * 1024)) == 3 * 1024 * 1024


@pytest.mark.parametrize("text", ["", "# nothing but a comment\n\n"])
def test_a_gate_file_without_a_gate_is_a_fault(tmp_path: Path, text: str) -> None:
    """A run without the gates that were asked for would be green."""
    (tmp_path / "gates").write_text(text)
    assert said_of("--gate-file", tmp_path / "gates").endswith("holds no gate")


def test_gates_that_are_none_are_a_fault(tmp_path: Path) -> None:
    assert [problem.message for problem in gather(" ; ", "", tmp_path).problems] == ["--gate ' ; ' holds no gate"]
