from __future__ import annotations

import io
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from harness.evidence.figures.metrics import Metrics
from harness.evidence.figures.sample import Sample
from harness.evidence.finished_run import FinishedRun
from harness.evidence.reports import html, markdown, summary
from harness.evidence.reports.terminal import MAX_LINES, render
from harness.evidence.storage.rejections import Rejected, Rejections
from harness.outcome import Outcome, Reason

CLOSING_SUMMARY = Path(__file__).with_name("closing_summary.txt")
REPORT = Path("results/20261123-201530-ab12/summary.json")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Screen(io.StringIO):
    """Where a console writes, with an encoding of its own."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:
        return self._encoding


def printed(
    run: FinishedRun,
    *,
    width: int = 80,
    terminal: bool = False,
    encoding: str = "utf-8",
    environ: dict[str, str] | None = None,
    report: Path | None = REPORT,
) -> str:
    screen = Screen(encoding)
    console = Console(
        file=screen,
        width=width,
        force_terminal=terminal,
        color_system="truecolor" if terminal else None,
        _environ={"TERM": "xterm-256color", **(environ or {})},
    )
    render(run, console, report)
    return screen.getvalue()


def crowded(make: Any) -> FinishedRun:
    """More of everything than fits on a screen."""
    metrics = Metrics()
    for reason in Reason:
        make.logins(metrics, 3, 100, reason, Outcome.OK)
        make.logins(metrics, 2, 100, reason, Outcome.THROTTLED, "TooManyRequestsException: Rate exceeded")
    for number in range(60):
        make.requests(metrics, 3, 10, f"GET /catalogue/{number}/a/rather/long/path/to/it")
        make.requests(metrics, 1, 10, "GET /me", Outcome.FAILED_CHECK, f"check {number} failed " + "on and on " * 30)
    gates = tuple(f"GET /catalogue/{number}/a/rather/long/path/to/it max < 1ms" for number in range(30))
    return make.run(metrics, gates=gates, notes=tuple(f"worker {n} was lost" for n in range(20)))


def test_a_pipe_gets_the_whole_story_in_plain_words(run: FinishedRun):
    """The file beside this one is what a job's log holds."""
    assert printed(run) == CLOSING_SUMMARY.read_text(encoding="ascii")


def test_a_pipe_gets_only_ascii_and_no_cursor_movement(run: FinishedRun):
    assert printed(run).isascii()
    assert "\x1b" not in printed(run)


@pytest.mark.parametrize("width", [72, 80, 120, 200])
@pytest.mark.parametrize("terminal", [False, True])
def test_no_run_takes_more_lines_than_a_screen_has(make: Any, width: int, terminal: bool):
    shown = printed(crowded(make), width=width, terminal=terminal)
    assert len(shown.splitlines()) <= MAX_LINES
    assert "more kinds of request in the report" in shown


@pytest.mark.parametrize("width", [72, 80, 120])
def test_no_line_is_wider_than_the_terminal(make: Any, width: int):
    shown = COLOUR.sub("", printed(crowded(make), width=width, terminal=True))
    assert max(cell_len(line) for line in shown.splitlines()) <= width


def test_a_window_that_is_too_narrow_still_gets_whole_numbers(run: FinishedRun):
    shown = COLOUR.sub("", printed(run, width=40, terminal=True))
    assert "13.4 s" in shown


@pytest.mark.parametrize(
    ("gates", "busy", "band"),
    [
        (("InitiateAuth p95 < 300ms",), False, "\u2713 passed"),
        (("InitiateAuth p95 < 3ms",), False, "\u2717 failed"),
        (("InitiateAuth p95 < 300ms",), True, "! invalid"),
    ],
)
def test_the_verdict_is_last_and_is_a_word_and_an_icon_on_colour(
    make: Any, gates: tuple[str, ...], busy: bool, band: str
):
    run = make.run(gates=gates, healths={"local": make.healthy(0.97 if busy else 0.3)})
    shown = printed(run, width=120, terminal=True)
    ending = shown[shown.rindex("Report") :]
    assert f" {band} " in ending
    assert re.search(r"\x1b\[1;30;4[0-9;]*m [^ ]+ " + run.verdict.word, ending)
    assert COLOUR.sub("", ending).strip().endswith(f"(exit code {int(run.verdict.exit_code)})")


