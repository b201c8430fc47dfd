"""Who may order at all: staff only, signed in only, and whom the shop's own function lets."""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import Model
from django.http import HttpRequest

from glam_tryon.conf import conf
from glam_tryon.exceptions import HookFailed, OrderRefused
from glam_tryon.hooks import hook_of
from glam_tryon.limits.availability import is_paused

HOOK = "ALLOW_REQUEST"

#: What ``ALLOW_REQUEST`` names. It gets the request that orders and the product, once for each
#: order and before anything is taken in; the form's fields are in ``request.POST``. It returns
#: True, or False, or the text that the shopper reads instead. It may ask a network, and should
#: have a deadline, for the shopper waits. When it raises, the order is refused as well.
AllowRequest = Callable[[HttpRequest, Model], bool | str]


def may_see(request: HttpRequest | None) -> bool:
    """Say whether this person sees that there are try-ons; asks for no user unless it matters."""
    return not conf.STAFF_ONLY or bool(getattr(getattr(request, "user", None), "is_staff", False))


def check_person(request: HttpRequest) -> None:
    """Say whether this person may see the form.

    Raises:
        OrderRefused: ``staff_only`` or ``login_required``.
    """
    if not may_see(request):
        raise OrderRefused("staff_only")
    user = getattr(request, "user", None)
    if conf.LOGIN_REQUIRED and not getattr(user, "is_authenticated", False):
        raise OrderRefused("login_required")


def check_request(request: HttpRequest, product: Model) -> None:
    """Say whether this request may order; the limits are another question.

    Raises:
        OrderRefused: it may not.
        HookFailed: ``ALLOW_REQUEST`` gave no answer, and the purse stays shut.
    """
    check_person(request)
    if is_paused():
        raise OrderRefused("paused")
    hook: AllowRequest | None = hook_of(HOOK)
    if hook is None:
        return
    try:
        said = hook(request, product)
    except Exception as error:
        raise HookFailed(HOOK, f"raised {type(error).__name__}: {error}") from error
    if not isinstance(said, (bool, str)):
        raise HookFailed(HOOK, f"returned {said!r}; it has to return True, False or a text")
    if said is not True:
        raise OrderRefused("not_allowed", message=said or "")
