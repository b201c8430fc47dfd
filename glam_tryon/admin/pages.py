"""Base classes of the admin's pages, and their URLs."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.text import capfirst

#: The two pictures of a job that are no results, as ``picture_url`` names them.
PERSON, GARMENT = "person", "garment"


class ReadOnly:
    """Mixin for a ``ModelAdmin``: pages to read, whatever permissions there are to change."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False


class AppList(admin.ModelAdmin):
    """A list whose title says what is in it."""

    class Media:
        css = {"all": ("glam_tryon/admin.css",)}

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        title = {"title": capfirst(self.opts.verbose_name_plural)}
        return super().changelist_view(request, {**title, **(extra_context or {})})


def admin_url(name: str, *args: object) -> str:
    """Return the URL of an admin page by its name, such as ``glam_tryon_tryonjob_change``.

    Raises:
        NoReverseMatch: the admin has no such page.
    """
    return reverse(f"admin:{name}", args=args)


def picture_url(job_key: object, which: object) -> str:
    """Return the URL of a job's picture for staff: a result by its position, or another."""
    return admin_url("glam_tryon_tryonjob_picture", job_key, which)
