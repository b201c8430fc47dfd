"""Deletes photos and results that are over their time; a running poller does so by itself."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from glam_tryon.policy.retention import BATCH, prune


class Command(BaseCommand):
    help = "Delete photos and results that are over their time."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say how many there are")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["dry_run"]:
            due = prune(dry_run=True)
            self.stdout.write(f"would delete {due.photos} photos and {due.results} results")
            return
        photos = results = 0
        while True:
            pruned = prune()
            photos += pruned.photos
            results += pruned.results
            # Until little is left; what cannot be deleted comes first again, so it ends the loop.
            if pruned.failed or max(pruned.photos, pruned.results) < BATCH:
                break
        self.stdout.write(f"deleted {photos} photos and {results} results")
        if pruned.failed:
            raise CommandError(f"{pruned.failed} could not be deleted; the log says why")
