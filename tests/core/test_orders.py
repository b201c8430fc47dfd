"""Every way in which an order or a photo enters, against every rule: one door for all of them."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Permission, User
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.http import HttpRequest
from django.test import RequestFactory

from example_project.shop.models import Product
from glam_tryon import jobs
from glam_tryon.exceptions import (
    ConsentRequired,
    GarmentUnavailable,
    HookFailed,
    OrderRefused,
    PhotoUnavailable,
)
from glam_tryon.limits import availability
from glam_tryon.models import Account, ConsentRecord, ConsentText, PersonPhoto, TryOnJob
from glam_tryon.models.owner import SHOP
from glam_tryon.privacy import erase_tryon_data, export_tryon_data
from glam_tryon.privacy.ownership import visitor_token
from tests.shop import picture
from tests.storefront.shoppers import files, finish

pytestmark = [pytest.mark.database, pytest.mark.django_db]

#: What the hook below was asked.
ASKED: list[Any] = []


def refuses(request: HttpRequest | None, product: Product) -> None:
    """A shop's ``ALLOW_REQUEST`` that lets nobody."""
    ASKED.append(request)
    raise OrderRefused("not_allowed", message="Not today.")


def answers(request: HttpRequest | None, product: Product) -> bool:
    """One that follows an old habit."""
    return True


@pytest.fixture(autouse=True)
def nothing_asked() -> None:
    ASKED.clear()


@pytest.fixture
def configure(settings: Any) -> Callable[..., None]:
    def configure(**values: Any) -> None:
        settings.GLAM_TRYON = {**settings.GLAM_TRYON, **values}

    return configure


def upload() -> ContentFile[bytes]:
    return ContentFile(picture(colour="#aa7755"))


def request_of(user: Any) -> HttpRequest:
    request = RequestFactory().post("/api/", REMOTE_ADDR="9.9.9.9")
    request.user = user
    request.session = SessionStore()
    return request


def user(name: str, *, orders: bool = False, **facts: Any) -> User:
    made, _new = User.objects.get_or_create(username=name, defaults=facts)
    if orders:
        made.user_permissions.add(Permission.objects.get(codename="add_tryonjob"))
    return made


#: Who orders, by name: as a caller would say it.
CALLERS: dict[str, Callable[[], dict[str, Any]]] = {
    "visitor": lambda: {"visitor": "ada"},
    "user": lambda: {"user": user("ada")},
    "staff for themselves": lambda: {"user": user("eve", is_staff=True)},
    "a request of nobody": lambda: {"request": request_of(AnonymousUser())},
    "a request of a user": lambda: {"request": request_of(user("ada"))},
    "a request of staff": lambda: {"request": request_of(user("eve", is_staff=True))},
    "staff for the shop": lambda: {"by": user("eve", is_staff=True, orders=True)},
    "staff for a user": lambda: {
        "by": user("eve", is_staff=True, orders=True),
        "user": user("ada"),
    },
    "the shop's own program": dict,
}
STAFF = {"staff for themselves", "a request of staff", "staff for the shop", "staff for a user"}
SHOPS = {"staff for the shop", "the shop's own program"}
SIGNED_IN = {"user", "a request of a user", *STAFF}
TRUSTED = {"staff for the shop", "staff for a user", "the shop's own program"}

#: How an order enters, by name.
WAYS = ["house model", "photo", "upload", "place", "photo alone"]


def photo_of(caller: dict[str, Any]) -> PersonPhoto:
    """A photo that was given while everybody might."""
    who = {name: value for name, value in caller.items() if name != "by"}
    return jobs.add_photo(upload(), consent=jobs.current_consent(), **who)


Enter = Callable[[], TryOnJob | PersonPhoto]


def prepared(way: str, product: Product, house_model: PersonPhoto, caller: dict[str, Any]) -> Enter:
    """Return what orders in this way, with what it needs from before."""
    agreed = {"consent": jobs.current_consent(), **caller}
    match way:
        case "house model":
            return lambda: jobs.request_tryon(product, photo=house_model, **caller)
        case "photo":
            photo = photo_of(caller)
            return lambda: jobs.request_tryon(product, photo=photo, **caller)
        case "upload":
            return lambda: jobs.request_tryon_with_upload(product, upload(), **agreed)
        case "place":
            return lambda: jobs.place(product, upload=upload(), **agreed)
    return lambda: jobs.add_photo(upload(), **agreed)


