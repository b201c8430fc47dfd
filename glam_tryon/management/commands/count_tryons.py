"""Rolls events up into daily counts; every run of the poller does so as well."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from glam_tryon.analytics.rebuild import rebuild_counts
from glam_tryon.analytics.rollup import roll_up


class Command(BaseCommand):
    help = "Add up what was counted since the last time, for the dashboard."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--rebuild",
            action="store_true",
            help="count the try-ons of the days before today anew, from the jobs that are there",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"counts added: {roll_up()}")
        if options["rebuild"]:
            self.stdout.write(f"try-ons counted anew: {rebuild_counts()}")
