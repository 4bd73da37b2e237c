"""The closing summary: what logins cost, what the API cost, why, and last of all the verdict.

On a terminal it has colour, wraps at the window's width and keeps to `MAX_LINES`. In a pipe it has the same words in
ASCII, and every sentence is one line however long, so that a log can be searched.
"""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.style import Style
from rich.text import Text

from harness.evidence.figures.generator_health import MAX_CPU_SHARE
from harness.evidence.figures.tally import INTENDED, LOGINS, REQUESTS, Selector, Tally
from harness.evidence.finished_run import ExplainedError, FinishedRun
from harness.evidence.reports import accounts, steps
from harness.evidence.reports.numbers import Numbers
from harness.evidence.reports.page import Section, fit
from harness.outcome import Outcome

MAX_LINES = 40
MIN_WIDTH, MAX_WIDTH = 72, 120
"""In columns; wider lines are hard to follow, and in narrower windows the table could not hold its numbers."""
_LONGEST_NAME_IN_A_PIPE = 60

_HEADS = ("count", "fail %", "per s", "p50 ms", "p95 ms", "p99 ms", "max ms")
_FAIL_COLUMN = 1
_CELL_WIDTH = 6
_PARTS_SHOWN = 4
_GATE_WIDTH = 36
_GATES_MISSED_SHOWN = 4
_ACCOUNTS_SHOWN = 10
_REASONS = ("reason", "reasons")
_WIDEST_TITLE = "Cognito exchanges"

# Okabe-Ito, the same meaning as in every other report.
_FAILED = Style(color="#D55E00")
_THROTTLED = Style(color="#E69F00")
_HEAD = Style(bold=True)
_BANDS = {
    "passed": Style(color="black", bgcolor="green", bold=True),
    "failed": Style(color="black", bgcolor="#D55E00", bold=True),
    "invalid": Style(color="black", bgcolor="#E69F00", bold=True),
}
_ICONS = {"passed": "\u2713", "failed": "\u2717", "no data": "\u2717", "invalid": "!"}

_INDENT = "  "


def render(run: FinishedRun, console: Console, report: Path | None = None, *, is_quiet: bool = False) -> None:
    """Print the summary of a run.

    Args:
        run: What to print.
        console: Decides by its own settings about colour (`NO_COLOR`), width and encoding.
        report: Where the whole result was written, if it was.
        is_quiet: Whether the target, where the report is and the verdict are enough.
    """
    summary = _Summary(run, console, report)
    for line in summary.ending() if is_quiet else summary.lines():
        console.print(line, soft_wrap=True, highlight=False)


