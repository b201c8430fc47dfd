"""An opened picture made upright, small and sRGB on white: what is kept of it are pixels only."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageCms, ImageFile

from glam_tryon.images.unterminated import load_whole
from glam_tryon.images.validated_open import ORIENTATION, PROFILE

_SRGB = ImageCms.createProfile("sRGB")
# Printers' profiles have 0.5 to 2.5 MB; a larger one is an attack on the parser.
_LARGEST_PROFILE_BYTES = 4 * 1024 * 1024


def shrinkable(image: Image.Image) -> Image.Image:
    """Return ``image`` in a mode that can be scaled smoothly, its alpha kept.

    Palettes and bitmaps would be scaled by picking pixels, and 16-bit grey would be cut to white.
    """
    if image.mode.startswith("I;16"):
        image = image.convert("I")
    if image.mode in ("I", "F"):
        # 16-bit PNGs come as I;16 or as I. Pillow's own conversion cuts off instead of scaling.
        return image.convert("F").point(lambda value: value / 257).convert("L")
    if image.mode in ("P", "PA", "1") or "transparency" in image.info:
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    return image


def srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return a new RGB picture that holds the pixels only: no profile, no comment, no EXIF.

    ``profile`` is the ICC profile that the picture came with; one that cannot be used is ignored.
    """
    if image.has_transparency_data:
        image = image.convert("RGBA")
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    colours = image.convert("RGB") if alpha is not None else image
    colours = _by_profile(colours, profile) or colours.convert("RGB")
    if alpha is None:
        # A copy by now, and what it was told of itself is not copied any further.
        colours.info = {}
        return colours
    flat = Image.new("RGB", image.size, "white")
    flat.paste(colours, mask=alpha)
    return flat


def _by_profile(image: Image.Image, profile: bytes | None) -> Image.Image | None:
    if not profile or len(profile) > _LARGEST_PROFILE_BYTES:
        return None
    if image.mode == "L" and profile[16:20] == b"RGB ":
        image = image.convert("RGB")
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        return ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


_QUALITY = 90

# EXIF's eight orientations, as in Pillow's ``ImageOps.exif_transpose``.
_TURNS: dict[object, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def fitting(size: tuple[int, int], long_side: int) -> tuple[int, int]:
    """Return ``size`` shrunk in proportion to a longest side of ``long_side``; never larger."""
    longest = max(size)
    if longest <= long_side:
        return size
    width, height = (max(1, round(side * long_side / longest)) for side in size)
    return width, height


def flattened(image: ImageFile.ImageFile, long_side: int) -> bytes:
    """Return the picture as a JPEG whose longest side is at most ``long_side`` pixels.

    Shrinking first means that turning and colours work on a fifth of the pixels. A JPEG is decoded
    at a half, a quarter or an eighth in the first place, also when that was asked for before.
    """
    profile, orientation = image.info[PROFILE], image.info[ORIENTATION]
    target = fitting(image.size, long_side)
    image.draft(None, target)
    load_whole(image)
    small = shrinkable(image)
    if small.size != target:
        small = small.resize(target, Image.Resampling.HAMMING, reducing_gap=2.0)
    out = BytesIO()
    srgb(_upright(small, orientation), profile).save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def _upright(image: Image.Image, orientation: object) -> Image.Image:
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)
