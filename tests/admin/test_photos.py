"""House models in the admin."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from glam_tryon import jobs
from glam_tryon.models import PersonPhoto
from tests.shop import picture

pytestmark = pytest.mark.django_db

LIST = "/admin/glam_tryon/personphoto/"


def upload(content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("mina at home.jpg", content, "image/jpeg")


def sideways(size: tuple[int, int] = (400, 300)) -> bytes:
    """A photo that a camera turned, with the place where it was taken."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[1] = "N"
    buffer = io.BytesIO()
    Image.new("RGB", size, "#c68863").save(buffer, "JPEG", exif=exif)
    return buffer.getvalue()


def fields(**extra: Any) -> dict[str, Any]:
    return {"title": "Mina", "is_active": "on", "position": "3", **extra}


def errors(answer: Any) -> list[str]:
    assert answer.status_code == 200
    form = answer.context["adminform"].form
    return [message for messages in form.errors.values() for message in messages]


def test_a_new_house_model_passes_the_same_door_as_a_shoppers_photo(admin_client: Client) -> None:
    answer = admin_client.post(f"{LIST}add/", fields(image=upload(sideways())))
    assert answer.status_code == 302, errors(answer)
    photo = PersonPhoto.objects.get()
    assert (photo.kind, photo.owner, photo.title) == ("house_model", "shop", "Mina")
    assert (photo.width, photo.height, photo.position) == (300, 400, 3)
    assert len(photo.sha256) == 64
    assert "mina" not in str(photo.image.name)
    with photo.image.open("rb") as opened, Image.open(opened) as stored:
        assert (stored.size, dict(stored.getexif())) == ((300, 400), {})


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"a letter", "not a picture"), (picture((40, 40)), "too small"), (b"", "empty")],
)
def test_a_picture_that_is_refused_is_said_beside_the_form(
    admin_client: Client, content: bytes, said: str
) -> None:
    (message,) = errors(admin_client.post(f"{LIST}add/", fields(image=upload(content))))
    assert said in message
    assert not PersonPhoto.objects.exists()


def test_a_house_model_needs_a_picture(admin_client: Client) -> None:
    answer = admin_client.post(f"{LIST}add/", fields())
    assert errors(answer) == ["A house model needs a picture."]


def test_a_house_model_is_changed_without_a_new_picture(
    admin_client: Client, house_model: PersonPhoto
) -> None:
    before = PersonPhoto.objects.values("image", "sha256", "width", "height").get()
    answer = admin_client.post(f"{LIST}{house_model.pk}/change/", fields(title="Mina in May"))
    assert answer.status_code == 302, errors(answer)
    house_model.refresh_from_db()
    assert (house_model.title, house_model.position) == ("Mina in May", 3)
    assert PersonPhoto.objects.values("image", "sha256", "width", "height").get() == before


def test_a_new_picture_takes_the_place_of_the_old_one(
    admin_client: Client, house_model: PersonPhoto
) -> None:
    admin_client.post(f"{LIST}{house_model.pk}/change/", fields(image=upload(sideways())))
    after = PersonPhoto.objects.get()
    assert after.image.name != house_model.image.name
    assert after.sha256 != house_model.sha256
    assert (after.width, after.height) == (300, 400)


def test_the_list_shows_house_models_and_no_shoppers(
    admin_client: Client, house_model: PersonPhoto
) -> None:
    shopper = jobs.add_photo(io.BytesIO(picture()), visitor="ada", consent=jobs.current_consent())
    html = admin_client.get(LIST).content.decode()
    assert f"{LIST}{house_model.pk}/picture/" in html
    assert str(shopper.pk) not in html
    assert admin_client.get(f"{LIST}{shopper.pk}/change/").status_code == 302


def test_a_house_model_is_taken_from_the_offer_in_the_list(
    admin_client: Client, house_model: PersonPhoto
) -> None:
    form = {
        "form-TOTAL_FORMS": "1",
        "form-INITIAL_FORMS": "1",
        "form-0-id": str(house_model.pk),
        "form-0-position": "7",
        "_save": "Save",
    }
    assert admin_client.post(LIST, form).status_code == 302
    house_model.refresh_from_db()
    assert (house_model.is_active, house_model.position) == (False, 7)
    assert house_model.width == 240


def test_a_picture_needs_the_permission_to_see_photos(
    admin_client: Client, client: Client, house_model: PersonPhoto, django_user_model: Any
) -> None:
    address = f"{LIST}{house_model.pk}/picture/"
    assert admin_client.get(address).status_code == 200
    assert client.get(address).status_code == 302
    client.force_login(django_user_model.objects.create_user("staff", is_staff=True))
    assert client.get(address).status_code == 403


def test_a_shoppers_photo_is_shown_to_no_staff(admin_client: Client) -> None:
    shopper = jobs.add_photo(io.BytesIO(picture()), visitor="ada", consent=jobs.current_consent())
    assert admin_client.get(f"{LIST}{shopper.pk}/picture/").status_code == 404
