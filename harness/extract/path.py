"""A JSONPath as Jayway compiles it, for python-jsonpath to run.

Source: json-path 2.9.0, `internal.path.PathCompiler`, as JMeter's JSON Extractor uses it (`ALWAYS_RETURN_LIST`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import orjson
from jsonpath import JSONPath, JSONPathEnvironment
from jsonpath.exceptions import JSONPathRecursionError
from jsonpath.filter import UNDEFINED, RelativeFilterQuery
from jsonpath.match import JSONPathMatch
from jsonpath.segments import JSONPathChildSegment, JSONPathSegment
from jsonpath.selectors import FilterContext, JSONPathSelector, WildcardSelector

from harness.extract.comparison import compare
from harness.extract.criteria import read_criteria
from harness.extract.functions import FUNCTIONS
from harness.extract.java import string_of
from harness.extract.selectors import NO_TOKEN, Elements, Members, Place, Scan, Slice, Where
from harness.extract.syntax import Cursor, InvalidPathError, MissingPathError, PathError, unescape

_SLICE = re.compile(r"(-?\d+)?:(?::|(-?\d+))?[-\d:]*", re.ASCII)
_INDEXES = re.compile(r"-?\d+(\s*,\s*-?\d+)*", re.ASCII)


class JaywayEnvironment(JSONPathEnvironment):
    """python-jsonpath with Jayway's comparisons."""

    max_recursion_depth = 400
    """json-smart refuses documents that are nested more deeply."""

    def compare(self, left: object, operator: str, right: object) -> bool:
        """What the operator of a filter says of two values."""
        return compare(left, operator, right)


class JaywayPath(JSONPath):
    """A compiled path, good for any number of documents and threads.

    Args:
        text: The path: `$.a.b`, `a.b`, `$..c[?(@.d == 1)]`.
        is_existence_check: It asks for existence, as `@.a` does in `[?(@.a)]`.

    Raises:
        PathError: Jayway cannot read the path.
    """

    __slots__ = ("function", "is_definite", "member_names", "text", "way")

    def __init__(self, text: str, *, is_existence_check: bool = False) -> None:
        env = _ENVIRONMENT
        try:
            steps, self.function = _Reader(text).read()
            segments = list(_link(steps, env, has_function=bool(self.function), is_check=is_existence_check))
        except (IndexError, ValueError, ArithmeticError, RecursionError, re.error) as error:
            raise InvalidPathError(f"{error or 'it ends too early'}") from error
        super().__init__(env=env, segments=segments)
        self.text = text
        self.is_definite = all(step.is_definite for step in steps[:-1]) and (
            not steps or (steps[-1].is_definite if self.function else steps[-1].is_definite_as_leaf)
        )
        self.way = None if self.function else _way(segments)
        """Names and indexes, if the path is nothing but one of these after the other."""
        names = tuple(step for step in self.way or () if isinstance(step, str))
        self.member_names = names if self.way is not None and len(names) == len(self.way) else None
        """The names, if the path is nothing but members by one name each."""

    def select(self, document: object, root: object = None) -> list[object]:
        """The values that match, in Jayway's order.

        Args:
            document: What `$` or `@` at the beginning of the path stands for.
            root: What `$` within a filter stands for, if not the document.

        Raises:
            PathError: The path cannot be applied to this document.
        """
        if self.way is not None:
            return _walk(document, self.way)
        start = JSONPathMatch(
            filter_context={},
            obj=document,
            parent=None,
            path="$",
            parts=(),
            root=document if root is None else root,  # type: ignore[arg-type]  # its type leaves scalars out
        )
        nodes = iter([start])
        for segment in self.segments:
            nodes = iter(segment.resolve(nodes))
        try:
            values = [node.obj for node in nodes]
        except (JSONPathRecursionError, RecursionError) as error:
            raise PathError("the document is nested too deeply") from error
        return values if self.function is None else [FUNCTIONS[self.function](value) for value in values]


class Query(RelativeFilterQuery):
    """A path within a filter: its value, or whether it exists."""

    __slots__ = ("is_existence_check", "jayway_path")

    def __init__(self, text: str, *, is_existence_check: bool = False) -> None:
        self.jayway_path = JaywayPath(text, is_existence_check=is_existence_check)
        self.is_existence_check = is_existence_check
        super().__init__(self.jayway_path)

    def evaluate(self, context: FilterContext) -> object:
        """The value of a definite path, or UNDEFINED; else the list of the values; of a check, whether it exists."""
        path = self.jayway_path
        is_of_root = path.text.startswith("$") and not self.is_existence_check  # Jayway checks both from the element on
        document = context.root if is_of_root else context.current
        try:
            values = path.select(document, context.root)
        except MissingPathError:
            return False if self.is_existence_check else UNDEFINED
        if self.is_existence_check:
            return bool(values) or not path.is_definite
        if path.is_definite:
            return values[-1] if values else UNDEFINED
        return values


