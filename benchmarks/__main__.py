"""``python -m benchmarks NAME [ARGUMENT ...]`` measures and prints a table; no name lists them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

from benchmarks.database import fresh_database, set_up

#: What there is to measure, and what ``engine`` runs one after the other.
PURE = ("polling", "photos", "button")
WITH_DATABASE = ("batches", "claims", "throughput", "wakeup", "memory")
#: Take twenty minutes, so only by their own names.
LONG = ("kills", "stops", "makespan", "admin", "storms")
#: Have a shop of their own and need Chromium, so only by their own names.
BROWSER = ("dialog", "waiting")
#: Draws a picture for the docs.
PLOTS = ("polling_plot",)


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark that is named first; the rest is for it."""
    name, *rest = arguments or [""]
    names = [*PURE, *WITH_DATABASE] if name == "engine" else [name]
    if not set(names) <= {*PURE, *WITH_DATABASE, *LONG, *BROWSER, *PLOTS}:
        known = ", ".join([*PURE, *WITH_DATABASE, *LONG, *BROWSER, *PLOTS])
        print(__doc__, f"Names: engine (all but {', '.join([*LONG, *BROWSER, *PLOTS])}), {known}.")
        return 2
    set_up()
    for each in names:
        if each in (*PURE, *BROWSER, *PLOTS):
            import_module(f"benchmarks.{each}").main(rest)
        else:
            with fresh_database():
                import_module(f"benchmarks.{each}").main(rest)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