def outcome(enter: Enter) -> str:
    """Return the stable code of the refusal, or "taken"."""
    try:
        enter()
    except (OrderRefused, GarmentUnavailable, ConsentRequired) as error:
        return error.code
    except HookFailed:
        return "hook_failed"
    return "taken"


def stop() -> None:
    availability.stop("ops")


#: What is set, and what each caller gets then, by the caller's name and the way.
RULES: dict[str, tuple[Callable[[Any, Product], Any], Callable[[str, str], str]]] = {
    "nothing": (lambda _set, _product: None, lambda _who, _way: "taken"),
    "STAFF_ONLY": (
        lambda set_, _product: set_(STAFF_ONLY=True),
        lambda who, _way: "taken" if who in STAFF | TRUSTED else "staff_only",
    ),
    "LOGIN_REQUIRED": (
        lambda set_, _product: set_(LOGIN_REQUIRED=True),
        lambda who, _way: "taken" if who in SIGNED_IN | TRUSTED else "login_required",
    ),
    "the kill switch": (
        lambda _set, _product: stop(),
        lambda who, _way: "taken" if who in SHOPS else "paused",
    ),
    "a pause": (
        lambda _set, _product: Account.pause("no_credits"),
        lambda who, _way: "taken" if who in SHOPS else "paused",
    ),
    "an excluded product": (
        lambda _set, product: setattr(product, "category", "swimwear"),
        lambda _who, way: "taken" if way == "photo alone" else "excluded",
    ),
    "ALLOW_REQUEST refuses": (
        lambda set_, _product: set_(ALLOW_REQUEST=f"{__name__}.refuses"),
        lambda who, way: "taken" if who in TRUSTED or way == "photo alone" else "not_allowed",
    ),
    "ALLOW_REQUEST gives no answer": (
        lambda set_, _product: set_(ALLOW_REQUEST=f"{__name__}.answers"),
        lambda who, way: "taken" if who in TRUSTED or way == "photo alone" else "hook_failed",
    ),
    "a limit": (
        lambda set_, _product: set_(LIMITS={"visitor_day": 0, "user_day": 0}),
        lambda who, way: "taken" if who in SHOPS or way == "photo alone" else "limit_owner_day",
    ),
    "an empty budget": (
        lambda set_, _product: set_(BUDGET={"day": 0}),
        lambda who, way: "taken" if who in SHOPS or way == "photo alone" else "limit_shop",
    ),
}


@pytest.mark.parametrize("who", CALLERS)
@pytest.mark.parametrize("way", WAYS)
def test_each_way_in_asks_each_rule_of_each_caller(
    product: Product, house_model: PersonPhoto, settings: Any, media_root: Path, way: str, who: str
) -> None:
    given = dict(settings.GLAM_TRYON)

    def configure(**values: Any) -> None:
        settings.GLAM_TRYON = {**given, **values}

    for rule, (set_rule, expected) in RULES.items():
        caller = CALLERS[who]()
        # One that was ordered before would be given again, or count.
        TryOnJob.objects.all().delete()
        enter = prepared(way, product, house_model, caller)
        photos, jobs_before, stored = counted(media_root)
        set_rule(configure, product)
        assert (rule, outcome(enter)) == (rule, expected(who, way))
        if expected(who, way) != "taken":
            # Nothing is kept of an order that is refused, not even for a moment's proof.
            assert counted(media_root) == (photos, jobs_before, stored)
        settings.GLAM_TRYON = given
        product.category = ""
        availability.go_on()
        Account.resume()


def counted(media_root: Path) -> tuple[int, int, set[str]]:
    kept = PersonPhoto.objects.count() + ConsentRecord.objects.count()
    return kept, TryOnJob.objects.count(), files(media_root)


def test_a_batch_asks_its_rules_as_well(
    product: Product, house_model: PersonPhoto, configure: Callable[..., None]
) -> None:
    shoppers = photo_of({"visitor": "ada"})
    configure(STAFF_ONLY=True, LOGIN_REQUIRED=True, ALLOW_REQUEST=f"{__name__}.refuses")
    for by in (None, user("eve", is_staff=True, orders=True)):
        assert jobs.request_batch([product], [house_model], by=by).made == 1
    with pytest.raises(PermissionDenied, match="add_tryonjob"):
        jobs.request_batch([product], [house_model], by=user("bob", is_staff=True))
    product.category = "swimwear"
    assert jobs.request_batch([product], [house_model]).made == 0
    with pytest.raises(PhotoUnavailable):
        jobs.request_batch([product], [shoppers])


