"""The shop's addresses with its admin under django-unfold's own site."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path
from unfold.sites import UnfoldAdminSite

from example_project.urls import urlpatterns as shop_urls

site = UnfoldAdminSite()
for model, page in admin.site._registry.items():
    site.register(model, type(page))

urlpatterns = [path("admin/", site.urls), *shop_urls]
