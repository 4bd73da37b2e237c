"""Request validation, generated from botocore's service model.

The model is the one that every boto3 carries, so a member that Amazon adds is checked here after the next update
without a line changed. Texts are the service's: `1 validation error detected: Value 'x' at 'userPoolId' failed to
satisfy constraint: Member must ...`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from botocore.loaders import Loader

SERVICE = "cognito-idp"

_LAST_ASSIGNED = 0x33500
"""No letter, mark, symbol, number or punctuation lies between here and `_VARIATION_SELECTORS` (Unicode 16)."""
_VARIATION_SELECTORS = range(0xE0100, 0xE01F0)

Check = Callable[[Any, str, list[str]], None]
"""Checks a value that stands at a path, and adds what is wrong with it to a list."""


class ServiceModel:
    """What a well-formed request of each operation looks like."""

    def __init__(self) -> None:
        model: Mapping[str, Any] = Loader().load_service_model(SERVICE, "service-2")
        self._shapes: Mapping[str, Any] = model["shapes"]
        self._operations: Mapping[str, Any] = model["operations"]
        self._checks: dict[str, Check] = {}

    def knows(self, operation: str) -> bool:
        """Whether the service has this operation."""
        return operation in self._operations

    def is_public(self, operation: str) -> bool:
        """Whether the operation is open to callers without AWS credentials."""
        return bool(self._operations[operation].get("authtype") == "none")

    def problem(self, operation: str, parameters: Mapping[str, Any]) -> str:
        """Everything that is wrong with a request, in the service's words; empty when nothing is.

        Members that the model does not know are ignored, as the service does.
        """
        problems: list[str] = []
        self._check(self._operations[operation]["input"]["shape"])(parameters, "", problems)
        if not problems:
            return ""
        errors = "error" if len(problems) == 1 else "errors"
        return f"{len(problems)} validation {errors} detected: {'; '.join(problems)}"

    def _check(self, shape_name: str) -> Check:
        check = self._checks.get(shape_name)
        if check is None:
            shape = self._shapes[shape_name]
            build = {"structure": self._structure, "list": self._list, "map": self._map}.get(shape["type"], _scalar)
            check = self._checks[shape_name] = build(shape)
        return check

    def _structure(self, shape: Mapping[str, Any]) -> Check:
        required = frozenset(shape.get("required", ()))
        members = {name: (member["shape"], name[0].lower() + name[1:]) for name, member in shape["members"].items()}

        def check(value: Any, path: str, problems: list[str]) -> None:  # noqa: ANN401  # whatever JSON holds
            if not isinstance(value, dict):
                problems.append(_failure(shape, value, path, "Member must be a structure"))
                return
            for name, (shape_name, label) in members.items():
                member = value.get(name)
                where = f"{path}.{label}" if path else label
                if member is not None:
                    self._check(shape_name)(member, where, problems)
                elif name in required:
                    problems.append(f"Value null at '{where}' failed to satisfy constraint: Member must not be null")

        return check

    def _list(self, shape: Mapping[str, Any]) -> Check:
        limits = _limits(shape, "length")
        member_shape = shape["member"]["shape"]

        def check(value: Any, path: str, problems: list[str]) -> None:  # noqa: ANN401  # whatever JSON holds
            if not isinstance(value, list):
                problems.append(_failure(shape, value, path, "Member must be a list"))
                return
            problems.extend(_failure(shape, value, path, text) for text in limits(len(value)))
            for number, member in enumerate(value, start=1):
                self._check(member_shape)(member, f"{path}.{number}.member", problems)

        return check

    def _map(self, shape: Mapping[str, Any]) -> Check:
        limits = _limits(shape, "length")
        value_shape = shape["value"]["shape"]

        def check(value: Any, path: str, problems: list[str]) -> None:  # noqa: ANN401  # whatever JSON holds
            if not isinstance(value, dict):
                problems.append(_failure(shape, value, path, "Member must be a map"))
                return
            problems.extend(_failure(shape, value, path, text) for text in limits(len(value)))
            for key, member in value.items():
                self._check(value_shape)(member, f"{path}.{key}.member", problems)

        return check


def _scalar(shape: Mapping[str, Any]) -> Check:
    python_types, type_name = _SCALARS[shape["type"]]
    limits = _limits(shape, "length" if str in python_types else "value")
    pattern, values = shape.get("pattern"), shape.get("enum")
    is_limited = "min" in shape or "max" in shape

    def check(value: Any, path: str, problems: list[str]) -> None:  # noqa: ANN401  # whatever JSON holds
        if type(value) not in python_types:
            problems.append(_failure(shape, value, path, f"Member must be {type_name}"))
            return
        if values is not None and value not in values:
            listed = ", ".join(values)
            problems.append(_failure(shape, value, path, f"Member must satisfy enum value set: [{listed}]"))
        if pattern is not None and not _compiled(pattern).fullmatch(value):
            text = f"Member must satisfy regular expression pattern: {pattern}"
            problems.append(_failure(shape, value, path, text))
        if is_limited:
            size = len(value) if isinstance(value, str) else value
            problems.extend(_failure(shape, value, path, text) for text in limits(size))

    return check


_SCALARS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "string": ((str,), "a string"),
    "blob": ((str,), "a string"),
    "boolean": ((bool,), "a boolean"),
    "integer": ((int,), "an integer"),
    "long": ((int,), "an integer"),
    "timestamp": ((int, float), "a number of seconds"),
}


def _limits(shape: Mapping[str, Any], what: str) -> Callable[[int], list[str]]:
    low, high = shape.get("min"), shape.get("max")

    def broken(size: int) -> list[str]:
        texts = []
        if low is not None and size < low:
            texts.append(f"Member must have {what} greater than or equal to {low}")
        if high is not None and size > high:
            texts.append(f"Member must have {what} less than or equal to {high}")
        return texts

    return broken


def _failure(shape: Mapping[str, Any], value: object, path: str, text: str) -> str:
    """One failure; the value is named only where the model does not call it sensitive."""
    shown = "Value" if shape.get("sensitive") or not isinstance(value, str | int) else f"Value '{value}'"
    return f"{shown} at '{path}' failed to satisfy constraint: {text}"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of the model, which is Java's: ASCII classes, and Unicode properties that `re` does not have."""
    return re.compile(re.sub(r"\\p\{(\w)\}", lambda found: _category(found[1]), pattern), re.ASCII)


@cache
def _category(initial: str) -> str:
    r"""The inside of a character class that means `\p{initial}`."""
    ranges: list[list[int]] = []
    for code in (*range(_LAST_ASSIGNED), *_VARIATION_SELECTORS):
        if unicodedata.category(chr(code))[0] == initial:
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)
