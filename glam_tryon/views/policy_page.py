"""The public page that says what is kept of a try-on, what for, and for how long."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from glam_tryon.conf import conf
from glam_tryon.privacy.consent import current_consent


@login_not_required
@require_safe
def policy(request: HttpRequest) -> HttpResponse:
    """What the shop does with photos and previews; anybody may read it."""
    context = {
        "consent": current_consent(),
        "mine_url": reverse("glam_tryon:mine"),
        "upload": conf.SEND_IMAGES == "upload",
    }
    return render(request, "glam_tryon/policy.html", context)
