"""What the example shop offers: its products and its house models."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from example_project.shop.models import Product

PICTURES = Path(__file__).resolve().parent / "pictures"
GARMENTS = PICTURES / "garments"
PEOPLE = PICTURES / "people"
#: A drawn person who plays the customer: the demo's check uploads this photo.
SHOPPER_PHOTO = PICTURES / "shopper.jpg"

WOMENS, MENS, ALL = Product.Category.WOMENS, Product.Category.MENS, Product.Category.ALL
UPPER, LOWER, OVERALL = Product.Fit.UPPER, Product.Fit.LOWER, Product.Fit.OVERALL


@dataclass(frozen=True)
class Article:
    """One product; its slug names its picture as well."""

    slug: str
    name: str
    price: Decimal
    category: Product.Category
    fit: Product.Fit
    description: str
    details: str


@dataclass(frozen=True)
class Model:
    """One house model; ``picture`` is a file in ``PEOPLE``."""

    title: str
    picture: str
    body_type: str
    size: str


ARTICLES = [
    Article(
        "linen-shirt",
        "Linen shirt",
        Decimal("79.00"),
        ALL,
        UPPER,
        "Washed linen in the colour of oats, cut straight with a curved hem. Softer each summer.",
        "100 % linen. Wash at 40 °C, iron damp or not at all.",
    ),
    Article(
        "wrap-dress",
        "Plum blossom wrap dress",
        Decimal("129.00"),
        WOMENS,
        OVERALL,
        "A true wrap that ties at the side, scattered with small blossoms. Moves well, packs flat.",
        "Viscose crêpe. Wash at 30 °C, hang to dry.",
    ),
    Article(
        "denim-jacket",
        "Denim jacket",
        Decimal("119.00"),
        ALL,
        UPPER,
        "A trucker jacket in mid-blue denim with copper buttons, cut to sit at the hip.",
        "Organic cotton, 340 g. Wash rarely, inside out.",
    ),
    Article(
        "pleated-skirt",
        "Pleated midi skirt",
        Decimal("89.00"),
        WOMENS,
        LOWER,
        "Knife pleats in fir green that fall from a neat waistband to below the knee.",
        "Recycled polyester keeps its pleats. Wash at 30 °C.",
    ),
    Article(
        "cable-jumper",
        "Cable knit jumper",
        Decimal("139.00"),
        ALL,
        UPPER,
        "Three cables, ribbed cuffs and the warm red of old brick. For draughty houses.",
        "Lambswool. Wash by hand, dry flat.",
    ),
    Article(
        "jeans",
        "Straight jeans",
        Decimal("99.00"),
        ALL,
        LOWER,
        "Five pockets, a straight leg and a turned cuff in denim that is worn in already.",
        "Cotton with 1 % elastane. Wash at 30 °C, inside out.",
    ),
    Article(
        "utility-jumpsuit",
        "Utility jumpsuit",
        Decimal("149.00"),
        WOMENS,
        OVERALL,
        "One piece and done: an olive twill jumpsuit with chest pockets and a belt.",
        "Cotton twill. Wash at 40 °C.",
    ),
    Article(
        "striped-tee",
        "Striped tee",
        Decimal("35.00"),
        ALL,
        UPPER,
        "Navy stripes on cream, a firm jersey and a neckline that keeps its shape.",
        "Organic cotton jersey. Wash at 40 °C.",
    ),
    Article(
        "chinos",
        "Tapered chinos",
        Decimal("85.00"),
        MENS,
        LOWER,
        "A clean line from hip to ankle in brushed twill, pressed with a crease.",
        "Cotton twill. Wash at 30 °C.",
    ),
    Article(
        "shirt-dress",
        "Striped shirt dress",
        Decimal("109.00"),
        WOMENS,
        OVERALL,
        "A long shirt in sky-blue stripe with turned cuffs, held by a leather belt.",
        "Cotton poplin, belt of leather. Wash at 40 °C without the belt.",
    ),
]

MODELS = [
    Model("Amara", "amara.jpg", "1.74 m", "M"),
    Model("Jonas", "jonas.jpg", "1.86 m", "L"),
    Model("Lucía", "lucia.jpg", "1.66 m", "S"),
    Model("Kenji", "kenji.jpg", "1.79 m", "M"),
]
