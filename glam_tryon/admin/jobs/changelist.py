"""The list of jobs: keyset pagination, so that the last page costs what the first does; search."""

from __future__ import annotations

import uuid
from contextlib import suppress
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from glam_tryon.admin.jobs.keyset import ORDER, Page, Position, first_page, newer_page, older_page
from glam_tryon.models import TryOnJob, TryOnSubmission

#: Parameters of the address: the page of what is older or newer than a position; the last page.
OLDER, NEWER, OLDEST = "older", "newer", "oldest"


class JobChangeList(ChangeList):
    """Newest first, without counting what nobody looks at."""

    page: Page

    def get_filters(self, request: HttpRequest) -> Any:
        """Leave the position out: it is no filter, and goes along to no other page."""
        for name in (OLDER, NEWER, OLDEST):
            self.filter_params.pop(name, None)
        return super().get_filters(request)

    def get_ordering(self, request: HttpRequest, queryset: Any) -> Any:
        """Return the one order there is."""
        return list(ORDER)

    def get_results(self, request: HttpRequest) -> None:
        """Find the page that the address names."""
        self.page = self._find(request)
        self.result_list = self.page.jobs
        self.result_count = self.page.count
        self.full_result_count = self.result_count
        self.show_full_result_count = False
        self.show_admin_actions = True
        self.can_show_all = False
        self.multi_page = self.page.newer or self.page.older
        self.paginator = Paginator(self.result_list, self.list_per_page)

    def _find(self, request: HttpRequest) -> Page:
        size = self.list_per_page
        if self.queryset.query.is_empty():
            return Page([], newer=False, older=False, count=0)
        where = request.GET
        try:
            if OLDER in where:
                return older_page(self.queryset, size, Position.read(where[OLDER]))
            if NEWER in where:
                found = newer_page(self.queryset, size, Position.read(where[NEWER]))
                # The newest page is always a whole one.
                return found if found.newer else first_page(self.queryset, size)
        except ValueError as error:
            raise IncorrectLookupParameters(error) from error
        if OLDEST in where:
            return newer_page(self.queryset, size, None)
        return first_page(self.queryset, size, (self.page_num - 1) * size)

    def steps(self) -> list[tuple[str, str, str]]:
        """Return the links to other pages: rel, URL and text."""
        steps = []
        if self.page.newer and self.page.jobs:
            newest = Position.of(self.page.jobs[0])
            steps.append(("first", self._link(), _("Newest")))
            steps.append(("prev", self._link(NEWER, str(newest)), _("Newer")))
        if self.page.older and self.page.jobs:
            oldest = Position.of(self.page.jobs[-1])
            steps.append(("next", self._link(OLDER, str(oldest)), _("Older")))
            steps.append(("last", self._link(OLDEST, "1"), _("Oldest")))
        return steps

    def _link(self, name: str = "", value: str = "") -> str:
        return str(self.get_query_string({name: value} if name else None))


def find(rows: QuerySet[TryOnJob], text: str) -> QuerySet[TryOnJob]:
    """Return those of ``rows`` that ``text`` names; each look-up is one of an index.

    A union, for the database reads a whole table for look-ups in two tables that are joined by OR.
    """
    using = rows.db
    events = TryOnSubmission.objects.using(using).filter(event_id=text, job__isnull=False)
    found: list[QuerySet[Any, Any]] = [events.order_by().values("job_id")]
    jobs = TryOnJob.objects.using(using).order_by()
    found.append(jobs.filter(product_key=text).values("pk"))
    found.append(jobs.filter(reference=text).values("pk"))
    with suppress(ValueError):
        found.append(jobs.filter(pk=uuid.UUID(text)).values("pk"))
    return rows.filter(pk__in=found[0].union(*found[1:]))
