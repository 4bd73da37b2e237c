"""Files that are written whole or not at all."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from harness.files import replacing, write_whole


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kept.json"


def test_a_fault_in_the_middle_leaves_the_old_file_and_no_rest(path: Path) -> None:
    write_whole(path, "old")
    with pytest.raises(TypeError), replacing(path) as file:
        file.writelines([b"ne", None])  # type: ignore[list-item]
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


def test_what_a_killed_process_left_is_no_obstacle_and_lends_no_mode(path: Path) -> None:
    rest = path.with_suffix(".part.json")
    rest.write_text("half")
    rest.chmod(0o666)
    write_whole(path, "whole", mode=0o600)
    assert path.read_text() == "whole"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not rest.exists()


def test_what_utf_8_cannot_say_stands_as_an_escape(path: Path) -> None:
    write_whole(path, "name \udc80", is_lasting=True)
    assert path.read_text() == "name \\udc80"
