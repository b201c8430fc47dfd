"""How fast and how lean a photo is taken in, against turning it first and shrinking it then.

A drawn photo of 12 megapixels, turned as a phone turns it. Each side runs in processes of its own,
in turns; ``BENCH_TIMES`` (9) is how often. Time is the processor's, so that other work on the
machine does not count; memory is what the process grew by, at its peak.

Then many at once, by eight threads of one process: small files of many pixels, with the peak of the
process and its decoders together; and photos of 12 megapixels, with the bound of all decoders and
without.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image, ImageOps

from benchmarks.table import table
from glam_tryon.exceptions import InvalidImage
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


#: Small files of many pixels, each six times at once.
AT_ONCE, THREADS = 6, 8
SMALL_FILES: dict[str, tuple[str, tuple[int, int], dict[str, Any]]] = {
    "WEBP of 49 Mpx": ("WEBP", (7000, 7000), {"lossless": True, "method": 0}),
    "WEBP of 22 Mpx": ("WEBP", (4700, 4700), {"lossless": True, "method": 0}),
    "PNG of 40 Mpx": ("PNG", (6300, 6300), {}),
}
#: So many photos of 12 megapixels are taken in by eight threads.
PHOTOS = 24


def _resident() -> int:
    """Return how many kB this process and its children hold."""
    total = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            facts = dict(line.split(":", 1) for line in status.read_text().splitlines())
        except (OSError, ValueError):
            continue
        if str(os.getpid()) in (facts["Pid"].strip(), facts["PPid"].strip()):
            total += int(facts.get("VmRSS", "0").split()[0])
    return total


def _answer(content: bytes) -> str:
    try:
        normalise(BytesIO(content))
    except InvalidImage as error:
        return error.code
    return "taken"


def _many(path: Path) -> None:
    content = path.read_bytes()
    done, peak = threading.Event(), [0]

    def watch() -> None:
        while not done.is_set():
            peak[0] = max(peak[0], _resident())
            time.sleep(0.01)

    watcher = threading.Thread(target=watch)
    watcher.start()
    with ThreadPoolExecutor(THREADS) as pool:
        answers = Counter(pool.map(_answer, [content] * AT_ONCE))
    done.set()
    watcher.join()
    told = ", ".join(f"{count} {answer}" for answer, count in sorted(answers.items()))
    sys.stdout.write(f"{len(content)}|{peak[0]}|{told}\n")


def _rate(path: Path, *, bound: bool) -> None:
    if not bound:
        import_module("glam_tryon.images.normalise").decoder_slots = lambda _bytes: nullcontext()
    content = path.read_bytes()
    _answer(content)
    begun, cpu = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(THREADS) as pool:
        answers = Counter(pool.map(_answer, [content] * PHOTOS))
    if answers != {"taken": PHOTOS}:
        raise RuntimeError(f"{answers}")
    seconds = time.perf_counter() - begun
    sys.stdout.write(f"{PHOTOS / seconds} {PHOTOS / (time.process_time() - cpu)}\n")


def _run(*words: str) -> str:
    command = [sys.executable, "-m", "benchmarks", "photos", *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _print_many(path: Path, times: int) -> None:
    rows = []
    for name, (kind, side, options) in SMALL_FILES.items():
        small = path.with_name("small")
        Image.new("RGBA", side, (1, 2, 3, 90)).save(small, kind, **options)
        size, peak, answers = _run("many", str(small)).strip().split("|")
        rows.append((name, size, f"{int(peak) / 1024:.0f}", answers))
    print(table(f"{AT_ONCE} at once", ("", "bytes each", "MB at the peak", "answers"), rows))
    found: dict[str, list[list[float]]] = {"without": [], "with": []}
    for _time in range(times):
        for side, each in found.items():
            each.append([float(word) for word in _run("rate", side, str(path)).split()])
    medians = {
        side: [statistics.median(column) for column in zip(*each, strict=True)]
        for side, each in found.items()
    }
    lines = [(f"{side} the bound", *(f"{n:.2f}" for n in medians[side])) for side in medians]
    ratios = (f"{medians['with'][n] / medians['without'][n]:.3f}" for n in range(2))
    lines.append(("ratio", *ratios))
    title = f"{PHOTOS} photos of 12 Mpx by {THREADS} threads, median of {times}"
    print(table(title, ("", "a second", "a second of the processor"), lines))


def main(arguments: list[str]) -> None:
    """Print the tables.

    Raises:
        RuntimeError: a side made a picture of another size.
    """
    if arguments[:1] == ["many"]:
        _many(Path(arguments[1]))
        return
    if arguments[:1] == ["rate"]:
        _rate(Path(arguments[2]), bound=arguments[1] == "with")
        return
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
                found[side].append([float(word) for word in _run(side, str(path)).split()])
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
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo.jpg"
        photo(path)
        _print_many(path, times)
