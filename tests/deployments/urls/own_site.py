"""A shop's own admin site, with its product pages and few of ours or none."""

from __future__ import annotations

from django.conf import settings
from django.contrib.admin import AdminSite
from django.urls import path

from example_project.shop.admin import ProductAdmin
from example_project.shop.models import Product
from glam_tryon import admin as ours
from glam_tryon import models
from tests.deployments.urls.plain import files, shop, tryon

PAGES = {
    models.TryOnJob: ours.TryOnJobAdmin,
    models.TryOnBatch: ours.TryOnBatchAdmin,
    models.PersonPhoto: ours.PersonPhotoAdmin,
    models.Account: ours.AccountAdmin,
    models.DailyCount: ours.DashboardAdmin,
    models.TryOnSubmission: ours.TryOnSubmissionAdmin,
    models.ConsentText: ours.ConsentTextAdmin,
    models.ConsentRecord: ours.ConsentRecordAdmin,
    models.DeletionReceipt: ours.DeletionReceiptAdmin,
}


def site(name: str, pages: set[str]) -> AdminSite:
    """Return a site with the pages of these models."""
    made = AdminSite(name)
    made.register(Product, ProductAdmin)
    for model, page in PAGES.items():
        if model._meta.model_name in pages:
            made.register(model, page)
    return made


backoffice = site("backoffice", set(settings.DEPLOYMENT.pages or ()))
urlpatterns = [*shop, *tryon, path("backoffice/", backoffice.urls), *files]
