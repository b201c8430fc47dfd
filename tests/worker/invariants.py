"""What must hold after every fault: the invariants I1 to I5 and I7 of the engine.

I6 waits for the retention of photos; I8 is watched by ``tests.faults.secrets`` as records are made.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from django.test import Client
from django.urls import reverse

from glam_tryon.models import (
    PersonPhoto,
    PossibleOrphan,
    TryOnJob,
    TryOnResult,
    TryOnSubmission,
)
from glam_tryon.models.status import OPEN
from glam_tryon.sandbox import Sandbox
from glam_tryon.signed_urls import GARMENT, PHOTO, link_for_glam

RESUBMITTED = "resubmitted by"


def generations(glam: Sandbox) -> Counter[str]:
    """How often Glam took a submission *and* could fetch its photo, by photo link."""
    return Counter(taken.media_url for taken in glam.accepted if taken.fetched_photo)


def check_invariants(
    glam: Sandbox,
    media_root: Path,
    *,
    limit: int = 2,
    also_served: Iterable[str] = (),
    refusals: int = 0,
) -> None:
    """Hold database, storage and the sandbox's own record against each other.

    ``also_served`` are the sha256 of results which another server than the sandbox gave;
    ``refusals`` is how many POSTs above the plan's limit the test provoked.
    """
    # I1: at most one generation for a job that nobody resubmitted by hand. Each submission has a
    # link of its own, so its submission is known by the link.
    fetched = Counter(
        TryOnSubmission.objects.filter(fetched_at__isnull=False).values_list("job_key", flat=True)
    )
    for job in TryOnJob.objects.all():
        if not job.transitions.filter(note__startswith=RESUBMITTED).exists():
            assert fetched[job.pk] <= 1, f"{job.pk} was drawn {fetched[job.pk]} times"
    assert all(count == 1 for count in generations(glam).values())
    assert sum(generations(glam).values()) <= sum(fetched.values())
    # I2: a job with an event id is over, once nothing moves any more.
    moving = TryOnJob.objects.advancing().count()
    if not moving:
        stuck = TryOnJob.objects.filter(
            status__in=OPEN, submissions__outcome=TryOnSubmission.Outcome.ACCEPTED
        )
        assert not stuck.exists(), list(stuck.values("pk", "status"))
    # I3: a ready job has its files, and they are the bytes that Glam served.
    served = {*glam.served.values(), *also_served}
    for job in TryOnJob.objects.filter(status="ready"):
        results = list(job.results.all())
        assert results, f"{job.pk} is ready without a result"
        for result in results:
            with result.image.open("rb") as stored:
                assert hashlib.sha256(stored.read()).hexdigest() == result.sha256
            assert result.sha256 in served
    # I4: no result file without a row.
    folder = media_root / "glam_tryon"
    on_disk = {
        str(path.relative_to(media_root))
        for path in folder.glob("*/*")
        if path.parent.name not in ("photos", "garments")
    }
    if not moving:
        assert on_disk == set(TryOnResult.objects.values_list("image", flat=True))
    # And no file of any kind that neither a row nor a note names.
    stored = {str(path.relative_to(media_root)) for path in folder.rglob("*") if path.is_file()}
    columns = (
        PersonPhoto.objects.values_list("image", flat=True),
        TryOnJob.objects.values_list("garment_image", flat=True),
        TryOnResult.objects.values_list("image", flat=True),
        PossibleOrphan.objects.values_list("name", flat=True),
    )
    assert stored <= {name for column in columns for name in column}
    # I5: the parallel cap, in the database and as Glam saw it.
    assert TryOnSubmission.objects.holding_slots().count() <= limit
    assert glam.most_parallel <= limit
    assert glam.rejected_429 == refusals
    check_that_strangers_see_nothing()


def check_that_strangers_see_nothing() -> None:
    """I7: no photo or result without its owner, and none for Glam once its link is dead."""
    stranger = Client()
    for job in TryOnJob.objects.order_by("-created_at")[:3]:
        addresses = [reverse("glam_tryon:photo", args=[job.pk])]
        addresses += [
            reverse("glam_tryon:result", args=[job.pk, position])
            for position in job.results.values_list("position", flat=True)[:2]
        ]
        assert {stranger.get(address).status_code for address in addresses} == {404}
    for submission in TryOnSubmission.objects.filter(revoked_at__isnull=False)[:3]:
        for what in (PHOTO, GARMENT):
            path = urlsplit(link_for_glam(submission, what)).path
            assert stranger.get(path).status_code == 404
