"""Who may do what in the admin: each deed against each permission, and each address against none.

A deed is tried as a POST by whoever guesses it: with all permissions of the app but one that it
needs it does nothing, with just those that it needs it is done.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import URLPattern, reverse

from example_project.shop.models import Product
from glam_tryon import jobs
from glam_tryon.models import Account, PersonPhoto, TryOnJob
from tests.admin.staff import JOBS, drawn, put, sent, staff, taken_by
from tests.shop import picture

pytestmark = pytest.mark.django_db

Order = Callable[..., TryOnJob]
BATCHES = "/admin/glam_tryon/tryonbatch/"

#: Each deed, with the permissions that it needs, all of them.
NEEDS: dict[str, set[str]] = {
    "submit_now": {"view_tryonjob", "change_tryonjob"},
    "ask_again": {"view_tryonjob", "change_tryonjob"},
    "retry_failed": {"view_tryonjob", "change_tryonjob"},
    "cancel_jobs": {"view_tryonjob", "change_tryonjob"},
    "refetch_results": {"view_tryonjob", "change_tryonjob"},
    "resubmit_unconfirmed": {"view_tryonjob", "resubmit_unconfirmed"},
    "delete_pictures": {"view_tryonjob", "delete_tryonjob"},
    "export_csv": {"view_tryonjob"},
    "order": {"add_tryonjob"},
    "delete": {"delete_tryonjob"},
    "photo": {"view_tryonjob", "view_person_photo"},
    "publish": {"view_tryonjob", "publish_results"},
    "steer": {"view_tryonjob", "change_tryonjob"},
    "refund": {"view_tryonsubmission", "change_budget"},
    "purge": {"purge_tryon_data"},
    "pause": {"view_account", "change_account"},
}
#: To change something is to see it: Django's own rule.
IMPLIED = {
    "change_tryonjob": "view_tryonjob",
    "change_account": "view_account",
}


def everything() -> dict[str, list[dict[str, Any]]]:
    """Return every row of the app."""
    models = apps.get_app_config("glam_tryon").get_models()
    return {
        model.__name__: list(model._default_manager.order_by("pk").values()) for model in models
    }


class Deed:
    """Something to be done, and whether it was done."""

    def __init__(self, name: str, order: Order, product: Product, house_model: PersonPhoto) -> None:
        self.name = name
        self.answer: Any = None
        self.product, self.house_model = product, house_model
        self.batch = jobs.request_batch([product], [house_model], name="Spring").batch
        self.user = User.objects.create_user(f"shopper {uuid.uuid4()}")
        self.job = taken_by(name, order(visitor="", user=self.user))
        if name in ("photo", "purge"):
            photo = jobs.add_photo(
                ContentFile(picture()), user=self.user, consent=jobs.current_consent()
            )
            self.job = put(self.job, person_photo=photo)
        if name == "publish":
            self.job = drawn(put(self.batch.jobs.get(), status="ready", queue=None))
        if name == "delete":
            self.job = put(self.job, status="ready", queue=None)
        if name == "refund":
            sent(self.job, price="0.10", credits="1")

    def do(self, client: Client) -> bool:
        before = everything()
        self.answer = self._post(client)
        if self.name in ("export_csv", "photo"):
            kind = self.answer.headers.get("Content-Type", "")
            return self.answer.status_code == 200 and kind.startswith(("text/csv", "image/"))
        return everything() != before

    def _post(self, client: Client) -> Any:
        match self.name:
            case "order":
                product = f"shop.product:{self.product.pk}"
                fields = {"product": product, "house_model": str(self.house_model.pk)}
                return client.post(f"{JOBS}add/", {**fields, "priority": "catalogue"})
            case "delete":
                return client.post(f"{JOBS}{self.job.pk}/delete/", {"post": "yes"})
            case "photo":
                return client.post(f"{JOBS}{self.job.pk}/person-photo/")
            case "publish":
                chosen = {"result": [str(self.job.results.get().pk)]}
                return client.post(f"{BATCHES}{self.batch.pk}/publish/", chosen)
            case "steer":
                return client.post(f"{BATCHES}{self.batch.pk}/steer/", {"do": "pause"})
            case "refund":
                line = self.job.submissions.get()
                chosen = {"action": "note_refund", "_selected_action": [str(line.pk)]}
                return client.post("/admin/glam_tryon/tryonsubmission/", chosen)
            case "purge":
                where = reverse("admin:glam_tryon_personal_data")
                return client.post(where, {"person": self.user.username, "sure": "on"})
            case "pause":
                Account.load()
                chosen = {"action": "pause_submitting", "_selected_action": ["glam"]}
                return client.post("/admin/glam_tryon/account/", chosen)
        chosen = {"action": self.name, "_selected_action": [str(self.job.pk)]}
        return client.post(JOBS, {**chosen, "confirmed": "1", "why": "the account shows nothing"})


@pytest.fixture
def deed(
    order: Order, product: Product, house_model: PersonPhoto, settings: Any
) -> Callable[[str], Deed]:
    return lambda name: Deed(name, order, product, house_model)


def all_but(*left_out: str) -> Client:
    ours = Permission.objects.filter(content_type__app_label="glam_tryon")
    names = set(ours.values_list("codename", flat=True))
    return staff(*(names - set(left_out)))


@pytest.mark.parametrize("name", NEEDS)
def test_a_deed_is_done_with_just_the_permissions_that_it_needs(
    deed: Callable[[str], Deed], name: str
) -> None:
    assert deed(name).do(staff(*NEEDS[name]))


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        (name, each)
        for name, needed in NEEDS.items()
        for each in sorted(needed - {IMPLIED.get(other) for other in needed})
    ],
)
def test_a_deed_is_not_done_while_one_of_them_is_missing(
    deed: Callable[[str], Deed], name: str, missing: str
) -> None:
    tried = deed(name)
    # Whoever may change may also see, so without seeing that is not given either.
    change = missing.replace("view_", "change_")
    assert not tried.do(all_but(missing, *({change} - NEEDS[name])))


@pytest.mark.parametrize("name", NEEDS)
def test_a_deed_is_not_done_for_who_is_no_staff(
    deed: Callable[[str], Deed], client: Client, name: str
) -> None:
    tried = deed(name)
    assert not tried.do(client)
    assert tried.answer.status_code == 302
    shopper = User.objects.create_user(f"shopper {uuid.uuid4()}")
    shopper.user_permissions.set(Permission.objects.all())
    client.force_login(shopper)
    assert not tried.do(client)


# Every address of the app in the admin.


def addresses(deed: Deed) -> Iterator[str]:
    """Every address, with keys of what is there."""
    keys = {
        "tryonjob": deed.job.pk,
        "tryonbatch": deed.batch.pk,
        "personphoto": deed.house_model.pk,
        "tryonsubmission": deed.job.submissions.get().pk,
        "account": "glam",
    }
    for model, page in admin.site._registry.items():
        if model._meta.app_label != "glam_tryon":
            continue
        key = keys.get(str(model._meta.model_name), 1)
        for pattern in page.get_urls():
            assert isinstance(pattern, URLPattern)
            if pattern.name:
                given = {"which": "garment", "table": "days"}
                names = pattern.pattern.converters
                values = {each: given.get(each, key) for each in names}
                yield reverse(f"admin:{pattern.name}", kwargs=values)


@pytest.mark.parametrize("method", ["get", "post"])
def test_no_address_answers_staff_without_a_permission(
    deed: Callable[[str], Deed], client: Client, method: str
) -> None:
    there = deed("refund")
    nobody = staff()
    found = list(addresses(there))
    assert len(found) > 30
    for address in found:
        answer = getattr(nobody, method)(address)
        assert answer.status_code in (302, 403, 404, 405), address
        if answer.status_code == 302:
            # Django's own answer to who may not see that the row is there.
            assert answer["Location"] == "/admin/", address
        assert getattr(client, method)(address).status_code in (302, 404), address


def test_nothing_changes_on_a_get(deed: Callable[[str], Deed], admin_client: Client) -> None:
    there = deed("refund")
    before = everything()
    chosen = {"_selected_action": str(there.job.pk), "confirmed": "1", "do": "cancel"}
    for address in addresses(there):
        for action in ("cancel_jobs", "delete_pictures", "note_refund", "pause_submitting"):
            admin_client.get(address, {**chosen, "action": action, "post": "yes"})
    after = everything()
    # A page that shows the connection makes sure that there is one.
    after["Account"] = before["Account"]
    assert after == before


def test_every_deed_of_the_list_stands_in_the_table() -> None:
    page: Any = admin.site._registry[TryOnJob]
    names = {action.__name__ for action in page.actions}
    assert names <= NEEDS.keys()
