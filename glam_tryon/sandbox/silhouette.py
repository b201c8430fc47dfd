"""What in a picture is subject and what is plain background."""

from __future__ import annotations

from PIL import Image, ImageChops, ImageFilter, ImageStat

#: Long side of the copy that is searched, in pixels.
SEARCH_SIDE = 240
#: Difference from the background, of 255, that a subject shows at the least.
TOLERANCE = 5
#: A border less even than this standard deviation is a scene, not a background.
EVEN_BORDER = 14.0


def has_plain_background(picture: Image.Image) -> bool:
    """Whether the left, right and upper border show one colour or a soft gradient of it."""
    small = picture.convert("RGB").resize((64, 64), Image.Resampling.BOX)
    strips = [small.crop(box) for box in ((0, 0, 3, 48), (61, 0, 64, 48), (0, 0, 64, 2))]
    return all(max(ImageStat.Stat(strip).stddev) < EVEN_BORDER for strip in strips)


def find_silhouette(picture: Image.Image) -> Image.Image:
    """The subject in white on black, with a soft edge and the picture's size.

    Uses the picture's own transparency where it has some. What the background encloses stays
    subject: a white shirt on white is more frequent than a hole in a garment.
    """
    if "A" in picture.getbands() or "transparency" in picture.info:
        alpha = picture.convert("RGBA").getchannel("A")
        if ImageStat.Stat(alpha).mean[0] < 250:
            return alpha
    rgb = picture.convert("RGB")
    scale = min(SEARCH_SIDE / max(rgb.size), 1.0)
    size = (max(round(rgb.width * scale), 3), max(round(rgb.height * scale), 3))
    small = rgb.resize(size, Image.Resampling.BOX)
    background = _background(small)
    near = _difference(small, background).point([255 * (v < TOLERANCE) for v in range(256)])
    subject = Image.frombytes("L", size, _not_reached(near.tobytes(), *size))
    subject = subject.filter(ImageFilter.MedianFilter(3))
    fine = _difference(rgb, background.resize(rgb.size, Image.Resampling.BILINEAR))
    edge = fine.point([max(0, min(255, (v - TOLERANCE) * 12)) for v in range(256)])
    outer = _enlarged(subject.filter(ImageFilter.MaxFilter(3)), rgb.size)
    core = _enlarged(subject.filter(ImageFilter.MinFilter(3)), rgb.size)
    return ImageChops.lighter(core, ImageChops.darker(outer, edge))


def _enlarged(mask: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Blurred, enlarged and sharpened again: the steps of the small mask become a smooth line."""
    smooth = mask.filter(ImageFilter.GaussianBlur(1)).resize(size, Image.Resampling.BICUBIC)
    return smooth.point([max(0, min(255, (v - 128) * 5 + 128)) for v in range(256)])


def _background(small: Image.Image) -> Image.Image:
    """Row by row what stands at the left and right border, so that gradients do no harm."""
    width, height = small.size
    left = small.crop((0, 0, 2, height)).resize(small.size, Image.Resampling.BOX)
    right = small.crop((width - 2, 0, width, height)).resize(small.size, Image.Resampling.BOX)
    return Image.blend(left, right, 0.5)


def _difference(one: Image.Image, other: Image.Image) -> Image.Image:
    red, green, blue = ImageChops.difference(one, other).split()
    return ImageChops.lighter(ImageChops.lighter(red, green), blue)


def _not_reached(near: bytes, width: int, height: int) -> bytes:
    """Flood from the border through all pixels near the background; white is what stays dry.

    Works on runs of pixels, found by ``bytes.find``: pixel by pixel it took five times as long.
    """
    rows = [_runs(near[at : at + width]) for at in range(0, width * height, width)]
    dry = bytearray(b"\xff" * len(near))
    todo = []
    for number, row in enumerate(rows):
        edge = number in (0, height - 1)
        todo += [(number, run) for run in row if edge or run[0] == 0 or run[1] == width]
    reached = set(todo)
    while todo:
        number, (start, end) = todo.pop()
        dry[number * width + start : number * width + end] = bytes(end - start)
        for beside in (number - 1, number + 1):
            for run in rows[beside] if 0 <= beside < height else ():
                if run[0] < end and start < run[1] and (beside, run) not in reached:
                    reached.add((beside, run))
                    todo.append((beside, run))
    return bytes(dry)


def _runs(row: bytes) -> list[tuple[int, int]]:
    """First column and the one after the last, for each run of white."""
    found = []
    start = row.find(255)
    while start >= 0:
        end = row.find(0, start)
        end = len(row) if end < 0 else end
        found.append((start, end))
        start = row.find(255, end)
    return found
