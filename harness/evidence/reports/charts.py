"""The charts of `report.html`, drawn by Bokeh: numbers only, so that no name of a service gets into a script.

Colours of text and grid are set in the browser from the page's theme; those of the data mean the same everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from bokeh.embed import components
from bokeh.models import (
    BasicTickFormatter,
    BoxAnnotation,
    ColumnDataSource,
    CrosshairTool,
    DatetimeTicker,
    DatetimeTickFormatter,
    FixedTicker,
    HoverTool,
    Label,
    Range1d,
    Span,
)
from bokeh.plotting import figure
from bokeh.resources import Resources

from harness.evidence.figures.events import Event
from harness.evidence.figures.sample import Kind
from harness.evidence.figures.tally import EXCHANGES, INTENDED, LOGINS, REQUESTS, Tally
from harness.evidence.finished_run import FinishedRun
from harness.evidence.reports.over_time import PERCENTILES, OverTime, Spans
from harness.outcome import Reason

# Okabe-Ito, told apart by colour-blind readers, too; the generator's grey belongs to none of them.
LOGIN, API, REFRESH = "#0072B2", "#009E73", "#56B4E9"
THROTTLED, FAILED, GREY = "#E69F00", "#D55E00", "#6B7280"
KIND_COLOURS: dict[Kind, str] = {"login": LOGIN, "exchange": LOGIN, "request": API}
REASON_LOOKS: dict[Reason, tuple[str, str]] = {
    Reason.INITIAL: (LOGIN, " "),
    Reason.REFRESH: (REFRESH, " "),
    Reason.EXPIRED: (LOGIN, "/"),
    Reason.FORCED: (LOGIN, "x"),
}
"""Colour and hatching: full logins share a colour, because they cost the same."""

_PERCENTILE_LOOKS = {"p50": (0.8, 1.0), "p95": (0.9, 1.5), "p99": (1.0, 2.25)}
"""How opaque and how wide a line is: one colour, because it is one thing."""

_HEIGHT_PX = 210
_MOST_EVENTS = 40
"""Events marked in the charts; the table has all of them."""
_HOUR_S = 3_600
_MS = 1_000
_OVERLAP = 1.05
"""Bars as wide as their span would leave hairlines between them where they meet inside a pixel."""
_MARGIN = 1.08
"""Room above the highest point."""

_TICKS = {0.0: "0", 50.0: "50", 90.0: "90", 99.0: "99", 99.9: "99.9", 99.99: "99.99", 99.999: "99.999"}
_STEPS_PER_DECADE = 16
_MOST_DECADES = 5.0
"""A percentile has at most three decimals: 99.999 %."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """All charts of a page."""

    library: str
    """The JavaScript that draws, whole."""
    script: str
    """The script element that hands it the data."""
    charts: dict[str, str]
    """The element of each chart, by its name; a chart without data is missing."""


def draw(run: FinishedRun, spans: OverTime | None) -> Drawing:
    """Draw every chart there is data for."""
    board = _Board(run, spans)
    figures = {name: chart for name, chart in board.figures().items() if chart is not None}
    script, charts = components(figures) if figures else ("", {})
    resources = Resources(mode="inline", components=["bokeh"], minified=True, log_level="warn")
    return Drawing("\n".join(resources.js_raw) if figures else "", script, charts)


def marked(run: FinishedRun) -> list[Event]:
    """The events worth a mark, in order; every run starts and stops."""
    return [event for event in run.events if event.kind not in ("started", "stopping")]


def decades(percentile: float) -> float:
    """Where a percentile stands on an axis that gives each further nine the same room."""
    return math.log10(1 / (1 - percentile / 100))


class _Board:
    """The figures of one run, which share a time axis and a crosshair."""

    def __init__(self, run: FinishedRun, spans: OverTime | None) -> None:
        self._run = run
        self._spans = spans
        length_s = float(spans.starts_s[-1] + spans.span_s) if spans else run.duration_s
        self._is_long = length_s >= _HOUR_S
        self._time = Range1d(0, length_s * _MS, bounds=(0, length_s * _MS), name="time")
        self._needle = Span(dimension="height", line_color=GREY, line_dash="dashed", line_width=1)

    def figures(self) -> dict[str, Any]:
        """Every chart by name; None where there is no data."""
        spans = self._spans
        charts: dict[str, Any] = {"distribution": self._distribution(), "phases": self._phases()}
        charts |= dict(zip(("sweep-latency", "sweep-rate"), self._sweep(), strict=False))
        if spans is None:
            return charts
        for kind, seen in spans.kinds.items():
            since_due = spans.intended if kind == "login" else None
            charts[f"latency-{kind}"] = self._latency(spans, kind, seen, since_due)
            charts[f"outcomes-{kind}"] = self._outcomes(spans, kind, seen)
            if seen.by_reason:
                charts["reasons"] = self._reasons(spans, seen)
        return charts

    def _latency(self, spans: OverTime, kind: Kind, seen: Spans, since_due: Spans | None) -> Any:  # noqa: ANN401 - Bokeh's classes are generated
        columns = {name: us / _MS for name, us in seen.percentiles_us.items()}
        if since_due is not None:
            columns |= {f"{name}_due": us / _MS for name, us in since_due.percentiles_us.items()}
        plot, source = self._over_time(spans, columns, "ms")
        for column in columns:
            name, _, due = column.partition("_")
            alpha, width = _PERCENTILE_LOOKS[name]
            looks = {"color": KIND_COLOURS[kind], "line_alpha": alpha, "line_width": width, "name": name}
            # Beside what a client felt, what the server took is dashed, as everywhere.
            dash = "dashed" if since_due is not None and not due else "solid"
            line = plot.line("at", column, source=source, line_dash=dash, **looks)
            line.nonselection_glyph = None
            # A lone point between gaps is no line, and would not be seen.
            plot.scatter("at", column, source=source, size=2.5, color=KIND_COLOURS[kind], alpha=alpha, name=name)
        said = {column: column.replace("_due", " since due") for column in columns}
        self._hover(plot, [(what, f"@{column}{{0.0}} ms") for column, what in said.items()])
        return plot

    def _outcomes(self, spans: OverTime, kind: Kind, seen: Spans) -> Any:  # noqa: ANN401 - the same
        columns = {"ok": seen.ok, "throttled": seen.throttled, "failed": seen.failed}
        looks = {"ok": (KIND_COLOURS[kind], " "), "throttled": (THROTTLED, " "), "failed": (FAILED, " ")}
        return self._stack(spans, columns, looks)

    def _reasons(self, spans: OverTime, seen: Spans) -> Any:  # noqa: ANN401 - the same
        columns = {reason.value: counts for reason, counts in seen.by_reason.items()}
        return self._stack(spans, columns, {reason.value: REASON_LOOKS[reason] for reason in seen.by_reason})

    def _stack(self, spans: OverTime, counts: Mapping[str, Any], looks: Mapping[str, tuple[str, str]]) -> Any:  # noqa: ANN401 - the same
        columns = {name: count / spans.span_s for name, count in counts.items()}
        plot, source = self._over_time(spans, columns, "per s")
        plot.vbar_stack(
            list(columns),
            x="at",
            width=spans.span_s * _MS * _OVERLAP,
            source=source,
            fill_color=[looks[name][0] for name in columns],
            line_color=None,  # a line would show where there is nothing
            hatch_pattern=[looks[name][1] for name in columns],
            hatch_color="#FFFFFF",
            hatch_alpha=0.7,
            hatch_scale=6,
            name=list(columns),
        )
        plot.y_range = Range1d(0, float(sum(columns.values()).max()) * _MARGIN or 1)
        self._hover(plot, [(name, f"@{name}{{0.0}} per s") for name in columns])
        return plot

    def _over_time(self, spans: OverTime, columns: Mapping[str, Any], unit: str) -> tuple[Any, ColumnDataSource]:
        plot = _plot(unit, x_range=self._time)
        text = "%H:%M" if self._is_long else "%M:%S"
        plot.xaxis.axis_label = "h:min" if self._is_long else "min:s"
        plot.xaxis.ticker = DatetimeTicker(desired_num_ticks=6)
        plot.xaxis.formatter = DatetimeTickFormatter(
            **dict.fromkeys(("milliseconds", "seconds", "minsec", "minutes", "hourmin", "hours", "days"), text)
        )
        data: dict[str, Any] = {name: np.asarray(values, dtype=np.float32) for name, values in columns.items()}
        highest = max((np.nanmax(values) for values in data.values() if not np.isnan(values).all()), default=0)
        plot.y_range = Range1d(0, float(highest) * _MARGIN or 1)
        data["at"] = (spans.starts_s + spans.span_s / 2) * float(_MS)
        if self._run.warmup_s:
            plot.add_layout(BoxAnnotation(right=self._run.warmup_s * _MS, fill_color=GREY, fill_alpha=0.15))
        for number, event in enumerate(marked(self._run)[:_MOST_EVENTS], 1):
            at = max(event.at_s, 0) * _MS
            plot.add_layout(Span(location=at, dimension="height", line_color=GREY, line_dash="dotted", line_width=1.5))
            plot.add_layout(
                Label(
                    x=at,
                    y=_HEIGHT_PX - 64,
                    y_units="screen",
                    x_offset=3,
                    text=str(number),
                    text_font_size="11px",
                    name="event",
                )
            )
        return plot, ColumnDataSource(data)  # NaN draws nothing

    def _hover(self, plot: Any, rows: Sequence[tuple[str, str]]) -> None:  # noqa: ANN401 - the same
        form = "%H:%M:%S" if self._is_long else "%M:%S"
        plot.add_tools(
            HoverTool(
                renderers=plot.renderers[:1],
                mode="vline",
                tooltips=[("at", f"@at{{{form}}}"), *rows],
                formatters={"@at": "datetime"},
                attachment="horizontal",
            ),
            CrosshairTool(overlay=self._needle),
        )

    def _distribution(self) -> Any:  # noqa: ANN401 - the same
        metrics = self._run.metrics
        tallies = {
            "intended": metrics.tally(INTENDED),
            "login": metrics.tally(LOGINS),
            "request": metrics.tally(REQUESTS),
        }
        curves = {kind: curve for kind, tally in tallies.items() if (curve := _curve(tally))}
        if not curves:
            return None
        furthest = max(curve[-1][0] for curve in curves.values())
        plot = _plot("ms", x_range=Range1d(0, max(decades(furthest), 1)))
        plot.xaxis.name = "percentiles"
        plot.xaxis.ticker = FixedTicker(ticks=[decades(percentile) for percentile in _TICKS])
        plot.xaxis.major_label_overrides = {decades(p): f"{text} %" for p, text in _TICKS.items()}
        highest = max(ms for curve in curves.values() for _, ms in curve)
        plot.y_range = Range1d(0, highest * _MARGIN)
        for kind, curve in curves.items():
            source = ColumnDataSource(
                {
                    "at": np.array([decades(percentile) for percentile, _ in curve]),
                    "percentile": np.array([percentile for percentile, _ in curve]),
                    "ms": np.array([ms for _, ms in curve]),
                }
            )
            is_measured_beside = kind == "login" and "intended" in curves
            line = plot.line(
                "at",
                "ms",
                source=source,
                color=API if kind == "request" else LOGIN,
                line_width=2,
                line_dash="dashed" if is_measured_beside else "solid",
                name=kind,
            )
            what = {"intended": "login, intended", "login": "login", "request": "API"}[kind]
            plot.add_tools(
                HoverTool(renderers=[line], mode="vline", tooltips=[(what, "@percentile{0.[000]} %: @ms{0.0} ms")])
            )
        return plot

    def _sweep(self) -> list[Any]:
        """Latency and throughput by level of load; nothing without a sweep."""
        sweep = self._run.sweep
        if not sweep or not sweep.figures:
            return []
        levels = [f"{step.level:g}" for step in sweep.figures]
        latencies = {
            name: [math.nan if (us := getattr(step, name)) is None else us / _MS for step in sweep.figures]
            for name in PERCENTILES
        }
        latency, rate = _plot("ms", x_range=levels), _plot("per s", x_range=levels)
        source = ColumnDataSource(
            {
                "level": levels,
                "rate": np.array([step.throughput for step in sweep.figures]),
                **{name: np.array(values) for name, values in latencies.items()},
            }
        )
        for name, (alpha, width) in _PERCENTILE_LOOKS.items():
            latency.line("level", name, source=source, color=LOGIN, line_alpha=alpha, line_width=width, name=name)
            latency.scatter("level", name, source=source, color=LOGIN, alpha=alpha, size=5, name=name)
        rate.vbar("level", top="rate", width=0.6, source=source, color=LOGIN, name="rate")
        for plot, rows in ((latency, PERCENTILES), (rate, ("rate",))):
            plot.xaxis.axis_label = sweep.steps.unit
            plot.y_range.start = 0
            plot.add_tools(
                HoverTool(
                    renderers=plot.renderers[:1],
                    mode="vline",
                    tooltips=[(sweep.steps.unit, "@level"), *((name, f"@{name}{{0.0}}") for name in rows)],
                )
            )
        return [latency, rate]

    def _phases(self) -> Any:  # noqa: ANN401 - the same
        rows = [row for row in phases(self._run) if row.p50_us is not None]
        if not rows:
            return None
        names = [row.label for row in reversed(rows)]
        plot = _plot("", y_range=names, height=60 + 28 * len(rows))
        plot.xaxis.axis_label = "ms"
        plot.xaxis.ticker.desired_num_ticks = 4
        source = ColumnDataSource(
            {
                "name": [row.label for row in rows],
                **{
                    metric: np.array([(getattr(row, f"{metric}_us") or 0) / _MS for row in rows])
                    for metric in PERCENTILES
                },
                "colour": [row.colour for row in rows],
            }
        )
        plot.segment("p50", "name", "p99", "name", source=source, color="colour", line_width=2)
        plot.hbar(y="name", left="p50", right="p95", height=0.4, source=source, color="colour", alpha=0.6)
        dots = plot.scatter("p50", "name", source=source, size=10, color="colour")
        plot.x_range = Range1d(0, max(row.p99_us or 0 for row in rows) / _MS * _MARGIN or 1)
        plot.xaxis.formatter = BasicTickFormatter(use_scientific=False)
        plot.add_tools(
            HoverTool(renderers=[dots], tooltips=[(metric, f"@{metric}{{0.0}} ms") for metric in PERCENTILES])
        )
        return plot


@dataclass(frozen=True, slots=True)
class Phase:
    """How long one part of an exchange took."""

    label: str
    count: int
    p50_us: float | None
    p95_us: float | None
    p99_us: float | None
    colour: str


def phases(run: FinishedRun) -> list[Phase]:
    """Connecting, the first byte and the whole, for Cognito's exchanges and API requests; only what was seen."""
    rows = []
    for selector, who in ((EXCHANGES, "Cognito"), (REQUESTS, "API")):
        tally = run.metrics.tally(selector)
        for what, histogram in (
            ("connect (TCP and TLS)", tally.connect),
            ("first byte", tally.first_byte),
            ("last byte", tally.everything),
        ):
            if histogram.count:
                p50, p95, p99 = (histogram.figure(metric) for metric in PERCENTILES)
                rows.append(Phase(f"{who}: {what}", histogram.count, p50, p95, p99, KIND_COLOURS[selector.kind]))
    return rows


