"""Behind a proxy that ends https, set up as docs/install.md says."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from example_project.shop.models import Product
from glam_tryon.models import PersonPhoto
from glam_tryon.views.product import start_url
from tests.storefront.shoppers import JSON, finish, order

pytestmark = pytest.mark.django_db

#: What the proxy adds to a shopper's request over https.
PROXIED = {"x-forwarded-proto": "https", "host": "shop.example.com"}
ORIGIN = {"origin": "https://shop.example.com", "referer": "https://shop.example.com/shirt/"}


@pytest.fixture
def behind_a_proxy(settings: Any) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_SSL_REDIRECT = True
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.ALLOWED_HOSTS = ["shop.example.com"]


def post(product: Product, house_model: PersonPhoto) -> Any:
    careful = Client(enforce_csrf_checks=True)
    assert careful.get(start_url(product), headers=PROXIED).status_code == 200
    fields = {
        "house_model": house_model.pk,
        "csrfmiddlewaretoken": careful.cookies["csrftoken"].value,
    }
    headers = {**PROXIED, **ORIGIN, **JSON}
    return careful.post(start_url(product), fields, headers=headers)


def test_an_order_over_https_passes_the_check_of_its_origin(
    behind_a_proxy: None, product: Product, house_model: PersonPhoto
) -> None:
    assert post(product, house_model).status_code == 201


def test_without_the_setting_the_origin_does_not_fit(
    product: Product, house_model: PersonPhoto, settings: Any
) -> None:
    settings.ALLOWED_HOSTS = ["shop.example.com"]
    assert post(product, house_model).status_code == 403


def test_a_shared_link_is_https(behind_a_proxy: None, client: Client, product: Product) -> None:
    client.defaults["HTTP_X_FORWARDED_PROTO"] = "https"
    client.defaults["HTTP_HOST"] = "shop.example.com"
    job = order(client, product)
    finish(job)
    said = client.post(f"/tryon/jobs/{job.pk}/share/", headers=JSON).json()
    assert said["share"]["url"].startswith("https://shop.example.com/tryon/shared/")


def test_a_cdn_may_keep_what_is_the_same_for_everybody_and_nothing_else(
    client: Client, product: Product, house_model: PersonPhoto
) -> None:
    job = order(client, product)
    finish(job)
    public = [f"/tryon/house-models/{house_model.pk}.jpg", f"{start_url(product)}garment.jpg"]
    private = [
        start_url(product),
        f"/tryon/jobs/{job.pk}/",
        f"/tryon/jobs/{job.pk}/photo.jpg",
        f"/tryon/jobs/{job.pk}/results/0/",
        "/tryon/mine/",
    ]
    for address in public:
        answer = client.get(address)
        assert answer["Cache-Control"].startswith("public, max-age="), address
        assert "Cookie" not in answer.get("Vary", ""), address
        assert not answer.cookies
    for address in private:
        answer = client.get(address)
        assert answer["Cache-Control"] == "private, no-store", address
        assert "Cookie" in answer["Vary"], address
