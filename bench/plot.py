"""A plot of lines over time as one small SVG file, for pages that are read in the light and in the dark."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 760, 320
LEFT, RIGHT, TOP, BOTTOM = 64, 140, 48, 40
TICKS = 4
STYLE = """
  .ground { fill: #ffffff } .text { fill: #24292f; font: 13px system-ui, sans-serif } .grid { stroke: #d8dee4 }
  .line { fill: none; stroke-width: 1.8 } .s0 { stroke: #c9510c } .s1 { stroke: #0b6fd0 } .s2 { stroke: #2f7d32 }
  .t0 { fill: #c9510c } .t1 { fill: #0b6fd0 } .t2 { fill: #2f7d32 } .title { font-weight: 600; font-size: 15px }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117 } .text { fill: #e6edf3 } .grid { stroke: #30363d }
    .s0 { stroke: #ff9b5e } .s1 { stroke: #6cb6ff } .s2 { stroke: #7ee787 }
    .t0 { fill: #ff9b5e } .t1 { fill: #6cb6ff } .t2 { fill: #7ee787 }
  }
"""
"""Each pair of colours has at least 4.5 times the contrast that its ground needs."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line; three at most in a plot."""

    name: str
    points: Sequence[tuple[float, float]]
    label_at: float
    """The y where its name stands, right of it."""


def svg(title: str, said: str, y_name: str, lines: Sequence[Line], x_ticks: Sequence[tuple[float, str]]) -> str:
    """The plot, from zero to the highest point.

    Args:
        title: What it shows.
        said: The same in a sentence, with its figures, for those who cannot see it.
        y_name: What the points' y is.
        lines: What is drawn.
        x_ticks: Where marks stand on the x axis, and what they say; the first and last are its ends.
    """
    first, last = x_ticks[0][0], x_ticks[-1][0]
    step = _round_step(max(y for line in lines for _, y in line.points) / TICKS)
    top = step * math.ceil(max(y for line in lines for _, y in line.points) / step)

    def across(x: float) -> float:
        return LEFT + (x - first) / (last - first) * (WIDTH - LEFT - RIGHT)

    def down(y: float) -> float:
        return HEIGHT - BOTTOM - y / top * (HEIGHT - TOP - BOTTOM)

    right, floor = WIDTH - RIGHT, HEIGHT - BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{escape(title)}</title><desc>{escape(said)}</desc>",
        f"<style>{STYLE}</style>",
        f'<rect class="ground" width="{WIDTH}" height="{HEIGHT}"/>',
        f'<text class="text title" x="{LEFT}" y="20">{escape(title)}</text>',
        f'<text class="text" x="{LEFT}" y="37">{escape(y_name)}</text>',
    ]
    for number in range(round(top / step) + 1):
        y = down(number * step)
        parts += [
            f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}"/>',
            f'<text class="text" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{number * step:,.0f}</text>',
        ]
    parts += [
        f'<text class="text" x="{across(x):.1f}" y="{floor + 20}" text-anchor="middle">{escape(text)}</text>'
        for x, text in x_ticks
    ]
    for number, line in enumerate(lines):
        drawn = " ".join(f"{across(x):.1f},{down(y):.1f}" for x, y in line.points)
        name_y = down(line.label_at) + 4
        parts += [
            f'<polyline class="line s{number}" points="{drawn}"/>',
            f'<text class="text t{number}" x="{right + 8}" y="{name_y:.1f}">{escape(line.name)}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])


def _round_step(least: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is no less."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= least)
