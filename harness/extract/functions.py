"""Jayway's path functions, as filters use them: `[?(@.items.length() > 2)]`.

Source: json-path 2.9.0, `internal.function`. Those with arguments (concat, append, index) and keys, first, last and
stddev are left out, as is a function that does not end its path, or ends one that begins with `..` (Jayway counts in
the whole document then); JMeter takes none of them at the end of its own path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType

from harness.extract.syntax import PathError


def _length(value: object) -> int | None:
    return len(value) if isinstance(value, dict | list) else None


def _over_numbers(aggregate: Callable[[list[float]], float]) -> Callable[[object], float]:
    def apply(value: object) -> float:
        elements = value if isinstance(value, list) else []
        numbers = [float(n) for n in elements if isinstance(n, int | float | Decimal) and not isinstance(n, bool)]
        if not numbers:
            raise PathError("an aggregation over no numbers")
        return aggregate(numbers)

    return apply


FUNCTIONS: Mapping[str, Callable[[object], object]] = MappingProxyType(
    {
        "length": _length,
        "size": _length,
        "min": _over_numbers(min),
        "max": _over_numbers(max),
        "sum": _over_numbers(sum),
        "avg": _over_numbers(lambda numbers: sum(numbers) / len(numbers)),
    },
)
