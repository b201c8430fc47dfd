"""Everything in ``i18n_patterns``, as the language of a page stands in its address."""

from __future__ import annotations

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import path

from tests.deployments.urls.plain import files, shop, tryon

urlpatterns = [*i18n_patterns(*shop, *tryon, path("admin/", admin.site.urls)), *files]
