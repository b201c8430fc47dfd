"""Deleted is hidden from everybody at once, also while a storage refuses to delete."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.db import DatabaseError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from example_project.shop.models import Product, ProductImage
from glam_tryon import jobs
from glam_tryon.exceptions import NotPublishable
from glam_tryon.models import PersonPhoto, TryOnJob, TryOnResult, TryOnShare
from glam_tryon.models.receipt import Why
from glam_tryon.privacy import export_tryon_data
from glam_tryon.privacy.deletion import delete_photo, delete_tryon
from glam_tryon.privacy.pruning import prune
from glam_tryon.privacy.retention import results_of
from tests.shop import picture

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@dataclass
class Scene:
    """A shopper's try-on with a shared result, and one of a batch of the shop's."""

    job: TryOnJob
    catalogue: TryOnJob
    owner: Client
    staff: Client
    stranger: Client
    user: User
    admin: User
    share: TryOnShare

    def result_url(self, job: TryOnJob) -> str:
        return reverse("admin:glam_tryon_tryonjob_picture", args=[job.pk, 0])


def _drawn(job: TryOnJob) -> TryOnJob:
    result = TryOnResult(job=job, position=0, width=3, height=4, sha256="f" * 64)
    result.image.save(f"glam_tryon/{job.pk}/0.jpg", ContentFile(picture()))
    now = timezone.now()
    TryOnJob.objects.filter(pk=job.pk).update(
        status="ready", queue=None, next_step_at=None, finished_at=now, ready_at=now
    )
    job.refresh_from_db()
    return job


@pytest.fixture
def scene(product: Product, house_model: PersonPhoto, admin_user: User) -> Scene:
    user = User.objects.create_user("ada")
    job = _drawn(jobs.request_tryon(product, photo=house_model, user=user))
    ordered = jobs.request_batch([product], [house_model], by=admin_user)
    catalogue = _drawn(TryOnJob.objects.get(batch=ordered.batch))
    share = TryOnShare.objects.create(job=job, expires_at=timezone.now() + timedelta(days=90))
    owner, staff = Client(), Client()
    owner.force_login(user)
    staff.force_login(admin_user)
    return Scene(job, catalogue, owner, staff, Client(), user, admin_user, share)


def _shows(client: Client, url: str, text: str) -> bool:
    answer = client.get(url)
    return answer.status_code == 200 and text in answer.content.decode(errors="replace")


def _given(client: Client, url: str) -> bool:
    return client.get(url).status_code == 200


def _exported(scene: Scene) -> bool:
    with export_tryon_data(scene.user) as made, zipfile.ZipFile(made) as archive:
        names = archive.namelist()
        facts = archive.read("tryons.json").decode()
    return f"results/{scene.job.pk}-0.jpg" in names or "f" * 64 in facts


def _published(scene: Scene) -> bool:
    try:
        return jobs.publish_result(
            scene.catalogue.results.get(), by=scene.admin, publisher=lambda *_facts: None
        )
    except NotPublishable:
        return False


def _own(scene: Scene, name: str, *more: object) -> str:
    return reverse(f"glam_tryon:{name}", args=[scene.job.pk, *more])


#: Who could see a shopper's result, and by which door.
OF_A_SHOPPER: dict[str, Callable[[Scene], bool]] = {
    "own page": lambda s: _shows(s.owner, _own(s, "job"), _own(s, "result", 0)),
    "own picture": lambda s: _given(s.owner, _own(s, "result", 0)),
    "my try-ons": lambda s: _shows(s.owner, reverse("glam_tryon:mine"), _own(s, "result", 0)),
    "shared page": lambda s: _given(s.stranger, reverse("glam_tryon:shared", args=[s.share.token])),
    "shared picture": lambda s: _given(
        s.stranger, reverse("glam_tryon:shared_picture", args=[s.share.token, 0])
    ),
    "staff: list": lambda s: _shows(
        s.staff, reverse("admin:glam_tryon_tryonjob_changelist"), s.result_url(s.job)
    ),
    "staff: page": lambda s: _shows(
        s.staff,
        reverse("admin:glam_tryon_tryonjob_change", args=[s.job.pk]),
        s.result_url(s.job),
    ),
    "staff: picture": lambda s: _given(s.staff, s.result_url(s.job)),
    "export": _exported,
    "reuse": lambda s: bool(results_of(TryOnJob.objects.get(pk=s.job.pk))),
}
#: The same of the shop's own.
OF_THE_SHOP: dict[str, Callable[[Scene], bool]] = {
    "list": lambda s: _shows(
        s.staff, reverse("admin:glam_tryon_tryonjob_changelist"), s.result_url(s.catalogue)
    ),
    "page": lambda s: _shows(
        s.staff,
        reverse("admin:glam_tryon_tryonjob_change", args=[s.catalogue.pk]),
        s.result_url(s.catalogue),
    ),
    "picture": lambda s: _given(s.staff, s.result_url(s.catalogue)),
    "contact sheet": lambda s: _shows(
        s.staff,
        reverse("admin:glam_tryon_tryonbatch_change", args=[s.catalogue.batch_id]),
        s.result_url(s.catalogue),
    ),
    "product": lambda s: _shows(
        s.staff,
        reverse("admin:shop_product_change", args=[s.catalogue.product_key]),
        s.result_url(s.catalogue),
    ),
    "products": lambda s: _shows(
        s.staff, reverse("admin:shop_product_changelist"), s.result_url(s.catalogue)
    ),
    "publish": _published,
}


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_name: str) -> None:
        raise PermissionError("the storage refuses")

    monkeypatch.setattr(FileSystemStorage, "delete", refuse)


def _deleted(scene: Scene) -> None:
    assert delete_tryon(scene.job).left == 1
    assert delete_tryon(scene.catalogue, why=Why.STAFF).left == 1


def _over_its_time(scene: Scene) -> None:
    TryOnJob.objects.update(finished_at=timezone.now() - timedelta(days=30, seconds=1))
    prune()


def _nothing(scene: Scene) -> None:
    pass


@pytest.mark.parametrize(
    ("what", "shown"), [(_nothing, True), (_deleted, False), (_over_its_time, False)]
)
@pytest.mark.parametrize("door", OF_A_SHOPPER)
def test_a_shoppers_picture_is_shown_until_it_is_deleted_or_over_its_time(
    scene: Scene, refusing: None, door: str, what: Callable[[Scene], None], shown: bool
) -> None:
    what(scene)
    assert TryOnResult.objects.count() == 2, "the storage kept it"
    assert OF_A_SHOPPER[door](scene) is shown
    assert TryOnResult.objects.visible().filter(job=scene.job).exists() is shown


@pytest.mark.parametrize(
    ("what", "shown"), [(_nothing, True), (_deleted, False), (_over_its_time, True)]
)
@pytest.mark.parametrize("door", OF_THE_SHOP)
def test_the_shops_own_picture_is_shown_until_staff_delete_it(
    scene: Scene, refusing: None, door: str, what: Callable[[Scene], None], shown: bool
) -> None:
    what(scene)
    assert OF_THE_SHOP[door](scene) is shown


def test_a_house_model_that_the_storage_keeps_is_shown_to_nobody(
    scene: Scene, refusing: None, house_model: PersonPhoto, product: Product
) -> None:
    page = reverse("admin:glam_tryon_personphoto_picture", args=[house_model.pk])
    of_job = reverse("admin:glam_tryon_tryonjob_picture", args=[scene.job.pk, "person"])
    offered = reverse("glam_tryon:house_model", args=[house_model.pk])
    own = _own(scene, "photo")
    doors = [(scene.staff, page), (scene.staff, of_job), (scene.stranger, offered)]
    doors.append((scene.owner, own))
    assert [_given(client, url) for client, url in doors] == [True] * 4
    assert delete_photo(house_model, why=Why.STAFF).left == 1
    assert [_given(client, url) for client, url in doors] == [False] * 4
    for name, key in (("tryonjob", scene.job.pk), ("tryonbatch", scene.catalogue.batch_id)):
        url = reverse(f"admin:glam_tryon_{name}_change", args=[key])
        assert not _shows(scene.staff, url, page)
        assert not _shows(scene.staff, url, of_job)


def test_a_photo_that_the_storage_keeps_is_shown_to_nobody(
    scene: Scene, refusing: None, product: Product, admin_user: Any
) -> None:
    photo = jobs.add_photo(
        io.BytesIO(picture()), user=scene.user, consent=jobs.current_consent(), keep=True
    )
    job = jobs.request_tryon(product, photo=photo, user=scene.user)
    look = reverse("admin:glam_tryon_tryonjob_person_photo", args=[job.pk])
    own = reverse("glam_tryon:own_photo", args=[photo.pk])
    assert (scene.staff.post(look).status_code, scene.owner.get(own).status_code) == (200, 200)
    assert delete_photo(photo).left == 1
    assert (scene.staff.post(look).status_code, scene.owner.get(own).status_code) == (404, 404)
    with export_tryon_data(scene.user) as made, zipfile.ZipFile(made) as archive:
        assert f"photos/{photo.pk}.jpg" not in archive.namelist()


def test_a_picture_whose_row_in_the_gallery_is_refused_leaves_no_file(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, media_root: Any
) -> None:
    before = {path for path in media_root.rglob("*") if path.is_file()}

    def refuse(*_row: Any, **_options: Any) -> None:
        raise DatabaseError("the gallery refuses")

    monkeypatch.setattr(ProductImage, "save", refuse)
    publisher = site.get_model_admin(Product).publish_tryon_result
    with pytest.raises(DatabaseError):
        jobs.publish_result(scene.catalogue.results.get(), by=scene.admin, publisher=publisher)
    assert {path for path in media_root.rglob("*") if path.is_file()} == before
