"""Receipts looked up, and a person's data exported and erased, by staff who may."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from example_project.shop.models import Product
from glam_tryon.models import DeletionReceipt, TryOnJob
from glam_tryon.privacy.deletion import delete_tryon
from tests.admin.test_jobs import staff
from tests.storefront.shoppers import files, finish, order

__all__ = ["staff"]

pytestmark = pytest.mark.django_db

RECEIPTS = "/admin/glam_tryon/deletionreceipt/"
PAGE = f"{RECEIPTS}personal-data/"


@pytest.fixture
def ada(client: Client, product: Product) -> User:
    """A user with one ready try-on."""
    user = User.objects.create_user("ada.lovelace", email="ada@example.com")
    client.force_login(user)
    finish(order(client, product))
    return user


def content(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


# Receipts.


def found(client: Client, text: object) -> list[DeletionReceipt]:
    return list(client.get(RECEIPTS, {"q": text}).context["cl"].queryset)


def test_a_receipt_is_found_by_its_number_and_by_a_hash_and_by_no_part_of_them(
    admin_client: Client, client: Client, product: Product
) -> None:
    jobs = [order(client, product), order(client, product)]
    for job in jobs:
        finish(job)
    receipts = [delete_tryon(job) for job in jobs]
    assert found(admin_client, receipts[0].pk) == [receipts[0]]
    photo, shared = jobs[0].person_photo, "0" * 64
    assert photo is not None
    assert {*found(admin_client, f" {photo.sha256.upper()} ")} == {*receipts}
    assert {*found(admin_client, shared)} == {*receipts}
    for part in (str(receipts[0].pk)[:8], photo.sha256[:32], "f" * 64, "x"):
        assert found(admin_client, part) == []


def test_a_receipt_can_be_read_and_neither_changed_nor_deleted(
    staff: Callable[..., Client], client: Client, product: Product
) -> None:
    receipt = delete_tryon(order(client, product))
    who = staff("view_deletionreceipt", "change_deletionreceipt", "delete_deletionreceipt")
    html = who.get(f"{RECEIPTS}{receipt.pk}/change/").content.decode()
    assert receipt.hashes()[0] in html
    assert f'href="/tryon/receipts/{receipt.pk}/"' in html
    assert who.post(f"{RECEIPTS}{receipt.pk}/change/", {"left": 0}).status_code == 403
    assert who.post(f"{RECEIPTS}{receipt.pk}/delete/", {"post": "yes"}).status_code == 403
    assert who.get(f"{RECEIPTS}add/").status_code == 403
    assert staff("view_tryonjob").get(RECEIPTS).status_code == 403


# The page.


def test_the_page_needs_its_permission_and_is_linked_for_whom_has_it(
    staff: Callable[..., Client], ada: User
) -> None:
    without, alone = staff("view_deletionreceipt"), staff("purge_tryon_data")
    assert without.get(PAGE).status_code == 403
    given = {"person": "ada.lovelace", "sure": "on", "erase": "1"}
    assert without.post(PAGE, given).status_code == 403
    assert PAGE not in without.get(RECEIPTS).content.decode()
    assert alone.get(PAGE).status_code == 200
    both = staff("view_deletionreceipt", "purge_tryon_data")
    assert f'href="{PAGE}"' in both.get(RECEIPTS).content.decode()
    assert TryOnJob.objects.get().deleted_at is None


@pytest.mark.parametrize("name", ["ada.lovelace", "ada@example.com", "the id"])
def test_a_copy_is_saved_of_the_one_who_is_named(
    staff: Callable[..., Client], ada: User, name: str
) -> None:
    given = {"person": str(ada.pk) if name == "the id" else name, "export": "1"}
    answer = staff("purge_tryon_data").post(PAGE, given)
    assert f'filename="tryons-{ada.pk}.zip"' in answer["Content-Disposition"]
    assert "no-store" in answer["Cache-Control"]
    with zipfile.ZipFile(io.BytesIO(content(answer))) as archive:
        assert len(archive.namelist()) == 3


def test_erasing_needs_the_tick_and_leads_to_the_receipt(
    staff: Callable[..., Client], ada: User, media_root: Path
) -> None:
    who, given = staff("purge_tryon_data"), {"person": "ada.lovelace", "erase": "1"}
    assert "Tick this to erase." in who.post(PAGE, given).content.decode()
    assert files(media_root) != set()
    html = who.post(PAGE, {**given, "sure": "on"}, follow=True).content.decode()
    assert files(media_root) == set()
    receipt = DeletionReceipt.objects.get()
    assert f'href="/tryon/receipts/{receipt.pk}/"' in html
    assert receipt.why == "erasure"


@pytest.mark.parametrize("name", ["", "ada", "nobody", "999999"])
def test_who_is_not_there_is_neither_exported_nor_erased(
    staff: Callable[..., Client], ada: User, name: str
) -> None:
    who = staff("purge_tryon_data")
    for what in ("export", "erase"):
        answer = who.post(PAGE, {"person": name, "sure": "on", what: "1"})
        assert answer.status_code == 200
        assert answer.context["form"].errors
    assert not DeletionReceipt.objects.exists()


def test_a_name_that_two_have_erases_neither(staff: Callable[..., Client], ada: User) -> None:
    User.objects.create_user("eve", email="ada@example.com")
    answer = staff("purge_tryon_data").post(
        PAGE, {"person": "ada@example.com", "sure": "on", "erase": "1"}
    )
    assert "More than one user" in answer.content.decode()
    assert not DeletionReceipt.objects.exists()


# The actions for a user admin of the shop's own.


USERS = "/backstage/auth/user/"


def act(client: Client, action: str, *users: User, **more: str) -> Any:
    chosen = [user.pk for user in users]
    given = {"action": action, "_selected_action": chosen, **more}
    return client.post(USERS, given)


@pytest.mark.urls("tests.admin.user_admin")
def test_the_actions_of_a_user_admin_export_one_and_erase_after_a_second_look(
    staff: Callable[..., Client], ada: User, media_root: Path
) -> None:
    who = staff("view_user", "purge_tryon_data")
    assert content(act(who, "export_tryon_data", ada)).startswith(b"PK")
    eve = User.objects.create_user("eve")
    assert act(who, "export_tryon_data", ada, eve).status_code == 302
    assert "ada.lovelace" in act(who, "erase_tryon_data", ada).content.decode()
    assert files(media_root) != set()
    act(who, "erase_tryon_data", ada, confirmed="1")
    assert files(media_root) == set()


@pytest.mark.urls("tests.admin.user_admin")
def test_the_actions_need_the_permission(
    staff: Callable[..., Client], ada: User, media_root: Path
) -> None:
    who = staff("view_user", "change_user")
    for action in ("export_tryon_data", "erase_tryon_data"):
        assert action not in who.get(USERS).content.decode()
        assert "Content-Disposition" not in act(who, action, ada, confirmed="1")
    assert files(media_root) != set()
