"""The shop's products in the admin."""

from __future__ import annotations

from django.contrib import admin

from example_project.shop.models import Product, ProductImage
from glam_tryon.admin import TryOnAdminMixin


class ProductImageInline(admin.TabularInline):
    model = ProductImage
    extra = 0


@admin.register(Product)
class ProductAdmin(TryOnAdminMixin, admin.ModelAdmin):
    list_display = ("name", "price", "category", "fit")
    list_filter = ("category", "fit")
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}
    inlines = (ProductImageInline,)
    # Garments to choose from, and where approved try-ons go.
    tryon_gallery = "images"
    tryon_gallery_alt = "alt"
    tryon_gallery_label = "label"
