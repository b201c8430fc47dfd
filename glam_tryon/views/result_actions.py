"""Actions on a shopper's own result: the verdict on it, and links that show it to others."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST, require_safe

from glam_tryon.analytics.rollup import count_feedback
from glam_tryon.conf import conf
from glam_tryon.messages import error_payload
from glam_tryon.models import TryOnJob, TryOnResult, TryOnShare
from glam_tryon.models.job import Feedback, FeedbackReason
from glam_tryon.privacy.retention import results_expire_at, results_of
from glam_tryon.views.access import own_job, wants_json
from glam_tryon.views.payload import describe
from glam_tryon.views.pictures import read_picture


@csrf_protect
@require_POST
def feedback(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Keep the verdict on one's own result; the last one counts."""
    job = own_job(request, pk)
    if not results_of(job):
        raise Http404
    verdict, reason = request.POST.get("verdict", ""), request.POST.get("reason", "")
    if verdict not in Feedback.values or reason not in ("", *FeedbackReason.values):
        return JsonResponse({"error": error_payload("invalid")}, status=400)
    before = job.feedback_reason or job.feedback
    job.feedback = verdict
    job.feedback_reason = reason if verdict == Feedback.DOWN else ""
    with TryOnJob.objects.atomic():
        TryOnJob.objects.writer().filter(pk=job.pk).update(
            feedback=job.feedback, feedback_reason=job.feedback_reason
        )
        count_feedback(job, before, job.feedback_reason or job.feedback)
    if wants_json(request):
        return JsonResponse(describe(request, job))
    return redirect("glam_tryon:job", pk=job.pk)


@csrf_protect
@require_POST
def share(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Make a link to one's own result, or return the one that there is."""
    job = own_job(request, pk)
    if not results_of(job):
        raise Http404
    if not job.shares.alive().exists():
        until = timezone.now() + timedelta(days=conf.SHARE_DAYS)
        job.shares.create(expires_at=min(until, results_expire_at(job) or until))
    return _answer(request, job)


@csrf_protect
@require_POST
def unshare(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take back every link to one's own result."""
    job = own_job(request, pk)
    job.shares.all().revoke()
    return _answer(request, job)


def _answer(request: HttpRequest, job: TryOnJob) -> HttpResponse:
    if wants_json(request):
        return JsonResponse(describe(request, job))
    return redirect("glam_tryon:job", pk=job.pk)


def _alive_or_404(token: str) -> TryOnShare:
    shares = TryOnShare.objects.alive().select_related("job")
    return get_object_or_404(shares, token=token)


@login_not_required
@require_safe
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """The pictures behind a shared link, for whoever has it; nothing of their owner."""
    found = _alive_or_404(token)
    pictures = [
        {
            "url": reverse("glam_tryon:shared_picture", args=[token, result.position]),
            "width": result.width,
            "height": result.height,
        }
        for result in results_of(found.job)
    ]
    context = {
        "title": found.job.garment_title,
        "product_url": found.job.product_url,
        "pictures": pictures,
        "expires_at": found.expires_at,
    }
    response = render(request, "glam_tryon/shared.html", context)
    response["Cache-Control"] = "private, no-store"
    return _unlisted(response)


@login_not_required
@require_safe
def shared_picture(request: HttpRequest, token: str, position: int) -> HttpResponse:
    """One picture behind a shared link."""
    found = _alive_or_404(token)
    picture = get_object_or_404(TryOnResult.objects.visible(), job=found.job, position=position)
    return _unlisted(read_picture(picture.image))


def _unlisted(response: HttpResponse) -> HttpResponse:
    """Keep the address out of other sites' logs, and what it shows out of search engines."""
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response
