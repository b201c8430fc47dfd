"""The example shop's own addresses."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import views as auth
from django.contrib.staticfiles.views import serve
from django.urls import include, path, re_path
from django.views.static import serve as serve_media

shop = [
    path("", include("example_project.shop.urls")),
    path("account/login/", auth.LoginView.as_view(), name="login"),
    path("account/logout/", auth.LogoutView.as_view(), name="logout"),
]
hashed = "Manifest" in settings.STORAGES["staticfiles"]["BACKEND"]
collected: tuple[Any, dict[str, Any]] = (
    (serve_media, {"document_root": settings.STATIC_ROOT})
    if hashed
    else (serve, {"insecure": True})
)
# Whatever DEBUG is: no web server stands before the walk.
files = [
    re_path(r"^media/(?P<path>.*)$", serve_media, {"document_root": settings.MEDIA_ROOT}),
    re_path(r"^static/(?P<path>.*)$", *collected),
]
tryon = [path("tryon/", include("glam_tryon.urls"))]
urlpatterns = [*shop, *tryon, path("admin/", admin.site.urls), *files]
