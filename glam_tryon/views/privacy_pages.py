"""Public pages on privacy: the policy, and the receipt of a deletion."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from glam_tryon.conf import conf
from glam_tryon.models import DeletionReceipt
from glam_tryon.models.receipt import KINDS
from glam_tryon.privacy.consent import current_consent


@login_not_required
@require_safe
def policy(request: HttpRequest) -> HttpResponse:
    """Show what the shop does with photos and previews, to everybody."""
    context = {
        "consent": current_consent(),
        "mine_url": reverse("glam_tryon:mine"),
        "upload": conf.SEND_IMAGES == "upload",
    }
    return render(request, "glam_tryon/policy.html", context)


def kind_counts(receipt: DeletionReceipt) -> list[tuple[str, int]]:
    """Return what was deleted and how many, in the active language."""
    names = {
        "photos": _("Photos"),
        "results": _("Previews"),
        "jobs": _("Try-ons"),
        "consents": _("Consent records"),
        "receipts": _("Receipts"),
    }
    return [(names[kind], count) for kind in KINDS if (count := getattr(receipt, kind))]


@login_not_required
@require_safe
def receipt(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The receipt as a page to read and to print."""
    found = get_object_or_404(DeletionReceipt, pk=pk)
    context = {"receipt": found, "counts": kind_counts(found), "hashes": found.hashes()}
    return _unlisted(render(request, "glam_tryon/receipt.html", context))


@login_not_required
@require_safe
def receipt_file(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The receipt as a file to keep."""
    found = get_object_or_404(DeletionReceipt, pk=pk)
    response = JsonResponse(found.as_dict(), json_dumps_params={"indent": 2})
    response["Content-Disposition"] = f'attachment; filename="deletion-{found.pk}.json"'
    return _unlisted(response)


def _unlisted(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "private, no-store"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    response["X-Content-Type-Options"] = "nosniff"
    return response
