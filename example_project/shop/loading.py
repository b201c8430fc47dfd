"""The catalogue's way into the database; each function may run again and then adds nothing."""

from __future__ import annotations

import hashlib

from django.contrib.auth import get_user_model
from django.core.files.base import ContentFile
from PIL import Image

from example_project.shop.catalogue import ARTICLES, GARMENTS, MODELS, PEOPLE
from example_project.shop.models import Product
from glam_tryon.models import PersonPhoto


def load_products() -> int:
    """Create what is missing, by slug; return how many. Edited products stay as they are."""
    created = 0
    known = set(Product.objects.values_list("slug", flat=True))
    for position, article in enumerate(ARTICLES, start=1):
        if article.slug in known:
            continue
        product = Product(
            slug=article.slug,
            name=article.name,
            price=article.price,
            category=article.category,
            fit=article.fit,
            description=article.description,
            details=article.details,
            position=position,
        )
        file = GARMENTS / f"{article.slug}.jpg"
        product.photo.save(file.name, ContentFile(file.read_bytes()), save=False)
        product.save()
        created += 1
    return created


def load_house_models() -> int:
    """Create the house models that are missing, by title; return how many."""
    created = 0
    house_models = PersonPhoto.objects.filter(kind=PersonPhoto.Kind.HOUSE_MODEL)
    known = set(house_models.values_list("title", flat=True))
    for position, model in enumerate(MODELS, start=1):
        if model.title in known:
            continue
        file = PEOPLE / model.picture
        content = file.read_bytes()
        with Image.open(file) as image:
            width, height = image.size
        photo = PersonPhoto(
            kind=PersonPhoto.Kind.HOUSE_MODEL,
            title=model.title,
            position=position,
            body_type=model.body_type,
            size=model.size,
            licence="Drawn for this shop; nobody is shown.",
            sha256=hashlib.sha256(content).hexdigest(),
            width=width,
            height=height,
        )
        photo.image.save(file.name, ContentFile(content), save=False)
        photo.save()
        created += 1
    return created


def load_demo_users() -> int:
    """Create ``admin`` and ``shopper``, whose passwords are their names; return how many.

    The passwords are public: never call this where other people can reach the shop.
    """
    users = get_user_model()._default_manager
    created = 0
    for name, rights in (("admin", {"is_staff": True, "is_superuser": True}), ("shopper", {})):
        user, is_new = users.get_or_create(username=name, defaults=rights)
        if is_new:
            user.set_password(name)
            user.save(update_fields=["password"])
            created += 1
    return created
