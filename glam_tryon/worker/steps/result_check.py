"""Notices a result that shows nothing new: Glam said READY, and the shopper would be let down."""

from __future__ import annotations

import logging

from glam_tryon.conf import conf
from glam_tryon.images.compare import SAME_BELOW, difference, is_blank
from glam_tryon.images.validated_open import NotOpened
from glam_tryon.models import TryOnJob

logger = logging.getLogger("glam_tryon.worker")

BLANK, UNCHANGED = "blank_result", "unchanged_result"


def nothing_new(job: TryOnJob, result: bytes) -> str:
    """Return ``blank_result``, ``unchanged_result``, or empty when the garment was drawn.

    Whatever cannot be compared counts as drawn: the picture was bought, and it decodes.
    """
    if not conf.NOTICE_UNCHANGED:
        return ""
    try:
        if is_blank(result):
            return BLANK
        person = job.current_photo()
        if person is None:
            return ""
        with person.image.open("rb") as opened:
            before = opened.read()
        return UNCHANGED if difference(before, result) < SAME_BELOW else ""
    except (NotOpened, OSError) as error:
        logger.warning("job %s: the result could not be compared: %s", job.pk, error)
        return ""
