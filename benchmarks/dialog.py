"""From the click on the button to the painted dialog, in Chromium.

The first click of a page brings the module, from the browser's cache as on a second page of the
shop, and the form; a later one shows what is there. Each round is a page of its own;
``BENCH_ROUNDS`` (30) is how many.

Painted is the first task after the frame that shows the dialog. Two clocks tell of it: the one on
the wall, which also counts what else the machine does, and the time that the page's thread had the
processor for. The form's time, which holds the shop's answer, is shown beside it.
"""

from __future__ import annotations

import os
import shutil
import statistics
from collections.abc import Sequence

from playwright.sync_api import CDPSession, Page, sync_playwright

from benchmarks.table import table
from example_project.shoot import BROWSERS, serve_shop

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "30"))
#: Milliseconds that a click may take.
MOST = 50.0
NAMES = ("first click, dialog", "the form after it", "later click, dialog")

OPEN = """
async () => {
  const link = document.querySelector(".product__actions a.glam-tryon-button");
  const begun = performance.now();
  const opened = new Promise((resolve) =>
    document.addEventListener("glam-tryon:opened", resolve, { once: true }),
  );
  link.click();
  await opened;
  await new Promise(requestAnimationFrame);
  await new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = resolve;
    port2.postMessage(null);
  });
  return performance.now() - begun;
}
"""
FORM = """
async () => {
  const begun = performance.now();
  while (!document.querySelector("dialog[open] form[data-view=form]")) {
    await new Promise(requestAnimationFrame);
  }
  await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
  return performance.now() - begun;
}
"""
CLOSE = """
async () => {
  document.querySelector("dialog[open]").close();
  await new Promise((resolve) => setTimeout(resolve, 500));
}
"""


def main(_arguments: Sequence[str] = ()) -> None:
    """Print the table."""
    program = next(filter(None, map(shutil.which, BROWSERS)), "")
    with serve_shop() as shop, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox"] if os.geteuid() == 0 else []
        )
        page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        line = page.context.new_cdp_session(page)
        line.send("Performance.enable", {"timeDomain": "threadTicks"})
        # The first page fills the cache.
        rounds = [_measure(page, line, shop) for _ in range(ROUNDS + 1)][1:]
        browser.close()
    heads = ("", "p50", "p95", "worst", "processor p50", "p95", "worst")
    rows = [
        (
            name,
            *(f"{figure:.1f}" for clock in zip(*times, strict=True) for figure in _figures(clock)),
        )
        for name, times in zip(NAMES, zip(*rounds, strict=True), strict=True)
    ]
    print(table(f"Milliseconds, {ROUNDS} pages", heads, rows))
    print(f"At most {MOST} ms are wanted from a click until the dialog is painted.")


def _measure(page: Page, line: CDPSession, shop: str) -> list[tuple[float, float]]:
    """Return the time of each of ``NAMES`` by the clock on the wall and of the processor."""
    page.goto(f"{shop}/clothes/denim-jacket/", wait_until="networkidle")
    taken = []
    for script in (OPEN, FORM, CLOSE, OPEN):
        before = _processor(line)
        wall = page.evaluate(script)
        taken.append((wall, _processor(line) - before))
    first, form, _, later = taken
    return [first, form, later]


def _processor(line: CDPSession) -> float:
    """Return for how many milliseconds the page's thread had the processor so far."""
    metrics = line.send("Performance.getMetrics")["metrics"]
    (seconds,) = (each["value"] for each in metrics if each["name"] == "TaskDuration")
    return float(seconds) * 1000


def _figures(times: Sequence[float]) -> tuple[float, float, float]:
    return statistics.median(times), statistics.quantiles(times, n=20)[18], max(times)
