"""Jobs by the million for the measuring of the admin, made by the database itself."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from django.contrib.contenttypes.models import ContentType
from django.db import connection

from example_project.shop.models import Product
from glam_tryon.models import PersonPhoto, TryOnJob, TryOnResult, TryOnSubmission, TryOnTransition

#: So many jobs are under way, however many there were: slots and queues do not grow with the past.
UNDER_WAY = 1000
#: One in so many jobs failed, so many were ordered for the catalogue.
FAILED, CATALOGUE = 20, 4
#: A product has so many jobs.
JOBS_EACH = 100

_JOBS = """
INSERT INTO {jobs} (
    id, status, priority, mask_type, content_type_id, product_key, garment_title, garment_image,
    garment_sha256, product_url, person_photo_id, owner, error_code, error_message, remote_status,
    media_urls, queue, turn, next_step_at, lease_token, attempts, errors, polls, dispatched,
    created_at, submitted_at, ready_at, finished_at, feedback, feedback_reason
)
SELECT
    gen_random_uuid(),
    CASE WHEN n %% {under_way} = 0 THEN 'in_progress' WHEN n %% {failed} = 1 THEN 'failed'
        WHEN n %% 97 = 0 THEN 'canceled' ELSE 'ready' END,
    CASE WHEN n %% {catalogue} = 0 THEN 'catalogue' ELSE 'shopper' END,
    'upper', %s, (n %% ({count} / {each}))::text, 'Shirt ' || n %% 997, 'garments/' || n,
    md5(n::text), '', (%s::uuid[])[1 + n %% 5], 'visitor:' || md5((n / 3)::text),
    CASE WHEN n %% {under_way} > 0 AND n %% {failed} = 1
        THEN (ARRAY['glam_failed', 'expired', 'lost', 'storage'])[1 + n / {failed} %% 4]
        ELSE '' END,
    '', 'ready', '[]', CASE WHEN n %% {under_way} = 0 THEN 0 END, n,
    CASE WHEN n %% {under_way} = 0 THEN now() + interval '1 hour' END, '', 0, 0, 3, 'ready',
    now() - n * interval '20 seconds', now() - n * interval '20 seconds',
    now() - n * interval '20 seconds' + interval '30 seconds',
    CASE WHEN n %% {under_way} > 0 THEN now() - n * interval '20 seconds' + interval '35 s' END,
    '', ''
FROM generate_series(1, {count}) n
"""
_SUBMISSIONS = """
INSERT INTO {submissions} (
    job_id, job_key, number, token, outcome, code, detail, event_id, revocable, started_at, sent_at,
    accepted_at, fetched_at, closed_at, credits, price, currency, refunded_by
)
SELECT id, id, 1, md5(id::text), 'accepted', '', '', 'event-' || id, true, created_at, created_at,
    created_at, created_at, finished_at, 1, 0.075, 'EUR', ''
FROM {jobs}
"""
_RESULTS = """
INSERT INTO {results} (
    job_id, position, image, width, height, sha256, source_url, created_at, alt
)
SELECT id, 0, 'results/' || id, 768, 1024, md5(id::text), 'https://example.com/' || id, ready_at, ''
FROM {jobs} WHERE status = 'ready'
"""
_TRANSITIONS = """
INSERT INTO {transitions} (job_id, status, note, at)
SELECT id, step, '', created_at
FROM {jobs}, unnest(ARRAY['pending', 'submitting', 'in_queue', 'storing', status]) step
"""
_TABLES = {
    "jobs": TryOnJob,
    "submissions": TryOnSubmission,
    "results": TryOnResult,
    "transitions": TryOnTransition,
}


@dataclass(frozen=True)
class Made:
    """Names of what was made, to look for."""

    count: int
    job: TryOnJob
    event_id: str
    house_model: uuid.UUID


def make(count: int) -> Made:
    """Put ``count`` jobs with their ledger, results and history in the place of what is there."""
    tables = {name: model._meta.db_table for name, model in _TABLES.items()}
    PersonPhoto.objects.all().delete()
    models = PersonPhoto.objects.bulk_create(
        PersonPhoto(
            kind=PersonPhoto.Kind.HOUSE_MODEL, title=f"Model {number}", image=f"{number}.jpg"
        )
        for number in range(5)
    )
    numbers = {
        "count": count,
        "under_way": count // UNDER_WAY,
        "failed": FAILED,
        "catalogue": CATALOGUE,
        "each": JOBS_EACH,
    }
    product = ContentType.objects.get_for_model(Product)
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(tables.values())} CASCADE")
        keys = [[model.pk for model in models]]
        cursor.execute(_JOBS.format(**tables, **numbers), [product.pk, *keys])
        for statement in (_SUBMISSIONS, _RESULTS, _TRANSITIONS):
            cursor.execute(statement.format(**tables))
        cursor.execute(f"VACUUM ANALYZE {', '.join(tables.values())}")
    job = TryOnJob.objects.filter(status="ready", created_at__lt=datetime.now(UTC)).order_by(
        "created_at"
    )[count // 3]
    return Made(count, job, f"event-{job.pk}", models[2].pk)
