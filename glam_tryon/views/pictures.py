"""Serves pictures: to Glam by signed link, to shoppers after a check whose they are."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.db.models.fields.files import FieldFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from glam_tryon.exceptions import FileMissing, FileUnavailable, GarmentUnavailable
from glam_tryon.files import read_file
from glam_tryon.garments import garment_of
from glam_tryon.images.thumbnail import thumbnail
from glam_tryon.images.validated_open import content_type
from glam_tryon.models import PersonPhoto, TryOnSubmission
from glam_tryon.privacy.retention import results_of
from glam_tryon.signed_urls import PHOTO, PROBE, probe_answer, token_in
from glam_tryon.views.access import own_job, own_photo
from glam_tryon.views.product import product_or_404
from glam_tryon.worker.db_connections import retry_on_db_error

logger = logging.getLogger("glam_tryon.views")

#: How long Glam waits for its pictures while the database is away or gives no connection.
DATABASE_SECONDS = 10.0

PRIVATE = "private, no-store"
#: Where WSGI servers put the path as the client sent it.
_RAW_PATHS = {"PATH_INFO", "RAW_URI", "REQUEST_URI"}


def picture_response(content: bytes, *, cache: str = PRIVATE) -> HttpResponse:
    """Answer with a picture that can be nothing else, wherever it is opened.

    Its bytes say what it is: neither its name, which a storage may change, nor the system does.
    """
    response = HttpResponse(content, content_type=content_type(content))
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = cache
    response["Referrer-Policy"] = "no-referrer"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Content-Disposition"] = "inline"
    return response


def _read(file: FieldFile | None) -> bytes:
    if not file:
        raise Http404
    try:
        return read_file(file)
    except FileMissing as error:
        raise Http404 from error


def read_picture(file: FieldFile | None, *, cache: str = PRIVATE) -> HttpResponse:
    """Answer with a stored picture, or with 503 while the storage does not give it.

    Raises:
        Http404: there is no file.
    """
    try:
        return picture_response(_read(file), cache=cache)
    except FileUnavailable:
        logger.exception("a picture could not be shown")
        return HttpResponse(status=503, headers={"Retry-After": "10", "Cache-Control": PRIVATE})


def _hide_link(request: HttpRequest) -> None:
    """Keep a signed link, and whatever stands behind it, out of what is logged of a request."""
    before, room, _link = request.path.partition("/for-glam/")
    request.path = request.path_info = f"{before}{room}[link]"
    for name in _RAW_PATHS & request.META.keys():
        request.META[name] = request.path


def _unlogged(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Keep the signed link out of what Django logs or mails when the request goes wrong."""

    @wraps(view)
    def unlogged(request: HttpRequest, what: str, signed: str) -> HttpResponse:
        _hide_link(request)
        try:
            return view(request, what, signed)
        except Http404:
            raise
        except Exception:
            # Further up Django holds the link in variables, which its report would show.
            logger.exception("a picture could not be given to the provider")
            return HttpResponse(status=503)

    return unlogged


@login_not_required
def near_link(request: HttpRequest) -> HttpResponse:
    """Answer 404 for what is nearly a signed link, such as one with a slash added, unlogged."""
    _hide_link(request)
    raise Http404


# The fetch is on record before the first byte leaves: not at the end of a request's transaction.
@transaction.non_atomic_requests
@login_not_required
@_unlogged
@require_safe
def for_glam(request: HttpRequest, what: str, signed: str) -> HttpResponse:
    """One submission's photo or garment, for whoever holds its signed link: Glam."""
    # A fetch that fails is a generation that fails, and it may be billed.
    return retry_on_db_error(lambda: _for_glam(request, what, signed), seconds=DATABASE_SECONDS)


def _for_glam(request: HttpRequest, what: str, signed: str) -> HttpResponse:
    # The database says how late it is, so this asks it already.
    token = token_in(what, signed)
    if token and what == PROBE:
        return picture_response(probe_answer(token))
    submissions = TryOnSubmission.objects.writer()
    fetchable = submissions.fetchable().select_related("job")
    submission = token and fetchable.filter(token=token).first()
    if not submission or submission.job is None:
        raise Http404
    if what == PHOTO:
        photo = submission.job.current_photo()
        content = _read(photo.image if photo else None)
        # Asking for the head alone shows nobody the photo, so it is no fetch.
        if request.method == "GET" and not submissions.fetch_photo(submission.token):
            raise Http404
    else:
        content = _read(submission.job.garment_image)
    return picture_response(content)


@login_not_required
@require_safe
def house_model(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A house model that the shop offers; anybody may see it."""
    photo = get_object_or_404(PersonPhoto.objects.house_models(), pk=pk)
    return read_picture(photo.image, cache="public, max-age=3600")


@login_not_required
@require_safe
def house_model_card(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The same, as small as the dialog's cards."""
    photo = get_object_or_404(PersonPhoto.objects.house_models(), pk=pk)
    return picture_response(thumbnail(_read(photo.image)), cache="public, max-age=3600")


@require_safe
def garment(request: HttpRequest, model: str, key: str) -> HttpResponse:
    """The product's garment picture as the shop has it; anybody may see it."""
    product = product_or_404(model, key)
    try:
        picture = garment_of(product).get_image(product)
        content = read_file(picture)
    except (GarmentUnavailable, FileUnavailable) as error:
        raise Http404 from error
    return picture_response(content, cache="public, max-age=300")


@require_safe
def photo(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The person photo of one's own job."""
    person = own_job(request, pk).person_photo
    return read_picture(person.image if person and person.is_there else None)


@require_safe
def own(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One's own photo."""
    return read_picture(own_photo(request, pk).image)


@require_safe
def result(request: HttpRequest, pk: UUID, position: int) -> HttpResponse:
    """One picture of one's own job."""
    for stored in results_of(own_job(request, pk)):
        if stored.position == position:
            return read_picture(stored.image)
    raise Http404
