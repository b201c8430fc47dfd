"""Photos that people send: made safe, or refused with words that help (fault 57)."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from io import BytesIO

import pillow_heif
import pytest
from PIL import ExifTags, Image, ImageCms, PngImagePlugin

from glam_tryon.exceptions import InvalidImage
from glam_tryon.images import normalise
from tests.images.pictures import encoded, png_of_size, scene, webp_of_size

RED, BLUE, GREEN = (220, 20, 20), (30, 60, 160), (30, 140, 40)


def normalised(content: bytes, **options):
    outcome = normalise(BytesIO(content), **options)
    image = Image.open(BytesIO(outcome.content))
    image.load()
    assert image.size == (outcome.width, outcome.height)
    assert outcome.sha256 == hashlib.sha256(outcome.content).hexdigest()
    return image


def refused(content: bytes, code: str, **options):
    with pytest.raises(InvalidImage) as caught:
        normalise(BytesIO(content), **options)
    assert caught.value.code == code
    return str(caught.value)


def is_near(pixel, colour, tolerance=14):
    return all(abs(a - b) <= tolerance for a, b in zip(pixel, colour, strict=True))


def is_upright(image):
    width, height = image.size
    return (
        is_near(image.getpixel((width // 8, height // 8)), RED)
        and is_near(image.getpixel((width * 3 // 4, height * 3 // 5)), BLUE)
        and is_near(image.getpixel((width // 8, height * 15 // 16)), GREEN)
    )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_each_kind_becomes_an_upright_jpeg_in_srgb(kind):
    image = normalised(encoded(scene(), kind))
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (400, 300))
    assert is_upright(image)


def test_an_iphones_heic_is_taken():
    out = BytesIO()
    pillow_heif.from_pillow(scene()).save(out, quality=90)
    assert is_upright(normalised(out.getvalue()))


def test_pillow_itself_learns_nothing_new():
    # In a process of its own: other libraries do teach Pillow, and any test may have loaded them.
    script = (
        "import io, pillow_heif\n"
        "from PIL import Image\n"
        "from glam_tryon.images import normalise\n"
        "heic = io.BytesIO()\n"
        "pillow_heif.from_pillow(Image.new('RGB', (400, 300))).save(heic)\n"
        "heic.seek(0)\n"
        "print(normalise(heic).width, 'HEIF' in Image.OPEN)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("400 False\n", "")


def test_without_the_extra_a_heic_is_refused_by_its_name(monkeypatch):
    out = BytesIO()
    pillow_heif.from_pillow(scene()).save(out)
    monkeypatch.setattr("glam_tryon.images.validated_open.open_heif", None)
    refused(out.getvalue(), "heic")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", [(400, 300), (3000, 2250)])
def test_each_orientation_ends_upright(orientation, size):
    turned = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    image = scene(*size)
    if orientation in turned:
        image = image.transpose(turned[orientation])
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    outcome = normalised(encoded(image, exif=exif))
    assert is_upright(outcome)
    assert outcome.width > outcome.height


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((3000, 2000), (1536, 1024)),
        ((2000, 3000), (1024, 1536)),
        ((1537, 1537), (1536, 1536)),
        ((1536, 900), (1536, 900)),
        ((6000, 64), (1536, 16)),
        ((200, 100), (200, 100)),
    ],
)
def test_the_long_side_shrinks_to_1536_and_nothing_grows(size, expected):
    assert normalised(encoded(scene(*size))).size == expected


def test_place_camera_comment_and_profile_are_gone():
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "SecretCamera"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (52.0, 31.0, 12.0)
    content = encoded(
        scene(),
        exif=exif,
        comment=b"SecretComment",
        xmp=b"<x:xmpmeta>SecretXmp</x:xmpmeta>",
        icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    )
    outcome = normalise(BytesIO(content))
    image = Image.open(BytesIO(outcome.content))
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert not image.getexif()
    assert b"Secret" not in outcome.content


def test_texts_in_a_png_are_gone():
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Author", "SecretAuthor")
    assert b"Secret" not in normalise(BytesIO(encoded(scene(), "PNG", pnginfo=notes))).content


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "RGBA", "LA"])
def test_each_mode_ends_as_rgb(mode):
    image = scene().quantize() if mode == "P" else scene(mode=mode)
    outcome = normalised(encoded(image, "JPEG" if mode == "CMYK" else "PNG"))
    assert outcome.mode == "RGB"
    if mode in ("P", "CMYK", "RGBA"):
        assert is_upright(outcome)


def test_what_shines_through_is_white():
    image = scene(mode="RGBA")
    image.paste((0, 0, 0, 0), (100, 75, 200, 200))
    assert is_near(normalised(encoded(image, "PNG")).getpixel((150, 120)), (255, 255, 255))


def test_a_transparent_palette_colour_is_white():
    image = Image.new("P", (100, 100), 0)
    image.putpalette([0, 0, 0, 220, 20, 20])
    image.paste(1, (0, 0, 50, 100))
    outcome = normalised(encoded(image, "PNG", transparency=0))
    assert is_near(outcome.getpixel((80, 50)), (255, 255, 255))
    assert is_near(outcome.getpixel((20, 50)), RED)


@pytest.mark.parametrize("value", [0, 64, 128, 255])
def test_sixteen_bits_of_grey_keep_their_brightness(value):
    image = Image.new("I;16", (100, 100), value * 257)
    assert is_near(normalised(encoded(image, "PNG")).getpixel((50, 50)), (value,) * 3, 2)


def test_a_profile_that_cannot_be_used_is_ignored():
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    plain = normalised(encoded(scene())).getpixel((20, 20))
    wrong_kind = normalised(encoded(scene(), icc_profile=lab)).getpixel((20, 20))
    broken = normalised(encoded(scene(), icc_profile=b"no profile")).getpixel((20, 20))
    assert plain == wrong_kind == broken


def test_the_colours_of_a_profile_are_brought_to_srgb():
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    # Swapping the names of the red and the blue primary makes a profile whose red is blue.
    red, blue = profile.index(b"rXYZ"), profile.index(b"bXYZ")
    profile[red : red + 4], profile[blue : blue + 4] = b"bXYZ", b"rXYZ"
    outcome = normalised(encoded(Image.new("RGB", (99, 99), (250, 10, 10)), icc_profile=profile))
    red_value, _, blue_value = outcome.getpixel((50, 50))
    assert blue_value > 200 > 60 > red_value


def test_an_animation_gives_its_first_frame():
    frames = [Image.new("RGB", (99, 99), colour) for colour in (RED, BLUE, GREEN)]
    content = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    assert is_near(normalised(content).getpixel((50, 50)), RED)


def test_broken_metadata_is_no_reason_to_refuse():
    assert is_upright(normalised(encoded(scene(), exif=b"Exif\0\0garbage in here")))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"hello", "not_a_picture"),
        (b"<html></html>", "not_a_picture"),
        (b"\x00" * 5000, "not_a_picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "svg"),
        (b"%PDF-1.7", "pdf"),
        (encoded(scene(), "GIF"), "gif"),
        (encoded(scene(), "BMP"), "format"),
        (encoded(scene(), "TIFF"), "tiff"),
        (encoded(Image.new("RGB", (1, 1))), "too_small"),
        (encoded(Image.new("RGB", (500, 63))), "too_small"),
        (encoded(scene())[:4000], "truncated"),
        (encoded(scene(), "PNG")[:600], "truncated"),
        (encoded(scene(), "WEBP")[:900], "truncated"),
        (encoded(scene(), "AVIF")[:900], "truncated"),
        (b"\xff\xd8\xff", "truncated"),
        (b"\x89PNG\r\n\x1a\n", "truncated"),
        (webp_of_size(7000, 7000), "pixels"),
        (png_of_size(30_000, 1), "pixels"),
        (png_of_size(65_535, 65_535), "pixels"),
    ],
)
def test_fault_57_what_cannot_be_used_is_refused_with_a_code(content, code):
    message = refused(content, code)
    assert message.endswith(".")
    assert "{" not in message


def test_a_name_or_a_type_means_nothing():
    file = BytesIO(encoded(scene(), "PNG"))
    file.name, file.content_type = "photo.jpg", "application/pdf"
    assert normalise(file).width == 400


class Unread:
    size = 21 * 1024 * 1024

    def read(self, count):
        pytest.fail("read")


def test_a_file_that_says_it_is_too_large_is_not_read():
    with pytest.raises(InvalidImage) as caught:
        normalise(Unread())
    assert (caught.value.code, "20 MB" in str(caught.value)) == ("too_large", True)


def test_a_file_that_lies_about_its_size_is_read_to_the_cap_only():
    class Endless:
        size = 10
        asked = 0

        def read(self, count):
            self.asked = count
            return b"x" * count

    file = Endless()
    with pytest.raises(InvalidImage) as caught:
        normalise(file, max_bytes=1000)
    assert (caught.value.code, file.asked) == ("too_large", 1001)


def test_a_file_that_was_read_before_is_read_from_its_start():
    file = BytesIO(encoded(scene()))
    file.read()
    assert normalise(file).width == 400


def test_the_same_photo_gives_the_same_bytes():
    content = encoded(scene())
    assert normalise(BytesIO(content)) == normalise(BytesIO(content))
