"""The steps of a Jayway path as segments and selectors of python-jsonpath.

Jayway knows of each step whether all before it is definite (can match once at most): there, a value of the wrong kind
ends the search, elsewhere it is skipped. `Place` holds that.

Source: json-path 2.9.0, `internal.path.*Token`. One of its faults is left out: after `..` and an array step or a
wildcard with more steps behind it (`$..[*].a`), it loses and repeats matches, depending on what it has read before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from jsonpath import JSONPathEnvironment
from jsonpath.filter import BaseExpression, FilterExpression
from jsonpath.match import JSONPathMatch
from jsonpath.segments import JSONPathRecursiveDescentSegment
from jsonpath.selectors import Filter, FilterContext, JSONPathSelector, WildcardSelector
from jsonpath.token import TOKEN_EOF, Token

from harness.extract.syntax import InvalidPathError, MissingPathError

NO_TOKEN = Token(TOKEN_EOF, "", 0, "")
"""python-jsonpath's own messages name a token; ours name the path."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in its path a step stands."""

    follows_definite: bool
    """Everything before it is definite."""
    is_leaf: bool
    """Nothing comes after it."""
    is_required: bool
    """It belongs to an existence check in a filter, where a missing member ends the search wherever it is."""


class Members(WildcardSelector):
    """`.a`, `['a']`, `['a','b']`; several of them at the end of a path match as one new object."""

    __slots__ = ("is_definite", "names", "place")

    def __init__(self, env: JSONPathEnvironment, names: tuple[str, ...], place: Place) -> None:
        super().__init__(env=env, token=NO_TOKEN)
        self.names = names
        self.place = place
        self.is_definite = place.is_leaf or len(names) == 1

    def resolve(self, node: JSONPathMatch) -> Iterator[JSONPathMatch]:
        """The members that exist."""
        members = node.obj
        if not isinstance(members, dict):
            if self.place.follows_definite:
                raise MissingPathError
            return
        found = [name for name in self.names if name in members]
        if len(found) < len(self.names) and (self.place.is_required or self._must_exist):
            raise MissingPathError
        if self.place.is_leaf and len(self.names) > 1:
            yield node.new_child({name: members[name] for name in found}, ",".join(self.names))
            return
        for name in found:
            yield node.new_child(members[name], name)

    @property
    def _must_exist(self) -> bool:
        return self.place.follows_definite and self.is_definite and not self.place.is_leaf


class Elements(WildcardSelector):
    """`[0]`, `[0,2]`: the elements of an array at some indexes, negative ones counted from its end."""

    __slots__ = ("indexes", "place")

    def __init__(self, env: JSONPathEnvironment, indexes: Iterable[int], place: Place) -> None:
        super().__init__(env=env, token=NO_TOKEN)
        self.indexes = tuple(indexes)
        self.place = place

    def resolve(self, node: JSONPathMatch) -> Iterator[JSONPathMatch]:
        """The elements that exist, in the order of the indexes."""
        if not isinstance(node.obj, list):
            if self.place.follows_definite:
                raise MissingPathError
            return
        length = len(node.obj)
        for index in self.select(length):
            effective = index + length if index < 0 else index
            if 0 <= effective < length:
                yield node.new_child(node.obj[effective], index)

    def select(self, length: int) -> Iterable[int]:  # noqa: ARG002 - a slice needs it
        """The indexes to visit in an array of `length` elements."""
        return self.indexes


class Slice(Elements):
    """`[1:]`, `[:2]`, `[0:2]`; between two bounds Jayway counts neither from the end: `[-1:1]` wraps around."""

    __slots__ = ("start", "stop")

    def __init__(self, env: JSONPathEnvironment, start: int | None, stop: int | None, place: Place) -> None:
        super().__init__(env, (), place)
        self.start = start
        self.stop = stop

    def select(self, length: int) -> Iterable[int]:
        """The indexes to visit in an array of `length` elements."""
        if self.stop is None:
            return range(length)[self.start :]
        if self.start is None:
            return range(length)[: self.stop]
        return range(self.start, min(length, self.stop)) if length else ()


class Where(Filter):
    """`[?(...)]`: the elements of an array, or the object itself, that meet the criteria."""

    __slots__ = ("place",)

    def __init__(self, env: JSONPathEnvironment, criteria: BaseExpression, place: Place) -> None:
        super().__init__(env=env, token=NO_TOKEN, expression=FilterExpression(criteria))
        self.place = place

    def resolve(self, node: JSONPathMatch) -> Iterator[JSONPathMatch]:
        """The matches."""
        if isinstance(node.obj, dict):
            if self.accepts(node.obj, node):
                yield node
        elif isinstance(node.obj, list):
            for index, element in enumerate(node.obj):
                if self.accepts(element, node):
                    yield node.new_child(element, index)
        elif self.place.follows_definite:
            raise InvalidPathError("a filter cannot be applied to a primitive")

    def accepts(self, value: object, node: JSONPathMatch) -> bool:
        """Whether `value` meets the criteria; criteria that cannot be applied are not met."""
        try:
            return self.expression.evaluate(FilterContext(env=self.env, current=value, root=node.root))
        except InvalidPathError:
            return False


class Scan(JSONPathRecursiveDescentSegment):
    """`..` and the step after it, applied to every object and array, each before what is in it."""

    __slots__ = ()

    def __init__(self, env: JSONPathEnvironment, step: JSONPathSelector) -> None:
        super().__init__(env=env, token=NO_TOKEN, selectors=(step,))

    def resolve(self, nodes: Iterable[JSONPathMatch]) -> Iterator[JSONPathMatch]:
        """The matches of the step."""
        (step,) = self.selectors
        for node in nodes:
            for candidate in self._visit(node):
                if isinstance(candidate.obj, dict | list) and _is_worth_a_try(step, candidate):
                    yield from step.resolve(candidate)


def _is_worth_a_try(step: JSONPathSelector, node: JSONPathMatch) -> bool:
    match step:
        case Members():
            return isinstance(node.obj, dict) and (not step.is_definite or node.obj.keys() >= set(step.names))
        case Where() if isinstance(node.obj, list):
            return step.accepts(node.obj, node)
        case Elements():
            return isinstance(node.obj, list)
        case _:
            return True
