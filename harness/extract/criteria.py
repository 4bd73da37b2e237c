r"""The criteria of a Jayway filter, `(@.a == 1 && !@.b)`, read into an expression of python-jsonpath.

Source: json-path 2.9.0, `internal.filter.FilterCompiler`. Regular expressions are Python's: Java's are nearly the same,
apart from classes such as `\p{Alpha}`, which are a fault here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Protocol

from jsonpath.filter import BaseExpression, FilterExpressionLiteral, InfixExpression, PrefixExpression
from jsonpath.selectors import FilterContext

from harness.extract.comparison import OPERATORS, JsonLiteral
from harness.extract.java import decode
from harness.extract.syntax import Cursor, InvalidPathError, PathError, unescape

_OPERATOR_CHARS = "<>=~!"
_NUMBER_CHARS = "0123456789-.eE"
_FLAGS = {
    "i": re.IGNORECASE,
    "x": re.VERBOSE,
    "m": re.MULTILINE,
    "s": re.DOTALL,
    "d": re.NOFLAG,
    "u": re.NOFLAG,
    "U": re.NOFLAG,
}
_WORDS = {"true": True, "false": False, "null": None}
_JSON_TOKEN = re.compile(
    r"""\s* (?: (?P<mark>[\[\]{},:]) | (?P<quote>["']) (?P<string>(?:\\.|(?!(?P=quote)).)*) (?P=quote)
    | (?P<word>[^\s\[\]{},:]+) ) \s*""",
    re.VERBOSE | re.DOTALL,
)


_JsonToken = tuple[str | None, str | None, str | None]
"""A mark, or a quoted string, or a bare word."""


class QueryFactory(Protocol):
    """How a path within the criteria is compiled."""

    def __call__(self, text: str, *, is_existence_check: bool = False) -> BaseExpression:
        """The expression for a path that begins with `@` or `$`."""


def read_criteria(text: str, query: QueryFactory) -> BaseExpression:
    """The expression that says whether a value meets the criteria.

    Args:
        text: The criteria with the parentheses around them.
        query: Compiles the paths in them.

    Raises:
        PathError: Jayway cannot read them; or IndexError, ValueError, ArithmeticError, re.error where it stumbles.
    """
    reader = _Reader(text, query)
    expression = reader.read_or()
    if reader.cursor.skip_blanks().within():
        raise InvalidPathError(f"found {text[reader.cursor.pos :]!r} where the criteria should end")
    return expression


class _ShortCircuit(InfixExpression):
    """`&&` and `||`, whose right side is left alone when the left one decides."""

    __slots__ = ()

    def evaluate(self, context: FilterContext) -> bool:
        left = bool(self.left.evaluate(context))
        return left if left == (self.operator == "||") else bool(self.right.evaluate(context))


class _Reader:
    def __init__(self, text: str, query: QueryFactory) -> None:
        self.cursor = Cursor(text)
        self.query = query

    def read_or(self) -> BaseExpression:
        return self._read_chain("||", lambda: self._read_chain("&&", self._read_operand))

    def _read_chain(self, operator: str, read: Callable[[], BaseExpression]) -> BaseExpression:
        expression = read()
        while True:
            before = self.cursor.pos
            if not self.cursor.take(operator):
                self.cursor.pos = before
                return expression
            expression = _ShortCircuit(expression, operator, read())

    def _read_operand(self) -> BaseExpression:
        cursor = self.cursor.skip_blanks()
        before = cursor.pos
        if cursor.take("!"):
            if cursor.skip_blanks().char not in "@$":
                return PrefixExpression("!", self._read_operand())
            cursor.pos = before
        if cursor.take("("):
            expression = self.read_or()
            if not cursor.take(")"):
                raise InvalidPathError("found no closing parenthesis")
            return expression
        return self._read_relation()

    def _read_relation(self) -> BaseExpression:
        left, path = self._read_value()
        before = self.cursor.pos
        try:
            operator = self._read_operator()
            right, _ = self._read_value()
        except PathError:
            if path is None:
                raise
            self.cursor.pos = before
        else:
            return InfixExpression(left, operator, right)
        text, should_exist = path
        check = self.query(text, is_existence_check=True)
        return check if should_exist else PrefixExpression("!", check)

    def _read_operator(self) -> str:
        cursor = self.cursor.skip_blanks()
        is_symbol = cursor.char in _OPERATOR_CHARS
        text = cursor.read_while(lambda char: char in _OPERATOR_CHARS if is_symbol else char != " ")
        if text.upper() not in OPERATORS:
            raise InvalidPathError(f"{text} is no operator")
        return text.upper()

    def _read_value(self) -> tuple[BaseExpression, tuple[str, bool] | None]:
        """The value; and if it is a path, its text and whether there is no `!` before it."""
        cursor = self.cursor.skip_blanks()
        if cursor.char == "!":
            cursor.pos += 1
            if cursor.skip_blanks().char not in "@$":
                raise InvalidPathError("! must be followed by a path or a parenthesis")
        if cursor.char in "@$":
            previous = cursor.previous_significant()
            text = self._read_path()
            return self.query(text), (text, previous < 0 or cursor.at(previous) != "!")
        return FilterExpressionLiteral(value=self._read_literal()), None

    def _read_path(self) -> str:
        cursor = self.cursor
        start = cursor.pos
        cursor.pos += 1
        while True:
            if cursor.char == "[":
                closing = cursor.index_of_closing(cursor.pos, "[]", skip_regex=False)
                if closing < 0:
                    raise InvalidPathError("found no closing ]")
                cursor.pos = closing + 1
            if cursor.char in f"{_OPERATOR_CHARS} " or (cursor.char == ")" and not self._closes_function(start)):
                break
            cursor.pos += 1
        return cursor.text[start : cursor.pos]

    def _closes_function(self, start: int) -> bool:
        """Whether the parenthesis under the cursor belongs to `.length()`, rather than to the criteria."""
        opening = self.cursor.previous_significant()
        return opening >= 0 and self.cursor.at(opening) == "(" and "." in self.cursor.text[start + 1 : opening]

    def _read_literal(self) -> object:
        cursor = self.cursor
        match cursor.char:
            case "'" | '"' as quote:
                return unescape(self._read_delimited(quote))
            case "/":
                return self._read_pattern()
            case "[" | "{" as opening:
                return self._read_json("[]" if opening == "[" else "{}")
            case "t" | "f" | "n":
                for word, value in _WORDS.items():
                    if cursor.take(word):
                        return value
                raise InvalidPathError("expected true, false or null")
            case _:
                return Decimal(cursor.read_while(lambda char: char in _NUMBER_CHARS))

    def _read_delimited(self, delimiter: str) -> str:
        cursor = self.cursor
        closing = cursor.index_of_unescaped(delimiter, cursor.pos)
        if closing < 0:
            raise InvalidPathError(f"found no closing {delimiter}")
        text = cursor.text[cursor.pos + 1 : closing]
        cursor.pos = closing + 1
        return text

    def _read_pattern(self) -> re.Pattern[str]:
        source = self._read_delimited("/")
        letters = self.cursor.read_while(lambda char: char in _FLAGS)
        flags = re.NOFLAG if "U" in letters or "u" in letters else re.ASCII
        for letter in letters:
            flags |= _FLAGS[letter]
        return re.compile(source, flags)

    def _read_json(self, pair: str) -> JsonLiteral:
        cursor = self.cursor
        closing = cursor.index_of_closing(cursor.pos, pair, skip_regex=False)
        if closing < 0:
            raise InvalidPathError(f"found no closing {pair[1]}")
        text = cursor.text[cursor.pos : closing + 1]
        cursor.pos = closing + 1
        return JsonLiteral(text, read_lenient_json(text))


def read_lenient_json(text: str) -> object:
    """A JSON document as json-smart reads it in a filter: quotes may be single ones or missing, commas too many.

    Raises:
        ValueError: Not even that.
    """
    tokens = [(match["mark"], match["string"], match["word"]) for match in _JSON_TOKEN.finditer(text)]
    return _read_lenient_value(tokens)


def _read_lenient_value(tokens: list[_JsonToken]) -> object:
    mark, string, word = tokens.pop(0)
    if string is not None:
        return unescape(string)
    if word is not None:
        return _bare_word(word)
    if mark == "[":
        elements: list[object] = []
        while _skip_commas(tokens) != "]":
            elements.append(_read_lenient_value(tokens))
        tokens.pop(0)
        return elements
    if mark != "{":
        raise ValueError(f"found {mark}, expected a value")
    members: dict[str, object] = {}
    while _skip_commas(tokens) != "}":
        _, quoted, bare = tokens.pop(0)
        if tokens.pop(0)[0] != ":":
            raise ValueError("expected a colon")
        members[unescape(quoted) if quoted is not None else str(bare)] = _read_lenient_value(tokens)
    tokens.pop(0)
    return members


def _skip_commas(tokens: list[_JsonToken]) -> str | None:
    while tokens[0][0] == ",":
        tokens.pop(0)
    return tokens[0][0]


def _bare_word(word: str) -> object:
    if word in _WORDS:
        return _WORDS[word]
    try:
        return decode(word)
    except ValueError:
        return word
