"""Turn the SVG drawings beside this file into the shop's JPEG pictures; needs Chromium.

Run it after a drawing was changed: ``python -m example_project.shop.art.rasterise [name ...]``.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image

ART = Path(__file__).resolve().parent
PICTURES = ART.parent / "pictures"
WIDTH, HEIGHT = 900, 1200
MAX_BYTES = 115_000
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def find_browser() -> str:
    """Path of the first browser of ``BROWSERS`` on PATH; raises SystemExit when there is none."""
    for name in BROWSERS:
        if path := shutil.which(name):
            return path
    raise SystemExit("Install Chromium: it draws the SVG files (filters, blending) as meant.")


def screenshot(browser: str, drawing: Path) -> Image.Image:
    """The drawing as a browser shows it, in a profile of its own and without a network."""
    with tempfile.TemporaryDirectory() as directory:
        page, shot = Path(directory, "page.html"), Path(directory, "shot.png")
        page.write_text(
            "<!doctype html><style>*{margin:0}svg{display:block}</style>" + drawing.read_text(),
            encoding="utf-8",
        )
        options = (
            "--headless --no-sandbox --disable-gpu --hide-scrollbars"
            " --disable-background-networking --force-device-scale-factor=1"
        )
        command = [
            browser,
            *options.split(),
            f"--user-data-dir={directory}/profile",
            f"--window-size={WIDTH},{HEIGHT}",
            f"--screenshot={shot}",
            page.as_uri(),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        with Image.open(shot) as image:
            return image.convert("RGB")


def jpeg(image: Image.Image) -> bytes:
    """The best JPEG of at most ``MAX_BYTES``."""
    for quality in range(90, 50, -3):
        buffer = BytesIO()
        image.save(buffer, "JPEG", quality=quality, optimize=True, progressive=True)
        if buffer.tell() <= MAX_BYTES:
            break
    return buffer.getvalue()


def target(drawing: Path) -> Path:
    """``garments/x.svg`` and ``people/x.svg`` keep their folder; the shopper stands alone."""
    if drawing.stem == "shopper":
        return PICTURES / "shopper.jpg"
    return PICTURES / drawing.parent.name / f"{drawing.stem}.jpg"


def main(names: list[str]) -> None:
    browser = find_browser()
    for drawing in sorted(ART.glob("*/*.svg")):
        if names and drawing.stem not in names:
            continue
        picture = target(drawing)
        picture.write_bytes(jpeg(screenshot(browser, drawing)))
        size = picture.stat().st_size
        sys.stdout.write(f"{picture.relative_to(ART.parent)}  {size:,} bytes\n")


if __name__ == "__main__":
    main(sys.argv[1:])
