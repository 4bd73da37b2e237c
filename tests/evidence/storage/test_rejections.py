"""Rejected accounts on disk and in memory."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.evidence.storage.record import Facts, Record
from harness.evidence.storage.rejections import (
    MOST_KEPT,
    Rejected,
    Rejections,
    from_csv,
    header,
    inert,
    restored,
    to_csv,
)

WORDS = "Incorrect username or password."
CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), max_size=20)


@pytest.fixture
def some():
    return [Rejected(line, f"user-{line}", "NotAuthorizedException", WORDS) for line in range(2, 3 * MOST_KEPT)]


@given(st.lists(st.builds(Rejected, st.integers(1, 10**6), CELLS, CELLS, CELLS), max_size=5))
def test_what_is_written_is_read_and_no_cell_is_a_formula(accounts):
    text = header() + to_csv(accounts)
    assert list(from_csv(io.StringIO(text, newline=""))) == accounts
    cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t"))]


@pytest.mark.parametrize("name", ["+4912345", "=1+1", "-x", "@handle", "'quoted", "''=", "plain", ""])
def test_a_name_comes_back_as_it_was(name):
    assert restored(inert(name)) == name


def test_a_line_that_is_none_is_told():
    refused = []
    lines = [header(), "a,b,c,d\n", "a,1,x,y\n", "a,1\n", '"' + "x" * 200_000 + "\n"]
    assert list(from_csv(lines, lambda: refused.append(1))) == [Rejected(1, "a", "x", "y")]
    assert len(refused) == 3


def test_memory_is_bounded_and_the_first_lines_stay(some):
    kept = Rejections()
    for each in reversed(some):
        kept.add([each])
    assert kept.count == len(some)
    assert kept.first == some[:MOST_KEPT]
    assert kept.reasons == {f"NotAuthorizedException: {WORDS}": len(some)}


def test_the_record_has_a_file_of_them_only_when_there_is_one(tmp_path, some):
    record = Record(Facts("run", 0.0), tmp_path, pytest.fail)
    record.reject([])
    assert not (tmp_path / "rejected.csv").exists()
    record.reject(some[:1])
    record.reject(some[1:2])
    assert (tmp_path / "rejected.csv").read_text() == header() + to_csv(some[:2])
