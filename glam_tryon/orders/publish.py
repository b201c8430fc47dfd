"""Publishing: a catalogue picture that staff approved is put into its product's gallery."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.utils.translation import gettext as _
from django.utils.translation import override

from glam_tryon.conf import conf
from glam_tryon.exceptions import NotPublishable
from glam_tryon.hooks import consult
from glam_tryon.models import TryOnResult

logger = logging.getLogger("glam_tryon.orders")

#: Takes a result, its product, the alternative text and the label that says that AI made it.
Publisher = Callable[[TryOnResult, Model, str, str], Any]


def ai_label() -> str:
    """Return the words that go along with every picture, in the shop's language."""
    with override(settings.LANGUAGE_CODE):
        return _("AI-generated")


def alt_text(result: TryOnResult) -> str:
    """Return what a picture shows, for people who cannot see it, in the shop's language."""
    if result.alt:
        return result.alt
    person = result.job.person_photo
    with override(settings.LANGUAGE_CODE):
        if person is None or not person.title:
            return result.job.garment_title[:250]
        return (
            _("%(person)s wears: %(product)s")
            % {"person": person.title, "product": result.job.garment_title}
        )[:250]


def publish_result(
    result: TryOnResult, *, by: Any, alt: str = "", publisher: Publisher | None = None
) -> bool:
    """Put a picture into its product's gallery; False when it is there or on its way already.

    ``publisher`` does it, by default the hook that ``PUBLISH_RESULT`` names. It is called outside
    of any transaction of this package, and again when the process died before its end was noted.

    Raises:
        PermissionDenied: ``by`` lacks the permission ``glam_tryon.publish_results``.
        NotPublishable: it is not the shop's own picture of a house model who may be shown, its
            product is gone, nothing says how to publish, or the hook refuses it.
        HookFailed: ``PUBLISH_RESULT`` names no function, or one that raised something else or
            returned something; the picture can be published again.
        Exception: whatever ``publisher`` raises; the picture can be published again.
    """
    if not by.has_perm("glam_tryon.publish_results"):
        raise PermissionDenied("Publishing a result needs publish_results.")
    if publisher is None and not conf.PUBLISH_RESULT:
        raise NotPublishable(_("Nothing says where pictures go: set PUBLISH_RESULT."))
    if not TryOnResult.objects.writer().publishable().filter(pk=result.pk).exists():
        raise NotPublishable(_("Only the shop's own pictures of house models can be published."))
    product = result.job.product
    if product is None:
        raise NotPublishable(_("The product is gone."))
    if not result.begin_publishing():
        return False
    words = alt.strip() or alt_text(result)
    try:
        if publisher is None:
            consult("PUBLISH_RESULT", result, product, words, ai_label())
        else:
            publisher(result, product, words, ai_label())
    except Exception:
        result.give_up_publishing()
        raise
    result.finish_publishing(words, by)
    logger.info("result=%s published by=%s", result.pk, by.pk)
    return True
