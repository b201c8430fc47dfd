"""Prints what a month's try-ons cost, and writes each submission to a file."""

from __future__ import annotations

import re
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from glam_tryon.analytics.ledger import (
    OUTCOMES,
    Total,
    bill,
    submissions_between,
    totals,
    write_csv,
)
from glam_tryon.limits.period import month_of


def month(text: str) -> tuple[int, int]:
    """Read a month like ``2026-11``."""
    found = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", text)
    if found is None or not 0 < int(found[1]) < 9999:
        raise ArgumentTypeError(f"{text!r} is no month like 2026-11")
    return int(found[1]), int(found[2])


class Command(BaseCommand):
    help = "Print what the try-ons of a month cost, to hold against the provider's bill."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--month", type=month, metavar="2026-11", help="the shop's month; this one by default"
        )
        parser.add_argument("--csv", type=Path, metavar="FILE", help="write each submission there")

    def handle(self, *args: Any, **options: Any) -> None:
        today = timezone.localdate(timezone=timezone.get_default_timezone())
        chosen = options["month"] or (today.year, today.month)
        rows = submissions_between(*month_of(*chosen))
        sums = totals(rows)
        self._line("", "submissions", "credits", "money", "")
        for total in sums:
            self._total(str(OUTCOMES[total.outcome]), total)
        for total in bill(sums):
            self._total("may be billed", total)
            if total.is_priced and total.unpriced:
                self.stdout.write(f"{total.unpriced} of them have no known price")
        if options["csv"]:
            with options["csv"].open("w", newline="", encoding="utf-8") as file:
                count = write_csv(rows, file)
            self.stdout.write(f"{count} submissions written to {options['csv']}")

    def _total(self, words: str, total: Total) -> None:
        money = f"{total.money:,.2f}" if total.is_priced else "unknown"
        self._line(words, f"{total.submissions:,}", f"{total.credits:,.3f}", money, total.currency)

    def _line(self, *cells: str) -> None:
        self.stdout.write("{:<26} {:>11} {:>12} {:>14} {:<3}".format(*cells).rstrip())
