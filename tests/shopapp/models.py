"""Products with keys of each kind, relations, parents and a proxy."""

from __future__ import annotations

import uuid

from django.db import models


class Brand(models.Model):
    """A relation on the way to a product's facts."""

    name = models.CharField(max_length=50)
    cut = models.CharField(max_length=10, default="overall")

    def __str__(self) -> str:
        return self.name


class Item(models.Model):
    """A product with an integer key and without ``get_absolute_url``."""

    name = models.CharField(max_length=300)
    photo = models.FileField(upload_to="items/", blank=True)
    brand = models.ForeignKey(Brand, null=True, on_delete=models.SET_NULL)

    def __str__(self) -> str:
        return self.name

    def cut(self) -> str:
        """What it covers, as a method."""
        return "lower"


class Shot(models.Model):
    """A further picture of an item."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="shots")
    image = models.FileField(upload_to="shots/")

    def __str__(self) -> str:
        return str(self.image)


class Coat(Item):
    """A child with a table of its own."""

    lining = models.CharField(max_length=50, blank=True)


class SaleItem(Item):
    """The same rows under another name."""

    class Meta:
        proxy = True


class Dress(models.Model):
    """A product with a UUID as its key."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    title = models.CharField(max_length=50)
    photo = models.FileField(upload_to="dresses/", blank=True)

    def __str__(self) -> str:
        return self.title


class Sku(models.Model):
    """A product whose key is text of the shop's own making."""

    code = models.CharField(max_length=60, primary_key=True)
    photo = models.FileField(upload_to="skus/", blank=True)

    def __str__(self) -> str:
        return f"SKU {self.code}"


class Pattern(models.Model):
    """No rows of its own: cannot be registered."""

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return "pattern"
