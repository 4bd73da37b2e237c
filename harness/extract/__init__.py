"""JMeter's JSON Extractor.

In reading order: `extractor` (names, match numbers, defaults), `path` (what Jayway makes of a path), `criteria` and
`comparison` (its filters), `functions`, `selectors` (its steps, on python-jsonpath), `syntax` (its text), `java` (how
Java reads and prints numbers, strings and objects).
"""

from harness.extract.extractor import ACCESS_TOKEN, JsonExtractor, TokenExtractor
from harness.extract.java import decode
from harness.extract.path import find
from harness.extract.syntax import PathError

__all__ = ["ACCESS_TOKEN", "JsonExtractor", "PathError", "TokenExtractor", "decode", "find"]
