"""A copy of all that is kept of a person, and the commands that write it and erase."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.core.management import CommandError, call_command

from example_project.shop.models import Product
from glam_tryon import jobs
from glam_tryon.models import PersonPhoto, TryOnJob
from glam_tryon.privacy import export_tryon_data
from glam_tryon.privacy.deletion import delete_photo
from tests.shop import picture
from tests.storefront.shoppers import files, finish

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create_user("ada.lovelace")


@pytest.fixture
def try_on(product: Product) -> Callable[..., TryOnJob]:
    def try_on(user: User, colour: str = "#aa7755") -> TryOnJob:
        photo, consent = ContentFile(picture(colour=colour)), jobs.current_consent()
        return jobs.request_tryon_with_upload(product, photo, user=user, consent=consent, keep=True)

    return try_on


def opened(user: User) -> tuple[zipfile.ZipFile, dict[str, Any]]:
    with export_tryon_data(user) as made:
        archive = zipfile.ZipFile(io.BytesIO(made.read()))
    assert archive.testzip() is None
    return archive, json.loads(archive.read("tryons.json"))


def test_the_copy_has_every_row_and_every_picture_of_the_user(
    ada: User, try_on: Callable[..., TryOnJob], drain: Callable[..., None]
) -> None:
    job, gone = try_on(ada), try_on(ada, "#335577")
    drain()
    assert gone.person_photo is not None
    receipt = delete_photo(gone.person_photo)
    archive, facts = opened(ada)
    assert [each["id"] for each in facts["jobs"]] == [str(job.pk), str(gone.pk)]
    assert (facts["jobs"][0]["garment_title"], facts["jobs"][0]["status"]) == (
        "Linen shirt",
        "ready",
    )
    assert {each["job_key"] for each in facts["submissions"]} == {str(job.pk), str(gone.pk)}
    assert [each["text"] for each in facts["consents"]] == [jobs.current_consent().whole] * 2
    assert facts["receipts"] == [receipt.as_dict()]
    assert facts["missing"] == []
    names = {
        f"photos/{job.person_photo_id}.jpg",
        *(f"results/{each.pk}-0.jpg" for each in (job, gone)),
    }
    assert {*archive.namelist()} == {"tryons.json", *names}
    photo = archive.read(f"photos/{job.person_photo_id}.jpg")
    assert hashlib.sha256(photo).hexdigest() == facts["photos"][0]["sha256"]
    result = facts["jobs"][0]["results"][0]
    assert hashlib.sha256(archive.read(f"results/{job.pk}-0.jpg")).hexdigest() == result["sha256"]


def test_nothing_of_anybody_else_and_no_secret_is_in_it(
    ada: User, try_on: Callable[..., TryOnJob], product: Product, house_model: PersonPhoto
) -> None:
    eve = User.objects.create_user("eve")
    theirs, mine = try_on(eve), try_on(ada)
    shops = jobs.request_tryon(product, photo=house_model)
    for job in (theirs, mine, shops):
        finish(job)
    archive, facts = opened(ada)
    everything = json.dumps([facts, archive.namelist()])
    for secret in (theirs.pk, theirs.person_photo_id, shops.pk, "token", "lease", "source_url"):
        assert str(secret) not in everything


def test_who_has_no_try_ons_gets_an_empty_copy(ada: User) -> None:
    archive, facts = opened(ada)
    assert archive.namelist() == ["tryons.json"]
    assert not any(facts.values())


def test_a_picture_that_the_storage_does_not_give_is_named(
    ada: User, try_on: Callable[..., TryOnJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = try_on(ada)
    finish(job)

    def refuse(self: object, name: str, mode: str = "rb") -> None:
        raise ConnectionError("the storage is away")

    monkeypatch.setattr(FileSystemStorage, "_open", refuse)
    archive, facts = opened(ada)
    assert archive.namelist() == ["tryons.json"]
    assert facts["missing"] == [f"photos/{job.person_photo_id}.jpg", f"results/{job.pk}-0.jpg"]


# The commands.


def run(*arguments: str) -> str:
    said = io.StringIO()
    call_command(*arguments, stdout=said)
    return said.getvalue()


@pytest.mark.parametrize("by_id", [False, True])
def test_the_command_writes_the_copy_once(
    ada: User, try_on: Callable[..., TryOnJob], tmp_path: Path, by_id: bool
) -> None:
    job, file = try_on(ada), tmp_path / "ada.zip"
    name = f"id:{ada.pk}" if by_id else "ada.lovelace"
    assert run("export_tryon_data", name, str(file)) == f"wrote {file}\n"
    with zipfile.ZipFile(file) as archive:
        assert str(job.pk) in archive.read("tryons.json").decode()
    with pytest.raises(CommandError, match="cannot be written"):
        run("export_tryon_data", name, str(file))


def test_the_command_erases_only_when_told_so_twice_and_prints_the_receipt(
    ada: User, try_on: Callable[..., TryOnJob], media_root: Path
) -> None:
    finish(try_on(ada))
    with pytest.raises(CommandError, match="Add --yes"):
        run("erase_tryon_data", "ada.lovelace")
    assert len(files(media_root)) == 2
    receipt = json.loads(run("erase_tryon_data", "ada.lovelace", "--yes"))
    assert (receipt["photos"], receipt["results"], receipt["why"]) == (1, 1, "erasure")
    assert files(media_root) == set()


def test_a_command_whose_files_stay_fails(
    ada: User, try_on: Callable[..., TryOnJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    finish(try_on(ada))

    def refuse(self: object, name: str) -> None:
        raise OSError("denied")

    monkeypatch.setattr(FileSystemStorage, "delete", refuse)
    with pytest.raises(CommandError, match="2 files are left"):
        run("erase_tryon_data", "ada.lovelace", "--yes")


@pytest.mark.parametrize("name", ["nobody", "id:999999", "id:x", ""])
@pytest.mark.parametrize("command", ["export_tryon_data", "erase_tryon_data"])
def test_a_user_who_is_not_there_is_named(
    db: None, tmp_path: Path, command: str, name: str
) -> None:
    more = [str(tmp_path / "a.zip")] if command == "export_tryon_data" else ["--yes"]
    with pytest.raises(CommandError, match="There is no user"):
        run(command, name, *more)
    assert not (tmp_path / "a.zip").exists()