class _Summary:
    """The summary as lines that fit the console."""

    def __init__(self, run: FinishedRun, console: Console, report: Path | None) -> None:
        self._run = run
        self._report = report
        self._encoding = console.encoding
        self._is_terminal = console.is_terminal and not console.is_dumb_terminal
        self._is_typeset = self._is_terminal and self._encoding.lower().startswith("utf")
        self._numbers = Numbers.typeset() if self._is_typeset else Numbers()
        self._width = min(max(console.width, MIN_WIDTH), MAX_WIDTH) if self._is_terminal else 0
        longest_count = cell_len(self._numbers.count(run.metrics.measured))
        self._widths = [2 + max(longest_count, len(_HEADS[0])), *[2 + _CELL_WIDTH] * (len(_HEADS) - 1)]
        self._name_width = self._fit_names()

    def lines(self) -> list[Text]:
        sections = [
            Section([self._title()]),
            self._logins(),
            self._sweep(),
            self._requests(),
            self._not_measured(),
            self._errors(),
            self._accounts(),
            self._generator(),
            self._gates(),
            self._comparison(),
            Section(self.ending()),
        ]
        filled, is_airy = fit(sections, MAX_LINES)
        dots, where = ("\u2026" if self._is_typeset else "..."), (" in the report" if self._report else "")
        blank = [Text()] if is_airy else []
        return [line for section in filled for line in [*blank, *section.lines(dots, where)]][len(blank) :]

    def _title(self) -> Text:
        run = self._run
        parts = [
            run.run_id,
            self._numbers.duration(run.duration_s),
            f"{self._numbers.count(run.users)} {'user' if run.users == 1 else 'users'}",
            " and ".join(run.classes) or "no user class",
        ]
        return Text.assemble(("cognito-load", _HEAD), self._clean("  " + ", ".join(parts)))

    def _logins(self) -> Section:
        metrics = self._run.metrics
        reasons = metrics.reasons()
        exchanges = metrics.tallies("exchange")
        if not (metrics.names("login") or exchanges):
            return Section([Text.assemble(("Logins", _HEAD), "  none")])
        section = Section([self._heads("Logins")], nouns=("kind of exchange", "kinds of exchange"))
        if len(reasons) != 1:
            section.items.append(self._row("all", metrics.tally(LOGINS), tells_outcomes=not reasons))
        for reason in reasons:
            tally = metrics.tally(Selector("login", reason=reason))
            section.items.append(self._row(reason.value, tally, tells_outcomes=True))
        intended = metrics.tally(INTENDED)
        if intended.count:
            section.items.append(self._row("since due", intended))
        if exchanges:
            section.items.append([Text(_WIDEST_TITLE, _HEAD)])
            section.keep, section.at_least = len(section.items) + 2, len(section.items)
            section.items += [self._row(name, tally) for name, tally in exchanges.items()]
        else:
            section.keep = section.at_least = len(section.items)
        return section

    def _sweep(self) -> Section:
        sweep = self._run.sweep
        if sweep is None:
            return Section([])
        heads = f"{sweep.steps.unit:<18}" + "".join(f"{head:>10}" for head in steps.HEADS)
        items = [
            [Text(f"{_INDENT}{level:<16}" + "".join(f"{cell:>10}" for cell in cells))]
            for level, *cells in steps.rows(sweep, self._numbers)
        ]
        items.append(self._wrapped(sweep.sentence, _INDENT, _HEAD, hanging=2))
        return Section([Text(heads, _HEAD)], items)

    def _requests(self) -> Section:
        tallies = self._run.metrics.tallies("request")
        if not tallies:
            return Section([Text.assemble(("API requests", _HEAD), "  none")])
        section = Section(
            [self._heads("API requests")], nouns=("kind of request", "kinds of request"), keep=5, at_least=2
        )
        if len(tallies) > 1:
            section.items.append(self._row("all", self._run.metrics.tally(REQUESTS)))
        section.items += [self._row(name, tally) for name, tally in islice(tallies.items(), MAX_LINES)]
        section.unmade = max(len(tallies) - MAX_LINES, 0)
        return section

    def _not_measured(self) -> Section:
        metrics = self._run.metrics
        lines = []
        if metrics.skipped:
            by_why: dict[str, int] = defaultdict(int)
            for (_, why), number in metrics.skipped.items():
                by_why[why] += number
            lines.append(("not sent, for want of a token", self._run.skipped, by_why))
        if metrics.dropped:
            lines.append(("arrivals dropped", self._run.dropped, metrics.dropped))
        if metrics.cut_offs:
            age_us = self._run.cut_off_after_us
            after = f" after up to {self._numbers.duration(age_us / 1e6)}" if age_us else ""
            lines.append((f"cut off at the end{after}, so in no figure", self._run.cut_off, metrics.cut_offs))
        if metrics.exceptions:
            total = sum(metrics.exceptions.values())
            lines.append(("exceptions in the test's own code", total, metrics.exceptions))
        said = [f"{self._numbers.count(total)} {what}: {self._tallied(parts)}" for what, total, parts in lines]
        if metrics.clamped:
            said.append(f"{self._numbers.count(metrics.clamped)} took longer than an hour, and are shown as one hour")
        items = [self._wrapped(sentence, "", _THROTTLED) for sentence in [*said, *self._run.notes]]
        return Section([], items, nouns=("note", "notes"), keep=6)

    def _errors(self) -> Section:
        by_text: dict[str, list[ExplainedError]] = defaultdict(list)
        for error in self._run.errors():
            by_text[error.key.text].append(error)
        if not by_text:
            return Section([])
        items = [self._error(text, rows) for text, rows in islice(by_text.items(), MAX_LINES)]
        nouns = ("kind of error", "kinds of error")
        return Section([Text("Errors", _HEAD)], items, nouns, unmade=max(len(by_text) - MAX_LINES, 0))

    def _error(self, text: str, rows: Sequence[ExplainedError]) -> list[Text]:
        where = {row.key.name: row.seen.count for row in rows}
        # A login fails because one of its exchanges did: the same error twice, and not two errors.
        own = [row for row in rows if row.key.kind != "login"] or rows
        count = self._numbers.count(sum(row.seen.count for row in own))
        lines = self._wrapped(f"{count} x {text} ({self._tallied(where)})", _INDENT, _FAILED, max_lines=2)
        for label, said in (("cause ", rows[0].cause), ("remedy", rows[0].remedy)):
            if said:
                lines += self._wrapped(f"{label}  {said}", 3 * _INDENT, hanging=8, max_lines=2)
        return lines

    def _accounts(self) -> Section:
        rejections = self._run.rejections
        if not rejections.count:
            return Section([])
        rows = accounts.rows(rejections, _ACCOUNTS_SHOWN)
        widths = [max(cell_len(self._clean(row[column])) for row in rows) for column in (0, 1)]
        items = []
        for line, username, said in rows:
            cells = f"{line:<{widths[0]}}  {set_cell_size(self._clean(username), widths[1])}  {said}"
            items.append(self._wrapped(cells, _INDENT, _FAILED, hanging=2, max_lines=2))
        heading = self._wrapped(f"Accounts  {accounts.heading(rejections)}", "", hanging=2)
        heading[0].stylize(_HEAD, 0, len("Accounts"))
        unmade = rejections.count - len(rows)
        return Section(heading, items, ("account", "accounts"), unmade=unmade)

    def _generator(self) -> Section:
        healths = self._run.healths
        # The verdict says the first one.
        reasons = self._run.verdict.invalid_because[1:]
        items = [self._wrapped(reason, _INDENT, _FAILED, hanging=2) for reason in reasons]
        suspect = self._run.verdict.suspect_because
        items += [self._wrapped(f"suspect: {reason}", _INDENT, _THROTTLED, hanging=2) for reason in suspect]
        if not healths:
            return Section(
                [Text.assemble(("Generator", _HEAD), "  its health was not measured")], items, _REASONS, at_least=0
            )
        busiest = max(healths, key=lambda name: healths[name].mean_cpu_share or 0.0)
        cpu = self._numbers.percent(healths[busiest].mean_cpu_share)
        lags = [lag for health in healths.values() if (lag := health.lag_p99_us) is not None]
        late = self._numbers.milliseconds(max(lags, default=None))
        who = "its process" if len(healths) == 1 else f"the busiest of {len(healths)} processes ({busiest})"
        sentence = (
            f"{who} used {cpu}% of a core (limit {MAX_CPU_SHARE:.0%}), "
            f"event loop {late} ms late at p99 (limit {self._run.max_lag_us / 1_000:.0f} ms)"
        )
        lines = self._wrapped(f"Generator  {sentence}", "", hanging=11)
        lines[0].stylize(_HEAD, 0, len("Generator"))
        return Section(lines, items, _REASONS, at_least=0)

    def _gates(self) -> Section:
        results = sorted(self._run.gates, key=lambda result: result.state == "passed")
        if not results:
            return Section([])
        items = []
        align = min(max(cell_len(result.gate.text) for result in results), _GATE_WIDTH)
        for result in results:
            icon = f"{_ICONS[result.state]} " if self._is_typeset else ""
            style = Style() if result.state == "passed" else _FAILED
            said = f"{result.gate.text:<{align}}  {result.sentence.removeprefix('no data: ')}"
            items.append(
                self._wrapped(f"{icon}{result.state:<7}  {said}", _INDENT, style, hanging=len(icon) + 9, max_lines=2)
            )
        missed = sum(result.state != "passed" for result in results)
        said = f"  {missed} of {len(results)} failed" if missed else f"  all {len(results)} passed"
        heading = Text.assemble(("Gates", _HEAD), said)
        return Section([heading], items, ("gate", "gates"), keep=min(missed, _GATES_MISSED_SHOWN) or 1)

    def _comparison(self) -> Section:
        comparison = self._run.comparison
        if comparison is None:
            return Section([])
        heading = Text.assemble(("Baseline", _HEAD), f"  {self._clean(comparison.word)}, against {comparison.before}")
        changed = [row for row in comparison.rows if row.word in ("worse", "better")]
        items = [
            self._wrapped(
                f"{row.word:<7}  {row.subject} {row.metric} {row.sentence}",
                _INDENT,
                _FAILED if row.word == "worse" else Style(),
                hanging=9,
                max_lines=2,
            )
            for row in sorted(changed, key=lambda row: row.word != "worse")
        ]
        return Section([heading], items, ("figure", "figures"), keep=2)

    def ending(self) -> list[Text]:
        """What was loaded, where the report is, and the verdict."""
        verdict, target = self._run.verdict, self._run.target
        lines: list[Text] = []
        for head, told in (("Target", target.sentence if target else ""), ("Report", self._report)):
            if told:
                [first, *more] = self._wrapped(f"{head:<11}{told}", "", hanging=11)
                first.stylize(_HEAD, 0, len(head))
                lines += [first, *more]
        icon = f"{_ICONS[verdict.word]} " if self._is_typeset else ""
        band = f" {icon}{verdict.word} " if self._is_terminal else verdict.word
        code = f"(exit code {int(verdict.exit_code)})"
        separator = " " if self._is_terminal else ": "
        said = self._wrapped(f"{band}{separator}{verdict.sentence} {code}", "", hanging=cell_len(band) + 1)
        said[0].stylize(_BANDS[verdict.word], 0, len(band))
        return lines + said

    def _heads(self, title: str) -> Text:
        return Text(
            self._name_cell(title)
            + "".join(f"{head:>{width}}" for head, width in zip(_HEADS, self._widths, strict=True)),
            _HEAD,
        )

    def _row(self, label: str, tally: Tally, *, tells_outcomes: bool = False) -> list[Text]:
        numbers, duration_s = self._numbers, self._run.duration_s
        cells = [
            numbers.count(tally.count),
            numbers.percent(tally.figure("fail_rate", duration_s)),
            numbers.significant(tally.figure("rate", duration_s)),
            *(numbers.milliseconds(tally.figure(metric, duration_s)) for metric in ("p50", "p95", "p99", "max")),
        ]
        line = Text(self._name_cell(_INDENT + label))
        for column, (cell, width) in enumerate(zip(cells, self._widths, strict=True)):
            style = _FAILED if column == _FAIL_COLUMN and tally.failures else Style()
            line.append(" " * (width - cell_len(cell)) + cell, style)
        if not (tells_outcomes and tally.failures):
            return [line]
        return [line, *self._wrapped(self._tallied(_by_outcome(tally)), 2 * _INDENT, _THROTTLED)]

    def _tallied(self, counts: Mapping[str, int]) -> str:
        """`InitiateAuth 12, login 12`: the largest first; one alone needs no number."""
        if len(counts) == 1:
            return next(iter(counts))
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        said = [f"{name} {self._numbers.count(number)}" for name, number in ordered[:_PARTS_SHOWN]]
        more = len(ordered) - _PARTS_SHOWN
        return ", ".join(said + ([f"{more} more"] if more > 0 else []))

    def _fit_names(self) -> int:
        metrics = self._run.metrics
        names = [*metrics.names("exchange"), *metrics.names("request"), _WIDEST_TITLE]
        longest = max(cell_len(self._clean(_INDENT + name)) for name in names)
        return min(longest, self._width - sum(self._widths) if self._width else _LONGEST_NAME_IN_A_PIPE)

    def _name_cell(self, name: str) -> str:
        name = self._clean(name)
        if cell_len(name) <= self._name_width:
            return set_cell_size(name, self._name_width)
        dots = "\u2026" if self._is_typeset else "..."
        return set_cell_size(name, self._name_width - len(dots)) + dots

    def _wrapped(
        self, sentence: str, indent: str, style: Style | None = None, hanging: int = 4, *, max_lines: int | None = None
    ) -> list[Text]:
        """A sentence on as many lines as it takes on a terminal (or is allowed), and on one line in a pipe."""
        text = self._clean(sentence)
        if not self._width:
            return [Text(indent + text, style or Style())]
        wrapped = textwrap.wrap(
            text,
            self._width,
            initial_indent=indent,
            subsequent_indent=indent + " " * hanging,
            break_on_hyphens=False,
            drop_whitespace=True,
            max_lines=max_lines,
            placeholder=" \u2026" if self._is_typeset else " ...",
        )
        return [Text(line, style or Style()) for line in wrapped]

    def _clean(self, text: str) -> str:
        """Without control characters, which a server's answer could smuggle into the terminal, and encodable."""
        printable = "".join(c if c.isprintable() or c in "\u2009\u2013" else " " if c.isspace() else "?" for c in text)
        return printable.encode(self._encoding, "replace").decode(self._encoding)


def _by_outcome(tally: Tally) -> dict[str, int]:
    return {outcome.value: tally.outcomes[outcome].count for outcome in Outcome if outcome in tally.outcomes}
