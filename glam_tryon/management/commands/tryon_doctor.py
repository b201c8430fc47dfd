"""Tries a whole set-up, from the settings to one try-on, and says what is wrong."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from glam_tryon.checks.doctor import examine


class Command(BaseCommand):
    help = "Try the whole set-up, from the settings to one try-on, and say what is wrong."
    # It says itself what they find, in its place.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--product", default="", metavar="APP.MODEL:KEY", help="the product that is tried"
        )
        parser.add_argument(
            "--live",
            action="store_true",
            help="order the try-on from the provider, which costs what one costs",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        label, _colon, key = options["product"].partition(":")
        if label and not key:
            raise CommandError("Name the product as app.model:key, such as shop.product:1.")
        wrong = 0
        for result in examine(label, key, live=options["live"]):
            wrong += not result.is_well
            mark = self.style.SUCCESS("ok   ") if result.is_well else self.style.ERROR("WRONG")
            self.stdout.write(f"{mark}  {result.question}: {result.message}")
            if result.advice:
                self.stdout.write(f"       {result.advice}")
        if wrong:
            raise CommandError("1 thing is wrong." if wrong == 1 else f"{wrong} things are wrong.")
        self.stdout.write(self.style.SUCCESS("All is well."))
