"""Looks at a page in Chromium, as a process of its own: Playwright's loop and gevent's do not share one.

    python look.py report.html [folder for screenshots]

Prints what it saw as JSON. With a folder it looks at more views, and takes the pictures that stand in docs/.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
VIEWS = (("light", 1200), ("dark", 390))
MORE_VIEWS = (("dark", 1200), ("light", 390))
_LETTERS_ON_PAPER = """
() => {
  const light = (text) => {
    const [r, g, b] = text.match(/[0-9.]+/g).map((part) => {
      const c = part / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paper = (element) => {
    for (; element; element = element.parentElement) {
      const color = getComputedStyle(element).backgroundColor;
      if (color !== "rgba(0, 0, 0, 0)") return color;
    }
    return "rgb(255, 255, 255)";
  };
  const found = [];
  const words = "h1, h2, h3, p, td, th, li, a, b, span, code, summary, button, label";
  for (const element of document.querySelectorAll(words)) {
    if (!element.textContent.trim() || !element.checkVisibility()) continue;
    const [a, b] = [light(getComputedStyle(element).color), light(paper(element))].sort((x, y) => y - x);
    found.push([(a + 0.05) / (b + 0.05), element.textContent.trim().slice(0, 40)]);
  }
  return found.sort((x, y) => x[0] - y[0])[0];
}
"""
_INK = """
() => [...document.querySelectorAll(".chart")].map((chart) => {
  const canvases = [];
  const search = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.tagName === "CANVAS") canvases.push(element);
      if (element.shadowRoot) search(element.shadowRoot);
    }
  };
  search(chart);
  const hasInk = canvases.some((canvas) => canvas.width && canvas.height &&
    canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value));
  return [chart.dataset.chart, hasInk, Math.round(chart.getBoundingClientRect().width)];
})
"""


def look(path: Path, shots: Path | None) -> dict[str, Any]:
    with sync_playwright() as playwright:
        views = VIEWS + MORE_VIEWS if shots else VIEWS
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        seen = {f"{theme} {width}": _view(browser, path, theme, width, shots) for theme, width in views}
        browser.close()
    return seen


def chromium() -> str | None:
    """Where Debian's Chromium is; None where it is missing."""
    return CHROMIUM if Path(CHROMIUM).exists() else shutil.which("chromium")


def _view(browser: Browser, path: Path, theme: Any, width: int, shots: Path | None) -> dict[str, Any]:
    context = browser.new_context(color_scheme=theme, viewport={"width": width, "height": 900})
    page = context.new_page()
    said: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(path.resolve().as_uri())
    page.wait_for_selector("html[data-charts=ready]", timeout=60_000)
    page.wait_for_timeout(500)
    if shots and (theme, width) == ("dark", 1200):
        page.evaluate("document.querySelector('#time').scrollIntoView()")
        page.wait_for_timeout(300)
        page.screenshot(path=shots / "report-dark-charts.png")
        page.evaluate("scrollTo(0, 0)")
    if shots:
        page.screenshot(path=shots / f"report-{theme}-{'phone' if width < 700 else 'desk'}.png", full_page=width < 700)
    seen = {
        "said": said,
        "requests": requests,
        "width": page.evaluate("document.documentElement.scrollWidth"),
        "sections": page.evaluate("[...document.querySelectorAll('section')].map((section) => section.id)"),
        "palest": page.evaluate(_LETTERS_ON_PAPER),
        "charts": page.evaluate(_INK),
        "first": page.evaluate("document.querySelector('#cost table').getBoundingClientRect().top"),
        "paper": page.evaluate("getComputedStyle(document.body).backgroundColor"),
        **_use(page),
    }
    context.close()
    return seen


def _use(page: Page) -> dict[str, Any]:
    """By keyboard alone: hide a line, open a table, narrow the window of time."""
    lines = "() => Bokeh.documents.flatMap((doc) => doc.roots()).flatMap((plot) => plot.renderers)"
    page.focus("#latency-login .legend input >> nth=0")
    page.keyboard.press("Space")
    hidden = page.evaluate(f"({lines})().filter((line) => line.visible === false).map((line) => line.name)")
    page.focus("#latency-login summary")
    page.keyboard.press("Enter")
    page.focus("#window [name=from]")
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    start = (
        "Math.round(Bokeh.documents.flatMap((doc) => doc.roots()).find((p) => p.x_range.name === 'time').x_range.start)"
    )
    return {
        "hidden": hidden,
        "opened": page.evaluate("document.querySelector('#latency-login details').open"),
        "from_ms": page.evaluate(start),
    }


if __name__ == "__main__":
    print(json.dumps(look(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)))  # noqa: T201 - its answer
