"""Prunes data because of its age; every run of the poller does so as well."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from glam_tryon.models.receipt import KINDS
from glam_tryon.privacy.pruning import count_due, prune_batches


class Command(BaseCommand):
    help = "Delete photos, results, jobs, consents and receipts that are over their time."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say how many there are")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["dry_run"]:
            due = count_due()
            for kind in KINDS:
                self.stdout.write(f"would delete {getattr(due, kind)} {kind}")
            if due.orphans:
                self.stdout.write(f"would look at {due.orphans} files that perhaps no row names")
            return
        counts = dict.fromkeys((*KINDS, "orphans"), 0)
        left = 0
        for pruned in prune_batches():
            left = pruned.left
            for kind in counts:
                counts[kind] += getattr(pruned, kind)
        orphans = counts.pop("orphans")
        for kind, count in counts.items():
            self.stdout.write(f"deleted {count} {kind}")
        if orphans:
            self.stdout.write(f"deleted {orphans} files that no row named")
        if left:
            raise CommandError(f"{left} could not be deleted; the log says why")
