"""The contact sheet of a batch: a page of its try-ons with garment, person, result and reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.admin import AdminSite
from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from glam_tryon.admin.jobs.advice import job_advice, job_state
from glam_tryon.admin.pages import GARMENT, PERSON, admin_url, picture_url
from glam_tryon.jobs import alt_text
from glam_tryon.models import PersonPhoto, TryOnBatch, TryOnJob, TryOnResult
from glam_tryon.models.owner import SHOP
from glam_tryon.models.status import CLOSED, Status
from glam_tryon.privacy.retention import results_of

PER_PAGE = 60

#: Which of a batch's try-ons may be looked at alone, by the value of ``show`` in the URL.
SHOWN: dict[str, tuple[Promise, Q]] = {
    "ready": (_("ready"), Q(status=Status.READY)),
    "unpublished": (
        _("not published"),
        Q(status=Status.READY, results__published_at=None),
    ),
    "published": (_("published"), Q(results__published_at__isnull=False)),
    "failed": (_("failed"), Q(status=Status.FAILED)),
    "open": (_("to come"), ~Q(status__in=CLOSED)),
}


@dataclass(frozen=True, slots=True)
class Picture:
    """One result: where it is seen, what it is called, and whether it may be ticked."""

    result: TryOnResult
    url: str
    alt: str
    may_be_published: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One try-on of the sheet."""

    job: TryOnJob
    pictures: list[Picture]
    garment: str
    person: str
    page: str
    state: str
    state_text: str
    advice: str


def filtered(batch: TryOnBatch, filters: Any) -> QuerySet[TryOnJob]:
    """Return the batch's try-ons that the URL asks for, garment by garment."""
    jobs: QuerySet[TryOnJob] = batch.jobs.filter(deleted_at=None)
    if chosen := SHOWN.get(filters.get("show", "")):
        jobs = jobs.filter(chosen[1]).distinct()
    for name in ("body_type", "size"):
        if filters.get(name):
            jobs = jobs.filter(**{f"person_photo__{name}": filters[name]})
    return jobs.order_by("garment_title", "product_key", "person_photo__position", "pk")


def labels_of(batch: TryOnBatch) -> dict[str, list[str]]:
    """Return the body types and sizes of the batch's house models, for the filters."""
    models = PersonPhoto.objects.filter(jobs__batch=batch).values_list("body_type", "size")
    rows = set(models.distinct())
    return {
        "body_type": sorted({body for body, _size in rows if body}),
        "size": sorted({size for _body, size in rows if size}),
    }


def page_of(
    site: AdminSite, jobs: QuerySet[TryOnJob], number: Any
) -> tuple[Page[TryOnJob], list[Entry]]:
    """Return one page of these try-ons, and what the sheet shows of each."""
    rows = jobs.select_related("person_photo").prefetch_related("results")
    page: Page[TryOnJob] = Paginator(rows, PER_PAGE).get_page(number)
    return page, [_entry(site, job) for job in page]


def _entry(site: AdminSite, job: TryOnJob) -> Entry:
    person = job.person_photo
    house_model = person and person.kind == PersonPhoto.Kind.HOUSE_MODEL
    state, text = job_state(job)
    return Entry(
        job=job,
        pictures=[_picture(site, job, result) for result in results_of(job)],
        garment=picture_url(site, job.pk, GARMENT) if job.garment_image else "",
        person=(
            picture_url(site, job.pk, PERSON) if person and person.is_there and house_model else ""
        ),
        page=admin_url(site, "glam_tryon_tryonjob_change", job.pk),
        state=state,
        state_text=text,
        advice=job_advice(job) if job.status == Status.UNCONFIRMED else "",
    )


def _picture(site: AdminSite, job: TryOnJob, result: TryOnResult) -> Picture:
    # The row that the result itself would ask the database for.
    result.job = job
    person = job.person_photo
    url = picture_url(site, job.pk, result.position)
    free = (
        # Nobody publishes what cannot be looked at.
        bool(url)
        and job.owner == SHOP
        and person is not None
        and person.kind == PersonPhoto.Kind.HOUSE_MODEL
        and person.is_licensed
        and result.published_at is None
    )
    return Picture(result, url, alt_text(result), free)
