"""No file stays that no row knows, whatever happens between its bytes and its row."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection, connections, transaction
from django.test import Client
from django.urls import reverse

from example_project.shop.models import Product
from glam_tryon import jobs
from glam_tryon.exceptions import FileUnavailable, OrderRefused
from glam_tryon.files import save_file
from glam_tryon.models import ConsentRecord, PersonPhoto, PossibleOrphan, TryOnJob, TryOnResult
from glam_tryon.models.clock import DatabaseNow, after
from glam_tryon.privacy.deletion import delete_tryon
from glam_tryon.privacy.pruning import prune
from glam_tryon.tracked_files import announce
from tests.shop import picture

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

STORE = import_module("glam_tryon.worker.steps.store")
PLACES = ("before the save", "in the save", "after the save", "with the row", "after the commit")
DEATH, CUT, ROLLED_BACK = "death", "the connection ends", "the transaction is rolled back"
GONE, REFUSED = "the account is deleted", "the connection ends and the storage refuses"
TROUBLES = (DEATH, CUT, ROLLED_BACK, GONE, REFUSED)


class RolledBack(BaseException):
    """None that a storage's errors are translated from."""


class Shop:
    """One product, one user, one house model; and what is done with them."""

    def __init__(self, product: Product, house_model: PersonPhoto, staff: User) -> None:
        self.product, self.house_model, self.staff = product, house_model, staff
        self.user = User.objects.create_user("ada")
        self.job: TryOnJob | None = None

    def photo(self) -> None:
        jobs.add_photo(_upload(), user=self.user, consent=jobs.current_consent())

    def upload_order(self) -> None:
        jobs.request_tryon_with_upload(
            self.product, _upload(), user=self.user, consent=jobs.current_consent()
        )

    garment_of_upload_order = upload_order

    def garment(self) -> None:
        jobs.request_tryon(self.product, photo=self.house_model, user=self.user)

    def batch(self) -> None:
        jobs.request_batch([self.product], [self.house_model], by=self.staff)

    def house_model_form(self) -> None:
        self._post(reverse("admin:glam_tryon_personphoto_add"))

    def another_picture(self) -> None:
        self._post(reverse("admin:glam_tryon_personphoto_change", args=[self.house_model.pk]))

    def _post(self, url: str) -> None:
        client = Client()
        client.force_login(self.staff)
        file = SimpleUploadedFile("model.jpg", picture(colour="#112233"))
        client.post(url, {"title": "Ada", "image": file, "position": 0, "is_active": "on"})

    def result(self) -> None:
        assert self.job is not None
        STORE.store(self.job)


#: Each action with a save of its own, and which of its saves goes wrong.
ACTIONS = {
    "photo": 0,
    "upload_order": 0,
    "garment_of_upload_order": 1,
    "garment": 0,
    "batch": 0,
    "house_model_form": 0,
    "another_picture": 0,
}
#: Those of a user's own.
OF_A_USER = ("photo", "upload_order", "garment_of_upload_order", "garment")


def _can_be(action: str, place: str, trouble: str) -> bool:
    # Within a transaction that writes nobody else can delete an account, on SQLite.
    return trouble != GONE or (action in OF_A_USER and place in PLACES[:3])


CASES = [
    (action, place, trouble)
    for action in ACTIONS
    for place in PLACES
    for trouble in TROUBLES
    if _can_be(action, place, trouble)
]


@pytest.fixture
def shop(product: Product, house_model: PersonPhoto, admin_user: User) -> Shop:
    return Shop(product, house_model, admin_user)


def _upload() -> ContentFile[bytes]:
    return ContentFile(picture(colour="#aa5522"))


def storing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> TryOnJob:
    """Let a job of the user's be under the lease of a worker that stores its picture."""
    job = jobs.request_tryon(shop.product, photo=shop.house_model, user=shop.user)
    TryOnJob.objects.filter(pk=job.pk).update(
        status="storing",
        media_urls=["https://cdn.glam.ai/1.jpg"],
        lease_token="mine",
        next_step_at=after(60),
    )
    job.refresh_from_db()
    shop.job = job
    monkeypatch.setattr(STORE, "fetch_bytes", lambda *_url, **_options: picture(colour="#0a0"))
    return job