# Who orders.


@pytest.mark.parametrize("way", WAYS)
def test_staff_without_the_permission_order_nothing(
    product: Product, house_model: PersonPhoto, way: str
) -> None:
    caller = {"by": user("bob", is_staff=True)}
    photo_caller: dict[str, Any] = {}
    enter = prepared(way, product, house_model, caller if way != "photo" else photo_caller)
    if way == "photo":
        photo = photo_of({})
        enter = lambda: jobs.request_tryon(product, photo=photo, **caller)  # noqa: E731
    with pytest.raises(PermissionDenied, match=r"glam_tryon\.add_tryonjob"):
        enter()


@pytest.mark.parametrize("way", WAYS)
def test_somebody_who_is_not_signed_in_is_never_taken_for_the_shop(
    product: Product, house_model: PersonPhoto, configure: Callable[..., None], way: str
) -> None:
    enter = prepared(way, product, house_model, {"visitor": "ada"})
    who: dict[str, Any] = {"user": AnonymousUser()}
    if way != "photo":
        enter = prepared(way, product, house_model, who)
    else:
        photo = photo_of({"visitor": "ada"})
        enter = lambda: jobs.request_tryon(product, photo=photo, **who)  # noqa: E731
    with pytest.raises(ValueError, match="not signed in"):
        enter()
    configure(LOGIN_REQUIRED=True)
    with pytest.raises(OrderRefused):
        enter()
    assert not TryOnJob.objects.exists()


def test_a_request_says_who_orders_and_from_where(
    product: Product, configure: Callable[..., None]
) -> None:
    request = request_of(AnonymousUser())
    configure(LIMITS={"ip_day": 1})
    job = jobs.place(product, upload=upload(), consent=jobs.current_consent(), request=request)
    assert job.owner.startswith("visitor:")
    token = visitor_token(request)
    assert jobs.requested("x", visitor=token) is None
    assert ConsentRecord.objects.get().ip_hash != ""
    with pytest.raises(OrderRefused) as refused:
        jobs.place(
            product, upload=upload(), consent=jobs.current_consent(), visitor="bob", ip="9.9.9.1"
        )
    assert refused.value.code == "limit_address"


def test_a_request_without_a_session_needs_a_visitor(
    product: Product, house_model: PersonPhoto
) -> None:
    request = RequestFactory().post("/api/")
    request.user = AnonymousUser()
    with pytest.raises(ValueError, match="a request with a session"):
        jobs.request_tryon(product, photo=house_model, request=request)
    assert jobs.request_tryon(product, photo=house_model, request=request, visitor="ada")


def test_the_hook_gets_the_request_or_none(
    product: Product, house_model: PersonPhoto, configure: Callable[..., None]
) -> None:
    configure(ALLOW_REQUEST=f"{__name__}.refuses")
    request = request_of(user("ada"))
    for caller in ({"request": request}, {"visitor": "ada"}):
        with pytest.raises(OrderRefused, match="Not today"):
            jobs.request_tryon(product, photo=house_model, **caller)
    assert [request, None] == ASKED


def test_a_request_that_is_sent_again_is_answered_whatever_changed(
    product: Product, house_model: PersonPhoto, configure: Callable[..., None]
) -> None:
    again = {"photo": house_model, "visitor": "ada", "request_id": "click"}
    first = jobs.request_tryon(product, **again)
    stop()
    configure(STAFF_ONLY=True, ALLOW_REQUEST=f"{__name__}.refuses")
    assert jobs.request_tryon(product, **again) == first


def test_an_inactive_member_of_staff_is_none(
    product: Product, house_model: PersonPhoto, configure: Callable[..., None]
) -> None:
    configure(STAFF_ONLY=True)
    gone = user("gone", is_staff=True, is_active=False)
    with pytest.raises(OrderRefused):
        jobs.request_tryon(product, photo=house_model, user=gone)


@pytest.mark.parametrize("wrong", [{}, {"photo": True, "upload": True}])
def test_an_order_is_of_one_person(
    product: Product, house_model: PersonPhoto, wrong: dict[str, Any]
) -> None:
    person = {"photo": house_model, "upload": upload()}
    with pytest.raises(ValueError, match="either photo="):
        jobs.place(product, visitor="ada", **{name: person[name] for name in wrong})


