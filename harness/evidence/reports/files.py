"""The reports of a run as files beside its `summary.json`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.evidence.reports import html, junit, markdown
from harness.evidence.run import Run

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
"""GitHub Actions names in it the file whose Markdown it shows on the job's page."""

_FILES: Mapping[str, Callable[[Run], str]] = {
    html.FILE_NAME: html.page,
    junit.FILE_NAME: junit.junit,
    markdown.FILE_NAME: markdown.markdown,
}


@dataclass(frozen=True, slots=True)
class Written:
    """What became of the reports."""

    page: Path | None
    """`report.html`; None when there is none."""
    faults: tuple[str, ...]
    """What could not be written and why, one sentence each."""


def write(run: Run, folder: Path, environ: Mapping[str, str]) -> Written:
    """Write report.html, junit.xml and summary.md into a run's folder, and the last to GitHub's job page, too.

    A report is an account of the run and no part of it: one that cannot be made costs neither the others nor the
    verdict. Writing a folder's reports again replaces them.

    Args:
        run: What to report.
        folder: The run's folder, which exists.
        environ: `os.environ`; `GITHUB_STEP_SUMMARY` is what matters.
    """
    faults = []
    texts: dict[str, str] = {}
    for name, make in _FILES.items():
        try:
            texts[name] = make(run)
            _replace(folder / name, texts[name])
        except OSError as error:
            faults.append(f"{folder / name} cannot be written: {error.strerror or error}")
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a report, the verdict stands
            faults.append(f"{name} cannot be made: {type(error).__name__}: {error}")
    step_summary = environ.get(STEP_SUMMARY)
    if step_summary and markdown.FILE_NAME in texts:
        try:
            with Path(step_summary).open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(texts[markdown.FILE_NAME] + "\n")
        except OSError as error:
            faults.append(f"the job's summary ({STEP_SUMMARY}) cannot be written: {error.strerror or error}")
    page = folder / html.FILE_NAME
    return Written(page if page.exists() else None, tuple(faults))


def _replace(path: Path, text: str) -> None:
    """A reader sees a whole file or none."""
    scratch = path.with_name(f".{path.name}.part")
    try:
        scratch.write_text(text, encoding="utf-8", errors="backslashreplace")
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
