"""Screenshots of the widget in every state, at two widths and in both colour schemes.

python -m example_project.shoot --to DIR [--theme NAME]
"""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import sys
import tempfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import django
import requests

from example_project.demo_family import DemoError, Family
from example_project.demo_ports import HOST, free_ports

try:
    from playwright.sync_api import Browser, Page, expect, sync_playwright
except ImportError:
    sys.exit("Screenshots need Playwright: pip install playwright==1.64.1")

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example_project.settings")
django.setup()

from example_project.gallery.states import STATES  # noqa: E402 - needs the settings
from example_project.gallery.views import THEMES  # noqa: E402
from example_project.gallery.walk import show  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
WIDTHS = {390: 844, 1280: 900}
SCHEMES = ("light", "dark")
START_SECONDS = 60.0
#: The machine may be busy; nobody waits for a picture.
PATIENCE_MS = 60_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the screenshots and return the exit code."""
    options = _options(arguments)
    program = next(filter(None, map(shutil.which, BROWSERS)), "")
    if not program:
        print("Screenshots need Chromium: apt-get install chromium", file=sys.stderr)
        return 1
    options.to.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=PATIENCE_MS)
    try:
        with serve_shop() as shop, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=program, args=["--no-sandbox"] if os.geteuid() == 0 else []
            )
            count = sum(1 for _ in shoot(browser, shop, options.to, options.theme))
            browser.close()
    except DemoError as error:
        print(f"No screenshots: {error}", file=sys.stderr)
        return 1
    print(f"{count} screenshots in {options.to}")
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m example_project.shoot", description=__doc__)
    parser.add_argument("--to", type=Path, required=True, help="the directory; made if missing")
    parser.add_argument("--theme", choices=THEMES, default="shop", help="one of the gallery's")
    return parser.parse_args(arguments)


@contextmanager
def serve_shop() -> Iterator[str]:
    """Give the address of an example shop in a directory of its own; it asks Glam nothing."""
    port = free_ports(1)[0]
    shop = f"http://{HOST}:{port}"
    with (
        tempfile.TemporaryDirectory(prefix="glam-tryon-shots-") as name,
        Family(Path(name) / "logs") as family,
    ):
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "example_project.settings",
            "DEBUG": "1",
            "EXAMPLE_DATA_DIR": name,
            "PYTHONPATH": str(ROOT),
        }
        manage = [sys.executable, str(ROOT / "manage.py")]
        family.run("migrate", [*manage, "migrate", "--no-input"], environment)
        family.run("load", [*manage, "load_example_shop"], environment)
        serve = [*manage, "runserver", "--noreload", f"{HOST}:{port}"]
        family.start("web", serve, environment)
        family.wait_for("the shop", lambda: _answers(shop), START_SECONDS)
        yield shop


def _answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=5).ok
    except requests.RequestException:
        return False


def shoot(browser: Browser, shop: str, directory: Path, theme: str) -> Generator[Path, None, None]:
    """Write each screenshot and yield its path: ``<state>-<width>-<scheme>.png``."""
    for (width, height), scheme in itertools.product(WIDTHS.items(), SCHEMES):
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,  # type: ignore[arg-type]
            has_touch=width < 600,
            reduced_motion="reduce",
        )
        for state in STATES.values():
            # A page of its own: a tab remembers the try-on that it waits for.
            page = context.new_page()
            show(page, shop, state, theme)
            yield _save(page, directory, f"dialog-{state.name}-{width}-{scheme}")
            page.close()
        for name, address, ready in _pages(theme):
            page = context.new_page()
            page.goto(shop + address)
            page.get_by_role(ready).first.wait_for()  # type: ignore[arg-type]
            yield _save(page, directory, f"{name}-{width}-{scheme}", full=True)
            page.close()
        context.close()


def _pages(theme: str) -> list[tuple[str, str, str]]:
    """Each page's name and address, and the role of what it shows when it is ready."""
    jobs = [
        (
            f"page-{state.name}",
            f"/gallery/jobs/{state.name}/?theme={theme}",
            "slider" if state.view == "result" else "heading",
        )
        for state in STATES.values()
        if state.status
    ]
    return [
        ("page-form", f"/gallery/start/form/?theme={theme}", "radio"),
        *jobs,
        ("shop-product", "/clothes/denim-jacket/", "heading"),
        ("gallery", f"/gallery/?theme={theme}", "slider"),
    ]


def _save(page: Page, directory: Path, name: str, *, full: bool = False) -> Path:
    path = directory / f"{name}.png"
    # Nothing is to look as if somebody pointed at it.
    page.mouse.move(0, 0)
    page.screenshot(path=path, full_page=full, animations="disabled")
    return path


if __name__ == "__main__":
    sys.exit(main())