def _curve(tally: Tally) -> list[tuple[float, float]]:
    """Percentile and milliseconds, evenly over the decades that the number of samples can fill."""
    if not tally.ok.count:
        return []
    furthest = min(math.log10(tally.count) if tally.count > 1 else 0.0, _MOST_DECADES)
    points = []
    for step in range(1, math.floor(furthest * _STEPS_PER_DECADE) + 1):
        percentile = round(100 * (1 - 10 ** (-step / _STEPS_PER_DECADE)), 3)
        us = tally.figure(f"p{percentile:.3f}", 1)
        points.append((percentile, (us or 0) / _MS))
    return points


def _plot(unit: str, height: int = _HEIGHT_PX, **options: Any) -> Any:  # noqa: ANN401 - the same
    plot = figure(
        height=height,
        sizing_mode="stretch_width",
        min_width=200,
        min_border_left=68,
        min_border_right=12,
        tools="",
        toolbar_location=None,
        background_fill_color=None,
        border_fill_color=None,
        outline_line_color=None,
        **options,
    )
    plot.yaxis.axis_label = unit or None
    plot.axis.axis_line_color = None
    plot.axis.minor_tick_line_color = None
    plot.axis.axis_label_text_font_style = "normal"
    plot.axis.major_label_text_font_size = "12px"
    plot.axis.axis_label_text_font_size = "12px"
    plot.axis.major_label_text_font = plot.axis.axis_label_text_font = "system-ui, sans-serif"
    plot.xgrid.grid_line_color = None
    if unit:
        plot.yaxis.formatter = BasicTickFormatter(use_scientific=False)
        plot.yaxis.ticker.desired_num_ticks = 4
    return plot