def test_no_color_is_honoured(run: FinishedRun):
    shown = printed(run, terminal=True, environ={"NO_COLOR": "1"})
    assert not re.search(r"\x1b\[[0-9;]*(3[0-9]|4[0-9])", shown)
    assert "\u2717 failed" in shown


def test_a_terminal_without_utf8_gets_ascii(run: FinishedRun):
    shown = printed(run, terminal=True, encoding="iso-8859-1")
    assert COLOUR.sub("", shown).isascii()
    assert " failed " in shown


def test_a_terminal_sets_thousands_apart_with_a_thin_space(run: FinishedRun):
    assert "1\u2009520" in printed(run, terminal=True)


def test_a_terminal_indents_cause_and_remedy_under_the_error(run: FinishedRun):
    shown = COLOUR.sub("", printed(run, terminal=True)).splitlines()
    start = next(number for number, line in enumerate(shown) if "TooManyRequestsException: Rate" in line)
    assert shown[start + 1 : start + 5] == [
        "      cause   The UserAuthentication quota of the account and region was",
        "              exceeded: 120 requests/s unless raised.",
        "      remedy  Lower --cognito-max-login-rate, or ask for a higher quota in",
        "              Service Quotas.",
    ]


def test_a_servers_text_cannot_steer_the_terminal(make: Any):
    metrics = Metrics()
    make.requests(metrics, 1, 5, "GET /\x1b[2J[bold]me", Outcome.FAILED_CHECK, "bad\x1b]0;owned\x07 \n[red]news")
    shown = printed(make.run(metrics, gates=()))
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "1 x bad?]0;owned?  [red]news (GET /?[2J[bold]me)" in shown


def test_text_the_terminal_cannot_show_does_not_stop_the_report(make: Any):
    metrics = Metrics()
    make.requests(metrics, 1, 5, "GET /\u65e5\u672c")
    assert "GET /??" in printed(make.run(metrics, gates=()), encoding="ascii")


def test_names_as_wide_as_two_columns_keep_the_table_straight(make: Any):
    metrics = Metrics()
    make.requests(metrics, 1, 5, "GET /\u65e5\u672c\u8a9e")
    lines = printed(make.run(metrics, gates=()), terminal=False).splitlines()
    head, row = next((a, b) for a, b in pairwise(lines) if a.startswith("API requests"))
    assert cell_len(head) == cell_len(row)


def test_a_run_of_nothing_is_invalid_and_says_so(make: Any):
    run = make.run(Metrics(), gates=(), healths={})
    assert printed(run, report=None).splitlines() == [
        "cognito-load  20261123-201530-ab12, 60.0 s, 20 users, Api and Login",
        "",
        "Logins  none",
        "",
        "API requests  none",
        "",
        "Generator  its health was not measured",
        "",
        f"invalid: {run.verdict.sentence} (exit code 4)",
    ]


def test_a_run_that_measured_no_time_has_no_rate(make: Any):
    metrics = Metrics()
    make.requests(metrics, 2, 5, "GET /me")
    (row,) = (line for line in printed(make.run(metrics, gates=(), duration_s=0.0)).splitlines() if "GET /me" in line)
    assert row.split()[2:5] == ["2", "0.0", "-"]


def test_logins_that_never_reached_cognito_are_shown(make: Any):
    metrics = Metrics()
    metrics.record(
        Sample("login", "login", Outcome.TRANSPORT_ERROR, 0.0, 5, reason=Reason.INITIAL, error="ConnectError")
    )
    shown = printed(make.run(metrics, gates=()))
    assert "    transport_error\n" in shown
    assert "Cognito exchanges" not in shown


def test_one_process_and_one_user_are_spoken_of_as_one(make: Any):
    shown = printed(make.run(users=1, classes=("Api",), healths={"local": make.healthy()}))
    assert ", 1 user, Api" in shown
    assert "Generator  its process used 40.0% of a core" in shown


