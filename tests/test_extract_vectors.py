"""What the real JMeter answered, row by row; and in jayway.jsonl what its json-path 2.9.0 did, on JDK 17."""

import json
from pathlib import Path

import pytest

from harness.errors import ConfigurationError
from harness.extract import JsonExtractor, PathError, decode, find

VECTORS = Path(__file__).parent / "vectors"
EXCEPTED: dict[int, str] = {}
"""Rows that do not pass, with the reason: none."""


def rows(name):
    return [json.loads(line) for line in (VECTORS / name).read_text(encoding="utf-8").splitlines()]


EXTRACTOR_ROWS = [row for row in rows("json_extractor.jsonl") if not row.get("lenient")]


@pytest.mark.parametrize("row", EXTRACTOR_ROWS, ids=lambda row: f"{row['id']}-{row['paths']}")
def test_extractor_sets_the_variables_that_jmeter_set(row):
    if row["id"] in EXCEPTED:
        pytest.skip(EXCEPTED[row["id"]])
    variables = dict(pair.split("=", 1) for pair in row["pre"])
    fields = row["names"], row["paths"], row["match"], row["defaults"], row["concat"]
    if row["raises"] == "configuration":
        with pytest.raises(ConfigurationError):
            JsonExtractor(*fields)
        return
    JsonExtractor(*fields).apply(row["body"], variables)
    random_ones = row.get("nondeterministic", [])
    assert {name: value for name, value in variables.items() if name not in random_ones} == {
        name: value for name, value in row["vars"].items() if name not in random_ones
    }


def test_no_more_than_two_percent_of_the_rows_are_excepted():
    assert len(EXCEPTED) <= 0.02 * len(EXTRACTOR_ROWS)


@pytest.mark.parametrize("row", rows("jsonpath.jsonl") + rows("jayway.jsonl"), ids=lambda row: row["path"])
def test_path_finds_what_jayway_found(row):
    if row.get("raises"):
        with pytest.raises(PathError):
            find(decode(row["json"]), row["path"])
    else:
        assert find(decode(row["json"]), row["path"]) == row["result"]