def find(document: object, path: str | JaywayPath) -> list[str | None]:
    """The matches of a path in a document, as JMeter's JSON Extractor sees them: strings as Java prints them, or None.

    Raises:
        PathError: The path cannot be read, or cannot be applied to this document.
    """
    compiled = path if isinstance(path, JaywayPath) else JaywayPath(path)
    if document is None:
        raise PathError("the document is null")
    if compiled.function is not None:
        raise PathError("JMeter does not take path functions such as length() at the end of a path")
    try:
        return [string_of(value) for value in compiled.select(document)]
    except MissingPathError:
        return []


def strings_at(text: str, ways: Iterable[tuple[str | int, ...]]) -> list[str] | None:
    """What stands in a JSON text at these names and indexes, when each is a string; None when that is not so.

    By a parser that takes a quarter of the time, and keeps nothing of a number that Java's text of it would need.
    Whatever it does not take or find is for `find`, on what `decode` makes of the text.
    """
    try:
        document = orjson.loads(text)
    except ValueError:
        return None
    strings: list[str] = []
    for way in ways:
        found = _walk(document, way)
        if not found or not isinstance(value := found[0], str):
            return None
        strings.append(value)
    return strings


def _walk(document: object, way: tuple[str | int, ...]) -> list[object]:
    """What the selectors would find, for half of what it costs to make their nodes."""
    value = document
    for step in way:
        if isinstance(step, str):
            if not isinstance(value, dict) or step not in value:
                return []
            value = value[step]
        else:
            if not isinstance(value, list) or not -len(value) <= step < len(value):
                return []
            value = value[step]
    return [value]


def _way(segments: Sequence[JSONPathSegment]) -> tuple[str | int, ...] | None:
    way: list[str | int] = []
    for segment in segments:
        match segment.selectors:
            case (Members(names=(name,)),) if isinstance(segment, JSONPathChildSegment):
                way.append(name)
            case (Elements(indexes=(index,)),) if isinstance(segment, JSONPathChildSegment):
                way.append(index)
            case _:
                return None
    return tuple(way)


@dataclass(frozen=True, slots=True)
class _Step:
    make: Callable[[JSONPathEnvironment, Place], JSONPathSelector] | None
    """None for `..`, which belongs to the step after it."""
    is_definite: bool = False
    is_definite_as_leaf: bool = False


_SCAN = _Step(None)
_WILDCARD = _Step(lambda env, _place: WildcardSelector(env=env, token=NO_TOKEN))


def _names(*names: str) -> _Step:
    return _Step(lambda env, place: Members(env, names, place), len(names) == 1, is_definite_as_leaf=True)


def _link(
    steps: Sequence[_Step], env: JSONPathEnvironment, *, has_function: bool, is_check: bool
) -> Iterator[JSONPathSegment]:
    follows_definite = True
    for index, step in enumerate(steps):
        is_leaf = index == len(steps) - 1 and not has_function
        if step.make is not None:
            selector = step.make(env, Place(follows_definite, is_leaf, is_check))
            if index and steps[index - 1] is _SCAN:
                yield Scan(env, selector)
            else:
                yield JSONPathChildSegment(env=env, token=NO_TOKEN, selectors=(selector,))
        follows_definite = follows_definite and step.is_definite


def _java_int(text: str) -> int:
    number = int(text)
    if not -(2**31) <= number < 2**31:
        raise InvalidPathError(f"{text} is too large for an index")
    return number


