"""How fast and how lean a photo is taken in, against turning it first and shrinking it then.

A drawn photo of 12 megapixels, turned as a phone turns it. Each side runs in processes of its own,
in turns; ``BENCH_TIMES`` (9) is how often. Time is the processor's, so that other work on the
machine does not count; memory is what the process grew by, at its peak.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import ExifTags, Image, ImageOps

from benchmarks.table import table
from glam_tryon.images import normalise

SIDES = ("transpose, then thumbnail", "normalise")
LONG_SIDE, QUALITY = 1536, 90


def photo(path: Path) -> None:
    """Save a JPEG of 4000 x 3000 pixels with as many bytes as one of a phone, some 3 MB."""
    noise = Image.effect_noise((1000, 750), 40)
    bands = [noise, noise.rotate(180), noise.transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    Image.merge("RGB", bands).resize((4000, 3000)).save(path, quality=85, exif=exif)


def naive(path: Path) -> int:
    """Take the photo in as it is usually done."""
    with Image.open(path) as opened:
        image = ImageOps.exif_transpose(opened)
        image.thumbnail((LONG_SIDE, LONG_SIDE))
        image.convert("RGB").save(path.with_suffix(".out"), "JPEG", quality=QUALITY)
        return max(image.size)


def ours(path: Path) -> int:
    """Take the photo in by the package's door."""
    with path.open("rb") as opened:
        made = normalise(opened)
    path.with_suffix(".out").write_bytes(made.content)
    return max(made.width, made.height)


def _peak() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def _one(side: str, path: Path) -> None:
    take = ours if side == SIDES[1] else naive
    small = path.with_suffix(".small")
    with Image.open(path) as image:
        image.reduce(40).save(small, "JPEG")
    # What is loaded at first use is loaded now.
    take(small)
    before, begun = _peak(), time.process_time()
    side_pixels = take(path)
    seconds = time.process_time() - begun
    sys.stdout.write(f"{seconds} {_peak() - before} {side_pixels}\n")


def main(arguments: list[str]) -> None:
    """Print the table.

    Raises:
        RuntimeError: a side made a picture of another size.
    """
    if arguments:
        _one(arguments[0], Path(arguments[1]))
        return
    times = int(os.environ.get("BENCH_TIMES", "9"))
    found: dict[str, list[list[float]]] = {side: [] for side in SIDES}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo.jpg"
        photo(path)
        megabytes = path.stat().st_size / 1e6
        for _time in range(times):
            for side in SIDES:
                command = [sys.executable, "-m", "benchmarks", "photos", side, str(path)]
                said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
                found[side].append([float(word) for word in said.split()])
                if found[side][-1][2] != LONG_SIDE:
                    raise RuntimeError(f"{side} made a picture of {found[side][-1][2]} pixels")
    figures = [[statistics.median(column) for column in zip(*found[side], strict=True)]
               for side in SIDES]  # fmt: skip
    rows = [
        (side, f"{1000 * seconds:.0f}", f"{kilobytes / 1024:.0f}")
        for side, (seconds, kilobytes, _pixels) in zip(SIDES, figures, strict=True)
    ]
    rows.append(("ratio", *(f"{figures[0][n] / figures[1][n]:.1f} x" for n in range(2))))
    print(
        table(
            f"A photo of 12 Mpx and {megabytes:.1f} MB, median of {times}", ("", "ms", "MB"), rows
        )
    )
