from __future__ import annotations

import argparse

import pytest

from harness.sandbox.argument_types import (
    duration_s,
    grace_s,
    own_address,
    port_number,
    positive_rate,
    region_name,
    scope_names,
    whole_seconds,
)


@pytest.mark.parametrize(
    ("text", "seconds"), [("3s", 3), ("500ms", 0.5), ("2m", 120), ("1h", 3600), ("7", 7), ("0.25s", 0.25), (" 3 s ", 3)]
)
def test_durations(text, seconds):
    assert duration_s(text) == seconds


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (duration_s, ""),
        (duration_s, "-1s"),
        (duration_s, "3 weeks"),
        (duration_s, "nan"),
        (whole_seconds, "500ms"),
        (whole_seconds, "0"),
        (whole_seconds, "1.5s"),
        (grace_s, "61s"),
        (grace_s, "500ms"),
        (positive_rate, "0"),
        (positive_rate, "-1"),
        (positive_rate, "inf"),
        (positive_rate, "fast"),
        (region_name, "narnia"),
        (scope_names, ""),
        (scope_names, "read"),
        (region_name, "us-east-1_abc"),
        (port_number, "65536"),
        (port_number, "-1"),
        (port_number, "http"),
        (own_address, "0.0.0.0"),  # noqa: S104  # the point of it
        (own_address, "::"),
        (own_address, ""),
        (own_address, "http://sandbox"),
    ],
)
def test_what_makes_no_sense_is_refused_with_an_example(parse, text):
    with pytest.raises(argparse.ArgumentTypeError, match=r"write|which is"):
        parse(text)


def test_what_makes_sense_is_taken():
    assert (whole_seconds("2m"), positive_rate("120"), port_number("0")) == (120, 120.0, 0)
    assert scope_names("api/read, https://x.example/write") == ("api/read", "https://x.example/write")
    assert [grace_s(text) for text in ("0s", "1m")] == [0, 60]
    assert [region_name(name) for name in ("us-east-1", "us-gov-west-1")] == ["us-east-1", "us-gov-west-1"]
