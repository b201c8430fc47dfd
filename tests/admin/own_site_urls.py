"""Two admin sites; the first has none of our pages, the second our list of try-ons."""

from django.contrib.admin import AdminSite
from django.urls import path

from glam_tryon.admin import TryOnJobAdmin
from glam_tryon.models import TryOnJob

first, second = AdminSite("first"), AdminSite("second")
second.register(TryOnJob, TryOnJobAdmin)
urlpatterns = [path("first/", first.urls), path("second/", second.urls)]
