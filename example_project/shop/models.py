"""What the shop sells."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.urls import reverse


class Product(models.Model):
    """One garment on sale."""

    class Category(models.TextChoices):
        WOMENS = "womens", "Women"
        MENS = "mens", "Men"
        ALL = "all", "Everyone"

    class Fit(models.TextChoices):
        """What a try-on replaces; the values are Glam's mask types."""

        UPPER = "upper", "Top"
        LOWER = "lower", "Bottom"
        OVERALL = "overall", "Whole outfit"

    name = models.CharField(max_length=100)
    slug = models.SlugField(unique=True)
    description = models.TextField(blank=True)
    details = models.CharField(max_length=200, blank=True, help_text="Fabric, care and the like.")
    price = models.DecimalField(max_digits=8, decimal_places=2)
    category = models.CharField(max_length=10, choices=Category, default=Category.ALL)
    photo = models.ImageField(upload_to="products/", blank=True)
    fit = models.CharField("what it covers", max_length=10, choices=Fit, default=Fit.UPPER)
    position = models.PositiveSmallIntegerField(default=0, help_text="Low numbers come first.")

    class Meta:
        ordering: ClassVar[list[str]] = ["position", "name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("shop:product", args=[self.slug])

    def get_add_to_cart_url(self) -> str:
        return reverse("shop:cart-add", args=[self.slug])


class ProductImage(models.Model):
    """A further picture of a product, shown below its main one."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="images")
    image = models.ImageField(upload_to="products/gallery/")
    alt = models.CharField("description for people who cannot see it", max_length=150, blank=True)
    label = models.CharField(max_length=40, blank=True, help_text="Shown on the picture.")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering: ClassVar[list[str]] = ["position", "pk"]

    def __str__(self) -> str:
        return self.alt or f"Picture {self.pk}"
