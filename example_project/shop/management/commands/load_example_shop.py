"""Fill the example shop; running it again changes nothing."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from example_project.shop import loading


class Command(BaseCommand):
    help = "Create the example shop's products and house models and, under DEBUG, its demo users."

    def handle(self, *args: Any, **options: Any) -> None:
        products = loading.load_products()
        models = loading.load_house_models()
        self.stdout.write(f"{products} products and {models} house models are new.")
        if settings.DEBUG:
            users = loading.load_demo_users()
            self.stdout.write(f"{users} demo users are new: admin/admin and shopper/shopper.")
        else:
            self.stdout.write("No demo users: DEBUG is off, and their passwords are public.")
