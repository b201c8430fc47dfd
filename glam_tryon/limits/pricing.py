"""Pricing: the credits and the money of a try-on, and amounts as text."""

from __future__ import annotations

from decimal import Decimal

from django.utils.formats import number_format

from glam_tryon.conf import conf


def credits_of(count: int = 1) -> Decimal:
    """Return the credits that the provider takes for ``count`` submissions."""
    return Decimal(str(conf.PRICE.credits_per_tryon)) * count


def price(count: int = 1) -> Decimal | None:
    """Return what ``count`` submissions cost in the currency of ``PRICE``; None: unknown."""
    each = conf.PRICE.per_credit
    return None if each is None else each * credits_of(count)


def money_text(amount: Decimal | None, currency: str = "") -> str:
    """Return an amount in the active language, empty when it is unknown.

    Without a ``currency`` it is in that of the settings. Amounts of less than a cent are written
    out, so that no try-on looks free.
    """
    if amount is None:
        return ""
    digits = 2 if amount == round(amount, 2) else 4
    number = number_format(amount, digits, force_grouping=True)
    return f"{number}\N{NO-BREAK SPACE}{currency or conf.PRICE.currency}"
