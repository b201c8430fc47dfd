"""One stored picture that Glam made for a job."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import connections, models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from glam_tryon.conf import conf
from glam_tryon.files import private_storage
from glam_tryon.models.clock import DatabaseNow, after
from glam_tryon.models.outside_text import OutsideCharField
from glam_tryon.models.owner import SHOP
from glam_tryon.models.person_photo import PersonPhoto
from glam_tryon.models.writer import WriterQuerySet


def result_folder(job_id: object) -> str:
    """Return the storage folder of a job's results."""
    return f"{conf.PREFIX}/{job_id}"


def result_name(job_id: object, position: int, sha256: str, extension: str) -> str:
    """Return the storage name of a result: the same bytes of the same job always get the same."""
    return f"{result_folder(job_id)}/{position}-{sha256[:16]}.{extension}"


_DAY_SECONDS = 86_400
#: A publication that did not end within so many seconds has died: it may be tried again.
PUBLISH_SECONDS = 300


class TryOnResultQuerySet(WriterQuerySet["TryOnResult"]):
    def visible(self) -> TryOnResultQuerySet:
        """Pictures that may be shown, to whomever: not deleted by their owner, not over their time.

        What a storage refuses to delete stays, and nobody sees it.
        """
        of_users = after(-_DAY_SECONDS * conf.RESULT_DAYS)
        of_visitors = after(-_DAY_SECONDS * conf.VISITOR_RESULT_DAYS)
        in_time = models.Q(job__owner=SHOP) | models.Q(job__finished_at=None)
        in_time |= models.Q(job__user__isnull=False, job__finished_at__gt=of_users)
        in_time |= models.Q(job__user=None, job__finished_at__gt=of_visitors)
        return self.filter(in_time, job__deleted_at=None, image__gt="")

    def publishable(self) -> TryOnResultQuerySet:
        """The shop's own pictures of house models who may be shown; never those of shoppers."""
        return (
            self.visible()
            .filter(
                job__owner=SHOP,
                job__person_photo__kind=PersonPhoto.Kind.HOUSE_MODEL,
            )
            .filter(
                models.Q(job__person_photo__licensed_until=None)
                | models.Q(job__person_photo__licensed_until__gte=timezone.localdate())
            )
        )

    def put(self, results: list[TryOnResult]) -> None:
        """Write these, each in the place of an earlier one of its position, in one statement."""
        features = connections[self.db].features
        self.bulk_create(
            results,
            update_conflicts=True,
            unique_fields=["job", "position"]
            if features.supports_update_conflicts_with_target
            else None,
            update_fields=["image", "width", "height", "sha256", "source_url"],
        )


class TryOnResult(models.Model):
    """``image`` is the name that the storage gave; the bytes are those that Glam served."""

    job = models.ForeignKey(
        "glam_tryon.TryOnJob",
        verbose_name=_("job"),
        on_delete=models.CASCADE,
        related_name="results",
    )
    position = models.PositiveSmallIntegerField(_("position"))
    image = models.FileField(_("picture"), storage=private_storage, max_length=255)
    width = models.PositiveIntegerField(_("width"))
    height = models.PositiveIntegerField(_("height"))
    sha256 = models.CharField(max_length=64)
    source_url = OutsideCharField(_("URL at the provider"), max_length=2048)
    created_at = models.DateTimeField(_("stored"), auto_now_add=True)
    alt = OutsideCharField(_("alternative text"), max_length=250, blank=True)
    # While a publication runs, so that two people do not publish at once.
    publishing_at = models.DateTimeField(null=True, editable=False)
    published_at = models.DateTimeField(_("published"), null=True, editable=False)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("published by"),
        null=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    objects = TryOnResultQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"
        verbose_name = _("result")
        verbose_name_plural = _("results")
        ordering = ["job", "position"]
        permissions = [("publish_results", _("Can publish results in the shop"))]
        constraints = [
            models.UniqueConstraint(fields=["job", "position"], name="glam_tryon_result_position")
        ]

    def __str__(self) -> str:
        return f"{self.job_id}/{self.position}"

    def _rows(self) -> models.QuerySet[TryOnResult]:
        return TryOnResult.objects.writer().filter(pk=self.pk, published_at=None)

    def begin_publishing(self) -> bool:
        """Keep others from publishing it. False when it is published, or somebody is at it."""
        free = models.Q(publishing_at=None) | models.Q(publishing_at__lt=after(-PUBLISH_SECONDS))
        return bool(self._rows().filter(free).update(publishing_at=DatabaseNow()))

    def finish_publishing(self, alt: str, by: Any) -> None:
        """Note that it is published."""
        self._rows().update(
            alt=alt[:250], published_at=DatabaseNow(), published_by=by, publishing_at=None
        )

    def give_up_publishing(self) -> None:
        """Note that publishing failed, so that it can be tried again."""
        self._rows().update(publishing_at=None)
