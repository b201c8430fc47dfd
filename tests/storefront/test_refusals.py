"""What a shopper gets whose order is refused: by mode, product, hook or limit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.utils import timezone

from example_project.shop.models import Product
from glam_tryon import garments
from glam_tryon.checks import check_settings
from glam_tryon.exceptions import OrderRefused
from glam_tryon.limits import availability as switch
from glam_tryon.models import PersonPhoto, TryOnJob
from glam_tryon.views.product import start_url
from tests.storefront.shoppers import JSON, ask, order

pytestmark = pytest.mark.django_db

Configure = Callable[..., None]


@pytest.fixture
def configure(settings: Any) -> Configure:
    def configure(**values: Any) -> None:
        settings.GLAM_TRYON = {**settings.GLAM_TRYON, **values}

    return configure


@pytest.fixture
def switched() -> Iterator[Callable[[Any], None]]:
    """``switched(source)`` gives products a switch of their own."""
    garment = garments.garment_of(Product)
    before = garment.enabled

    def switched(source: Any) -> None:
        garment.enabled = source

    yield switched
    garment.enabled = before


def button(product: Product, user: Any = None) -> str:
    request = RequestFactory().get("/")
    request.user = user or AnonymousUser()
    text = "{% load glam_tryon %}{% tryon_button product %}"
    return Template(text).render(Context({"product": product, "request": request}))


def sign_in(client: Client, **facts: Any) -> None:
    client.force_login(get_user_model().objects.create(username="ada", **facts))


def error(answer: Any) -> dict[str, Any]:
    said: dict[str, Any] = answer.json()["error"]
    return said


# Limits.


def test_a_limit_is_429_with_words_and_the_moment_at_which_it_ends(
    client: Client, product: Product, house_model: PersonPhoto, configure: Configure
) -> None:
    configure(LIMITS={"visitor_day": 1})
    order(client, product, house_model=house_model.pk)
    answer = ask(client, product, house_model=house_model.pk)
    said = error(answer)
    assert (answer.status_code, said["code"]) == (429, "limit_owner_day")
    assert said["message"].startswith(
        "You have had all your try-ons for today. You can go on from "
    )
    ends_at = timezone.datetime.fromisoformat(said["ends_at"])
    assert (ends_at.hour, ends_at.minute) == (0, 0)
    left = (ends_at - timezone.now()).total_seconds()
    assert 0 < int(answer["Retry-After"]) - left < 60


def test_without_a_script_the_form_says_when_the_limit_ends(
    client: Client, product: Product, house_model: PersonPhoto, configure: Configure
) -> None:
    configure(BUDGET={"month": 0})
    answer = client.post(start_url(product), {"house_model": house_model.pk})
    assert answer.status_code == 429
    assert "try-ons for this month. It goes on from" in answer.content.decode()
    assert "Retry-After" in answer


def test_orders_are_counted_by_the_address_they_come_from(
    product: Product, house_model: PersonPhoto, configure: Configure
) -> None:
    configure(LIMITS={"ip_day": 1})
    order(Client(REMOTE_ADDR="9.9.9.1"), product, house_model=house_model.pk)
    answer = ask(Client(REMOTE_ADDR="9.9.9.2"), product, house_model=house_model.pk)
    assert (answer.status_code, error(answer)["code"]) == (429, "limit_address")
    order(Client(REMOTE_ADDR="8.8.8.8"), product, house_model=house_model.pk)


def test_a_limit_without_an_end_gives_no_time(
    client: Client, product: Product, house_model: PersonPhoto, configure: Configure
) -> None:
    configure(LIMITS={"open": 1})
    order(client, product, house_model=house_model.pk)
    answer = ask(client, product, house_model=house_model.pk)
    assert (answer.status_code, error(answer)["code"]) == (429, "limit_open")
    assert error(answer)["ends_at"] is None
    assert "Retry-After" not in answer


# The kill switch.


def test_a_stopped_shop_refuses_orders_and_says_so_on_the_form(
    client: Client, product: Product, house_model: PersonPhoto
) -> None:
    switch.stop("ada", "a wrong picture")
    answer = ask(client, product, house_model=house_model.pk)
    assert (answer.status_code, error(answer)["code"]) == (503, "paused")
    page = client.get(start_url(product))
    assert page.status_code == 200
    assert "The shop takes no try-ons at the moment." in page.content.decode()
    assert "a wrong picture" not in page.content.decode()


# Modes.


def test_with_staff_only_others_get_a_page_that_says_so_and_staff_the_form(
    client: Client, product: Product, house_model: PersonPhoto, configure: Configure
) -> None:
    configure(STAFF_ONLY=True)
    page = client.get(start_url(product))
    assert page.status_code == 403
    assert "not open to everybody yet" in page.content.decode()
    assert "<form" not in page.content.decode().partition("<main")[2]
    assert error(ask(client, product, house_model=house_model.pk))["code"] == "staff_only"
    assert button(product) == ""
    sign_in(client, is_staff=True)
    assert "<glam-tryon>" in button(product, get_user_model().objects.get())
    assert client.get(start_url(product)).status_code == 200
    order(client, product, house_model=house_model.pk)


def test_with_login_required_the_form_sends_to_log_in_and_back(
    client: Client, product: Product, house_model: PersonPhoto, configure: Configure
) -> None:
    configure(LOGIN_REQUIRED=True)
    for answer in (
        client.get(start_url(product)),
        client.post(start_url(product), {"house_model": house_model.pk}),
    ):
        assert answer.status_code == 302
        assert answer["Location"] == f"/account/login/?next={start_url(product)}"
    sign_in(client)
    order(client, product, house_model=house_model.pk)


def test_with_login_required_the_module_is_told_where_to_log_in(
    client: Client, product: Product, house_model: PersonPhoto, configure: Configure
) -> None:
    configure(LOGIN_REQUIRED=True)
    answer = ask(client, product, house_model=house_model.pk)
    assert (answer.status_code, error(answer)["code"]) == (403, "login_required")
    assert error(answer)["login_url"] == f"/account/login/?next={product.get_absolute_url()}"
    assert not TryOnJob.objects.exists()


# The product's switch.


@pytest.mark.parametrize("source", [lambda _product: False, "photo.closed_for_good"])
def test_a_product_that_is_switched_off_takes_no_orders(
    client: Client,
    product: Product,
    house_model: PersonPhoto,
    switched: Callable[[Any], None],
    source: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(type(product.photo), "closed_for_good", None, raising=False)
    switched(source)
    page = client.get(start_url(product))
    assert page.status_code == 409
    assert "does not offer try-ons of this product" in page.content.decode()
    answer = ask(client, product, house_model=house_model.pk)
    assert (answer.status_code, error(answer)["code"]) == (409, "excluded")
    assert button(product) == ""


def test_a_product_that_is_switched_on_is_ordered_as_ever(
    client: Client,
    product: Product,
    house_model: PersonPhoto,
    switched: Callable[[Any], None],
) -> None:
    switched("name")
    order(client, product, house_model=house_model.pk)


# The hook.


#: Of a time when this hook answered by what it returned.
OLD_ANSWERS = {"true": True, "false": False, "text": "Please solve the riddle."}


def only_humans(request: HttpRequest, product: Product) -> Any:
    """A shop's captcha."""
    answer = request.POST.get("captcha", "")
    if answer == "broken":
        raise ConnectionError("the captcha's service is away")
    if answer == "wrong":
        raise OrderRefused("not_allowed")
    if answer == "own":
        raise OrderRefused("riddle", message="Think again.")
    if answer == "own without words":
        raise OrderRefused("riddle")
    if answer == "":
        raise OrderRefused("not_allowed", message=f"Please solve the riddle of {product}.")
    return OLD_ANSWERS.get(answer)


