"""Which jobs a wish of the staff may take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db.models import Exists, OuterRef, Q, Subquery

from glam_tryon.models.person_photo import PersonPhoto
from glam_tryon.models.result import TryOnResult
from glam_tryon.models.status import AT_PROVIDER, CLOSED, OPEN, Status
from glam_tryon.models.submission import TryOnSubmission
from glam_tryon.models.writer import WriterQuerySet

if TYPE_CHECKING:
    from glam_tryon.models.job import TryOnJob  # noqa: F401  (a base class names it in a string)

#: Error code of an unconfirmed job that Glam may have drawn: a person decides what becomes of it.
NEEDS_PERSON = "needs_person"


class JobChoice(WriterQuerySet["TryOnJob"]):
    """Words for the jobs that are eligible; what its owner deleted never is."""

    def open(self) -> Self:
        """Those that are not over."""
        return self.filter(status__in=OPEN)

    def closed(self) -> Self:
        """Those that are over: ready, failed or canceled."""
        return self.filter(status__in=CLOSED)

    def waiting_for_a_person(self) -> Self:
        """Unconfirmed ones whose photo Glam fetched: only a person may send them again."""
        return self.filter(status=Status.UNCONFIRMED, error_code=NEEDS_PERSON)

    def to_be_sent(self) -> Self:
        """Those that wait to be sent."""
        return self.filter(status=Status.PENDING, deleted_at=None)

    def cancelable(self) -> Self:
        """Those that can be stopped still."""
        return self.open().filter(deleted_at=None)

    def retryable(self) -> Self:
        """Failed ones whose photo is there and may still be shown."""
        photo = PersonPhoto.objects.filter(pk=OuterRef("person_photo_id")).there().licensed()
        return self.filter(Exists(photo), status=Status.FAILED, deleted_at=None)

    def known_to_glam(self) -> Self:
        """Those at Glam, or failed, that Glam gave a name to."""
        return self._named().filter(status__in=(Status.FAILED, *AT_PROVIDER), deleted_at=None)

    def refetchable(self) -> Self:
        """Ready ones with their pictures, and those that failed after Glam had drawn them."""
        drawn = Exists(TryOnResult.objects.filter(job_id=OuterRef("pk")))
        lost = Q(status=Status.FAILED, ready_at__isnull=False)
        return self._named().filter(Q(drawn, status=Status.READY) | lost, deleted_at=None)

    def resubmittable(self) -> Self:
        """Unconfirmed ones that only a person may send again."""
        return self.waiting_for_a_person().filter(deleted_at=None)

    def with_pictures(self) -> Self:
        """Those that are over and have results, or a shopper's photo that is there."""
        drawn = Exists(TryOnResult.objects.filter(job_id=OuterRef("pk")))
        photos = PersonPhoto.objects.shoppers().filter(pk=OuterRef("person_photo_id"))
        return self.closed().filter(Q(drawn) | Q(Exists(photos.there())), deleted_at=None)

    def _named(self) -> Self:
        newest = TryOnSubmission.objects.filter(job_id=OuterRef("pk")).order_by("-number")
        named = Subquery(newest.values("event_id")[:1])
        return self.alias(_event=named).filter(_event__isnull=False)
