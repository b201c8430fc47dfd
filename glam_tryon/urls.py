"""The storefront's addresses; a shop includes them under a prefix of its own."""

from django.urls import path, re_path, register_converter

from glam_tryon.views import feedback, pictures, receipts, tryon
from glam_tryon.views import history as mine
from glam_tryon.views import policy_page as policy
from glam_tryon.views import sharing as share
from glam_tryon.views.url_keys import ProductKey

app_name = "glam_tryon"

register_converter(ProductKey, "glam_tryon_key")

urlpatterns = [
    path("for-glam/<str:what>/<str:signed>.jpg", pictures.for_glam, name="for_glam"),
    # Also with a line feed in it: nothing that begins so reaches the log of unknown addresses.
    re_path(r"^for-glam/[\s\S]*$", pictures.near_link),
    path("house-models/<uuid:pk>.jpg", pictures.house_model, name="house_model"),
    path("new/<str:model>/<glam_tryon_key:key>/", tryon.start, name="start"),
    path("new/<str:model>/<glam_tryon_key:key>/garment.jpg", pictures.garment, name="garment"),
    path("jobs/<uuid:pk>/", tryon.job, name="job"),
    path("jobs/<uuid:pk>/cancel/", tryon.cancel, name="cancel"),
    path("jobs/<uuid:pk>/delete/", mine.delete, name="delete"),
    path("jobs/<uuid:pk>/delete-photo/", mine.delete_own_photo, name="delete_photo"),
    path("jobs/<uuid:pk>/feedback/", feedback.feedback, name="feedback"),
    path("jobs/<uuid:pk>/share/", share.share, name="share"),
    path("jobs/<uuid:pk>/unshare/", share.unshare, name="unshare"),
    path("jobs/<uuid:pk>/photo.jpg", pictures.photo, name="photo"),
    path("jobs/<uuid:pk>/results/<int:position>/", pictures.result, name="result"),
    path("mine/", mine.mine, name="mine"),
    path("mine/delete/", mine.delete_all, name="delete_all"),
    path("mine/withdraw/", mine.withdraw, name="withdraw"),
    path("photos/<uuid:pk>.jpg", pictures.own, name="own_photo"),
    path("policy/", policy.policy, name="policy"),
    path("receipts/<uuid:pk>/", receipts.receipt, name="receipt"),
    path("receipts/<uuid:pk>.json", receipts.receipt_file, name="receipt_file"),
    path("shared/<str:token>/", share.shared, name="shared"),
    path("shared/<str:token>/<int:position>/", share.shared_picture, name="shared_picture"),
]
