"""docs/faq.md holds each error that has a remedy, and quotes nothing that the code does not say.

`python -m tests.test_faq` writes its tables anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from harness.cognito.remedies import api, exchanges, logins, oauth, pools
from harness.cognito.remedies.row import Row
from tests.fault_table import PASSED_ON, calls, faults

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/faq.md"
BEGIN, END = "<!-- made by python -m tests.test_faq -->", "<!-- end -->"
FAULTS, FAULTS_END = "<!-- faults made by python -m tests.test_faq -->", "<!-- end of faults -->"
PARTS = {
    "Logins that Cognito refuses": logins.ROWS,
    "App clients, pools and their triggers": pools.ROWS,
    "The token endpoint (client_credentials)": oauth.ROWS,
    "Signatures, proxies, connections, faults of the service": exchanges.ROWS,
    "API requests": api.ROWS,
}


def tables() -> str:
    """Every error with its cause and what to do, as Markdown."""
    lines: list[str] = []
    for title, rows in PARTS.items():
        lines += [f"### {title}", "", "| error | cause | what to do |", "|---|---|---|"]
        lines += [f"| {_error(row)} | {_cell(row.cause)} | {_cell(row.remedy)} |" for row in rows]
        lines.append("")
    return "\n".join(lines)


def _error(row: Row) -> str:
    says = row.says.partition("|")[0].replace("{}", "\u2026")
    return f"`{row.kind}`" + (f" {_cell(says)}" if says else "")


def _cell(text: str) -> str:
    return text.replace("|", r"\|").replace("<", "&lt;")


def made_of(page: str) -> str:
    """The page with the tables of the code."""
    for begin, end, made in ((BEGIN, END, tables()), (FAULTS, FAULTS_END, faults())):
        head, _, rest = page.partition(begin)
        page = f"{head}{begin}\n\n{made}\n{end}{rest.partition(end)[2]}"
    return page


def quoted(page: str) -> Iterable[str]:
    """The texts that the hand-written part quotes as what a program says, without what differs from case to case."""
    for text in re.findall(r"^\| `([^`]+)`", page.partition(BEGIN)[0], re.MULTILINE):
        yield from (piece.strip() for piece in text.split("\u2026") if piece.strip())


def test_the_tables_are_those_of_the_code():
    page = PAGE.read_text()
    assert made_of(page) == page, "run python -m tests.test_faq"


def test_each_fault_is_a_text_that_the_page_can_show():
    assert {file for file, message, _ in calls() if not message} <= PASSED_ON


@pytest.mark.parametrize("text", quoted(PAGE.read_text()))
def test_what_is_quoted_is_what_the_code_says(text: str):
    """Of a message that goes over several lines of code, each line's end is a space or nothing."""
    code = "\n".join(path.read_text() for path in sorted((ROOT / "harness").rglob("*.py")))
    joined = re.sub(r'"\n\s+f?"', "", code)
    assert text in joined, f"nothing in harness/ says {text!r}"


if __name__ == "__main__":
    PAGE.write_text(made_of(PAGE.read_text()))
