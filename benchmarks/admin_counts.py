"""The daily counts of the jobs that are there, made by the database itself."""

from __future__ import annotations

from django.db import connection

from glam_tryon.models import DailyCount, TryOnJob

#: Events of one job, and whether each counts for the product as well.
_EVENTS = """
    SELECT content_type_id, product_key, 'requested' AS event, 'shopper' AS detail,
        created_at::date AS day FROM {jobs}
    UNION ALL
    SELECT content_type_id, product_key, 'month', '', date_trunc('month', created_at)::date
        FROM {jobs}
    UNION ALL
    SELECT content_type_id, product_key, status,
        CASE status WHEN 'ready' THEN 'shopper:' || 12 + abs(hashtext(id::text)) %% 25
            WHEN 'failed' THEN 'shopper:' || error_code ELSE 'shopper' END,
        finished_at::date
        FROM {jobs} WHERE finished_at IS NOT NULL
    UNION ALL
    SELECT content_type_id, product_key, unnest(ARRAY['impression', 'opened', 'bought']), '',
        created_at::date FROM {jobs}
    UNION ALL
    SELECT content_type_id, product_key, 'money', 'EUR', created_at::date FROM {jobs}
"""
_OF_PRODUCTS = """
INSERT INTO {counts} (product_type, product_key, event, detail, day, count)
SELECT content_type_id, product_key, event, detail, day, count(*) FROM ({events}) AS events
WHERE event NOT IN ('bought', 'money') GROUP BY 1, 2, 3, 4, 5
"""
_OF_ALL = """
INSERT INTO {counts} (product_type, product_key, event, detail, day, count)
SELECT 0, '', event, detail, day, count(*) FROM ({events}) AS events
WHERE event <> 'month' GROUP BY 3, 4, 5
"""


def count_all() -> int:
    """Replace the counts by those of the jobs. Returns how many rows there are now."""
    tables = {"jobs": TryOnJob._meta.db_table, "counts": DailyCount._meta.db_table}
    DailyCount.objects.all().delete()
    with connection.cursor() as cursor:
        for statement in (_OF_PRODUCTS, _OF_ALL):
            filled = statement.format(events=_EVENTS.format(**tables), **tables)
            cursor.execute(filled.replace("%%", "%"))
        cursor.execute(f"VACUUM ANALYZE {tables['counts']}")
    return DailyCount.objects.count()
