"""Plots for the pages: a file by itself, whose lines stay where they can be seen."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from bench.plot import HEIGHT, LEFT, RIGHT, TOP, WIDTH, Line, svg


def test_lines_stay_within_their_axes_and_names_are_text():
    lines = [Line("one & <two>", [(0, 0), (50, 33), (100, 0)], 33), Line("three", [(0, 7), (100, 7)], 7)]
    drawn = ET.fromstring(svg("A title", "said", "per second", lines, [(0, "0 h"), (100, "1 h")]))  # noqa: S314  # ours
    texts = [each.text for each in drawn.iter() if each.tag.endswith("text")]
    assert "one & <two>" in texts
    assert [text for text in texts if text.isdigit()] == ["0", "10", "20", "30", "40"]
    first = next(each for each in drawn.iter() if each.tag.endswith("polyline"))
    points = [tuple(map(float, point.split(","))) for point in first.get("points").split()]
    assert [x for x, _ in points] == [LEFT, (LEFT + WIDTH - RIGHT) / 2, WIDTH - RIGHT]
    assert all(TOP <= y <= HEIGHT for _, y in points)
