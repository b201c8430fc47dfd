"""The shop in ``i18n_patterns``, the try-on beside them."""

from __future__ import annotations

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import path

from tests.deployments.urls.plain import files, shop, tryon

urlpatterns = [*tryon, *i18n_patterns(*shop), path("admin/", admin.site.urls), *files]
