"""Whatever colours a picture comes in, it leaves as eight-bit sRGB on white."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageCms

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
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        return ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
