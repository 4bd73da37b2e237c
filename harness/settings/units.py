"""Durations and numbers as people write them."""

from __future__ import annotations

import re
from math import isfinite
from typing import Final

_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|)")
_SIZE: Final = re.compile(r"(\d{1,15}(?:\.\d{1,15})?) ?((?:[kmg]i?)?b|)", re.IGNORECASE)
_SIZES: Final = {
    "": 1,
    "b": 1,
    "kb": 1000,
    "mb": 1000**2,
    "gb": 1000**3,
    "kib": 1024,
    "mib": 1024**2,
    "gib": 1024**3,
}
_UNITS_S: Final = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "h": 3600.0}


def seconds(text: str) -> float | None:
    """`30s`, `2m`, `1h`, `500ms` or plain seconds, in seconds; None when it is no duration."""
    found = _DURATION.fullmatch(text)
    return float(found[1]) * _UNITS_S[found[2]] if found else None


def share(text: str, *, may_be_all: bool = False) -> float | None:
    """`50%`, as a share of 1; None when it is no percentage from 0 to less than 100, or to 100 where it may be all."""
    percent = number(text.removesuffix("%")) if text.endswith("%") else None
    if percent is None or not (0 <= percent < 100 or (may_be_all and percent == 100)):  # noqa: PLR2004  # per cent
        return None
    return percent / 100


def size_bytes(text: str) -> int | None:
    """`64MiB`, `10MB`, `512KiB`, `4kB` or plain bytes, in bytes; None when it is no size."""
    found = _SIZE.fullmatch(text)
    return round(float(found[1]) * _SIZES[found[2].lower()]) if found else None


def number(text: str) -> float | None:
    """A finite number; None when it is none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None


def whole(text: str) -> int | None:
    """A number of things, from 0; None when it is none, or one of more digits than Python reads."""
    try:
        return int(text) if text.isdecimal() else None
    except ValueError:
        return None
