from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.evidence.reports.numbers import Numbers

PLAIN = Numbers()


@pytest.mark.parametrize(
    ("us", "text"),
    [
        (None, "-"),
        (0, "0"),
        (1, "0.0010"),
        (842, "0.842"),
        (999.9, "1.00"),
        (8_424, "8.42"),
        (84_240, "84.2"),
        (842_400, "842"),
        (999_600, "1 000"),
        (8_424_000, "8 420"),
        (9_994_000, "9 990"),
        (9_996_000, "10.0 s"),
        (13_400_000, "13.4 s"),
        (3_600_000_000, "3 600 s"),
    ],
)
def test_a_latency_has_three_significant_digits(us: float | None, text: str):
    assert PLAIN.milliseconds(us) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(None, "-"), (0.0, "0.0"), (0.0001, "<0.1"), (0.0005, "0.1"), (0.123, "12.3"), (0.9999, ">99.9"), (1.0, "100.0")],
)
def test_a_share_never_looks_like_none_or_all_of_it_when_it_is_not(share: float | None, text: str):
    assert PLAIN.percent(share) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (8.254, "8.25 s"), (60.02, "60.0 s"), (119, "119 s"), (725, "12 min 5 s"), (12_000, "3 h 20 min")],
)
def test_a_duration_reads_as_people_say_it(seconds: float, text: str):
    assert PLAIN.duration(seconds) == text


def test_a_count_has_all_its_digits():
    assert PLAIN.count(1_248_012) == "1 248 012"


def test_in_print_thousands_have_a_thin_space_and_nothing_an_en_dash():
    numbers = Numbers.typeset()
    assert (numbers.count(12_480), numbers.milliseconds(None)) == ("12\u2009480", "\u2013")


@given(st.floats(0.1, 1e7))
def test_what_is_shown_is_within_half_a_unit_of_the_third_digit(value: float):
    shown = float(PLAIN.significant(value).replace(" ", ""))
    assert shown == pytest.approx(value, rel=0.0051)
