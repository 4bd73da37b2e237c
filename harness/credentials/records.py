from __future__ import annotations

import re
from collections.abc import Iterator

from harness.credentials.text import LINE_END

_UNCLOSED = "the quote that opens this value is never closed"
_TRAILING = "text follows the quote that closes this value"
_INSIDE = "a quote stands inside a value that is not quoted"
_QUOTE_HINT = (
    'Enclose a value that holds a quote in quotes and double those inside: "se""cret"; or read the file with'
    " quoted=False if its quotes are meant literally."
)


LONGEST_LINE = 1024 * 1024
"""In characters. Cognito takes passwords of 256 and usernames of 128; a longer line is no line of accounts."""


class QuoteError(Exception):
    """A record cannot be split: a value breaks the rules of quoting, or the line is too long.

    Args:
        column: Which value of the record, counted from 1.
        message: What is wrong, without the value.
        hint: What to do.
    """

    def __init__(self, column: int, message: str, hint: str = _QUOTE_HINT) -> None:
        super().__init__(message)
        self.column = column
        self.message = message
        self.hint = hint


class Records:
    """The records of a text: values between delimiters, up to the end of a line that is not inside quotes.

    Without quoting a line is a record, and a quote a character as any other. Blank lines are no records.
    Source: `csvReadFile` in JMeter's CSVSaveService, which refuses the same three misuses of quotes (and then takes
    the row for the end of the file).

    Args:
        text: Any text, with any of the three line ends.
        separator: One character.
        quoted: Whether quotes mean something.
    """

    def __init__(self, text: str, separator: str, *, quoted: bool) -> None:
        self.text = text
        self.separator = separator
        self._is_quoted = quoted
        self._plain_value = re.compile(f'[^"\r\n{re.escape(separator)}]*')
        self._quoted_value = re.compile('"([^"]*+(?:""[^"]*+)*+)"')

    def scan(self, start: int = 0, line: int = 1) -> Iterator[tuple[int, int, list[str] | QuoteError]]:
        """Each record's first line (counted from 1), its offset in the text, and its values or what is wrong.

        After a fault it goes on with the next line, as if the faulty one had ended where it began.

        Args:
            start: Offset to start from.
            line: The number of the line that starts there.
        """
        while start < len(self.text):
            end, following = self._line(start)
            lines = 1
            if end > start:
                found: list[str] | QuoteError
                if end - start > LONGEST_LINE:
                    found = _too_long(end - start)
                elif self._is_quoted and '"' in self.text[start:end]:
                    try:
                        found, end = self._split(start)
                        lines += len(LINE_END.findall(self.text, start, end))
                        following = self._line(end)[1]
                        if end - start > LONGEST_LINE:
                            found = _too_long(end - start)
                    except QuoteError as fault:
                        found = fault
                else:
                    found = self.text[start:end].split(self.separator)
                yield line, start, found
            start = following
            line += lines

    def at(self, start: int) -> list[str]:
        """The values of the record at an offset that `scan` gave, for a record without faults."""
        end, _ = self._line(start)
        line = self.text[start:end]
        if self._is_quoted and '"' in line:
            return self._split(start)[0]
        return line.split(self.separator)

    def _line(self, start: int) -> tuple[int, int]:
        """Where the line ends, and where the next one starts."""
        match = LINE_END.search(self.text, start)
        return (match.start(), match.end()) if match else (len(self.text), len(self.text))

    def _split(self, position: int) -> tuple[list[str], int]:
        """The values of a record with quotes, and where it ends."""
        text = self.text
        values: list[str] = []
        while True:
            if is_quoted := text.startswith('"', position):
                match = self._quoted_value.match(text, position)
                if match is None:
                    raise QuoteError(len(values) + 1, _UNCLOSED)
                values.append(match[1].replace('""', '"'))
            else:
                match = self._plain_value.match(text, position)
                assert match is not None  # noqa: S101  # it matches the empty text too
                values.append(match[0])
            position = match.end()
            following = text[position : position + 1]
            if following in ("", "\r", "\n"):
                return values, position
            if following != self.separator:
                raise QuoteError(len(values), _TRAILING if is_quoted else _INSIDE)
            position += 1


def _too_long(characters: int) -> QuoteError:
    return QuoteError(
        1,
        f"a line of {characters:,} characters, over the limit of {LONGEST_LINE:,}",
        "Check the line ends and what wrote the file.",
    )
