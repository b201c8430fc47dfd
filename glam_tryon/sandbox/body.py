"""Silhouettes, and where shoulders, waist, hips and ankles are in a picture of a person."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from PIL import Image, ImageChops, ImageFilter, ImageStat

#: Long side of the copy that is searched, in pixels.
SEARCH_SIDE = 240
#: Difference from the background, of 255, that a subject shows at the least.
TOLERANCE = 5
#: A border less even than this standard deviation is a scene, not a background.
EVEN_BORDER = 14.0


def has_plain_background(picture: Image.Image) -> bool:
    """Say whether the left, right and upper border show one colour or a soft gradient of it."""
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


#: Rows of the copy in which a silhouette is measured.
ROWS = 200


@dataclass(frozen=True, slots=True)
class Body:
    """Landmarks in pixels. ``unit`` is the height from shoulder to sole, seen or not."""

    centre_x: float
    shoulder_y: float
    unit: float
    torso_width: float
    hip_width: float

    def level(self, share: float) -> float:
        """The height at that share of the way from the shoulders (0) to the soles (1)."""
        return self.shoulder_y + share * self.unit


WAIST, HIPS, ANKLES = 0.335, 0.425, 0.925


def find_body(person: Image.Image) -> Body:
    """A standing figure on a plain ground is measured; any other picture is taken for a portrait.

    A portrait shows head and shoulders when it is about square, and more of the body the taller
    it is.
    """
    if has_plain_background(person):
        body = _standing(find_silhouette(person))
        if body is not None:
            return body
    width, height = person.size
    shown = min(max(height / width, 0.8), 2.0)  # 1: a bust; 1.8 and more: down to the feet.
    shoulder = height * (0.46 - 0.24 * (shown - 0.8) / 1.2)
    torso = width * (0.60 - 0.26 * (shown - 0.8) / 1.2)
    return Body(width / 2, shoulder, max(torso * 3.1, height * 0.72), torso, torso * 1.05)


def runs(row: bytes, centre: int) -> tuple[int, int, int]:
    """Of one row: the whole span, and the first and last column of the run around the centre."""
    first, last = row.find(255), row.rfind(255)
    if first < 0:
        return 0, centre, centre
    if not row[centre]:
        return last - first + 1, first, last
    after = row.find(0, centre)
    return last - first + 1, row.rfind(0, 0, centre) + 1, (len(row) if after < 0 else after) - 1


def rows_of(mask: Image.Image) -> tuple[list[bytes], float]:
    """The mask as 200 rows of 0 or 255, with the size of one of their pixels in the mask's."""
    scale = mask.height / ROWS
    small = mask.resize((max(round(mask.width / scale), 1), ROWS), Image.Resampling.BOX)
    content = small.point([255 * (value > 127) for value in range(256)]).tobytes()
    return [content[at : at + small.width] for at in range(0, len(content), small.width)], scale


def _standing(mask: Image.Image) -> Body | None:
    rows, scale = rows_of(mask)
    filled = [at for at, row in enumerate(rows) if 255 in row]
    if not filled:
        return None
    top, sole = filled[0], filled[-1]
    tall = sole - top
    weights = [column.count(255) for column in map(bytes, zip(*rows, strict=True))]
    centre = round(sum(at * weight for at, weight in enumerate(weights)) / sum(weights))
    spans = [runs(row, centre) for row in rows]
    widest = max(span for span, _, _ in spans[top + tall // 4 : top + tall // 2] or [(0, 0, 0)])
    if tall < 0.6 * ROWS or tall < 1.7 * widest:
        return None
    # Hair is narrower than shoulders with arms, so the first wide row is a shoulder.
    wide = (at for at in range(top, sole) if spans[at][0] >= 0.75 * widest)
    # A white shirt on white may hide the shoulders, but grown-ups differ little in this.
    shoulder = min(max(next(wide, top), top + round(0.15 * tall)), top + round(0.2 * tall))
    unit = sole - shoulder

    def run(first: float, last: float) -> float:
        chosen = spans[shoulder + round(first * unit) : shoulder + round(last * unit) + 1]
        return median(right - left + 1 for _, left, right in chosen)

    torso = min(max(run(0.14, 0.27), 0.24 * unit), 0.34 * unit)
    hips = min(max(run(0.38, 0.44), 0.24 * unit), 0.42 * unit)
    return Body((centre + 0.5) * scale, shoulder * scale, unit * scale, torso * scale, hips * scale)
