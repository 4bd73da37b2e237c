"""`summary.md`: the result for a job's summary page or a merge request, in GitHub's and GitLab's Markdown."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from harness.evidence.figures.tally import INTENDED, LOGINS, REQUESTS, Selector, Tally
from harness.evidence.finished_run import FinishedRun
from harness.evidence.reports import accounts, steps
from harness.evidence.reports.numbers import Numbers

FILE_NAME = "summary.md"
_ICONS = {"passed": "✅", "failed": "❌", "no data": "❌", "invalid": "⚠️"}
_HEADS = ("count", "fail %", "per s", "p50 ms", "p95 ms", "p99 ms", "max ms")
_ESCAPED = {ord(mark): f"&#{ord(mark)};" for mark in "&\\`*[]<>|#~@"}
_MOST_NAMES = 20
_MOST_ERRORS = 10
_MOST_ACCOUNTS = 10


def markdown(run: FinishedRun) -> str:
    """The whole file: verdict, gates, what logins and the API cost, errors with cause and remedy."""
    numbers = Numbers.typeset()
    verdict = run.verdict
    about = ", ".join(
        [
            f"run `{run.run_id}`",
            numbers.duration(run.duration_s),
            f"{numbers.count(run.users)} {'user' if run.users == 1 else 'users'}",
            _plain(" and ".join(run.classes) or "no user class"),
        ]
    )
    blocks = [
        f"## {_ICONS[verdict.word]} cognito-load: {verdict.word}",
        f"{_plain(verdict.sentence)} (exit code {int(verdict.exit_code)})",
        about,
        f"Target: {_plain(run.target.sentence)}" if run.target else "",
        _gates(run),
        _cost(run, numbers),
        _sweep(run, numbers),
        "\n".join(f"- {_plain(sentence)}" for sentence in _notes(run, numbers)),
        _errors(run, numbers),
        _accounts(run, numbers),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _gates(run: FinishedRun) -> str:
    if not run.gates:
        return ""
    rows = (
        f"| {_ICONS[result.state]} {result.state} | {_code(result.gate.text)} "
        f"| {_plain(result.sentence.removeprefix('no data: '))} |"
        for result in sorted(run.gates, key=lambda result: result.state == "passed")
    )
    return "\n".join(["| | gate | |", "|---|---|---|", *rows])


def _cost(run: FinishedRun, numbers: Numbers) -> str:
    metrics = run.metrics
    logins = [("**all logins**", metrics.tally(LOGINS))]
    logins += [(reason.value, metrics.tally(Selector("login", reason=reason))) for reason in metrics.reasons()]
    requests = metrics.tallies("request")
    api = [("**all requests**", metrics.tally(REQUESTS))]
    api += [(_code(name), tally) for name, tally in islice(requests.items(), _MOST_NAMES)]
    if (intended := metrics.tally(INTENDED)).count:
        logins.append(("since due", intended))
    blocks = []
    if metrics.names("login") or metrics.open_names("login"):
        blocks.append(_table("Logins", logins, run, numbers))
    if requests:
        blocks.append(_table("API requests", api, run, numbers))
        if len(requests) > _MOST_NAMES:
            blocks.append(f"{len(requests) - _MOST_NAMES} more kinds of request are in the report.")
    return "\n\n".join(blocks)


def _table(title: str, rows: Iterable[tuple[str, Tally]], run: FinishedRun, numbers: Numbers) -> str:
    lines = [f"| {title} | {' | '.join(_HEADS)} |", "|---|" + "---:|" * len(_HEADS)]
    for name, tally in rows:
        figures = (tally.figure(metric, run.duration_s) for metric in ("p50", "p95", "p99", "max"))
        cells = [
            numbers.count(tally.count),
            numbers.percent(tally.figure("fail_rate", run.duration_s)),
            numbers.significant(tally.figure("rate", run.duration_s)),
            *map(numbers.milliseconds, figures),
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _sweep(run: FinishedRun, numbers: Numbers) -> str:
    sweep = run.sweep
    if sweep is None:
        return ""
    lines = [f"| {sweep.steps.unit} | {' | '.join(steps.HEADS)} |", "|---:|" + "---:|" * len(steps.HEADS)]
    lines += [f"| {' | '.join(cells)} |" for cells in steps.rows(sweep, numbers)]
    return "\n".join([*lines, "", f"**{_plain(sweep.sentence)}**"])


def _notes(run: FinishedRun, numbers: Numbers) -> Iterable[str]:
    yield from run.notes
    if run.skipped:
        yield f"{numbers.count(run.skipped)} API requests not sent, for want of a token"
    if run.dropped:
        why = ", ".join(f"{missing} {numbers.count(count)}" for missing, count in sorted(run.metrics.dropped.items()))
        yield f"{numbers.count(run.dropped)} arrivals dropped: {why}"
    if run.cut_off:
        after = f" after up to {numbers.duration(run.cut_off_after_us / 1e6)}" if run.cut_off_after_us else ""
        yield f"{numbers.count(run.cut_off)} cut off at the end{after}, so in no figure"


def _errors(run: FinishedRun, numbers: Numbers) -> str:
    # A login fails because one of its exchanges did: the same error twice, and not two errors.
    exchanged = {error.key.text for error in run.errors() if error.key.kind == "exchange"}
    errors = [e for e in run.errors() if e.key.kind != "login" or e.key.text not in exchanged]
    if not errors:
        return ""
    lines = []
    for error in errors[:_MOST_ERRORS]:
        lines.append(f"- **{numbers.count(error.seen.count)} x** {_code(error.key.text)} ({_plain(error.key.name)})")
        if error.remedy:
            lines.append(f"  <br>{_plain(error.cause)} **Do this:** {_plain(error.remedy)}")
    if len(errors) > _MOST_ERRORS:
        lines.append(f"- {len(errors) - _MOST_ERRORS} more kinds of error are in the report")
    return "\n".join(["### Errors", "", *lines])


def _accounts(run: FinishedRun, numbers: Numbers) -> str:
    rejections = run.rejections
    if not rejections.count:
        return ""
    lines = [
        "### Rejected accounts",
        "",
        f"{_plain(accounts.heading(rejections))}.",
        "",
        "| users file | account | why |",
        "|---|---|---|",
    ]
    shown = accounts.rows(rejections, _MOST_ACCOUNTS)
    lines += [f"| {line} | {_code(username)} | {_plain(said)} |" for line, username, said in shown]
    if rejections.count > len(shown):
        lines += ["", f"{numbers.count(rejections.count - len(shown))} more are in the report and in rejected.csv."]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Text that is only text, also in a table's cell: a server's answer must not become a link or a tag."""
    return " ".join(text.translate(_ESCAPED).split())


def _code(text: str) -> str:
    return f"<code>{_plain(text)}</code>"
