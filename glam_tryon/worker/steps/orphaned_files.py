"""Deletes result files of a job that no row names."""

from __future__ import annotations

from django.db import router

from glam_tryon.files import delete_for_good, private_storage
from glam_tryon.models import TryOnJob, TryOnResult
from glam_tryon.models.result import result_folder


def delete_strays(job: TryOnJob) -> None:
    """Delete what earlier tries saved for a job that is over; its rows keep their files."""
    storage = private_storage()
    folder = result_folder(job.pk)
    try:
        _folders, names = storage.listdir(folder)
    except (FileNotFoundError, NotImplementedError):
        return
    using = router.db_for_write(TryOnResult)
    kept = set(
        TryOnResult.objects.using(using).filter(job_id=job.pk).values_list("image", flat=True)
    )
    for name in names:
        path = f"{folder}/{name}"
        if name and path not in kept:
            delete_for_good(storage, path)