def annotated(request: HttpRequest, product: Product) -> bool:
    """One that was written for answers."""
    return True


def says_nothing(request: HttpRequest, product: Product) -> None:
    """One that was not."""


async def waits(request: HttpRequest, product: Product) -> None:
    """One that would never be waited for."""


HOOK = f"{__name__}.only_humans"


@pytest.mark.parametrize(
    ("captcha", "code", "words"),
    [
        ("wrong", "not_allowed", "This try-on was not allowed. Please load the page again."),
        ("", "not_allowed", "Please solve the riddle of Linen shirt."),
        ("own", "riddle", "Think again."),
        ("own without words", "riddle", "This try-on was not allowed. Please load the page again."),
    ],
)
def test_the_shops_hook_refuses_in_its_own_words_or_in_ours(
    client: Client,
    product: Product,
    house_model: PersonPhoto,
    configure: Configure,
    captcha: str,
    code: str,
    words: str,
) -> None:
    configure(ALLOW_REQUEST=HOOK)
    answer = ask(client, product, house_model=house_model.pk, captcha=captcha)
    assert answer.status_code == 403
    assert (error(answer)["code"], error(answer)["message"]) == (code, words)
    assert not TryOnJob.objects.exists()


@pytest.mark.parametrize("captcha", ["broken", *OLD_ANSWERS])
def test_a_hook_that_gives_no_answer_keeps_the_purse_shut(
    client: Client,
    product: Product,
    house_model: PersonPhoto,
    configure: Configure,
    captcha: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    configure(ALLOW_REQUEST=HOOK)
    answer = ask(client, product, house_model=house_model.pk, captcha=captcha)
    assert (answer.status_code, error(answer)["code"]) == (503, "hook_failed")
    assert not TryOnJob.objects.exists()
    assert 'GLAM_TRYON["ALLOW_REQUEST"]' in caplog.text
    if captcha in OLD_ANSWERS:
        assert f"returned {OLD_ANSWERS[captcha]!r}; a hook returns nothing" in caplog.text
        assert "raises glam_tryon.exceptions.OrderRefused to refuse" in caplog.text


def test_a_hook_that_is_not_there_is_found_by_the_checks(configure: Configure) -> None:
    configure(ALLOW_REQUEST="tests.storefront.no_such_function")
    assert any("ALLOW_REQUEST" in str(found) for found in check_settings(None))


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("annotated", "returns bool, by its annotation; a hook returns nothing to let pass"),
        ("waits", "an async function; write it with a plain def"),
        ("says_nothing", ""),
        ("only_humans", ""),
    ],
)
def test_a_hook_that_cannot_follow_the_protocol_is_found_by_the_checks(
    configure: Configure, function: str, said: str
) -> None:
    configure(ALLOW_REQUEST=f"{__name__}.{function}")
    found = [str(each) for each in check_settings(None) if "ALLOW_REQUEST" in str(each)]
    assert len(found) == bool(said)
    assert all(said in each for each in found)