class Fault:
    """Lets a trouble happen at a place of the next save."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        place: str,
        trouble: Callable[[], None],
        *,
        after_saves: int = 0,
    ) -> None:
        self.happened = False
        self._trouble = trouble
        self._saves = -after_saves
        save, settle = FileSystemStorage._save, PossibleOrphan.settle

        def saved(storage: FileSystemStorage, name: str, content: Any) -> str:
            self._saves += 1
            if place == "before the save":
                self._happen()
            if place == "in the save" and self._is_due():
                Path(storage.path(name)).parent.mkdir(parents=True, exist_ok=True)
                Path(storage.path(name)).write_bytes(b"half of it")
                self._happen()
                Path(storage.path(name)).unlink()
            made: str = save(storage, name, content)
            if place == "after the save":
                self._happen()
            return made

        def settled(note: PossibleOrphan) -> bool:
            was_there = settle(note)
            if place == "with the row":
                self._happen()
            if place == "after the commit" and self._is_due():
                transaction.on_commit(self._happen)
            return was_there

        monkeypatch.setattr(FileSystemStorage, "_save", saved)
        monkeypatch.setattr(PossibleOrphan, "settle", settled)

    def _is_due(self) -> bool:
        return self._saves > 0 and not self.happened

    def _happen(self) -> None:
        if self._is_due():
            self.happened = True
            self._trouble()


def in_a_process(action: Callable[[], None]) -> int:
    """Run this in a process of its own. Returns the signal that ended it, 0 for none."""
    connections.close_all()
    child = os.fork()
    if not child:
        with suppress(BaseException):
            action()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def elsewhere(action: Callable[[], Any]) -> None:
    """Run this as another process would, with a connection of its own."""

    def run() -> None:
        try:
            action()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


def refuse_to_delete(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_name: str) -> None:
        raise PermissionError("the storage refuses")

    monkeypatch.setattr(FileSystemStorage, "delete", refuse)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def roll_back() -> None:
    raise RolledBack


def cut_off(*_query: Any) -> Any:
    raise OperationalError("the server closed the connection")


def named() -> set[str]:
    """The files that rows name."""
    columns = (
        PersonPhoto.objects.values_list("image", flat=True),
        TryOnJob.objects.values_list("garment_image", flat=True),
        TryOnResult.objects.values_list("image", flat=True),
    )
    return {name for column in columns for name in column if name}


def on_disk(media_root: Path) -> set[str]:
    paths = (media_root / "glam_tryon").rglob("*")
    return {str(path.relative_to(media_root)) for path in paths if path.is_file()}


def prune_hours_later(media_root: Path) -> None:
    """Let everything be hours old and prune, twice."""
    for _time in range(2):
        for path in (media_root / "glam_tryon").rglob("*"):
            os.utime(path, (time.time() - 3 * 3600,) * 2)
        PossibleOrphan.objects.update(due_at=DatabaseNow(), claimed_at=None)
        prune()


def check_nothing_is_left(media_root: Path) -> None:
    """Hold the storage against the rows, and each proof of a consent against its photo."""
    noted = set(PossibleOrphan.objects.values_list("name", flat=True))
    unknown = on_disk(media_root) - named() - noted
    assert all(path.startswith("glam_tryon/uncommitted/") for path in unknown), unknown
    prune_hours_later(media_root)
    assert on_disk(media_root) <= named()
    assert not PossibleOrphan.objects.exists()
    assert not ConsentRecord.objects.filter(personphoto=None).exists()


@pytest.mark.parametrize(("action", "place", "trouble"), CASES)
def test_nothing_is_left_without_a_row(
    shop: Shop,
    media_root: Path,
    monkeypatch: pytest.MonkeyPatch,
    action: str,
    place: str,
    trouble: str,
) -> None:
    act = getattr(shop, action)
    with monkeypatch.context() as patched:
        happen(patched, act, place, trouble, user=shop.user, after_saves=ACTIONS[action])
    check_nothing_is_left(media_root)


def happen(
    patched: pytest.MonkeyPatch,
    act: Callable[[], None],
    place: str,
    trouble: str,
    *,
    user: User,
    after_saves: int = 0,
) -> None:
    """Let this trouble happen at this place of the action."""
    if trouble == DEATH:
        Fault(patched, place, die, after_saves=after_saves)
        assert in_a_process(act) == -signal.SIGKILL
        return
    if trouble == REFUSED:
        refuse_to_delete(patched)
    effects: dict[str, Callable[[], object]] = {
        ROLLED_BACK: roll_back,
        GONE: lambda: elsewhere(lambda: User.objects.get(pk=user.pk).delete()),
    }
    cut = lambda: connection.execute_wrappers.append(cut_off)  # noqa: E731
    fault = Fault(patched, place, effects.get(trouble, cut), after_saves=after_saves)
    try:
        # A shop's own view under ATOMIC_REQUESTS, for one.
        around = transaction.atomic() if trouble == ROLLED_BACK else nullcontext()
        with suppress(RolledBack, OperationalError), around:
            act()
            if place == "after the commit" and trouble == ROLLED_BACK:
                fault.happened = True
                raise RolledBack
    except OrderRefused as refused:
        if (trouble, refused.code) != (GONE, "login_required"):
            raise
    finally:
        connection.execute_wrappers.clear()
        connection.close()
    assert fault.happened


@pytest.mark.parametrize("then", [DEATH, "the storage refuses once"])
@pytest.mark.parametrize("place", PLACES[:3])
def test_a_result_that_its_owner_deleted_while_it_was_saved_goes_with_the_next_pruning(
    shop: Shop, media_root: Path, monkeypatch: pytest.MonkeyPatch, place: str, then: str
) -> None:
    job = storing(shop, monkeypatch)

    def deleted_by_its_owner() -> None:
        elsewhere(lambda: delete_tryon(TryOnJob.objects.get(pk=job.pk)))
        if then == DEATH:
            die()

    with monkeypatch.context() as patched:
        Fault(patched, place, deleted_by_its_owner)
        if then == DEATH:
            assert in_a_process(shop.result) == -signal.SIGKILL
        else:
            refuse_to_delete(patched)
            shop.result()
            assert on_disk(media_root) - named()
    prune()
    assert on_disk(media_root) <= named()
    check_nothing_is_left(media_root)


@pytest.mark.parametrize("trouble", [DEATH, CUT, REFUSED])
@pytest.mark.parametrize("place", PLACES)
def test_no_result_is_left_without_a_row(
    shop: Shop, media_root: Path, monkeypatch: pytest.MonkeyPatch, place: str, trouble: str
) -> None:
    storing(shop, monkeypatch)
    monkeypatch.setattr(STORE, "retry_on_db_error", lambda write: write())
    with monkeypatch.context() as patched:
        happen(patched, shop.result, place, trouble, user=shop.user)
    check_nothing_is_left(media_root)


def test_the_file_of_a_row_that_anybody_deletes_goes_with_the_next_prunings(
    shop: Shop, media_root: Path
) -> None:
    shop.upload_order()
    TryOnJob.objects.all().delete()
    PersonPhoto.objects.all().delete()
    assert on_disk(media_root)
    prune()
    assert not on_disk(media_root)


def test_a_garment_that_another_job_names_stays(shop: Shop, media_root: Path) -> None:
    shop.garment()
    first = TryOnJob.objects.get()
    jobs.request_tryon(shop.product, photo=shop.house_model, visitor="bob")
    first.delete()
    prune()
    (other,) = TryOnJob.objects.all()
    assert other.garment_image.name in on_disk(media_root)
    assert not PossibleOrphan.objects.exists()


def test_a_new_picture_of_a_house_model_takes_the_old_ones_place(
    shop: Shop, media_root: Path
) -> None:
    old = str(shop.house_model.image.name)
    shop.another_picture()
    shop.house_model.refresh_from_db()
    assert shop.house_model.image.name != old
    prune()
    assert on_disk(media_root) == {shop.house_model.image.name}


def test_a_refused_order_leaves_neither_photo_nor_garment(
    shop: Shop, media_root: Path, settings: Any
) -> None:
    before = on_disk(media_root)
    settings.GLAM_TRYON = {**settings.GLAM_TRYON, "REUSE_RESULTS": True, "LIMITS": {"open": 0}}
    with pytest.raises(OrderRefused):
        shop.garment()
    with pytest.raises(OrderRefused):
        shop.upload_order()
    assert on_disk(media_root) == before
    assert not PossibleOrphan.objects.exists()


def test_a_row_that_took_too_long_for_its_file_is_not_written(shop: Shop) -> None:
    note = announce("glam_tryon/photos/slow.jpg")
    PossibleOrphan.objects.update(due_at=DatabaseNow())
    prune()
    with pytest.raises(FileUnavailable, match="took too long"), PersonPhoto.objects.atomic():
        note.settle()


def test_what_pruning_is_deleting_is_not_saved_meanwhile(shop: Shop) -> None:
    note = announce("glam_tryon/garments/a.jpg")
    assert note.claim()
    with pytest.raises(FileUnavailable, match="being deleted"):
        announce("glam_tryon/garments/a.jpg")
    assert PossibleOrphan.objects.count() == 1


def test_bytes_that_come_after_the_deletion_go_an_hour_later(media_root: Path) -> None:
    announce("glam_tryon/photos/late.jpg")
    PossibleOrphan.objects.update(due_at=DatabaseNow())
    prune()
    save_file("glam_tryon/photos/late.jpg", b"late")
    prune()
    assert on_disk(media_root)
    PossibleOrphan.objects.update(due_at=DatabaseNow())
    prune()
    assert not on_disk(media_root)
    assert not PossibleOrphan.objects.exists()


def test_the_storage_that_names_files_itself_is_followed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = FileSystemStorage._save
    monkeypatch.setattr(
        FileSystemStorage, "_save", lambda self, name, content: save(self, f"{name}.own", content)
    )
    shop.photo()
    newest = PersonPhoto.objects.get(kind=PersonPhoto.Kind.SHOPPER)
    assert str(newest.image.name).endswith(".jpg.own")
    assert not PossibleOrphan.objects.exists()


@pytest.mark.parametrize("action", ["house_model_form", "another_picture"])
def test_staff_read_that_the_storage_refused(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, action: str, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_arguments: Any) -> None:
        raise PermissionError("the storage refuses")

    monkeypatch.setattr(FileSystemStorage, "_save", refuse)
    rows = list(PersonPhoto.objects.values())
    getattr(shop, action)()
    assert list(PersonPhoto.objects.values()) == rows
    assert "could not be saved" in caplog.text


@pytest.mark.parametrize("atomic", [False, True])
def test_our_own_views_note_files_outside_of_the_requests_transaction(
    shop: Shop, media_root: Path, monkeypatch: pytest.MonkeyPatch, atomic: bool
) -> None:
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", atomic)
    seen: list[bool] = []

    def look() -> None:
        elsewhere(lambda: seen.append(PossibleOrphan.objects.exists()))

    client = Client()
    client.force_login(shop.user)
    url = reverse("glam_tryon:start", args=["shop.product", shop.product.pk])
    agreed = {"consent": "on", "consent_sha256": jobs.current_consent().sha256}
    with monkeypatch.context() as patched:
        Fault(patched, "after the save", look)
        client.post(url, {"photo": SimpleUploadedFile("a.jpg", picture()), **agreed})
    with monkeypatch.context() as patched:
        Fault(patched, "after the save", look)
        shop.house_model_form()
    assert seen == [True, True]
    assert not list((media_root / "glam_tryon").glob("uncommitted/*"))
