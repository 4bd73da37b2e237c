"""A page of sections that is no longer than it may be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from rich.text import Text


@dataclass(slots=True)
class Section:
    """Some lines that belong together; the least important items come last, and are left out first."""

    heading: list[Text]
    items: list[list[Text]] = field(default_factory=list)
    nouns: tuple[str, str] | None = None
    """What the items are, one and several; without a word for them none is ever left out."""
    keep: int = 2
    """How many are shown as long as the page is not too long even so."""
    at_least: int = 1
    """How many are shown whatever happens."""
    unmade: int = 0
    """How many items exist that nobody made, because they could never have been shown."""
    shown: int = 0

    def __post_init__(self) -> None:
        self.shown = len(self.items)

    def __len__(self) -> int:
        return len(self.heading) + sum(map(len, self.items[: self.shown])) + bool(self.left_out)

    @property
    def left_out(self) -> int:
        """How many items are not shown."""
        return len(self.items) - self.shown + self.unmade

    def lines(self, dots: str, where: str) -> Iterator[Text]:
        """What is shown, and how much more there is."""
        yield from self.heading
        for item in self.items[: self.shown]:
            yield from item
        if self.left_out and self.nouns:
            yield Text(f"  {dots} {self.left_out} more {self.nouns[self.left_out > 1]}{where}", "dim")


def fit(sections: Iterable[Section], max_lines: int) -> tuple[list[Section], bool]:
    """Leave items out, the longest section first, until the page is short enough; what it takes is tried in order.

    Returns:
        The sections that hold anything, and whether there is room for an empty line between them.
    """
    filled = [section for section in sections if len(section)]
    for is_airy, is_strict in ((True, False), (False, False), (False, True)):
        room = max_lines - (len(filled) - 1 if is_airy else 0)
        if _shrink(filled, room, is_strict=is_strict):
            return filled, is_airy
    return filled, False


def _shrink(sections: Sequence[Section], lines: int, *, is_strict: bool) -> bool:
    for section in sections:
        section.shown = len(section.items)
    while sum(map(len, sections)) > lines:
        able = [s for s in sections if s.nouns and s.shown > (min(s.at_least, s.keep) if is_strict else s.keep)]
        if not able:
            return False
        max(able, key=len).shown -= 1
    return True
