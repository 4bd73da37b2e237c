"""What Locust's web UI shows of a run besides Locust's own tables: logins, causes and remedies, the generator.

Locust's extended tabs hold one table each; their rows ride on the statistics that the page asks for every two seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from flask import Flask, Response, request, send_file
from locust.web import WebUI

from harness.evidence.figures.generator_health import Health
from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.tally import EXCHANGES, LOGINS, Selector, Tally
from harness.evidence.finished_run import Remedies, explain
from harness.evidence.judging.hangs import left_open
from harness.evidence.reports.numbers import Numbers

STATISTICS: Final = "locust.request_stats"
"""Locust's endpoint that the page polls."""
REPORT_PATH: Final = "/cognito-report"
MOST_ERRORS: Final = 50

_FIGURES: Final = {
    "count": "count",
    "failed": "failed %",
    "rate": "per s",
    "p50": "p50 ms",
    "p95": "p95 ms",
    "p99": "p99 ms",
    "max": "max ms",
}
_TABS: Final = {
    "logins": ("Logins", {"what": "login or exchange", **_FIGURES}),
    "open": (
        "Still open",
        {
            "what": "not answered for a second or more",
            "count": "count",
            "p50": "p50 of their ages, ms",
            "max": "oldest, ms",
        },
    ),
    "remedies": (
        "Causes and remedies",
        {"count": "count", "error": "error", "cause": "cause", "remedy": "what to do"},
    ),
    "generator": (
        "Generator",
        {
            "process": "process",
            "cpu": "CPU % of a core",
            "late": "event loop late, p99 ms",
            "clock": "clock ahead of Cognito's, s",
        },
    ),
    "estimate": ("Estimate", {"said": "what is loaded, and what the run was going to ask of it before its first user"}),
}
_NUMBERS: Final = Numbers.typeset()


class Standing(NamedTuple):
    """A run as it stands, or as the last one ended."""

    metrics: Metrics
    duration_s: float
    healths: Mapping[str, Health]
    estimate: Sequence[str] = ()
    """What is loaded, what the run was reckoned to ask of Cognito, and what of that would exceed the quota."""


def show(
    app: Flask,
    web_ui: WebUI,
    standing: Callable[[], Standing],
    remedies: Remedies,
    report: Callable[[], Path | None],
) -> None:
    """Add the tabs, and a link to the last run's report.

    Args:
        app: Locust's Flask application, whose routes exist already.
        web_ui: Locust's.
        standing: The run that the page is about.
        remedies: Explains errors.
        report: The last run's page; None when there is none.
    """
    prefix = next(rule.rule for rule in app.url_map.iter_rules() if rule.endpoint == STATISTICS)
    prefix = prefix.removesuffix("/stats/requests")
    web_ui.template_args["extended_tabs"] = [{"key": key, "title": title} for key, (title, _) in _TABS.items()]
    web_ui.template_args["extended_tables"] = [
        {"key": key, "structure": [{"key": name, "title": head} for name, head in columns.items()]}
        for key, (_, columns) in _TABS.items()
    ]
    web_ui.template_args["extended_csv_files"] = [
        {"href": f".{REPORT_PATH}", "title": "Open the report of the last run (report.html)"}
    ]

    @app.after_request
    def add_rows(response: Response) -> Response:
        if request.endpoint == STATISTICS and response.is_json:
            told = response.get_json()
            told["extended_stats"] = [{"key": key, "data": rows} for key, rows in tables(standing(), remedies).items()]
            response.set_data(app.json.dumps(told))
        return response

    def last_report() -> Response | tuple[str, int]:
        page = report()
        if page is None or not page.is_file():
            return "No run has ended yet: its report is made when it stops.", 404
        return send_file(page.resolve())

    app.add_url_rule(f"{prefix}{REPORT_PATH}", "cognito_report", web_ui.auth_required_if_enabled(last_report))


def tables(standing: Standing, remedies: Remedies) -> dict[str, list[dict[str, Any]]]:
    """The rows of each tab, by its key, as text for people."""
    metrics, duration_s, healths, estimate = standing
    exchanges = metrics.tallies("exchange")
    logins = {"all logins": metrics.tally(LOGINS)} if metrics.names("login") or metrics.open_names("login") else {}
    for reason in metrics.reasons():
        logins[f"login: {reason.value}"] = metrics.tally(Selector("login", reason=reason))
    if len(exchanges) > 1:
        logins["all exchanges"] = metrics.tally(EXCHANGES)
    logins |= exchanges
    return {
        "logins": [_row(what, tally, duration_s) for what, tally in logins.items()],
        "open": [
            {
                "what": one.name if one.kind in ("exchange", "request") else f"{one.kind}: {one.name}",
                "count": _NUMBERS.count(one.ages.count),
                "p50": _NUMBERS.milliseconds(one.ages.figure("p50")),
                "max": _NUMBERS.milliseconds(one.ages.max_us),
            }
            for one in left_open(metrics)
        ],
        "remedies": [
            {
                "count": _NUMBERS.count(error.seen.count),
                "error": f"{error.key.name}: {error.key.text}",
                "cause": error.cause or _NUMBERS.no_data,
                "remedy": error.remedy or _NUMBERS.no_data,
            }
            for error in explain(metrics, remedies)[:MOST_ERRORS]
        ],
        "generator": [
            {
                "process": name,
                "cpu": _NUMBERS.percent(health.mean_cpu_share),
                "late": _NUMBERS.milliseconds(health.lag_p99_us),
                "clock": _NUMBERS.no_data if health.clock_ahead_s is None else f"{round(health.clock_ahead_s):+,d}",
            }
            for name, health in sorted(healths.items())
        ],
        "estimate": [{"said": sentence} for sentence in estimate],
    }


def _row(what: str, tally: Tally, duration_s: float) -> dict[str, str]:
    return {
        "what": what,
        "count": _NUMBERS.count(tally.count),
        "failed": _NUMBERS.percent(tally.figure("fail_rate", duration_s)),
        "rate": _NUMBERS.significant(tally.count / duration_s if duration_s > 0 else None),
        **{name: _NUMBERS.milliseconds(tally.figure(name, duration_s)) for name in ("p50", "p95", "p99", "max")},
    }
