"""What this shop asks of a shopper's photo before it is taken in; named by ``PHOTO_CHECK``."""

from __future__ import annotations

from glam_tryon.exceptions import PhotoRefused
from glam_tryon.images import NormalisedImage
from glam_tryon.images.inspect import is_blank

#: Wider than this against its height a picture shows a landscape or a crowd, not one person.
WIDEST = 2.0


def check_photo(photo: NormalisedImage) -> None:
    """Let pass what may show a person from head to knees; takes some 10 ms.

    Raises:
        PhotoRefused: the picture is of one colour, or a panorama.
    """
    if photo.width > WIDEST * photo.height or is_blank(photo.content):
        raise PhotoRefused("no_person_shape")
