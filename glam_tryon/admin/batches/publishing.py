"""Publishing what staff ticked on a contact sheet, and saying what came of it."""

from __future__ import annotations

import logging

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from glam_tryon import jobs
from glam_tryon.admin.products.gallery_upload import TryOnGallery
from glam_tryon.conf import conf
from glam_tryon.exceptions import HookFailed, NotPublishable
from glam_tryon.models import TryOnBatch, TryOnJob, TryOnResult

logger = logging.getLogger("glam_tryon.admin")


def publisher_for(job: TryOnJob, site: AdminSite) -> jobs.Publisher | None:
    """Return the product's ``ModelAdmin`` as what publishes, unless ``PUBLISH_RESULT`` does it."""
    if conf.PUBLISH_RESULT or job.content_type is None:
        return None
    model = job.content_type.model_class()
    admin: object = None
    if model is not None and site.is_registered(model):
        admin = site.get_model_admin(model)
    if isinstance(admin, TryOnGallery) and admin.can_publish_tryon():
        return admin.publish_tryon_result
    return None


def publish_chosen(request: HttpRequest, site: AdminSite, batch: TryOnBatch) -> None:
    """Publish the ticked results of a batch; each has its own fate, told in one message a kind."""
    keys = [key for key in request.POST.getlist("result") if key.isdecimal()]
    rows = TryOnResult.objects.filter(job__batch=batch, pk__in=keys[:1000])
    done = skipped = 0
    for result in rows.select_related("job__person_photo", "job__content_type"):
        try:
            published = jobs.publish_result(
                result,
                by=request.user,
                alt=request.POST.get(f"alt_{result.pk}", ""),
                publisher=publisher_for(result.job, site),
            )
        except (NotPublishable, HookFailed) as error:
            if isinstance(error, HookFailed):
                logger.exception("result=%s could not be published", result.pk)
            messages.error(request, f"{result.job.garment_title}: {error}")
        except Exception as error:
            # The shop's own code may raise anything; the other pictures go on.
            logger.exception("result=%s could not be published", result.pk)
            messages.error(request, f"{result.job.garment_title}: {type(error).__name__}: {error}")
        else:
            done += published
            skipped += not published
    if done:
        words = ngettext("%(count)d picture published.", "%(count)d pictures published.", done)
        messages.success(request, words % {"count": done})
    if skipped:
        words = ngettext(
            "%(count)d was published already.", "%(count)d were published already.", skipped
        )
        messages.info(request, words % {"count": skipped})
    if not keys:
        messages.warning(request, _("Tick the pictures that are good first."))
