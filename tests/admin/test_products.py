"""Try-ons in a shop's own product admin."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth.models import Permission
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from example_project.shop.models import Product, ProductImage
from glam_tryon import jobs
from glam_tryon.garments import Garment, garment_of
from glam_tryon.models import PersonPhoto, TryOnBatch, TryOnJob, TryOnResult
from glam_tryon.models.clock import DatabaseNow
from tests.shop import picture

pytestmark = pytest.mark.django_db

LIST = "/admin/shop/product/"
TRY = "/admin/shop/product/try-on/"


@pytest.fixture
def products(product: Product) -> list[Product]:
    """Two products with pictures and one without."""
    jacket = Product(name="Denim jacket", slug="denim-jacket", price="119", fit="upper")
    jacket.photo.save("jacket.jpg", ContentFile(picture(colour="#224488")), save=True)
    return [product, jacket, Product.objects.create(name="Sock", slug="sock", price="4")]


def finish(job: TryOnJob, *, published: bool = False) -> TryOnResult:
    """Let a job have become ready, with one picture."""
    TryOnJob.objects.filter(pk=job.pk).update(
        status="ready", queue=None, next_step_at=None, finished_at=DatabaseNow()
    )
    result = TryOnResult(job=job, position=0, width=240, height=320, sha256=uuid.uuid4().hex * 2)
    result.image.save("0-abc.jpg", ContentFile(picture()), save=False)
    result.published_at = DatabaseNow() if published else None
    result.save()
    return result


def post(client: Client, products: list[Product], **fields: Any) -> Any:
    keys = json.dumps([str(product.pk) for product in products])
    given = {"products": keys, "key": str(uuid.uuid4()), "name": "Spring", "mask_type": ""}
    return client.post(TRY, {**given, **fields})


def staff(client: Client, users: Any, *permissions: str) -> Client:
    """Sign somebody in who has just these permissions."""
    user = users.objects.create_user("bob", is_staff=True)
    for permission in permissions:
        app, _dot, name = permission.partition(".")
        user.user_permissions.add(
            Permission.objects.get(content_type__app_label=app, codename=name)
        )
    client.force_login(user)
    return client


# The column.


def test_the_list_says_what_became_of_each_products_tryons(
    admin_client: Client, products: list[Product], house_model: PersonPhoto
) -> None:
    shirt, jacket, _sock = products
    batch = jobs.request_batch([shirt], [house_model]).batch
    finish(batch.jobs.get(), published=True)
    jobs.request_batch([jacket], [house_model])
    html = admin_client.get(LIST).content.decode()
    assert "1 ready" in html
    assert "1 published" in html
    assert "1 under way" in html
    assert f"/admin/glam_tryon/tryonjob/{batch.jobs.get().pk}/picture/0/" in html
    assert 'alt="Newest try-on of Linen shirt"' in html


def test_the_newest_picture_stands_in_the_list(
    admin_client: Client, product: Product, house_model: PersonPhoto
) -> None:
    old, new = (jobs.request_batch([product], [house_model]).batch.jobs.get() for _ in range(2))
    finish(old)
    finish(new)
    # As when both end in one millisecond.
    TryOnJob.objects.update(finished_at=timezone.now())
    html = admin_client.get(LIST).content.decode()
    assert f"/tryonjob/{new.pk}/picture/0/" in html
    assert f"/tryonjob/{old.pk}/picture/0/" not in html


def test_the_column_costs_the_same_queries_for_every_number_of_rows_and_asks_no_storage(
    admin_client: Client,
    products: list[Product],
    house_model: PersonPhoto,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for job in jobs.request_batch(products[:1], [house_model]).batch.jobs.all():
        finish(job)
    admin_client.get(LIST)
    asked = mock.patch.object(FileSystemStorage, "open", side_effect=AssertionError("asked"))
    with asked, django_assert_num_queries(7):
        admin_client.get(LIST)
    for number in range(20):
        Product.objects.create(name=f"Hat {number}", slug=f"hat-{number}", price="9")
    jobs.request_batch(products[:2], [house_model])
    with asked, django_assert_num_queries(7):
        admin_client.get(LIST)


def test_a_shoppers_tryon_is_none_of_the_catalogues(
    admin_client: Client, product: Product, order: Callable[..., TryOnJob]
) -> None:
    finish(order())
    html = admin_client.get(LIST).content.decode()
    assert "1 ready" not in html
    page = admin_client.get(f"{LIST}{product.pk}/change/").content.decode()
    assert "/picture/0/" not in page


def test_without_the_permission_to_view_tryons_the_pages_are_the_shops_own(
    client: Client, django_user_model: Any, product: Product
) -> None:
    staff(client, django_user_model, "shop.view_product", "shop.change_product")
    html = client.get(LIST).content.decode()
    assert "column-tryon_state" not in html
    assert "try_on" not in html
    page = client.get(f"{LIST}{product.pk}/change/").content.decode()
    assert "field-tryon_pictures" not in page
    assert "field-tryon_order" not in page


def test_a_products_page_shows_its_tryons_and_the_way_to_more(
    admin_client: Client, product: Product, house_model: PersonPhoto
) -> None:
    job = jobs.request_batch([product], [house_model]).batch.jobs.get()
    finish(job)
    page = admin_client.get(f"{LIST}{product.pk}/change/").content.decode()
    assert f"/tryonjob/{job.pk}/picture/0/" in page
    assert f'href="{TRY}?product={product.pk}"' in page
    assert "field-tryon_pictures" not in admin_client.get(f"{LIST}add/").content.decode()


# Ordering.


def test_the_action_asks_on_whom_and_orders_nothing(
    admin_client: Client, products: list[Product], house_model: PersonPhoto
) -> None:
    chosen = [str(product.pk) for product in products[:2]]
    answer = admin_client.post(LIST, {"action": "try_on", "_selected_action": chosen})
    assert answer.status_code == 200
    html = answer.content.decode()
    assert "Try on: Linen shirt and 1 more" in html or "Try on: Denim jacket and 1 more" in html
    assert f'value="{house_model.pk}"' in html
    assert not TryOnBatch.objects.exists()


def test_a_look_at_the_page_orders_nothing_and_a_review_says_what_it_costs(
    admin_client: Client, products: list[Product], house_model: PersonPhoto, settings: Any
) -> None:
    settings.GLAM_TRYON = {
        **settings.GLAM_TRYON,
        "PRICE": {"per_credit": Decimal("0.08"), "credits_per_tryon": 2, "currency": "EUR"},
        "BUDGET": {"day": 1},
    }
    assert admin_client.get(TRY, {"product": products[0].pk}).status_code == 200
    answer = post(admin_client, products, house_models=house_model.pk, step="review")
    html = answer.content.decode()
    assert "This buys 2 pictures from the provider." in html
    assert "0.32\xa0EUR" in html
    assert "The budget allows 1 more picture now." in html
    assert "What goes beyond it waits" in html
    assert "Sock (it has no picture)" in html
    assert not TryOnBatch.objects.exists()


@pytest.mark.parametrize(
    "source", ["photograph", "gallery", "name", lambda product: product.pictures[0]]
)
def test_one_product_whose_registration_does_not_fit_stops_no_selection(
    admin_client: Client,
    products: list[Product],
    house_model: PersonPhoto,
    monkeypatch: pytest.MonkeyPatch,
    source: Any,
) -> None:
    shirt, jacket, _sock = products
    garment = garment_of(shirt)
    whole = garment.get_image
    broken = Garment(image=source)
    monkeypatch.setattr(
        garment, "get_image", lambda each: (broken.get_image if each == jacket else whole)(each)
    )
    html = post(admin_client, products, house_models=house_model.pk, step="review").content.decode()
    assert "Denim jacket (it has no picture)" in html
    batch = jobs.request_batch(products, [house_model])
    assert [job.product for job in batch.batch.jobs.all()] == [shirt]


def test_an_order_makes_a_batch_and_leads_to_it(
    admin_client: Client, products: list[Product], house_model: PersonPhoto, admin_user: Any
) -> None:
    answer = post(
        admin_client, products, house_models=house_model.pk, mask_type="overall", step="order"
    )
    batch = TryOnBatch.objects.get()
    assert (batch.name, batch.created_by) == ("Spring", admin_user)
    assert answer["Location"] == f"/admin/glam_tryon/tryonbatch/{batch.pk}/change/"
    assert sorted(batch.jobs.values_list("garment_title", "mask_type")) == [
        ("Denim jacket", "overall"),
        ("Linen shirt", "overall"),
    ]
    history = admin_client.get(f"/admin/glam_tryon/tryonbatch/{batch.pk}/history/")
    assert "Added" in history.content.decode()


def test_the_same_form_sent_twice_makes_one_batch(
    admin_client: Client, products: list[Product], house_model: PersonPhoto
) -> None:
    key = str(uuid.uuid4())
    for _ in range(2):
        post(admin_client, products, house_models=house_model.pk, step="order", key=key)
    assert TryOnBatch.objects.count() == 1
    assert TryOnJob.objects.count() == 2


def test_another_picture_of_the_gallery_may_be_the_garment(
    admin_client: Client, product: Product, house_model: PersonPhoto
) -> None:
    row = ProductImage(product=product)
    row.image.save("back.jpg", ContentFile(picture(colour="#dd2222")), save=True)
    html = admin_client.get(TRY, {"product": product.pk}).content.decode()
    assert f'name="garment_{product.pk}"' in html
    chosen = {f"garment_{product.pk}": str(row.pk)}
    post(admin_client, [product], house_models=house_model.pk, step="order", **chosen)
    post(admin_client, [product], house_models=house_model.pk, step="order")
    assert TryOnJob.objects.values("garment_sha256").distinct().count() == 2


def test_a_product_with_a_gallery_only_is_tried_on_with_a_picture_of_it(
    admin_client: Client, product: Product, house_model: PersonPhoto
) -> None:
    product.photo.delete()
    row = ProductImage(product=product)
    row.image.save("back.jpg", ContentFile(picture(colour="#dd2222")), save=True)
    chosen = {f"garment_{product.pk}": str(row.pk)}
    post(admin_client, [product], house_models=house_model.pk, step="order", **chosen)
    assert TryOnJob.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"house_models": []}, "Choose at least one house model."),
        ({"house_models": [str(uuid.uuid4())]}, "is not one of the available choices"),
        ({"mask_type": "shoes"}, "is not one of the available choices"),
        ({"key": "x"}, "Enter a valid UUID"),
    ],
)
def test_a_wrong_choice_is_refused_on_the_page(
    admin_client: Client,
    products: list[Product],
    house_model: PersonPhoto,
    fields: dict[str, Any],
    said: str,
) -> None:
    given = {"house_models": [str(house_model.pk)], "step": "order", **fields}
    answer = post(admin_client, products, **given)
    assert said in str(answer.context["form"].errors)
    assert not TryOnBatch.objects.exists()


def test_products_that_cannot_be_tried_on_make_no_batch(
    admin_client: Client, products: list[Product], house_model: PersonPhoto
) -> None:
    answer = post(admin_client, products[2:], house_models=house_model.pk, step="order")
    assert "None of these products can be tried on." in answer.content.decode()
    assert not TryOnBatch.objects.exists()


def test_more_than_five_hundred_pairs_are_refused(
    admin_client: Client, product: Product, house_model: PersonPhoto
) -> None:
    Product.objects.bulk_create(
        [
            Product(name=str(number), slug=f"p{number}", price=1, photo=product.photo.name)
            for number in range(500)
        ]
    )
    products = list(Product.objects.order_by("pk"))
    everything = [str(each.pk) for each in products]
    answer = admin_client.post(
        LIST, {"action": "try_on", "_selected_action": everything}, follow=True
    )
    assert "A batch has 500 try-ons at most." in answer.content.decode()
    two = [house_model, jobs.add_photo(ContentFile(picture()), kind="house_model")]
    answer = post(admin_client, products[:251], house_models=[str(m.pk) for m in two], step="order")
    assert "Those are 502 try-ons; a batch has 500 at most." in answer.content.decode()
    assert not TryOnBatch.objects.exists()


@pytest.mark.parametrize("products", ["", "[]", "{}", "[0]", '["x"]', "null", "[[1]]"])
def test_unknown_products_are_not_found(
    admin_client: Client, house_model: PersonPhoto, products: str
) -> None:
    fields = {"products": products, "step": "order", "house_models": str(house_model.pk)}
    assert admin_client.post(TRY, fields).status_code == 404
    assert admin_client.get(TRY, {"product": "x"}).status_code == 404


@pytest.mark.parametrize(
    "permissions",
    [
        ("shop.view_product", "glam_tryon.view_tryonjob", "glam_tryon.change_tryonjob"),
        ("glam_tryon.add_tryonjob", "glam_tryon.view_tryonjob"),
    ],
)
def test_ordering_needs_the_permission_to_add_tryons_and_to_view_products(
    client: Client,
    django_user_model: Any,
    product: Product,
    house_model: PersonPhoto,
    permissions: tuple[str, ...],
) -> None:
    staff(client, django_user_model, *permissions)
    assert client.get(TRY, {"product": product.pk}).status_code == 403
    answer = post(client, [product], house_models=house_model.pk, step="order")
    assert answer.status_code == 403
    client.post(LIST, {"action": "try_on", "_selected_action": [str(product.pk)]})
    assert not TryOnBatch.objects.exists()


def test_who_may_order_but_not_view_comes_back_to_the_products(
    client: Client, django_user_model: Any, product: Product, house_model: PersonPhoto
) -> None:
    staff(client, django_user_model, "shop.view_product", "glam_tryon.add_tryonjob")
    answer = post(client, [product], house_models=house_model.pk, step="order")
    assert answer["Location"] == LIST
    assert TryOnBatch.objects.count() == 1
