"""Base classes of the admin's pages, and their URLs."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
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


def admin_url(site: AdminSite, name: str, *args: object) -> str:
    """Return the URL of a page of this site by its name, such as ``glam_tryon_tryonjob_change``.

    Empty when the site has no such page: a shop may have a site of its own, or several, with some
    of our pages only.
    """
    try:
        return reverse(f"admin:{name}", args=args, current_app=site.name)
    except NoReverseMatch:
        return ""


def link(url: str, text: Any) -> SafeString:
    """Return a link, or the text alone where there is no page to lead to."""
    return format_html('<a href="{}">{}</a>', url, text) if url else conditional_escape(text)


def picture_url(site: AdminSite, job_key: object, which: object) -> str:
    """Return the URL of a job's picture for staff: a result by its position, or another.

    Empty when the site has no pages of try-ons, which serve the pictures.
    """
    return admin_url(site, "glam_tryon_tryonjob_picture", job_key, which)
