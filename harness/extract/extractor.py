"""JMeter's JSON Extractor: what paths find in an answer becomes variables.

Source: apache/jmeter, `JSONPostProcessor` and `JSONManager`, 5.6.3 and master. One deviation, on purpose: the answer
must be strict JSON. JMeter's parser also takes `{a:1}` and trailing text, which hides broken answers of proxies.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Self

from harness.errors import ConfigurationError, Problem
from harness.extract.java import decode, string_of
from harness.extract.path import JaywayPath, find, strings_at
from harness.extract.syntax import PathError

ACCESS_TOKEN = "$.AuthenticationResult.AccessToken"  # noqa: S105 - says where a token stands, and is none
"""Where the answer to InitiateAuth holds the access token."""

_INTEGER = re.compile(r"[+-]?\d{1,10}", re.ASCII)
_INT_MIN, _INT_MAX = -(2**31), 2**31 - 1


@dataclass(frozen=True, slots=True)
class _Extraction:
    """One variable, the path it is taken from, which match to take, and what to put if there is none."""

    name: str
    path: JaywayPath | None
    """None if the path cannot be read: the default is put, as JMeter does."""
    match_no: int
    default: str


class JsonExtractor:
    """JMeter's JSON Extractor with the fields of its form; compiled once, good for any number of answers and threads.

    JMeter finds out about a path that it cannot read when the load runs, and puts the default value. So does `apply`;
    who wants to know before the load asks `problems`, or constructs by `checked`, which takes no such path.

    Args:
        names: Names of created variables, separated by `;`.
        paths: JSON Path expressions, as many.
        match_numbers: Match No.: 0 or blank for a random one, -1 for all, else the number of the match, from 1 on.
            A shorter list is filled up with 0.
        defaults: Default values, as many as names; unlike those they are not trimmed.
        compute_concatenation: With Match No. -1, also join the matches with `,` into `<name>_ALL`.
        choose: Given n, one of 0 … n-1: the random choice for Match No. 0.

    Raises:
        ConfigurationError: The lists differ in length, or a match number is none; all faults at once.
    """

    __slots__ = ("_choose", "_compute_concatenation", "_extractions", "_ways", "problems")

    problems: tuple[Problem, ...]
    """What is wrong with single names and paths: such a variable will always get its default value."""

    def __init__(
        self,
        names: str,
        paths: str,
        match_numbers: str = "",
        defaults: str = "",
        compute_concatenation: bool = False,  # noqa: FBT001, FBT002 - JMeter's form, field by field
        *,
        choose: Callable[[int], int] = random.randrange,
    ) -> None:
        name_list = [name.strip() for name in _java_split(names)]
        path_list = [path.strip() for path in _java_split(paths)]
        default_list = defaults.split(";")
        number_list = [number.strip() for number in _java_split(match_numbers)]
        if faults := [
            *_faults_of_lengths(name_list, path_list, default_list, number_list),
            *_faults_of_numbers(number_list),
        ]:
            raise ConfigurationError(faults)
        numbers = [int(number or 0) for number in number_list] + [0] * len(name_list)
        self._compute_concatenation = compute_concatenation
        self._choose = choose
        extractions: list[_Extraction] = []
        problems: list[Problem] = []
        for name, text, number, default in zip(name_list, path_list, numbers, default_list, strict=False):
            if not name:
                problems.append(Problem(f"the path {text} has no variable name", "name the variable it is for"))
            path: JaywayPath | None = None
            try:
                path = _compiled(text)
            except PathError as error:
                problems.append(_problem_of_path(text, error))
            extractions.append(_Extraction(name, path, number, default))
        self._extractions = tuple(extractions)
        ways = [extraction.path.way if extraction.path else None for extraction in extractions]
        self._ways = tuple(way for way in ways if way is not None) if None not in ways else ()
        """Where all of them stand, if all paths are nothing but names and indexes."""
        self.problems = tuple(problems)

    @classmethod
    def checked(
        cls,
        names: str,
        paths: str,
        match_numbers: str = "",
        defaults: str = "",
        compute_concatenation: bool = False,  # noqa: FBT001, FBT002 - JMeter's form, field by field
        *,
        choose: Callable[[int], int] = random.randrange,
    ) -> Self:
        """The same extractor, for use before a load starts: a name or path that can never work is a fault as well.

        Raises:
            ConfigurationError: As the constructor, and for `problems`.
        """
        extractor = cls(names, paths, match_numbers, defaults, compute_concatenation, choose=choose)
        if extractor.problems:
            raise ConfigurationError(extractor.problems)
        return extractor

    @staticmethod
    def token(path: str = ACCESS_TOKEN, default: str = "") -> TokenExtractor:
        """The fast case for tokens: one path, match No. 1, and an empty match is none.

        Raises:
            ConfigurationError: The path cannot be read.
        """
        return TokenExtractor(path, default)

    def apply(self, text: str, variables: MutableMapping[str, str]) -> None:
        """Set the variables from an answer, as JMeter does.

        Of what was there before, `<name>_matchNr` goes, and `<name>_1`, `<name>_2`, … up to the first gap; `<name>` and
        `<name>_ALL` stay where nothing replaces them: after a failed login a Match No. of -1 leaves an old token.

        Args:
            text: The answer; one that is no JSON gives every variable its default value.
            variables: JMeter variables, changed in place.
        """
        if self._ways and (strings := strings_at(text, self._ways)):
            for extraction, value in zip(self._extractions, strings, strict=True):
                _forget(extraction.name, variables)
                self._put(extraction, [value], variables)
            return
        document: object = None
        is_json = True
        try:
            document = decode(text)
        except ValueError:
            is_json = False
        for extraction in self._extractions:
            _forget(extraction.name, variables)
            try:
                matches = find(document, extraction.path) if is_json and extraction.path else None
            except PathError:
                matches = None
            if matches is None:
                variables[extraction.name] = extraction.default
            else:
                self._put(extraction, matches, variables)

    def _put(self, extraction: _Extraction, matches: list[str | None], variables: MutableMapping[str, str]) -> None:
        name, default = extraction.name, extraction.default
        values = [default if match is None else match for match in matches]
        count = len(values)
        if not values:
            variables[name] = default
        elif extraction.match_no < 0:
            variables.update({f"{name}_{number}": value for number, value in enumerate(values, 1)})
        elif count == 1:
            variables[name] = values[0]
        elif extraction.match_no == 0:
            variables[name] = values[self._choose(count)]
        else:
            variables[name] = values[extraction.match_no - 1] if extraction.match_no <= count else default
        if extraction.match_no < 0 and self._compute_concatenation:
            variables[f"{name}_ALL"] = ",".join(values)
        if extraction.match_no != 0 or not values:
            variables[f"{name}_matchNr"] = str(count)


class TokenExtractor:
    """One path, match No. 1; made by `JsonExtractor.token`.

    Args:
        path: The path to a token.
        default: The answer where there is no match, or null, or an empty string.

    Raises:
        ConfigurationError: The path cannot be read.
    """

    __slots__ = ("_default", "_names", "_path")

    def __init__(self, path: str, default: str) -> None:
        try:
            self._path = _compiled(path.strip())
        except PathError as error:
            raise ConfigurationError([_problem_of_path(path, error)]) from error
        self._names = self._path.member_names
        self._default = default

    def from_document(self, document: object) -> str:
        """The token in a document that `json.loads` made; a walk over its objects if the path is made of names alone.

        A match that is no string is printed as Java would. Plain `json.loads` has lost what that needs of fractions
        written in more than 18 characters, and takes NaN for JSON: where that matters, use `apply`.
        """
        if self._names is None:
            return self._search(document)
        value = document
        for name in self._names:
            if value.__class__ is not dict:
                return self._default
            value = value.get(name)
        return (value if value.__class__ is str else string_of(value)) or self._default

    def apply(self, text: str) -> str:
        """The token in an answer; the default as well if the answer is no JSON."""
        try:
            return self.from_document(decode(text))
        except ValueError:
            return self._default

    def _search(self, document: object) -> str:
        try:
            matches = find(document, self._path)
        except PathError:
            return self._default
        return (matches[0] if matches else None) or self._default


def _compiled(text: str) -> JaywayPath:
    path = JaywayPath(text)
    if path.function is not None:
        raise PathError(f"JMeter takes no path function at the end of a path, and gives the default: {path.function}()")
    return path


def _problem_of_path(text: str, error: PathError) -> Problem:
    return Problem(
        f"the JSON path {text!r} cannot be read: {error}",
        "write it as JMeter (Jayway) does: $.a.b, $.list[0], $..name, $.list[?(@.name == 'x')].value",
    )


def _java_split(text: str) -> list[str]:
    """Java's `split(";")`: empty parts at the end are dropped, but an empty text is one empty part."""
    parts = text.split(";")
    while parts and not parts[-1] and text:
        parts.pop()
    return parts


def _faults_of_lengths(names: list[str], paths: list[str], defaults: list[str], numbers: list[str]) -> list[Problem]:
    faults: list[Problem] = []
    if not len(names) == len(paths) == len(defaults):
        faults.append(
            Problem(
                f"{len(names)} names, {len(paths)} JSON paths and {len(defaults)} default values: expected as many",
                "separate them by ';' (a path cannot hold one); two empty default values are written ';'",
            ),
        )
    if len(numbers) > len(defaults):
        faults.append(
            Problem(
                f"{len(numbers)} match numbers for {len(defaults)} default values: expected at most as many",
                "take the match numbers away that belong to no variable",
            ),
        )
    return faults


def _faults_of_numbers(numbers: list[str]) -> list[Problem]:
    return [
        Problem(
            f"the match number {number!r} is none",
            "write 1 for the first match, 0 for a random one, -1 for all",
        )
        for number in numbers
        if number and not (_INTEGER.fullmatch(number) and _INT_MIN <= int(number) <= _INT_MAX)
    ]


def _forget(name: str, variables: MutableMapping[str, str]) -> None:
    variables.pop(f"{name}_matchNr", None)
    number = 1
    while variables.pop(f"{name}_{number}", None) is not None:
        number += 1
