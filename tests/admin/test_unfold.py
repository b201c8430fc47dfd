"""The admin's pages under django-unfold, a theme that replaces Django's own templates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from glam_tryon import jobs
from glam_tryon.models import PersonPhoto, TryOnJob
from tests.admin.staff import JOBS, act, html, post, sent, taken_by

pytestmark = pytest.mark.django_db

Order = Callable[..., TryOnJob]


@pytest.fixture(autouse=True)
def unfold(settings: Any) -> None:
    """Put the theme before Django's admin, as its documentation says."""
    settings.INSTALLED_APPS = ["unfold.apps.BasicAppConfig", *settings.INSTALLED_APPS]
    settings.ROOT_URLCONF = "tests.unfold_urls"


@pytest.fixture
def pages(product: Any, house_model: PersonPhoto, order: Order) -> list[str]:
    """The address of every page of the app that needs no key, and of one row of each kind."""
    batch = jobs.request_batch([product], [house_model], name="Spring").batch
    job = sent(taken_by("refetch_results", order()))
    rows = {"tryonjob": job.pk, "tryonbatch": batch.pk, "personphoto": house_model.pk}
    found = [reverse("admin:index"), reverse("admin:app_list", args=["glam_tryon"])]
    for model in admin.site._registry:
        name = f"admin:glam_tryon_{model._meta.model_name}"
        if model._meta.app_label == "glam_tryon":
            found.append(reverse(f"{name}_changelist"))
            if key := rows.get(str(model._meta.model_name)):
                found.append(reverse(f"{name}_change", args=[key]))
    return [
        *found,
        reverse("admin:glam_tryon_tryonjob_add"),
        reverse("admin:glam_tryon_personal_data"),
    ]


def test_every_page_of_the_app_renders(admin_client: Client, pages: list[str]) -> None:
    assert len(pages) > 12
    for address in pages:
        answer = admin_client.get(address)
        assert answer.status_code == 200, address
        assert "unfold" in answer.content.decode(), address


def test_the_list_has_its_pictures_filters_actions_and_pages(
    admin_client: Client, order: Order
) -> None:
    job = taken_by("refetch_results", order())
    page = html(admin_client.get(JOBS))
    for part in (
        '<span class="glam-tryon-badge is-ready">ready</span>',
        f'src="{JOBS}{job.pk}/picture/0/"',
        'name="day"',
        'value="retry_failed"',
        "glam-tryon-steps",
    ):
        assert part in page, part


def test_the_page_of_a_job_has_its_timeline_and_its_buttons(
    admin_client: Client, order: Order
) -> None:
    job = taken_by("refetch_results", order())
    page = html(admin_client.get(f"{JOBS}{job.pk}/change/"))
    for part in ("glam-tryon-timeline", "glam-tryon-compare", 'value="refetch_results"'):
        assert part in page, part


def test_an_action_asks_and_is_done(admin_client: Client, order: Order) -> None:
    job = taken_by("cancel_jobs", order())
    assert "These stop." in html(post(admin_client, "cancel_jobs", job))
    assert act(admin_client, "cancel_jobs", job) == "1 canceled."
