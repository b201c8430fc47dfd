"""The gallery's addresses."""

from __future__ import annotations

from django.urls import path

from example_project.gallery import views

app_name = "gallery"
urlpatterns = [
    path("", views.index, name="index"),
    path("start/<slug:name>/", views.start, name="start"),
    path("jobs/<slug:name>/", views.job, name="job"),
    path("mine/", views.mine, name="mine"),
    path("pictures/<slug:name>.jpg", views.show, name="picture"),
]
