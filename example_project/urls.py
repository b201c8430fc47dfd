"""Where the shop's pages, the try-on and the admin are found."""

from __future__ import annotations

from django.conf import settings
from django.conf.urls.static import static
from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path

urlpatterns = [
    path("", include("example_project.shop.urls")),
    path("tryon/", include("glam_tryon.urls")),
    path("gallery/", include("example_project.gallery.urls")),
    path("account/login/", auth.LoginView.as_view(), name="login"),
    path("account/logout/", auth.LogoutView.as_view(), name="logout"),
    path("admin/", admin.site.urls),
]

# Product pictures are public. Photos of people and results live in another directory
# (STORAGES["glam_tryon"]) and leave it through glam_tryon's owner-checked links only.
urlpatterns += static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT)
