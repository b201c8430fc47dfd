"""Availability of try-ons: for this caller, for this product, and now."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Literal

from django.db.models import Model
from django.http import HttpRequest

from glam_tryon.conf import conf
from glam_tryon.exceptions import OrderRefused, SettingError
from glam_tryon.garments import Garment, garment_of
from glam_tryon.hooks import consult
from glam_tryon.models import Account
from glam_tryon.providers.api_key import api_key

#: The hook that ``ALLOW_REQUEST`` names. It gets the request that orders, None where a program
#: orders without one, and the product; once for each order and before anything is taken in. It
#: returns nothing, or raises ``OrderRefused("not_allowed", message="what the shopper reads")``. The
#: form's fields are in ``request.POST``. It may ask a network, and should have a deadline: the
#: shopper waits.
AllowRequest = Callable[[HttpRequest | None, Model], None]


# The caller.


def who_may_order() -> Literal["everybody", "signed_in", "staff"]:
    """Return whose orders the settings take."""
    if conf.STAFF_ONLY:
        return "staff"
    return "signed_in" if conf.LOGIN_REQUIRED else "everybody"


def may_see(request: HttpRequest | None) -> bool:
    """Say whether this person sees that there are try-ons; reads no user unless it matters."""
    return not conf.STAFF_ONLY or _is_staff(getattr(request, "user", None))


def check_caller(user: Any) -> None:
    """Let this user, or None for somebody who is not signed in, see the form and order.

    Raises:
        OrderRefused: ``staff_only`` or ``login_required``.
    """
    who = who_may_order()
    if who == "staff" and not _is_staff(user):
        raise OrderRefused("staff_only")
    # Staff who may order have signed in, so this is the answer to everybody else.
    if who == "signed_in" and not getattr(user, "is_authenticated", False):
        raise OrderRefused("login_required")


def check_hook(request: HttpRequest | None, product: Model) -> None:
    """Ask the shop's own ``ALLOW_REQUEST`` about one order.

    Raises:
        OrderRefused: it refuses.
        HookFailed: it gave no answer, so nothing is bought.
    """
    consult("ALLOW_REQUEST", request, product)


def _is_staff(user: Any) -> bool:
    return bool(getattr(user, "is_active", False) and getattr(user, "is_staff", False))


# The product.


def is_excluded(product: Model) -> bool:
    """Say whether the product is switched off, or one of its categories is.

    A category is switched off by a word of ``TRYON_EXCLUDED`` that stands, as whole words, in its
    name. It asks the database nothing, unless the registered sources do.

    Raises:
        NotRegistered: no ``tryon.py`` registers the product's model.
    """
    return _is_excluded(garment_of(product), product)


def _is_excluded(garment: Garment, product: Model) -> bool:
    if not garment.is_enabled(product):
        return True
    categories = garment.get_categories(product)
    if not categories or not (words := conf.TRYON_EXCLUDED):
        return False
    pattern = _any_of(tuple(words))
    for name in categories:  # noqa: SIM110  (a generator costs each button three calls)
        if pattern.search(name):
            return True
    return False


def is_offered(product: Model) -> bool:
    """Say whether a page shows a button: not ``is_excluded``, nor a row without a picture.

    Raises:
        NotRegistered: no ``tryon.py`` registers the product's model.
    """
    garment = garment_of(product)
    return garment.may_have_picture(product) and not _is_excluded(garment, product)


def check_garment(product: Model) -> None:
    """Look whether the product has a picture and a mask type; the picture's file is not opened.

    Raises:
        NotRegistered: no ``tryon.py`` registers the product's model.
        GarmentUnavailable: it has not.
    """
    garment = garment_of(product)
    garment.get_image(product)
    garment.get_mask_type(product)


@lru_cache(maxsize=8)
def _any_of(words: Sequence[str]) -> re.Pattern[str]:
    choice = "|".join(re.escape(word.strip()) for word in words)
    return re.compile(rf"(?<!\w)(?:{choice})(?!\w)", re.IGNORECASE)


# The time: the kill switch, and a provider that sends nothing.


def is_paused() -> bool:
    """Say whether staff stopped or paused it, or the provider refused the key or asks to be paid.

    A pause about a key that was replaced meanwhile is none: the next job ends it.
    """
    account = Account.read()
    if account.stopped_at or not account.paused_at:
        return account.stopped_at is not None
    try:
        return not account.resumes_with(api_key())
    except SettingError:
        return True


def is_stopped() -> bool:
    """Say whether staff stopped the try-ons: no orders, no submits; what is drawn is finished."""
    return Account.read().stopped_at is not None


def stop(by: Any, reason: str = "") -> bool:
    """Stop the try-ons; ``by`` is the user who does. Returns False when they were stopped already.

    Orders are refused from the next request on, and each poller sends nothing from its next round
    on. Jobs that wait go on waiting.
    """
    return Account.stop(str(by), reason)


def go_on() -> bool:
    """Let try-ons go on. Returns False when they were not stopped."""
    return Account.go_on()