class _Reader:
    """PathCompiler: a method for each kind of step, which says whether the step was of its kind."""

    def __init__(self, text: str) -> None:
        if not text.strip(" "):
            raise InvalidPathError("it is empty")
        self.cursor = Cursor((text if text[0] in "$@" else f"$.{text}").rstrip(" "))
        self.steps: list[_Step] = []
        self.function: str | None = None

    def read(self) -> tuple[list[_Step], str | None]:
        """The steps, and the name of the path function at the end."""
        cursor = self.cursor
        if cursor.text.endswith("."):
            raise InvalidPathError("it must not end with '.' or '..'")
        if not cursor.is_at_tail:
            cursor.pos = 1
            if cursor.char not in ".[":
                raise InvalidPathError(f"found {cursor.char!r} behind {cursor.text[0]!r}, expected '.' or '['")
            self._read_step()
            while not cursor.is_at_tail:
                self._read_step()
        return self.steps, self.function

    def _read_step(self) -> None:
        if self.function:
            raise InvalidPathError(f"{self.function}() must be the end of the path")
        cursor = self.cursor
        if cursor.char == ".":
            self._read_dots()
        if cursor.char == "*":
            cursor.pos += 1
            self.steps.append(_WILDCARD)
        elif cursor.char != "[":
            self._read_name()
        elif not (self._read_quoted_names() or self._read_array() or self._read_wildcard() or self._read_filter()):
            raise InvalidPathError(f"found {cursor.text[cursor.pos :]!r}, expected ?(…), a quoted name, an index or *")

    def _read_dots(self) -> None:
        cursor = self.cursor
        cursor.pos += 1
        if cursor.char == ".":
            cursor.pos += 1
            self.steps.append(_SCAN)
        if cursor.char == ".":
            raise InvalidPathError("too many dots")

    def _read_name(self) -> None:
        cursor = self.cursor
        name = cursor.read_while(lambda char: char not in ". [(")
        if cursor.within() and cursor.char == " ":
            raise InvalidPathError("a name with a blank in it must be written as ['my name']")
        if cursor.within() and cursor.char == "(":
            closing = cursor.index_of_closing(cursor.pos, "()", skip_regex=False)
            if closing < 0:
                raise InvalidPathError(f"the arguments of {name}() are not closed")
            if name not in FUNCTIONS or cursor.text[cursor.pos + 1 : closing].strip():
                raise InvalidPathError(f"found {name}(…), expected one of {', '.join(FUNCTIONS)} without arguments")
            if self.steps and self.steps[0] is _SCAN:
                raise InvalidPathError(f"{name}() cannot follow a path that begins with '..'")
            self.function = name
            cursor.pos = closing + 1
        else:
            self.steps.append(_names(name))

    def _read_quoted_names(self) -> bool:
        cursor = self.cursor
        if not cursor.next_significant_is("'\""):
            return False
        quote = cursor.at(cursor.next_significant())
        names: list[str] = []
        pos = cursor.next_significant()
        while cursor.at(pos) == quote:
            closing = cursor.index_of_unescaped(quote, pos)
            if closing < 0 or not cursor.next_significant_is(",]", closing):
                raise InvalidPathError(f"a name must be closed by {quote}, and followed by ',' or ']'")
            names.append(unescape(cursor.text[pos + 1 : closing]))
            pos = cursor.next_significant(closing)
            if cursor.at(pos) == "]":
                self.steps.append(_names(*names))
                cursor.pos = pos + 1
                return True
            pos = cursor.next_significant(pos)
        raise InvalidPathError(f"found {cursor.at(pos)!r} in a list of names, expected {quote}")

    def _read_array(self) -> bool:
        cursor = self.cursor
        closing = cursor.index_of("]", cursor.pos)
        if closing < 0 or not cursor.next_significant_is("0123456789-:"):
            return False
        text = cursor.text[cursor.pos + 1 : closing].strip()
        if bounds := _SLICE.fullmatch(text):
            start, stop = (None if bound is None else _java_int(bound) for bound in bounds.groups())
            if start is None and stop is None:
                raise InvalidPathError(f"the slice [{text}] has no bounds")
            self.steps.append(_Step(lambda env, place: Slice(env, start, stop, place)))
        elif _INDEXES.fullmatch(text):
            indexes = [_java_int(index) for index in text.split(",")]
            is_one = len(indexes) == 1
            self.steps.append(_Step(lambda env, place: Elements(env, indexes, place), is_one, is_one))
        else:
            return False
        cursor.pos = closing + 1
        return True

    def _read_wildcard(self) -> bool:
        cursor = self.cursor
        if not cursor.next_significant_is("*"):
            return False
        star = cursor.next_significant()
        if not cursor.next_significant_is("]", star):
            raise InvalidPathError("[* must be closed by ]")
        cursor.pos = cursor.next_significant(star) + 1
        self.steps.append(_WILDCARD)
        return True

    def _read_filter(self) -> bool:
        cursor = self.cursor
        question_mark = cursor.next_significant()
        if not cursor.next_significant_is("?") or not cursor.next_significant_is("(", question_mark):
            return False
        opening = cursor.next_significant(question_mark)
        closing = cursor.index_of_closing(opening, "()", skip_regex=True)
        if closing < 0 or not cursor.next_significant_is("]", closing):
            return False
        criteria = read_criteria(cursor.text[opening : closing + 1], Query)
        self.steps.append(_Step(lambda env, place: Where(env, criteria, place)))
        cursor.pos = cursor.next_significant(closing) + 1
        return True


_ENVIRONMENT = JaywayEnvironment(filter_caching=False, strict=True)