# Consent.


@pytest.mark.parametrize("who", CALLERS)
@pytest.mark.parametrize("way", ["upload", "place", "photo alone"])
def test_no_photo_is_taken_in_without_consent_whoever_gives_it(
    product: Product, media_root: Path, way: str, who: str
) -> None:
    caller = CALLERS[who]()
    calls: dict[str, Callable[[Any], Any]] = {
        "upload": lambda consent: jobs.request_tryon_with_upload(
            product, upload(), consent=consent, **caller
        ),
        "place": lambda consent: jobs.place(product, upload=upload(), consent=consent, **caller),
        "photo alone": lambda consent: jobs.add_photo(upload(), consent=consent, **caller),
    }
    for consent, code in (
        (None, "no_consent"),
        (True, "no_consent"),
        (jobs.Consent("Other words."), "consent_changed"),
    ):
        with pytest.raises(ConsentRequired, match="NoConsentNeeded") as refused:
            calls[way](consent)
        assert refused.value.code == code
    assert counted(media_root) == (0, 0, set())
    calls[way](jobs.NoConsentNeeded("A model of ours, release of 3 March."))
    photo = PersonPhoto.objects.get()
    assert photo.consent is None
    assert photo.no_consent_reason == "A model of ours, release of 3 March."


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_no_consent_needs_a_reason(reason: str) -> None:
    with pytest.raises(ValueError, match="1 to 500 characters"):
        jobs.NoConsentNeeded(reason)


def test_a_kept_photo_with_consent_to_an_old_text_is_neither_used_nor_kept(
    product: Product,
) -> None:
    photo = photo_of({"visitor": "ada"})
    ConsentText.objects.create(language="en", text="New words.").publish()
    for use in (
        lambda: jobs.request_tryon(product, photo=photo, visitor="ada"),
        lambda: jobs.place(product, photo=photo, visitor="ada"),
        lambda: jobs.keep_photo(photo),
    ):
        with pytest.raises(ConsentRequired) as refused:
            use()
        assert refused.value.code == "consent_changed"
    assert jobs.add_photo(upload(), consent=jobs.current_consent(), visitor="ada").consent


def test_a_photo_whose_consent_was_taken_back_is_not_used(product: Product) -> None:
    photo = photo_of({"visitor": "ada"})
    ConsentRecord.objects.all().withdraw()
    photo.refresh_from_db()
    with pytest.raises(ConsentRequired) as refused:
        jobs.request_tryon(product, photo=photo, visitor="ada")
    assert refused.value.code == "no_consent"


def test_a_shoppers_row_without_a_ground_is_not_used(product: Product) -> None:
    for owner in (SHOP, photo_of({"visitor": "ada"}).owner):
        photo = PersonPhoto.objects.create(image="a/name.jpg", owner=owner)
        with pytest.raises(ConsentRequired):
            jobs.request_tryon(product, photo=photo, visitor="" if owner == SHOP else "ada")


def test_a_house_model_needs_no_consent_and_is_nobodys() -> None:
    kind = PersonPhoto.Kind.HOUSE_MODEL
    assert jobs.add_photo(upload(), kind=kind).owner == SHOP
    for caller in ({"visitor": "ada"}, {"user": user("ada")}):
        with pytest.raises(ValueError, match="the shop's own"):
            jobs.add_photo(upload(), kind=kind, **caller)
    with pytest.raises(PermissionDenied, match="add_personphoto"):
        jobs.add_photo(upload(), kind=kind, by=user("eve", orders=True))


def test_an_unknown_kind_of_photo_goes_round_no_rule() -> None:
    with pytest.raises(ValueError, match="kind must be one of"):
        jobs.add_photo(upload(), kind="model")


# The caller's own reference and metadata.


def test_a_job_is_found_again_by_its_callers_reference(
    product: Product, house_model: PersonPhoto
) -> None:
    facts = {"order": 1001, "lines": [{"sku": "x"}], "gift": True, "note": None, "price": 9.5}
    job = jobs.request_tryon(
        product, photo=house_model, visitor="ada", reference="order 1001", metadata=facts
    )
    other = jobs.request_tryon(product, photo=house_model)
    assert list(TryOnJob.objects.by_reference("order 1001")) == [job]
    assert list(TryOnJob.objects.by_reference("1001")) == []
    found = TryOnJob.objects.get(reference="order 1001")
    assert found.metadata == facts
    other.refresh_from_db()
    assert (other.reference, other.metadata) == (None, {})


