"""Shoppers for tests: what they order by the form, and what is kept of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Model
from django.test import Client

from glam_tryon.models import (
    Account,
    ConsentRecord,
    PersonPhoto,
    TryOnJob,
    TryOnResult,
    TryOnShare,
    TryOnSubmission,
    TryOnTransition,
)
from glam_tryon.models.clock import after
from glam_tryon.models.consent_record import text_sha256
from glam_tryon.models.status import Status
from glam_tryon.privacy.consent import current_text
from glam_tryon.views.product import start_url
from tests.shop import picture

JSON = {"accept": "application/json"}
KEPT = (
    ConsentRecord,
    PersonPhoto,
    Account,
    TryOnJob,
    TryOnResult,
    TryOnShare,
    TryOnSubmission,
    TryOnTransition,
)


def ask(client: Client, product: Model, **fields: Any) -> Any:
    """Post the product's form as the module does; without a person, with a photo of one's own."""
    if "house_model" not in fields and "kept_photo" not in fields:
        photo = SimpleUploadedFile("me.jpg", picture(colour="#aa7755"), "image/jpeg")
        agreed = {"consent": "on", "consent_sha256": text_sha256(current_text())}
        fields = {"photo": photo, **agreed, **fields}
    return client.post(start_url(product), fields, headers=JSON)


def order(client: Client, product: Model, **fields: Any) -> TryOnJob:
    """Order a try-on. Returns its job."""
    answer = ask(client, product, **fields)
    assert answer.status_code == 201, answer.content
    return TryOnJob.objects.get(pk=answer.json()["id"])


def put(job: TryOnJob, **fields: Any) -> None:
    """Change the row of a job behind everybody's back."""
    TryOnJob.objects.filter(pk=job.pk).update(**fields)


def finish(job: TryOnJob, *, pictures: int = 1, seconds_ago: float = 0) -> list[TryOnResult]:
    """Let a job be ready, as if Glam had drawn it."""
    results = []
    for position in range(pictures):
        result = TryOnResult(job=job, position=position, width=240, height=320)
        result.sha256 = f"{position}" * 64
        name = f"glam_tryon/{job.pk}/{position}.jpg"
        result.image.save(name, ContentFile(picture(colour="#113355")))
        results.append(result)
    put(job, status=Status.READY, queue=None, finished_at=after(-seconds_ago))
    return results


def files(media_root: Path) -> set[str]:
    """Return the stored photos and results."""
    return {
        str(path.relative_to(media_root))
        for path in (media_root / "glam_tryon").rglob("*")
        if path.is_file() and path.parent.name != "garments"
    }


def everything(media_root: Path) -> dict[str, Any]:
    """Return all that the app keeps, to be compared before and after."""
    kept: dict[str, Any] = {
        model.__name__: sorted(map(repr, model._default_manager.values())) for model in KEPT
    }
    kept["files"] = files(media_root)
    return kept
