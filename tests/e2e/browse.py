"""Uses the web UI in Chromium, as a process of its own: Playwright's loop and gevent's do not share one.

    python browse.py http://127.0.0.1:8089 [folder for screenshots]

Starts a run from the form, reads each tab, stops the run, opens its report; prints what it saw as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from tests.evidence.reports.look import ARGUMENTS, chromium

TABS = ("Logins", "Causes and remedies", "Generator")
PATIENCE_MS = 60_000


def browse(page: Page, url: str, folder: Path | None) -> dict[str, Any]:
    """What a person finds on the way from the form to the report."""
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(url)
    page.get_by_text("Custom parameters").click()
    choices = page.locator("select[name=cognitoSign] option").all_text_contents()
    page.get_by_role("button", name="Start").click()
    tables = {}
    for tab in TABS:
        page.get_by_role("tab", name=tab).click()
        page.locator("tbody tr").first.wait_for(timeout=PATIENCE_MS)
        tables[tab] = [row.split("\t") for row in page.locator("tbody tr").all_inner_texts()]
        if folder is not None:
            page.screenshot(path=folder / f"web-ui-{tab.split()[0].lower()}.png")
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="New").wait_for(timeout=PATIENCE_MS)
    page.get_by_role("tab", name="Download Data").click()
    page.get_by_role("link", name="Open the report of the last run").click()
    page.locator("h2").first.wait_for(timeout=PATIENCE_MS)
    return {"choices": choices, "tables": tables, "report": page.title(), "problems": problems}


def main() -> None:
    """Print what there was to see."""
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        try:
            seen = browse(browser.new_page(viewport={"width": 1200, "height": 700}), sys.argv[1], folder)
        finally:
            browser.close()
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    main()
