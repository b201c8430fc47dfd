"""The receipt that each deletion leaves, and the consent that a shopper takes back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from example_project.shop.models import Product
from glam_tryon.models import ConsentRecord, DeletionReceipt, PersonPhoto, TryOnJob
from glam_tryon.models.status import Status
from tests.storefront.shoppers import JSON, ask, files, finish, order

pytestmark = pytest.mark.django_db

WITHDRAW = "/tryon/mine/withdraw/"


def delete_all(client: Client) -> dict[str, Any]:
    receipt: dict[str, Any] = client.post("/tryon/mine/delete/", headers=JSON).json()["receipt"]
    return receipt


def test_a_deletion_answers_with_the_receipt_that_is_kept(client: Client, product: Product) -> None:
    job = order(client, product)
    (result,) = finish(job)
    photo = PersonPhoto.objects.get()
    told = client.post(f"/tryon/jobs/{job.pk}/delete/", headers=JSON).json()["receipt"]
    kept = DeletionReceipt.objects.get()
    assert told == {**kept.as_dict(), "url": f"/tryon/receipts/{kept.pk}/"}
    assert (kept.why, kept.photos, kept.results, kept.jobs, kept.left) == ("shopper", 1, 1, 1, 0)
    assert kept.hashes() == sorted([photo.sha256, result.sha256])


def test_the_receipt_names_no_person_and_shows_no_picture(client: Client, product: Product) -> None:
    client.force_login(User.objects.create_user("ada.lovelace"))
    job = order(client, product)
    finish(job)
    owner = job.owner
    told = delete_all(client)
    for address in (told["url"], f"/tryon/receipts/{told['id']}.json"):
        text = Client().get(address).content.decode()
        for secret in ("lovelace", owner, str(job.pk), "Linen", "/tryon/jobs/", ".jpg"):
            assert secret not in text, (address, secret)


def test_the_page_says_what_was_deleted_when_and_why(client: Client, product: Product) -> None:
    finish(order(client, product), pictures=2)
    told = delete_all(client)
    html = Client().get(told["url"]).content.decode()
    facts = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))
    for words in ("the shopper wished it", "Photos 1", "Previews 2", "Try-ons 1", told["id"]):
        assert words in facts
    for each in told["sha256"]:
        assert each in html
    assert f'href="/tryon/receipts/{told["id"]}.json"' in html


def test_the_file_is_the_receipt(client: Client, product: Product) -> None:
    finish(order(client, product))
    told = delete_all(client)
    answer = Client().get(f"/tryon/receipts/{told['id']}.json")
    assert "attachment" in answer["Content-Disposition"]
    assert answer.json() == {name: value for name, value in told.items() if name != "url"}


@pytest.mark.parametrize("ending", ["/", ".json"])
def test_a_receipt_is_found_by_its_whole_id_only_and_not_cached(
    client: Client, product: Product, ending: str
) -> None:
    order(client, product)
    told = delete_all(client)
    answer = client.get(f"/tryon/receipts/{told['id']}{ending}")
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Robots-Tag"] == "noindex"
    assert answer["Referrer-Policy"] == "no-referrer"
    other = "00000000-0000-4000-8000-000000000000"
    assert client.get(f"/tryon/receipts/{other}{ending}").status_code == 404


def test_without_a_script_the_list_leads_to_the_receipt(client: Client, product: Product) -> None:
    finish(order(client, product))
    html = client.post("/tryon/mine/delete/", follow=True).content.decode()
    receipt = DeletionReceipt.objects.get()
    assert f'<a href="/tryon/receipts/{receipt.pk}/">Receipt</a>' in html


@pytest.mark.parametrize("address", ["/tryon/mine/delete/", WITHDRAW])
def test_where_there_was_nothing_to_delete_no_receipt_is_kept(client: Client, address: str) -> None:
    told = client.post(address, headers=JSON).json()["receipt"]
    assert (told["id"], told["url"], told["photos"], told["sha256"]) == (None, "", 0, [])
    assert "Receipt</a>" not in client.post(address, follow=True).content.decode()
    assert not DeletionReceipt.objects.exists()


def test_deleting_all_leaves_one_receipt_however_many_there_were(
    client: Client, product: Product, media_root: Path
) -> None:
    for _ in range(3):
        finish(order(client, product))
    told = delete_all(client)
    assert (told["photos"], told["results"], told["jobs"]) == (3, 3, 3)
    assert DeletionReceipt.objects.count() == 1
    assert files(media_root) == set()


def test_deleting_all_takes_consents_back_and_forgets_whose_they_were(
    client: Client, product: Product
) -> None:
    order(client, product)
    delete_all(client)
    record = ConsentRecord.objects.get()
    assert record.withdrawn_at is not None
    assert (record.owner, record.user, record.ip_hash) == ("erased", None, "")
    assert record.text.startswith("I agree")


# Taking the consent back.


def test_taking_the_consent_back_deletes_photos_stops_try_ons_and_keeps_previews(
    client: Client, product: Product, media_root: Path
) -> None:
    drawn, moving = order(client, product, keep="on"), order(client, product)
    (result,) = finish(drawn)
    answer = client.post(WITHDRAW, headers=JSON).json()
    assert (answer["receipt"]["why"], answer["receipt"]["photos"]) == ("withdrawn", 2)
    assert files(media_root) == {result.image.name}
    moving.refresh_from_db()
    assert (moving.status, moving.error_code) == (Status.CANCELED, "photo_expired")
    assert not ConsentRecord.objects.standing().exists()
    assert len(client.get("/tryon/mine/", headers=JSON).json()["tryons"]) == 2


def test_the_list_offers_it_while_a_consent_stands(client: Client, product: Product) -> None:
    assert WITHDRAW not in client.get("/tryon/mine/").content.decode()
    order(client, product)
    html = client.get("/tryon/mine/").content.decode()
    assert f'action="{WITHDRAW}"' in html
    assert str(ConsentRecord.objects.get().created_at.year) in html.partition("You agreed on")[2]
    html = client.post(WITHDRAW, follow=True).content.decode()
    assert "1 picture was deleted." in html
    assert f'action="{WITHDRAW}"' not in html


def test_nobody_takes_back_the_consent_of_somebody_else(client: Client, product: Product) -> None:
    order(client, product)
    assert Client().post(WITHDRAW, headers=JSON).json()["receipt"]["photos"] == 0
    assert ConsentRecord.objects.standing().count() == 1
    assert client.get(WITHDRAW).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    assert strict.post(WITHDRAW).status_code == 403
    assert ConsentRecord.objects.standing().count() == 1


def test_after_that_another_photo_needs_another_consent(client: Client, product: Product) -> None:
    order(client, product, keep="on")
    client.post(WITHDRAW)
    assert ask(client, product, consent="").json()["error"]["code"] == "no_consent"
    again = order(client, product)
    assert again.person_photo is not None
    assert again.person_photo.consent == ConsentRecord.objects.standing().get()
    assert TryOnJob.objects.count() == 2
