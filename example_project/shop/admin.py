"""The shop's products in the admin."""

from __future__ import annotations

from django.contrib import admin

from example_project.shop.models import Product, ProductImage


class ProductImageInline(admin.TabularInline):
    model = ProductImage
    extra = 0


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):
    list_display = ("name", "price", "category", "fit")
    list_filter = ("category", "fit")
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}
    inlines = (ProductImageInline,)
