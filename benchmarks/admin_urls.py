"""The shop's admin, and beside it a stock one that nobody prepared for a million rows."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from example_project.urls import urlpatterns as shop_urls
from glam_tryon.models import TryOnJob

stock = admin.AdminSite("stock")


class StockJobAdmin(admin.ModelAdmin):
    """The same columns, filters and names to search by, in the usual way."""

    list_display = ("status", "garment_title", "product_key", "user", "created_at", "error_code")
    list_filter = (
        "status",
        ("error_code", admin.AllValuesFieldListFilter),
        "priority",
        "content_type",
        ("person_photo", admin.RelatedOnlyFieldListFilter),
        "created_at",
    )
    list_per_page = 50
    list_select_related = ("user", "person_photo")
    search_fields = ("=id", "=product_key", "=submissions__event_id")


stock.register(TryOnJob, StockJobAdmin)

urlpatterns = [path("stock/", stock.urls), *shop_urls]
