"""Export: a zip of everything kept of a person, the facts as JSON and the pictures."""

from __future__ import annotations

import json
import logging
import tempfile
import zipfile
from collections.abc import Iterator
from typing import IO, Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models.fields.files import FieldFile

from glam_tryon.exceptions import FileUnavailable
from glam_tryon.files import read_file
from glam_tryon.models import (
    ConsentRecord,
    DeletionReceipt,
    PersonPhoto,
    TryOnJob,
    TryOnSubmission,
)
from glam_tryon.models.owner import owner_key
from glam_tryon.privacy.retention import results_of

logger = logging.getLogger("glam_tryon.privacy")

#: What is larger than this waits on disk.
_IN_MEMORY_BYTES = 5 * 1024 * 1024
#: What is told of each row; internals of the engine say nothing about a person.
_JOB = (
    "id",
    "status",
    "error_code",
    "garment_title",
    "product_key",
    "product_url",
    "mask_type",
    "feedback",
    "feedback_reason",
    "created_at",
    "submitted_at",
    "finished_at",
    "deleted_at",
    "person_photo",
    "reference",
    "metadata",
)
_PHOTO = (
    "id",
    "sha256",
    "width",
    "height",
    "created_at",
    "kept_until",
    "consent",
    "no_consent_reason",
)
_CONSENT = (
    "id",
    "version",
    "language",
    "text",
    "text_sha256",
    "widget_version",
    "created_at",
    "withdrawn_at",
)
_SUBMISSION = ("job_key", "number", "event_id", "outcome", "started_at", "sent_at", "fetched_at")
_RESULT = ("position", "sha256", "width", "height", "created_at")


def export_tryon_data(user: Any) -> IO[bytes]:
    """Return a zip, as a file that stands at its beginning: ``tryons.json`` and the pictures.

    Receipts name no person, so those are told that hold the hash of one of the user's photos. A
    picture that the storage does not give is named in ``missing``.
    """
    owner = owner_key(user)
    jobs = list(_rows(TryOnJob).owned_by(owner).order_by("created_at"))
    photos = list(_rows(PersonPhoto).owned_by(owner).order_by("created_at"))
    # The caller closes it.
    made: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115
    missing: list[str] = []
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for name, file in _pictures(jobs, photos):
            _put(archive, name, file, missing)
        facts = {**_facts(owner, jobs, photos), "missing": missing}
        text = json.dumps(facts, cls=DjangoJSONEncoder, indent=2, ensure_ascii=False)
        archive.writestr("tryons.json", text, zipfile.ZIP_DEFLATED)
    made.seek(0)
    return made


def _rows(model: Any) -> Any:
    return model.objects.writer()


def _facts(owner: str, jobs: list[TryOnJob], photos: list[PersonPhoto]) -> dict[str, Any]:
    submissions = _rows(TryOnSubmission).filter(job__owner=owner).order_by("started_at")
    receipts = _rows(DeletionReceipt).about(photo.sha256 for photo in photos)
    return {
        "jobs": [
            {**_told(job, _JOB), "results": [_told(each, _RESULT) for each in results_of(job)]}
            for job in jobs
        ],
        "photos": [_told(photo, _PHOTO) for photo in photos],
        "consents": [
            _told(record, _CONSENT)
            for record in _rows(ConsentRecord).owned_by(owner).order_by("created_at")
        ],
        "submissions": [_told(each, _SUBMISSION) for each in submissions],
        "receipts": [receipt.as_dict() for receipt in receipts],
    }


def _told(row: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: row.serializable_value(name) for name in names}


def _pictures(
    jobs: list[TryOnJob], photos: list[PersonPhoto]
) -> Iterator[tuple[str, FieldFile | Any]]:
    for photo in photos:
        if photo.is_there:
            yield f"photos/{photo.pk}.jpg", photo.image
    for job in jobs:
        for result in results_of(job):
            ending = str(result.image.name).rpartition(".")[2]
            yield f"results/{job.pk}-{result.position}.{ending}", result.image


def _put(archive: zipfile.ZipFile, name: str, file: Any, missing: list[str]) -> None:
    try:
        archive.writestr(name, read_file(file))
    except FileUnavailable:
        # One file must not keep the rest back.
        logger.exception("%s could not be put into an export", name)
        missing.append(name)
