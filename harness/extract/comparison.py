"""What the operators of a Jayway filter say of two values.

Values are those of a document, UNDEFINED where a path found nothing, a compiled regular expression, or a `JsonLiteral`
that was written in the filter. `InvalidPathError` makes the filter false, another `PathError` ends the search.

Source: json-path 2.9.0, `internal.filter.EvaluatorFactory` and `ValueNodes`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from jsonpath.filter import UNDEFINED

from harness.extract.java import decimal_text, double_text, utf16
from harness.extract.syntax import InvalidPathError, PathError, unescape

_BIG_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class JsonLiteral:
    """An array or object written in a filter: Jayway compares its text in one place and its content in others."""

    text: str
    value: object


def compare(left: object, operator: str, right: object) -> bool:
    """Whether `left operator right` holds; operators that are words are written in capitals.

    Raises:
        PathError: The operator cannot be applied to these values.
    """
    return OPERATORS[operator](left, right)


def _kind(value: object) -> str:
    if value is UNDEFINED:
        return "undefined"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int | float | Decimal):
        return "number"
    return "pattern" if isinstance(value, re.Pattern) else "json"


def _content(value: object) -> object:
    return value.value if isinstance(value, JsonLiteral) else value


def _decimal(value: object) -> Decimal:
    if isinstance(value, Decimal):
        return value
    text = double_text(value) if isinstance(value, float) else str(value)
    if not _BIG_DECIMAL.fullmatch(text):
        raise PathError(f"{text} is no BigDecimal")
    return Decimal(text)


def _equal(left: object, right: object) -> bool:
    match _kind(left), _kind(right):
        case "json", "json":
            return not isinstance(left, JsonLiteral) and _same_json(left, _content(right))
        case "number", "number":
            return _decimal(left) == _decimal(right)
        case "number", "string":
            return bool(_BIG_DECIMAL.fullmatch(str(right))) and _decimal(left) == _decimal(right)
        case "string", "number":
            return left == decimal_text(_decimal(right))
        case ("undefined" | "pattern", _) | (_, "undefined" | "pattern"):
            return False
        case left_kind, right_kind:
            return left_kind == right_kind and left == right


def _same_json(left: object, right: object) -> bool:
    """Java's equals: 1, 1.0 and a BigDecimal 1.00 are three different things."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same_json(left[name], right[name]) for name in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same_json, left, right))
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return left.as_tuple() == right.as_tuple()
    return type(left) is type(right) and left == right


def _elements(value: object) -> list[object] | None:
    """The elements to look into; None where Jayway finds an object."""
    if _kind(value) != "json":
        raise InvalidPathError("expected a list")
    content = _content(value)
    return [_element(element) for element in content] if isinstance(content, list) else None


def _element(value: object) -> object:
    """Jayway reads strings in a list as if they stood in a filter: without their quotes and backslashes."""
    if isinstance(value, dict | list):
        raise PathError("a list in a filter cannot hold objects or lists")
    if not isinstance(value, str):
        return value
    is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return unescape(value[1:-1] if is_quoted else value) if len(value) > 1 else value


def _is_in(left: object, right: object) -> bool:
    elements = _elements(right)
    return elements is not None and _holds(elements, left)


def _holds(elements: list[object], value: object) -> bool:
    return any(_equal(value, element) for element in elements)


def _contains(left: object, right: object) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return right in left
    return _kind(left) == "json" and _is_in(right, left)


def _is_subset(left: object, right: object) -> bool:
    outer, inner = _elements(right), None
    if outer is not None:
        inner = _elements(left)
    return inner is not None and outer is not None and all(_holds(outer, element) for element in inner)


def _shares(left: object, right: object, *, expected: bool) -> bool:
    others = _elements(right)
    if others is None:
        return False
    elements = _elements(left)
    return elements is not None and expected == any(_holds(others, element) for element in elements)


def _has_size(left: object, right: object) -> bool:
    if _kind(right) != "number":
        return False
    content = _content(left)
    if isinstance(content, str):
        return len(utf16(content)) // 2 == int(_decimal(right))
    return _kind(left) == "json" and (len(content) if isinstance(content, list) else -1) == int(_decimal(right))


def _is_empty(left: object, right: object) -> bool:
    content = _content(left)
    if not isinstance(content, str | list | dict):
        return False
    if isinstance(content, dict):
        raise PathError("an object is neither empty nor not")
    return _boolean(right) == (not content)


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidPathError("expected true or false")
    return value


def _exists(left: object, right: object) -> bool:
    if not isinstance(left, bool) and not isinstance(right, bool):
        raise PathError("nothing to check the existence of")
    return _boolean(left) == _boolean(right)


def _matches(left: object, right: object) -> bool:
    pattern, subject = (left, right) if isinstance(left, re.Pattern) else (right, left)
    if not isinstance(pattern, re.Pattern) or isinstance(subject, re.Pattern):
        return False
    if _kind(subject) == "json" and (elements := _elements(subject)) is not None:
        return any(pattern.fullmatch(_input(element)) for element in elements)
    return pattern.fullmatch(_input(subject)) is not None


def _input(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return decimal_text(_decimal(value)) if _kind(value) == "number" else ""


def _in_order(accepts: Callable[[int], bool]) -> Callable[[object, object], bool]:
    def apply(left: object, right: object) -> bool:
        a: Decimal | bytes
        b: Decimal | bytes
        match _kind(left), _kind(right):
            case "number", "number":
                a, b = _decimal(left), _decimal(right)
                return accepts((a > b) - (a < b))
            case "string", "string":
                a, b = utf16(str(left)), utf16(str(right))
                return accepts((a > b) - (a < b))
            case _:
                return False

    return apply


def _never(_left: object, _right: object) -> bool:
    """Operators that only Java code can use: their right side cannot be written in a path."""
    raise InvalidPathError("not for paths")


OPERATORS: Mapping[str, Callable[[object, object], bool]] = MappingProxyType(
    {
        "==": _equal,
        "!=": lambda left, right: not _equal(left, right),
        "===": lambda left, right: _kind(left) == _kind(right) and _equal(left, right),
        "!==": lambda left, right: _kind(left) != _kind(right) or not _equal(left, right),
        "<": _in_order(lambda order: order < 0),
        "<=": _in_order(lambda order: order <= 0),
        ">": _in_order(lambda order: order > 0),
        ">=": _in_order(lambda order: order >= 0),
        "=~": _matches,
        "IN": _is_in,
        "NIN": lambda left, right: not _is_in(left, right),
        "CONTAINS": _contains,
        "SUBSETOF": _is_subset,
        "ANYOF": lambda left, right: _shares(left, right, expected=True),
        "NONEOF": lambda left, right: _shares(left, right, expected=False),
        "SIZE": _has_size,
        "EMPTY": _is_empty,
        "EXISTS": _exists,
        "ALL": _never,
        "TYPE": _never,
        "MATCHES": _never,
    },
)
