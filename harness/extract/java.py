"""JSON as a Java program holds and prints it: json-smart's numbers and text, the order of a `HashMap`.

Sources: json-smart 2.5.0 (`JSONParserBase.extractFloat`, `JStylerObj.Escape4Web`, `JsonWriter`); `Double.toString` of
JDK 19 and later (the shortest text that reads back as the same number; older ones miss it between 1E20 and 1E24);
`java.util.HashMap` of JDK 8 to 18 (later ones make some tables half as large).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import NoReturn

_DOUBLE_CHARS = 18
"""json-smart keeps a fraction of more characters than this as a BigDecimal."""
_PLAIN_MIN, _PLAIN_MAX = 1e-3, 1e7
"""`Double.toString` writes the numbers between these without an exponent."""
_ESCAPED = re.compile(r'["\\/\x00-\x1f\x7f-\x9f\u2000-\u20ff]')
_ESCAPES = {char: f"\\{letter}" for char, letter in zip('"\\/\b\f\n\r\t', '"\\/bfnrt', strict=True)}
_LOAD_FACTOR = 0.75
_INT_MASK = 0xFFFF_FFFF


def _refuse(literal: str) -> NoReturn:
    message = f"{literal} is no JSON"
    raise ValueError(message)


def _fraction(text: str) -> float | Decimal:
    return Decimal(text) if len(text) > _DOUBLE_CHARS else float(text)


_DECODER = json.JSONDecoder(parse_float=_fraction, parse_constant=_refuse)


def decode(text: str) -> object:
    """The JSON document `text`, read strictly; its numbers are int, float or Decimal, by what their Java text needs.

    A member name that comes twice keeps its first place and its last value, as in Java. Not reproduced: json-smart
    loses U+007F from strings that hold an escape.

    Raises:
        ValueError: This is no JSON, or it is nested too deeply.
    """
    try:
        document: object = _DECODER.decode(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return document


def string_of(value: object) -> str | None:
    """What JMeter makes of a match: a string as it is, null as None, anything else as Java prints it.

    JMeter copies a matched object, but none inside it, into a HashMap: that one loses the order of the document.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, dict):
        return _object_text((name, value[name]) for name in hash_map_order(value))
    if isinstance(value, float):
        return double_text(value)
    return json_text(value)


def json_text(value: object) -> str:
    """The compact JSON that json-smart writes, members in the order of the document, infinite numbers as null."""
    match value:
        case str():
            text = f'"{_ESCAPED.sub(_escape, value)}"'
        case dict():
            text = _object_text(value.items())
        case list():
            text = f"[{','.join(map(json_text, value))}]"
        case bool():
            text = "true" if value else "false"
        case float() if math.isfinite(value):
            text = double_text(value)
        case None | float():
            text = "null"
        case Decimal():
            text = decimal_text(value)
        case _:
            text = str(value)
    return text


def double_text(number: float) -> str:
    """`Double.toString`."""
    if not math.isfinite(number):
        return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(number, "NaN")
    if number == 0 or _PLAIN_MIN <= abs(number) < _PLAIN_MAX:
        return repr(number)
    sign, digits, exponent = _scientific(repr(number))
    if len(digits) == 1:
        # of the texts with two digits Java takes the nearest: Double.MIN_VALUE is 4.9E-324
        sign, digits, exponent = _scientific(f"{number:.1e}")
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{exponent}"


def decimal_text(number: Decimal) -> str:
    """`BigDecimal.toString`, which writes what Python does, but knows no negative zero."""
    return str(number or abs(number))


def hash_map_order(names: Iterable[str]) -> list[str]:
    """The member names in the order in which `new HashMap(map)` iterates.

    Not reproduced: buckets that become trees (nine names that collide in a table of 64 and more).
    """
    in_order = list(names)
    wanted = int(len(in_order) / _LOAD_FACTOR + 1)
    table_size = 1 << (wanted - 1).bit_length()
    return sorted(in_order, key=lambda name: _spread_hash(name) & (table_size - 1))


def utf16(text: str) -> bytes:
    """The text's UTF-16 code units, big-endian: two bytes for each `char` of a Java string, in its order."""
    return text.encode("utf-16-be", "surrogatepass")


def _spread_hash(name: str) -> int:
    units = utf16(name)
    value = 0
    for high, low in zip(units[::2], units[1::2], strict=True):
        value = (31 * value + (high << 8 | low)) & _INT_MASK
    return value ^ value >> 16


def _scientific(text: str) -> tuple[str, str, int]:
    sign, digits, exponent = Decimal(text).normalize().as_tuple()
    return "-" * sign, "".join(map(str, digits)), int(exponent) + len(digits) - 1


def _object_text(members: Iterable[tuple[str, object]]) -> str:
    return f"{{{','.join(f'{json_text(name)}:{json_text(value)}' for name, value in members)}}}"


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    return _ESCAPES.get(char) or f"\\u{ord(char):04X}"
