"""Erases all that is kept of a user's try-ons, and prints the receipt."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from glam_tryon.management.users import named_user
from glam_tryon.privacy import erase_tryon_data


class Command(BaseCommand):
    help = "Erase all that is kept of a user's try-ons, for good, and print the receipt."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", help="the user name, or id:12")
        parser.add_argument("--yes", action="store_true", help="do it; otherwise nothing is done")

    def handle(self, *args: Any, user: str, yes: bool, **options: Any) -> None:
        found = named_user(user)
        if not yes:
            raise CommandError(f"This erases the try-ons of {found} for good. Add --yes to do it.")
        receipt = erase_tryon_data(found)
        self.stdout.write(json.dumps(receipt.as_dict(), indent=2))
        if receipt.left:
            raise CommandError(
                f"{receipt.left} files are left; the log says why, and they are tried again"
            )
