"""Two admin sites, each with all our pages."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from tests.deployments.urls.own_site import PAGES, site
from tests.deployments.urls.plain import files, shop, tryon

backoffice = site("backoffice", {model._meta.model_name or "" for model in PAGES})
urlpatterns = [
    *shop,
    *tryon,
    path("admin/", admin.site.urls),
    path("backoffice/", backoffice.urls),
    *files,
]
