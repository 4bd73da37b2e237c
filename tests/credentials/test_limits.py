"""What a users file may have at most: refused before memory grows."""

from __future__ import annotations

import os

import pytest

from harness.credentials import CsvDataSet, columns, read, records, text, users_file
from harness.errors import ConfigurationError

HEAD = "username,password\n"


@pytest.fixture
def fault_of(tmp_path, monkeypatch):
    """The only message about a file with this text."""
    monkeypatch.chdir(tmp_path)

    def read_it(content: str, **data_set) -> str:
        (tmp_path / "u.csv").write_text(content)
        with pytest.raises(ConfigurationError) as caught:
            read(CsvDataSet("u.csv", **data_set))
        [problem] = caught.value.problems
        assert problem.hint
        return problem.message

    return read_it


def test_twenty_thousand_columns(fault_of):
    header = ",".join(["username", "password", *(f"c{number}" for number in range(20_000))])
    assert fault_of(f"{header}\na,p{',x' * 20_000}\n") == "u.csv, line 1: 20,002 columns, over the limit of 1,000"
    names = ",".join(["username", "password", *(f"c{number}" for number in range(columns.MOST_COLUMNS))])
    assert "over the limit of 1,000" in fault_of("a,p\n", variable_names=names)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (f"{HEAD}a,p\n{'x' * records.LONGEST_LINE},p\n", 3),
        (f"{HEAD}a,p\nb,p{',' * records.LONGEST_LINE}\n", 3),
        (f"username,password{',' * records.LONGEST_LINE}\n", 1),
        (f'{HEAD}a,"{"x" * 40}{chr(10) * records.LONGEST_LINE}y"\n', 2),
    ],
    ids=["a value", "delimiters", "the header", "quoted line ends"],
)
def test_a_line_of_a_mebibyte(fault_of, content, line):
    found = fault_of(content)
    assert found.startswith(f"u.csv, line {line}, column 1")
    assert "characters, over the limit of 1,048,576" in found


def test_more_accounts_than_a_process_can_hold(fault_of, monkeypatch):
    monkeypatch.setattr(users_file, "MOST_ROWS", 3)
    assert fault_of(HEAD + "".join(f"user-{number},p\n" for number in range(9))) == (
        "u.csv: more than 3 accounts, which is the limit"
    )


def test_a_file_larger_than_memory_is_not_read(fault_of, monkeypatch):
    monkeypatch.setattr(text, "MOST_BYTES", 1024 * 1024)
    assert fault_of(HEAD + "x" * 2 * 1024 * 1024) == "u.csv: is 2 MiB, over the limit of 1 MiB"


def test_pipes_and_devices_are_no_files(tmp_path):
    """One would be empty when it is read again, the other never ends."""
    os.mkfifo(tmp_path / "pipe")
    for path in (str(tmp_path / "pipe"), "/dev/zero", "/dev/null"):
        with pytest.raises(ConfigurationError, match="is a pipe or a device, expected a file"):
            read(CsvDataSet(path))


def test_of_a_million_faulty_lines_a_thousand_are_kept(tmp_path):
    (tmp_path / "u.csv").write_text(HEAD + "x\n" * 20_000)
    with pytest.raises(ConfigurationError) as caught:
        read(CsvDataSet(str(tmp_path / "u.csv")))
    assert str(caught.value.problems[-1]).endswith("19990 more faults")