def test_failures_without_an_ok_sample_have_a_dash_for_a_latency(make: Any):
    metrics = Metrics()
    make.requests(metrics, 2, 5, "GET /me", Outcome.SERVER_ERROR, "HTTP 500")
    (row,) = (line for line in printed(make.run(metrics, gates=())).splitlines() if line.startswith("  GET /me"))
    assert row.split()[2:] == ["2", "100.0", "0.0333", "-", "-", "-", "-"]


def test_everything_besides_the_figures_is_told(make: Any):
    metrics = Metrics()
    make.requests(metrics, 1, 4_000_000, "GET /slow")
    for name in ("a", "b", "c", "d", "e"):
        metrics.count_exception(f"Api.{name}")
    shown = printed(make.run(metrics, notes=("worker 3 was lost, and with it up to 5 s of measurements",)))
    assert "5 exceptions in the test's own code: Api.a 1, Api.b 1, Api.c 1, Api.d 1, 1 more" in shown
    assert "1 took longer than an hour, and are shown as one hour" in shown
    assert "worker 3 was lost, and with it up to 5 s of measurements" in shown


@pytest.mark.parametrize(("shows", "name"), [(True, "user-2@example.com"), (False, "not shown")])
def test_some_rejected_accounts_are_told_and_how_many_more_there_are(make: Any, shows: bool, name: str):
    """The first of them by their lines, and the page stays as short as it is."""
    rejections = Rejections()
    rejections.add(Rejected(line, f"user-{line}@example.com" * shows, "E", "why") for line in range(1_500, 1, -1))
    run = replace(make.run(), rejections=rejections)
    shown = printed(run)
    assert "Accounts  1499 accounts were rejected and not tried again" in shown
    assert f"line 2   {name}" in shown
    assert len(re.findall(r"^  line \d+ ", shown, re.MULTILINE)) <= 10
    assert re.search(r"14[89]\d more accounts", shown)
    text = markdown.markdown(run)
    assert "1\u2009489 more are in the report and in rejected.csv." in text
    assert name.replace("@", "&#64;") in text
    assert len(summary.summary(run)["accounts"]["first"]) == 100
    page = html.page(run)
    assert name in page
    assert "1\u2009399 more are in" in page


def test_every_reason_for_an_invalid_run_is_told_once(make: Any):
    shown = printed(make.run(gates=(), healths={"worker 1": make.healthy(0.97), "worker 2": make.healthy(0.97)}))
    assert shown.count("worker 1 used more than 90% of its core") == 1
    assert shown.count("worker 2 used more than 90% of its core") == 1


def test_passed_gates_are_left_out_before_failed_ones(make: Any):
    metrics = Metrics()
    make.logins(metrics, 1, 100, Reason.INITIAL, Outcome.OK)
    gates = ("login max < 1s",) * 60 + ("login max < 1ms",)
    shown = printed(make.run(metrics, gates=gates))
    assert "  failed   login max < 1ms  was 100 ms" in shown
    assert "Gates  1 of 61 failed" in shown
    assert re.search(r"\.\.\. \d+ more gates in the report", shown)


def test_a_long_name_is_shortened_on_a_terminal_and_whole_in_a_pipe(make: Any):
    metrics = Metrics()
    make.requests(metrics, 1, 5, "GET /customers/{id}/orders/{id}/lines/{id}")
    run = make.run(metrics, gates=())
    assert "GET /customers/{id}/orders/{id}/lines/{id}" in printed(run)
    assert re.search(r"  GET /customers/\{id\}/\w+\u2026 ", printed(run, terminal=True))


def test_quietly_only_where_the_report_is_and_the_verdict(run: FinishedRun):
    out = io.StringIO()
    render(run, Console(file=out, width=120), Path("results/x/report.html"), is_quiet=True)
    report, verdict = out.getvalue().splitlines()
    assert report == "Report     results/x/report.html"
    assert verdict.startswith("failed: 1 of 3 gates failed")
