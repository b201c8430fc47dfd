"""The storefront's addresses; a shop includes them under a prefix of its own."""

from django.urls import path, re_path, register_converter

from glam_tryon.views import history, pictures, privacy_pages, result_actions, tryon
from glam_tryon.views.conflicts import own_transactions
from glam_tryon.views.product import ProductKey

app_name = "glam_tryon"

register_converter(ProductKey, "glam_tryon_key")

urlpatterns = [
    path("for-glam/<str:what>/<str:signed>.jpg", pictures.for_glam, name="for_glam"),
    # Also with a line feed in it: nothing that begins so reaches the log of unknown addresses.
    re_path(r"^for-glam/[\s\S]*$", pictures.near_link),
    path("house-models/<uuid:pk>.jpg", pictures.house_model, name="house_model"),
    path("house-models/<uuid:pk>/card.webp", pictures.house_model_card, name="house_model_card"),
    path("new/<str:model>/<glam_tryon_key:key>/", tryon.start, name="start"),
    path("new/<str:model>/<glam_tryon_key:key>/garment.jpg", pictures.garment, name="garment"),
    path("jobs/<uuid:pk>/", tryon.job, name="job"),
    path("jobs/<uuid:pk>/cancel/", tryon.cancel, name="cancel"),
    path("jobs/<uuid:pk>/delete/", history.delete, name="delete"),
    path("jobs/<uuid:pk>/delete-photo/", history.delete_own_photo, name="delete_photo"),
    path("jobs/<uuid:pk>/feedback/", result_actions.feedback, name="feedback"),
    path("jobs/<uuid:pk>/share/", result_actions.share, name="share"),
    path("jobs/<uuid:pk>/unshare/", result_actions.unshare, name="unshare"),
    path("jobs/<uuid:pk>/photo.jpg", pictures.photo, name="photo"),
    path("jobs/<uuid:pk>/results/<int:position>/", pictures.result, name="result"),
    path("mine/", history.mine, name="mine"),
    path("mine/delete/", history.delete_all, name="delete_all"),
    path("mine/withdraw/", history.withdraw, name="withdraw"),
    path("photos/<uuid:pk>.jpg", pictures.own, name="own_photo"),
    path("policy/", privacy_pages.policy, name="policy"),
    path("receipts/<uuid:pk>/", privacy_pages.receipt, name="receipt"),
    path("receipts/<uuid:pk>.json", privacy_pages.receipt_file, name="receipt_file"),
    path("shared/<str:token>/", result_actions.shared, name="shared"),
    path(
        "shared/<str:token>/<int:position>/", result_actions.shared_picture, name="shared_picture"
    ),
]

for each in urlpatterns:
    each.callback = own_transactions(each.callback)
