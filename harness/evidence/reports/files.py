"""The reports of a run as files beside its `summary.json`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.evidence.finished_run import FinishedRun
from harness.evidence.reports import junit, markdown
from harness.files import write_whole

PAGE: Final = "report.html"

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
"""GitHub Actions names in it the file whose Markdown it shows on the job's page."""

_FILES: Mapping[str, Callable[[FinishedRun], str]] = {
    junit.FILE_NAME: junit.junit,
    markdown.FILE_NAME: markdown.markdown,
}

NAMES: Final = (*_FILES, PAGE)
"""Everything that `write` writes."""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of the reports."""

    page: Path | None
    """`report.html`; None when there is none."""
    faults: tuple[str, ...]
    """What could not be written and why, one sentence each."""


def write(run: FinishedRun, folder: Path, environ: Mapping[str, str], *, with_page: bool = True) -> Written:
    """Write junit.xml, summary.md and report.html into a run's folder, and summary.md to GitHub's job page, too.

    A report is an account of the run and no part of it: one that cannot be made costs neither the others nor the
    verdict. Writing a folder's reports again replaces them.

    Args:
        run: What to report.
        folder: The run's folder, which exists.
        environ: `os.environ`; `GITHUB_STEP_SUMMARY` is what matters.
        with_page: Whether to make report.html, whose charts take a second or two; the others take milliseconds.
    """
    faults = []
    texts: dict[str, str] = {}
    before = _text_of(folder / markdown.FILE_NAME)
    for name, make in ({**_FILES, PAGE: _page} if with_page else _FILES).items():
        try:
            texts[name] = make(run)
            write_whole(folder / name, texts[name])
        except OSError as error:
            faults.append(f"{folder / name} cannot be written: {error.strerror or error}")
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a report, the verdict stands
            faults.append(f"{name} cannot be made: {type(error).__name__}: {error}".removesuffix(": "))
    step_summary = environ.get(STEP_SUMMARY)
    if step_summary and markdown.FILE_NAME in texts:
        try:
            _show(Path(step_summary), texts[markdown.FILE_NAME] + "\n", instead_of=before + "\n")
        except OSError as error:
            faults.append(f"the job's summary ({STEP_SUMMARY}) cannot be written: {error.strerror or error}")
    page = folder / PAGE
    return Written(page if page.exists() else None, tuple(faults))


def _page(run: FinishedRun) -> str:
    from harness.evidence.reports import html  # noqa: PLC0415 - the charts take a second to import

    return html.page(run)


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


def _show(job_page: Path, text: str, *, instead_of: str) -> None:
    """Add to the job's page; a run whose verdict has changed stands there once."""
    shown = job_page.read_text(encoding="utf-8", errors="replace") if job_page.exists() else ""
    if instead_of.strip() and shown.endswith(instead_of):
        job_page.write_text(shown.removesuffix(instead_of) + text, encoding="utf-8", errors="backslashreplace")
        return
    with job_page.open("a", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
