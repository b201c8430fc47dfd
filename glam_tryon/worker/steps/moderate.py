"""Asks the shop's own function about a photo: the last question before a try-on is bought.

Here and not at the order, so that it is asked for every way to a POST: a photo used again, a retry
by staff, a batch. The intent is written and not marked as sent, so a worker that dies here, or a
lease that runs out, bought nothing.
"""

from __future__ import annotations

from glam_tryon.conf import conf
from glam_tryon.exceptions import HookFailed, PhotoRefused
from glam_tryon.hooks import consult, hook_of
from glam_tryon.models import PersonPhoto, TryOnJob
from glam_tryon.worker.run_with_timeout import call_within

HOOK = "MODERATE_PHOTO"


def moderate(job: TryOnJob, photo: PersonPhoto) -> None:
    """Return when the shop has nothing against the photo; house models are not asked about.

    Raises:
        PhotoRefused: the shop does not want it drawn.
        HookFailed: there was no answer within ``MODERATE_SECONDS``, or none that counts.
        OSError: the photo cannot be read.
    """
    if photo.kind == PersonPhoto.Kind.HOUSE_MODEL or hook_of(HOOK) is None:
        return
    with photo.image.open("rb") as opened:
        content = opened.read()
    seconds = conf.MODERATE_SECONDS
    asked = call_within(
        seconds, lambda: consult(HOOK, PhotoRefused, content, job=job), "glam_tryon_moderation"
    )
    if asked is None:
        raise HookFailed(HOOK, "is not asked: too many calls hang")
    if not asked.done():
        raise HookFailed(HOOK, f"gave no answer within {seconds:g} s")
    asked.result()
