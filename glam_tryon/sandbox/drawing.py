"""Draws a garment over a person, as a preview that nobody takes for Glam's work."""

from __future__ import annotations

from statistics import median

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from .body import (
    ANKLES,
    HIPS,
    ROWS,
    WAIST,
    Body,
    find_body,
    find_silhouette,
    has_plain_background,
    rows_of,
    runs,
)

MAX_SIDE = 1600
MIN_SIDE = 48
RIBBON = "Sandbox preview"


def draw_tryon(person: Image.Image, garment: Image.Image, mask_type: str) -> Image.Image:
    """The person wearing the garment, at most 1600 pixels a side, with a ribbon.

    ``mask_type`` is ``upper``, ``lower`` or ``overall``. The same input gives the same pixels.
    """
    canvas = _over_white(_sized(person))
    clothes = _cut_out(_sized(garment))
    body = find_body(canvas)
    box = _place(clothes.getchannel("A"), body, mask_type, canvas.height)
    _wear(canvas, clothes, box, body if mask_type != "lower" else None)
    _ribbon(canvas)
    return canvas


def _sized(picture: Image.Image) -> Image.Image:
    longest = max(picture.size)
    if longest <= MAX_SIDE and min(picture.size) >= MIN_SIDE:
        return picture
    scale = MAX_SIDE / longest if longest > MAX_SIDE else 1.0
    return picture.resize(
        (max(round(picture.width * scale), MIN_SIDE), max(round(picture.height * scale), MIN_SIDE))
    )


def _over_white(picture: Image.Image) -> Image.Image:
    rgba = picture.convert("RGBA")
    ground = Image.new("RGBA", rgba.size, "white")
    return Image.alpha_composite(ground, rgba).convert("RGB")


