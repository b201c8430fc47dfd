"""The caller of an order: who orders, for whom and from where, and whether that is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest

from glam_tryon.exceptions import GarmentUnavailable, OrderRefused
from glam_tryon.limits.availability import check_caller, check_hook, is_excluded, is_paused
from glam_tryon.limits.client_ip import client_ip, ip_block
from glam_tryon.models import PersonPhoto
from glam_tryon.models.owner import SHOP, owner_key
from glam_tryon.privacy.ownership import visitor_token


@dataclass(frozen=True, slots=True)
class Caller:
    """``user``, signed in, or ``visitor`` may see what is ordered; with neither it is the shop's.

    ``by`` is the member of staff who orders, None for a shopper or the shop's own programs.
    """

    user: Any = None
    visitor: str = ""
    by: Any = None
    request: HttpRequest | None = None
    ip: str = ""

    @property
    def owner(self) -> str:
        """The key of whoever may see what is ordered."""
        return owner_key(self.user, self.visitor)

    @property
    def ip_block(self) -> str:
        """The network that orders are counted by, empty when it tells no shopper from another."""
        return ip_block(self.ip)

    def check(self, permission: str = "glam_tryon.add_tryonjob") -> None:
        """Let this caller give a photo or order.

        Who orders decides, and not by which way: staff need ``permission`` and nothing else, a
        shopper is asked what the settings ask, and the shop's own programs are trusted. While
        staff stopped or paused the try-ons, shoppers are refused; the shop's own orders wait.

        Raises:
            OrderRefused: ``staff_only``, ``login_required`` or ``paused``.
            PermissionDenied: ``by`` lacks the permission.
        """
        if self.by is not None:
            if not self.by.has_perm(permission):
                raise PermissionDenied(f"Ordering a try-on as staff needs {permission}.")
        elif self.owner != SHOP:
            check_caller(self.user)
        if self.owner != SHOP and is_paused():
            raise OrderRefused("paused")

    def check_is_there(self) -> None:
        """Refuse an account that was deleted while its request was on its way.

        Raises:
            OrderRefused: ``login_required``.
        """
        users = get_user_model()._base_manager.using(PersonPhoto.objects.write_alias())
        if self.user is not None and not users.filter(pk=self.user.pk).exists():
            raise OrderRefused("login_required")

    def check_order_of(self, product: Model) -> None:
        """Let this caller order this product; the limits are another question.

        Raises:
            OrderRefused, PermissionDenied: as ``check``; or the hook ``ALLOW_REQUEST`` refuses.
            HookFailed: ``ALLOW_REQUEST`` gave no answer.
            NotRegistered: no ``tryon.py`` registers the product's model.
            GarmentUnavailable: ``excluded``.
        """
        self.check()
        check_product(product)
        if self.by is None and self.owner != SHOP:
            check_hook(self.request, product)


def check_product(product: Model) -> None:
    """Refuse a product that is switched off or in a category of ``TRYON_EXCLUDED``, whoever orders.

    Raises:
        NotRegistered: no ``tryon.py`` registers the product's model.
        GarmentUnavailable: ``excluded``.
    """
    if is_excluded(product):
        raise GarmentUnavailable("excluded", f"{product} is in a category of TRYON_EXCLUDED.")


def caller_of(
    *,
    user: Any = None,
    visitor: str = "",
    by: Any = None,
    request: HttpRequest | None = None,
    ip: str = "",
) -> Caller:
    """Return who orders. What is not given is read from ``request``, unless staff order by it.

    Raises:
        OrderRefused: nobody signed in, where the settings ask for it.
        ValueError: somebody who is not signed in has no visitor's token, so nobody could see the
            result; and it is not the shop's own, for a user was named.
    """
    if request is not None and by is None:
        user = getattr(request, "user", None) if user is None else user
        if not visitor and hasattr(request, "session"):
            visitor = visitor_token(request, create=True)
        ip = ip or client_ip(request)
    is_signed_in = bool(getattr(user, "is_authenticated", False))
    if not is_signed_in and not visitor and (user is not None or (request and by is None)):
        check_caller(user)
        raise ValueError(
            "The user is not signed in: pass visitor=, the random token of the session, or a "
            "request with a session. Without user and visitor the order is the shop's own."
        )
    return Caller(user if is_signed_in else None, visitor, by, request, ip)
