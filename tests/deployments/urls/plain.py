"""The example shop's own addresses."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import views as auth
from django.contrib.auth.decorators import login_not_required
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
# As a web server in front gives them out: whatever DEBUG is, and without a sign-in.
files = [
    re_path(
        r"^media/(?P<path>.*)$",
        login_not_required(serve_media),
        {"document_root": settings.MEDIA_ROOT},
    ),
    re_path(r"^static/(?P<path>.*)$", login_not_required(collected[0]), collected[1]),
]
tryon = [path("tryon/", include("glam_tryon.urls"))]
urlpatterns = [*shop, *tryon, path("admin/", admin.site.urls), *files]
