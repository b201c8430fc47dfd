"""The thresholds of the comparison hold for drawn pictures, with room on both sides."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw, ImageFilter

from glam_tryon.images.inspect import BLANK_BELOW, SAME_BELOW, difference, is_blank
from glam_tryon.images.validated_open import NotOpened
from tests.images.pictures import encoded, scene

ORIGINAL = scene(768, 1024)


def changed(colour):
    image = ORIGINAL.copy()
    ImageDraw.Draw(image).rectangle((250, 350, 520, 700), fill=colour)
    return image


def test_the_extremes():
    black, white = (encoded(Image.new("RGB", (50, 50), c), "PNG") for c in ("black", "white"))
    assert difference(black, black) == 0.0
    assert difference(black, white) == 1.0


@pytest.mark.parametrize(
    "content",
    [
        encoded(ORIGINAL, "PNG"),
        encoded(ORIGINAL, quality=40),
        encoded(ORIGINAL, "WEBP", quality=50),
        encoded(ORIGINAL.resize((384, 512))),
        encoded(ORIGINAL.resize((1536, 2048))),
        encoded(ORIGINAL.crop((2, 2, 766, 1022))),
        encoded(ORIGINAL.filter(ImageFilter.GaussianBlur(2))),
    ],
    ids=["png", "q40", "webp", "half", "double", "crop", "blur"],
)
def test_the_same_picture_stays_well_below_the_threshold(content):
    assert difference(encoded(ORIGINAL), content) < SAME_BELOW / 2


@pytest.mark.parametrize("colour", ["white", "black", (180, 40, 60), (240, 220, 120)])
def test_another_garment_is_well_above_the_threshold(colour):
    assert difference(encoded(ORIGINAL), encoded(changed(colour))) > SAME_BELOW * 2


def test_a_change_of_hue_at_the_same_brightness_counts():
    red, green = (
        Image.new("RGB", (99, 99), (200, 60, 60)),
        Image.new("RGB", (99, 99), (60, 132, 60)),
    )
    assert abs(red.convert("L").getpixel((0, 0)) - green.convert("L").getpixel((0, 0))) < 3
    assert difference(encoded(red), encoded(green)) > 0.2


def test_it_does_not_matter_which_comes_first():
    a, b = encoded(ORIGINAL), encoded(changed("white"))
    assert difference(a, b) == difference(b, a)


@pytest.mark.parametrize("colour", ["white", "black", (120, 130, 140)])
def test_one_colour_with_noise_is_blank(colour):
    image = Image.new("RGB", (400, 500), colour)
    noise = Image.effect_noise((400, 500), 12).convert("RGB")
    assert is_blank(encoded(image))
    assert is_blank(encoded(Image.blend(image, noise, 0.1)))


@pytest.mark.parametrize("share", [0.1, 0.2])
def test_a_small_figure_is_not_blank(share):
    image = Image.new("RGB", (500, 500), "white")
    side = int(500 * share)
    ImageDraw.Draw(image).ellipse((200, 200, 200 + side, 200 + side), fill=(90, 60, 50))
    assert not is_blank(encoded(image))
    assert not is_blank(encoded(ORIGINAL))
    assert BLANK_BELOW < 10


def test_what_is_no_picture_cannot_be_compared():
    with pytest.raises(NotOpened):
        difference(encoded(ORIGINAL), b"no picture")
    with pytest.raises(NotOpened):
        is_blank(b"")
