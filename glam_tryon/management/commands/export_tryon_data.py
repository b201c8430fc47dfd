"""Writes all that is kept of a user's try-ons into a zip."""

from __future__ import annotations

import shutil
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from glam_tryon.management.users import named_user
from glam_tryon.privacy import export_tryon_data


class Command(BaseCommand):
    help = "Write all that is kept of a user's try-ons, with the pictures, into a zip."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", help="the user name, or id:12")
        parser.add_argument("file", type=Path, help="the zip to write; it must not be there yet")

    def handle(self, *args: Any, user: str, file: Path, **options: Any) -> None:
        found = named_user(user)
        try:
            with file.open("xb") as target, export_tryon_data(found) as source:
                shutil.copyfileobj(source, target)
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error}") from error
        self.stdout.write(f"wrote {file}")
