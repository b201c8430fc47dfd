"""Where shoulders, waist, hips and ankles are in a picture of a person."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from PIL import Image

from .silhouette import find_silhouette, has_plain_background

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
