"""The storefront's addresses; a shop includes them under a prefix of its own."""

from django.urls import path, register_converter

from glam_tryon.views import pictures, tryon
from glam_tryon.views.keys import ProductKey

app_name = "glam_tryon"

register_converter(ProductKey, "glam_tryon_key")

urlpatterns = [
    path("for-glam/<str:what>/<str:signed>.jpg", pictures.for_glam, name="for_glam"),
    path("house-models/<uuid:pk>.jpg", pictures.house_model, name="house_model"),
    path("new/<str:model>/<glam_tryon_key:key>/", tryon.start, name="start"),
    path("new/<str:model>/<glam_tryon_key:key>/garment.jpg", pictures.garment, name="garment"),
    path("jobs/<uuid:pk>/", tryon.job, name="job"),
    path("jobs/<uuid:pk>/cancel/", tryon.cancel, name="cancel"),
    path("jobs/<uuid:pk>/photo.jpg", pictures.photo, name="photo"),
    path("jobs/<uuid:pk>/results/<int:position>/", pictures.result, name="result"),
]
