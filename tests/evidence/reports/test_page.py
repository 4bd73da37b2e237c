from __future__ import annotations

from rich.text import Text

from harness.evidence.reports.page import Section, fit


def lines(*texts: str) -> list[Text]:
    return [Text(text) for text in texts]


def items(count: int, height: int = 1) -> list[list[Text]]:
    return [lines(*(f"{number}.{line}" for line in range(height))) for number in range(count)]


def shown(section: Section) -> list[str]:
    return [line.plain for line in section.lines("...", "")]


def test_a_short_page_is_shown_whole():
    sections, is_airy = fit([Section(lines("a"), items(3), ("b", "bs")), Section(lines("c"))], 6)
    assert is_airy
    assert [shown(section) for section in sections] == [["a", "0.0", "1.0", "2.0"], ["c"]]


def test_empty_sections_take_no_room():
    sections, _ = fit([Section([]), Section(lines("a"))], 1)
    assert len(sections) == 1


def test_the_longest_section_loses_its_last_items_and_says_so():
    long, short = Section(lines("long"), items(20), ("row", "rows")), Section(lines("short"), items(2), ("row", "rows"))
    fit([long, short], 12)
    assert shown(long) == ["long", *(f"{n}.0" for n in range(6)), "  ... 14 more rows"]
    assert short.left_out == 0


def test_one_item_left_out_is_one_row():
    section = Section([], items(3, height=2), ("row", "rows"))
    fit([section], 5)
    assert shown(section)[-1] == "  ... 1 more row"


def test_items_that_were_never_made_are_counted_as_well():
    assert shown(Section([], items(1), ("row", "rows"), unmade=7))[-1] == "  ... 7 more rows"


def test_empty_lines_go_before_what_a_section_would_keep():
    sections = [Section(lines("a"), items(9), ("row", "rows"), keep=4), Section(lines("b")), Section(lines("c"))]
    assert fit(sections, 8)[1] is False
    assert sections[0].left_out == 5


def test_at_last_only_the_least_is_shown():
    sections = [Section(lines("a"), items(9), ("row", "rows"), keep=4, at_least=1), Section(lines("b"))]
    fit(sections, 4)
    assert shown(sections[0]) == ["a", "0.0", "  ... 8 more rows"]


def test_what_has_no_word_for_its_items_is_never_cut():
    section = Section(lines("a"), items(9))
    assert fit([section], 4) == ([section], False)
    assert len(section) == 10
