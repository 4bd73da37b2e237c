"""`report.html`: one self-contained page, made of a run's record by a template, a style sheet and Bokeh's charts."""

from __future__ import annotations

import time
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from harness.evidence.figures.generator_health import MAX_CPU_SHARE, MAX_HOT_SHARE_OF_RUN
from harness.evidence.figures.tally import INTENDED, TOKEN_REFUSED
from harness.evidence.finished_run import FinishedRun
from harness.evidence.reports import accounts, charts
from harness.evidence.reports.html import tables
from harness.evidence.reports.numbers import Numbers
from harness.evidence.reports.over_time import Timeline

FILE_NAME = "report.html"
_FOLDER = Path(__file__).parent
_TABLE_ROWS = 60
"""Spans in the tables behind the charts: as many as people read."""


def page(run: FinishedRun) -> str:
    """The whole page."""
    numbers = Numbers.typeset()
    timeline = Timeline(run.timeline, run.timeline_step_s)
    drawing = charts.draw(run, timeline.cut())
    metrics = run.metrics
    environment = Environment(
        loader=PackageLoader("harness.evidence.reports.html", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.jinja").render(
        run=run,
        n=numbers,
        icon={"passed": "✓", "failed": "✗", "invalid": "!", "no data": "✗"},
        started=_clock(run.started_s),
        ended=_clock(run.ended_s),
        cost=tables.cost(run, numbers),
        over_time=tables.over_time(timeline.cut(_TABLE_ROWS), numbers),
        distribution=tables.distribution(run, numbers),
        phases=tables.phases(run, numbers),
        sweep=tables.sweep(run, numbers),
        errors=tables.errors(run),
        accounts=tables.accounts(run),
        accounts_heading=accounts.heading(run.rejections),
        events=tables.events(run),
        renewals=tables.renewals(run, numbers),
        has_intended=bool(metrics.tally(INTENDED).count),
        reasons=[(reason.value, reason.value, reason.value) for reason in metrics.reasons()],
        cpu_limit=MAX_CPU_SHARE,
        hot_limit=MAX_HOT_SHARE_OF_RUN,
        replayed=sum(t.count for name, t in metrics.tallies("request").items() if name.endswith(TOKEN_REFUSED)),
        processes=tables.processes(run, numbers),
        settings=sorted((name, _shown(value)) for name, value in run.settings.items()),
        charts={name: Markup(element) for name, element in drawing.charts.items()},  # noqa: S704 - Bokeh's own markup
        library=Markup(drawing.library),  # noqa: S704 - the same
        script=Markup(drawing.script),  # noqa: S704 - numbers and names of ours only
        style=Markup((_FOLDER / "page.css").read_text("utf-8")),  # noqa: S704 - a file of this package
        behaviour=Markup((_FOLDER / "page.js").read_text("utf-8")),  # noqa: S704 - the same
    )


def _clock(wall_s: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(wall_s))


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value == "":
        return "–"  # noqa: RUF001 - typeset
    return f"{value:g}" if isinstance(value, float) else str(value)
