"""Numbers for people: three significant digits, thousands set apart, a dash where there is no data."""

from __future__ import annotations

import math
from dataclasses import dataclass

_SECONDS_FROM_MS = 10_000
"""From 10 s on, a latency is shown in seconds."""
_MOST_DECIMALS = 4
_MINUTE_S = 60
_HOUR_S = 3_600


@dataclass(frozen=True, slots=True)
class Numbers:
    """How numbers are set.

    The plain form has nothing but ASCII; the other one a thin space (U+2009) and an en dash, as in print.
    """

    thousands: str = " "
    no_data: str = "-"

    @classmethod
    def typeset(cls) -> Numbers:
        """The form for media that speak UTF-8."""
        return cls(thousands="\u2009", no_data="\u2013")

    def count(self, number: int) -> str:
        """Every digit of a count: `12 480`."""
        return f"{number:,}".replace(",", self.thousands)

    def significant(self, value: float | None) -> str:
        """Three significant digits: `0.842`, `84.2`, `8 420`."""
        if value is None:
            return self.no_data
        rounded = float(f"{value:.3g}")
        if not rounded:
            return "0"
        decimals = min(max(2 - math.floor(math.log10(abs(rounded))), 0), _MOST_DECIMALS)
        return f"{rounded:,.{decimals}f}".replace(",", self.thousands)

    def milliseconds(self, us: float | None) -> str:
        """A latency for a column of milliseconds, from microseconds; from 10 s on in seconds, and it says so."""
        if us is None:
            return self.no_data
        ms = float(f"{us / 1_000:.3g}")
        return self.significant(ms) if ms < _SECONDS_FROM_MS else f"{self.significant(ms / 1_000)} s"

    def percent(self, share: float | None) -> str:
        """A share of 1 for a column of percent, one digit; what is not 0 or 100 never looks like it."""
        if share is None:
            return self.no_data
        text = f"{share * 100:.1f}"
        if text == "0.0" and share > 0:
            return "<0.1"
        return ">99.9" if text == "100.0" and share < 1 else text

    def duration(self, seconds: float) -> str:
        """How long something took: `8.25 s`, `12 min 5 s`, `3 h 20 min`."""
        if seconds < 2 * _MINUTE_S:
            return f"{self.significant(seconds)} s"
        whole = round(seconds)
        if whole < 2 * _HOUR_S:
            return f"{whole // _MINUTE_S} min {whole % _MINUTE_S} s"
        return f"{whole // _HOUR_S} h {whole % _HOUR_S // _MINUTE_S} min"
