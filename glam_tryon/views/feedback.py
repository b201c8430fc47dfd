"""What a shopper thinks of a picture."""

from __future__ import annotations

from uuid import UUID

from django.db import router, transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_POST

from glam_tryon.analytics.rollup import count_feedback
from glam_tryon.messages import failure_facts
from glam_tryon.models import TryOnJob
from glam_tryon.models.job import Feedback, FeedbackReason
from glam_tryon.privacy.retention import results_of
from glam_tryon.views.access import own_job, wants_json
from glam_tryon.views.payload import describe


@csrf_protect
@require_POST
def feedback(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Keep the verdict on one's own result; the last one counts."""
    job = own_job(request, pk)
    if not results_of(job):
        raise Http404
    verdict, reason = request.POST.get("verdict", ""), request.POST.get("reason", "")
    if verdict not in Feedback.values or reason not in ("", *FeedbackReason.values):
        return JsonResponse({"error": failure_facts("invalid")}, status=400)
    before = job.feedback_reason or job.feedback
    job.feedback = verdict
    job.feedback_reason = reason if verdict == Feedback.DOWN else ""
    using = router.db_for_write(TryOnJob)
    with transaction.atomic(using):
        TryOnJob.objects.using(using).filter(pk=job.pk).update(
            feedback=job.feedback, feedback_reason=job.feedback_reason
        )
        count_feedback(job, before, job.feedback_reason or job.feedback)
    if wants_json(request):
        return JsonResponse(describe(request, job))
    return redirect("glam_tryon:job", pk=job.pk)
