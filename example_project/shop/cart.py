"""The basket: product keys and quantities in the session."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from example_project.shop.models import Product

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase

KEY = "cart"
MAX_QUANTITY = 20


@dataclass(frozen=True)
class Line:
    """One product in the basket."""

    product: Product
    quantity: int

    @property
    def total(self) -> Decimal:
        return self.product.price * self.quantity


class Cart:
    """Reads the session when used, writes it when changed; counting costs no query."""

    def __init__(self, session: SessionBase) -> None:
        self.session = session

    def quantities(self) -> dict[str, int]:
        """Quantity by product key; keys are text because JSON knows no other."""
        stored = self.session.get(KEY, {})
        return {str(key): int(quantity) for key, quantity in stored.items()}

    def set(self, product: Product, quantity: int) -> None:
        """Put ``quantity`` pieces into the basket, at most ``MAX_QUANTITY``; 0 takes it out."""
        quantities = self.quantities()
        quantities[str(product.pk)] = min(quantity, MAX_QUANTITY)
        if quantity < 1:
            del quantities[str(product.pk)]
        self.session[KEY] = quantities

    def add(self, product: Product, quantity: int = 1) -> None:
        self.set(product, self.quantities().get(str(product.pk), 0) + quantity)

    def lines(self) -> list[Line]:
        """The lines in the shop's order; one query. Products that are gone are left out."""
        quantities = self.quantities()
        products = Product.objects.filter(pk__in=quantities)
        return [Line(product, quantities[str(product.pk)]) for product in products]

    def __len__(self) -> int:
        return sum(self.quantities().values())
