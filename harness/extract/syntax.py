"""The text of a Jayway path, read as Jayway reads it: a cursor over characters, and what can be wrong with them.

Source: json-path 2.9.0, `CharacterIndex` and `Utils.unescape`.
"""

from __future__ import annotations

from collections.abc import Callable

_ESCAPES = {"r": "\r", "f": "\f", "t": "\t", "n": "\n", "b": "\b"}
_UNICODE_DIGITS = 4


class PathError(Exception):
    """The path cannot be read, or cannot be applied to this document: JMeter gives the default value."""


class InvalidPathError(PathError):
    """Jayway's InvalidPathException: within a filter it means that the element does not match."""


class MissingPathError(InvalidPathError):
    """Jayway's PathNotFoundException: no match; within a filter, an undefined value."""


class Cursor:
    """A position in a text, in which only blanks (U+0020) are insignificant.

    Args:
        text: What is read.

    Reading outside of the text raises IndexError, which the compilers turn into a PathError.
    """

    __slots__ = ("end", "pos", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.pos = 0
        self.end = len(text) - 1
        """Index of the last character, inclusive."""

    @property
    def char(self) -> str:
        """The character under the cursor."""
        return self.at(self.pos)

    @property
    def is_at_tail(self) -> bool:
        """Whether the cursor stands on the last character or behind it."""
        return self.pos >= self.end

    def at(self, index: int) -> str:
        """The character at `index`."""
        return self.text[index]

    def within(self, index: int | None = None) -> bool:
        """Whether `index` (default: the cursor) lies in the text."""
        return 0 <= (self.pos if index is None else index) <= self.end

    def next_significant(self, start: int | None = None) -> int:
        """Index of the first character after `start` that is no blank; it may lie outside of the text."""
        index = (self.pos if start is None else start) + 1
        while self.within(index) and self.at(index) == " ":
            index += 1
        return index

    def next_significant_is(self, chars: str, start: int | None = None) -> bool:
        """Whether the first significant character after `start` is one of `chars`."""
        index = self.next_significant(start)
        return self.within(index) and self.at(index) in chars

    def previous_significant(self) -> int:
        """Index of the last character before the cursor that is no blank, or -1."""
        index = self.pos - 1
        while self.within(index) and self.at(index) == " ":
            index -= 1
        return index if self.within(index) else -1

    def index_of(self, char: str, start: int) -> int:
        """Index of `char` at or after `start`, or -1."""
        return self.text.find(char, start, self.end + 1)

    def index_of_unescaped(self, char: str, start: int) -> int:
        r"""Index of `char` after `start` where no `\` stands before it, or -1."""
        index = start + 1
        while self.within(index):
            if self.at(index) == "\\":
                index += 1
            elif self.at(index) == char:
                return index
            index += 1
        return -1

    def index_of_closing(self, start: int, pair: str, *, skip_regex: bool) -> int:
        """Index of the bracket that closes the one at `start`, outside of strings and regular expressions, or -1."""
        opening, closing = pair[0], pair[1]
        depth = 1
        index = start + 1
        while self.within(index):
            for quotes in ("'\"", "/" if skip_regex else ""):
                if (quote := self.at(index)) in quotes and quotes:
                    index = self.index_of_unescaped(quote, index) + 1
                    if not index:
                        raise InvalidPathError(f"no closing {quote}")
            if self.at(index) == opening:
                depth += 1
            elif self.at(index) == closing:
                depth -= 1
                if not depth:
                    return index
            index += 1
        return -1

    def skip_blanks(self) -> Cursor:
        """Move to the next character that is no blank, or to the last one."""
        while self.pos < self.end and self.char == " ":
            self.pos += 1
        return self

    def read_while(self, accepts: Callable[[str], bool]) -> str:
        """The characters from the cursor on that `accepts` takes; the cursor stands behind them."""
        start = self.pos
        while self.within() and accepts(self.char):
            self.pos += 1
        return self.text[start : self.pos]

    def take(self, word: str) -> bool:
        """Whether `word` comes next, blanks aside; if so, the cursor stands behind it."""
        self.skip_blanks()
        if not self.within(self.pos + len(word) - 1) or not self.text.startswith(word, self.pos):
            return False
        self.pos += len(word)
        return True


def unescape(text: str) -> str:
    r"""`text` without its backslashes; an unfinished `\u` vanishes, as it does in Jayway."""
    out: list[str] = []
    chars = iter(text)
    for char in chars:
        if char != "\\":
            out.append(char)
            continue
        escaped = next(chars, "\\")
        if escaped == "u":
            digits = "".join(next(chars, "") for _ in range(_UNICODE_DIGITS))
            if len(digits) == _UNICODE_DIGITS:
                out.append(chr(int(digits, 16)))
        else:
            out.append(_ESCAPES.get(escaped, escaped))
    return "".join(out)
