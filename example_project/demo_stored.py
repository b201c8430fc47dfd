"""Prints, as JSON, what the shop keeps of one job: python -m example_project.demo_stored JOB

A process of its own, so that the demo's check itself acts from outside, by plain HTTP.
"""

from __future__ import annotations

import json
import sys

import django
from django.apps import apps
from django.db.models.fields.files import FieldFile


def main(job_id: str) -> None:
    """Print each result's name in the storage, size, digest and, if it has one, path."""
    django.setup()
    job = apps.get_model("glam_tryon", "TryOnJob")._default_manager.get(pk=job_id)
    results = [
        {
            "name": result.image.name,
            "bytes": result.image.size,
            "path": _path(result.image),
            "sha256": result.sha256,
        }
        for result in job.results.all()
    ]
    print(json.dumps(results))


def _path(file: FieldFile) -> str:
    try:
        return file.path
    except NotImplementedError:  # a storage that is no directory of this machine
        return ""


if __name__ == "__main__":
    main(sys.argv[1])