def _cut_out(garment: Image.Image) -> Image.Image:
    """The garment alone, cropped. A garment in front of a scene keeps it, with soft corners."""
    mask = find_silhouette(garment)
    box = mask.point([255 * (value > 40) for value in range(256)]).getbbox()
    covered = mask.histogram()[255] / (mask.width * mask.height)
    transparent = "A" in garment.getbands()
    if box is None or covered < 0.02 or not (transparent or has_plain_background(garment)):
        box = (0, 0, *garment.size)
        mask = Image.new("L", garment.size, 0)
        inset = max(min(garment.size) // 20, 1)
        inner = (inset, inset, garment.width - inset, garment.height - inset)
        ImageDraw.Draw(mask).rounded_rectangle(inner, radius=3 * inset, fill=255)
        mask = mask.filter(ImageFilter.GaussianBlur(inset / 2))
    clothes = garment.convert("RGB").convert("RGBA")
    clothes.putalpha(mask)
    return clothes.crop(box)


def _place(mask: Image.Image, body: Body, mask_type: str, height: int) -> tuple[int, int, int, int]:
    """Left, top, right and bottom in pixels: as wide as the body wants, not stretched too far."""
    rows, scale = rows_of(mask)
    measured = [runs(row, len(row) // 2) for row in rows]
    spans = [span * scale for span, _, _ in measured]
    middle = [max((right - left + 1) * scale, mask.width * 0.2) for _, left, right in measured]
    if mask_type == "lower":
        across = body.hip_width * 1.08 / max(median(_part(spans, 0.08, 0.35)), mask.width * 0.2)
        top = min(body.level(WAIST), height * 0.74)
        long = mask.height * across > 0.42 * body.unit
        down = (body.level(ANKLES) - top) / mask.height if long else across
        down = min(max(down, 0.8 * across), 1.25 * across)
    else:
        if mask_type == "upper":
            chest = median(_part(middle, 0.5, 0.85))
            across = max(body.torso_width * 1.18, body.hip_width * 1.04) / chest
        else:
            # The waist of a dress: higher up its sleeves may touch its sides.
            chest = sorted(_part(middle, 0.25, 0.5))[ROWS // 20]
            hips = median(_part(middle, 0.48, 0.56))
            across = max(body.torso_width * 1.06 / chest, body.hip_width * 1.03 / hips)
        wide = (at for at, span in enumerate(spans) if span >= 1.04 * chest)
        shoulder = min(next(wide, 0), ROWS // 8) * scale
        fit = (body.level(HIPS + 0.015) - body.shoulder_y) / (mask.height - shoulder)
        down = fit if mask_type == "upper" else across
        down = min(max(down, 0.8 * across), 1.25 * across)
        top = body.shoulder_y - shoulder * down
    down = min(down, (body.level(ANKLES + 0.01) - top) / mask.height)
    half = mask.width * across / 2
    return (
        round(body.centre_x - half),
        round(top),
        round(body.centre_x + half),
        round(top + mask.height * down),
    )


def _part(widths: list[float], first: float, last: float) -> list[float]:
    """The rows between two shares of the height."""
    return widths[int(first * ROWS) : int(last * ROWS)]


def _free_neck(alpha: Image.Image, box: tuple[int, int, int, int], body: Body) -> Image.Image:
    """The neck stands before the back of a collar, so that part of the garment is not shown."""
    half, foot = body.torso_width * 0.17, body.level(0.005) - box[1]
    centre = body.centre_x - box[0]
    neck = Image.new("L", alpha.size, 255)
    ImageDraw.Draw(neck).ellipse((centre - half, foot - 2.4 * half, centre + half, foot), fill=0)
    return ImageChops.darker(alpha, neck.filter(ImageFilter.BoxBlur(max(half / 24, 1))))


def _wear(
    canvas: Image.Image, clothes: Image.Image, box: tuple[int, int, int, int], neck: Body | None
) -> None:
    """Lay it on, rounded by shading at its sides, with the body's light and a soft shadow."""
    left, top, right, bottom = box
    size = (max(right - left, 1), max(bottom - top, 1))
    worn = clothes.resize(size, Image.Resampling.LANCZOS)
    alpha = worn.getchannel("A")
    if neck is not None:
        alpha = _free_neck(alpha, box, neck)
    blur = max(canvas.height / 220, 1.0)
    shadow = Image.new("L", canvas.size, 0)
    shadow.paste(alpha, (left, top + round(blur)))
    shadow = shadow.filter(ImageFilter.BoxBlur(blur)).point([v * 0.32 for v in range(256)])
    canvas.paste((30, 26, 30), (0, 0), shadow)
    shade = _roundness(alpha)
    canvas.paste(ImageChops.multiply(worn.convert("RGB"), shade), (left, top), alpha)


def _roundness(alpha: Image.Image) -> Image.Image:
    """Darker towards the edge of the cloth, as on something round; computed small, it is smooth."""
    small = alpha.resize((max(alpha.width // 8, 1), max(alpha.height // 8, 1)))
    soft = small.filter(ImageFilter.GaussianBlur(max(small.width / 22, 1.0)))
    light = soft.point([255 * (0.80 + 0.20 * min(value / 225, 1.0)) for value in range(256)])
    return light.resize(alpha.size, Image.Resampling.BICUBIC).convert("RGB")


def _ribbon(canvas: Image.Image) -> None:
    """A band across the foot of the picture."""
    band = max(canvas.height // 22, 12)
    ink = Image.new("L", canvas.size, 0)
    draw = ImageDraw.Draw(ink)
    draw.rectangle((0, canvas.height - band, canvas.width, canvas.height), fill=190)
    canvas.paste((38, 38, 46), (0, 0), ink)
    size = min(band * 0.58, canvas.width / 9)
    ImageDraw.Draw(canvas).text(
        (canvas.width / 2, canvas.height - band / 2),
        RIBBON,
        fill="white",
        anchor="mm",
        font=ImageFont.load_default(size=size),
    )