def test_a_batch_gives_each_of_its_jobs_its_reference(
    product: Product, house_model: PersonPhoto
) -> None:
    jobs.request_batch([product], [house_model], reference="spring", metadata={"run": 1})
    assert [job.metadata for job in TryOnJob.objects.by_reference("spring")] == [{"run": 1}]


def test_an_earlier_job_takes_a_reference_only_when_it_has_none(
    product: Product, house_model: PersonPhoto
) -> None:
    again = {"photo": house_model, "visitor": "ada", "request_id": "click"}
    first = jobs.request_tryon(product, **again)
    second = jobs.request_tryon(product, **again, reference="1", metadata={"n": 1})
    assert (second, second.reference) == (first, "1")
    third = jobs.request_tryon(product, **again, reference="2", metadata={"n": 2})
    assert (third.reference, third.metadata) == ("1", {"n": 1})
    assert list(TryOnJob.objects.by_reference("1")) == [first]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"reference": 7}, "reference must be text, not int"),
        ({"reference": "x" * 101}, "at most 100 characters"),
        ({"reference": "a\0"}, "no NUL"),
        ({"metadata": ["x"]}, "a JSON object, a dict, not list"),
        ({"metadata": "{}"}, "a JSON object, a dict, not str"),
        ({"metadata": {1: "x"}}, "text as keys, not 1"),
        ({"metadata": {"x": object()}}, "JSON only, not object"),
        ({"metadata": {"x": {1, 2}}}, "JSON only, not set"),
        ({"metadata": {"x": float("nan")}}, "NaN"),
        ({"metadata": {"x": "\0"}}, "NUL"),
        ({"metadata": {"x": "\ud800"}}, "no UTF-8"),
        ({"metadata": {"x": "y" * 4096}}, "at most 4096 bytes"),
        ({"metadata": {"x": [[[[[[[[[[]]]]]]]]]]}}, "at most 8 levels"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_words_and_nothing_is_taken_in(
    product: Product, media_root: Path, wrong: dict[str, Any], said: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=said):
        jobs.place(product, upload=upload(), consent=jobs.current_consent(), visitor="a", **wrong)
    assert counted(media_root) == (0, 0, set())


def test_the_admin_shows_and_finds_it_and_its_file_has_it(
    admin_client: Any, product: Product, house_model: PersonPhoto
) -> None:
    reason = jobs.NoConsentNeeded("Release of 3 March.")
    job = jobs.place(
        product, upload=upload(), consent=reason, reference="=1+1", metadata={"line": "seven"}
    )
    page = admin_client.get(f"/admin/glam_tryon/tryonjob/{job.pk}/change/").content.decode()
    for shown in ("=1+1", "seven", "none needed: Release of 3 March."):
        assert shown in page
    found = admin_client.get("/admin/glam_tryon/tryonjob/", {"q": "=1+1"}).context["cl"]
    assert list(found.result_list) == [job]
    answer = admin_client.post(
        "/admin/glam_tryon/tryonjob/",
        {"action": "export_csv", "_selected_action": [str(job.pk)]},
    )
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert lines[0].endswith("feedback,reference,metadata")
    # No spreadsheet runs what a caller wrote.
    assert "'=1+1" in lines[1]
    assert "seven" in lines[1]


def test_a_person_gets_it_and_erasing_forgets_it(product: Product) -> None:
    ada = user("ada")
    job = jobs.place(
        product,
        upload=upload(),
        consent=jobs.NoConsentNeeded("Ada said so on paper."),
        user=ada,
        reference="ada's order",
        metadata={"mail": "ada@example.com"},
    )
    finish(job)
    with export_tryon_data(ada) as made, zipfile.ZipFile(made) as archive:
        facts = json.loads(archive.read("tryons.json"))
    assert facts["jobs"][0]["reference"] == "ada's order"
    assert facts["jobs"][0]["metadata"] == {"mail": "ada@example.com"}
    assert facts["photos"][0]["no_consent_reason"] == "Ada said so on paper."
    erase_tryon_data(ada)
    job.refresh_from_db()
    assert (job.reference, job.metadata) == (None, {})
    assert not PersonPhoto.objects.exclude(no_consent_reason="").exists()
