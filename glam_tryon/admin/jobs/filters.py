"""Filters of the list of jobs; no choice is found by reading every job."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from glam_tryon.garments import registered
from glam_tryon.models import PersonPhoto, TryOnJob
from glam_tryon.models.job_queryset import has_code

#: So many days are offered by name.
DAYS = 7

Jobs = QuerySet[TryOnJob]


class _ChoiceFilter(admin.SimpleListFilter):
    """One that holds even when there is nothing (any more) to choose from."""

    def has_output(self) -> bool:
        return bool(self.value()) or super().has_output()


class ErrorFilter(_ChoiceFilter):
    """By the error codes that there are."""

    title = gettext_lazy("error")
    parameter_name = "error"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(code, code) for code in TryOnJob.objects.error_codes()]

    def queryset(self, request: HttpRequest, queryset: Jobs) -> Jobs:
        code = self.value()
        return queryset.filter(has_code(code)) if code else queryset


class ProductModelFilter(_ChoiceFilter):
    """By the models that are registered."""

    title = gettext_lazy("product model")
    parameter_name = "product_model"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            (model._meta.label_lower, capfirst(str(model._meta.verbose_name)))
            for model in registered()
        ]

    def queryset(self, request: HttpRequest, queryset: Jobs) -> Jobs:
        for model in registered():
            if model._meta.label_lower == self.value():
                return queryset.filter(content_type=ContentType.objects.get_for_model(model))
        return queryset.none() if self.value() else queryset


class HouseModelFilter(_ChoiceFilter):
    """By the house model who wears it."""

    title = gettext_lazy("house model")
    parameter_name = "house_model"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        models = PersonPhoto.objects.filter(kind=PersonPhoto.Kind.HOUSE_MODEL)
        named = models.order_by("position", "title").values_list("pk", "title")
        return [(str(key), title or str(key)[:8]) for key, title in named[:100]]

    def queryset(self, request: HttpRequest, queryset: Jobs) -> Jobs:
        if not (key := self.value()):
            return queryset
        try:
            return queryset.filter(person_photo=uuid.UUID(key))
        except ValueError:
            return queryset.none()


class DayFilter(admin.SimpleListFilter):
    """By the day on which it was ordered, in the shop's time zone: the last ones, or any."""

    title = gettext_lazy("day")
    parameter_name = "day"
    template = "admin/glam_tryon/tryonjob/day_filter.html"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        today = timezone.localdate()
        names = {0: _("Today"), 1: _("Yesterday")}
        days = [today - timedelta(days=ago) for ago in range(DAYS)]
        return [
            (day.isoformat(), names.get(ago) or capfirst(date_format(day, "l")))
            for ago, day in enumerate(days)
        ]

    def queryset(self, request: HttpRequest, queryset: Jobs) -> Jobs:
        if not self.value():
            return queryset
        day = self.chosen()
        if day is None:
            return queryset.none()
        begin = _midnight(day)
        return queryset.filter(
            created_at__gte=begin, created_at__lt=_midnight(day + timedelta(days=1))
        )

    def chosen(self) -> date | None:
        """Return the chosen day, None when there is none of that name."""
        try:
            return parse_date(self.value() or "")
        except ValueError:
            return None

    def choices(self, changelist: Any) -> Iterator[Any]:
        self.others = [
            (name, value)
            for name, values in changelist.filter_params.items()
            if name != self.parameter_name
            for value in values
        ]
        yield from super().choices(changelist)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