def test_what_the_hook_allows_is_ordered(
    client: Client, product: Product, house_model: PersonPhoto, configure: Configure
) -> None:
    configure(ALLOW_REQUEST=HOOK)
    order(client, product, house_model=house_model.pk, captcha="right")


def test_a_request_that_is_sent_again_is_not_asked_a_second_riddle(
    client: Client, product: Product, house_model: PersonPhoto, configure: Configure
) -> None:
    configure(ALLOW_REQUEST=HOOK)
    first = order(client, product, house_model=house_model.pk, captcha="right", request_id="click")
    again = {"house_model": house_model.pk, "captcha": "wrong", "request_id": "click"}
    assert order(client, product, **again) == first


def test_the_page_of_a_refusal_is_kept_by_nobody(
    client: Client, product: Product, configure: Configure
) -> None:
    configure(STAFF_ONLY=True)
    assert client.get(start_url(product), headers=JSON)["Cache-Control"] == "private, no-store"


def test_a_limit_that_ends_soon_is_never_said_to_end_at_once(
    client: Client,
    product: Product,
    house_model: PersonPhoto,
    configure: Configure,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    configure(BUDGET={"day": 0})
    late = timezone.now() - timedelta(seconds=5)
    monkeypatch.setattr("glam_tryon.limits.budget.ends_at", lambda _period, _now: late)
    assert ask(client, product, house_model=house_model.pk)["Retry-After"] == "1"
