"""The table in ``docs/deployments.md``: ``python -m tests.deployments.table`` writes it anew."""

from __future__ import annotations

import fcntl
import json
from pathlib import Path

from tests.deployments.rows import ROWS, Deployment
from tests.servers import ROOT

PAGE = ROOT / "docs" / "deployments.md"
#: With which versions each row was last walked.
RESULTS = Path(__file__).with_name("results.json")
BEGIN = "<!-- table: python -m tests.deployments.table -->"
END = "<!-- end of the table -->"


def record(name: str, tried_with: str) -> None:
    """Note that a row went through, with these versions. Several processes may do so at once."""
    with RESULTS.open("r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        results = json.load(file) | {name: tried_with}
        file.seek(0)
        file.truncate()
        json.dump({key: results[key] for key in ROWS if key in results}, file, indent=1)
        file.write("\n")


def page() -> str:
    """Return the page with the table as the rows are now."""
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    works = [row for row in ROWS.values() if not row.refused]
    refused = [row for row in ROWS.values() if row.refused]
    lines = ["| deployment | tried with | when |", "| --- | --- | --- |"]
    lines += [f"| {row.tried} | {_with(row, results)} | {_when(row)} |" for row in works]
    if refused:
        lines += ["", "Refused, with the sentence that names what to change:", ""]
        lines += ["| deployment | what `manage.py check` says |", "| --- | --- |"]
        lines += [f"| {row.tried} | {row.refused} |" for row in refused]
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    return "\n".join([f"{before}{BEGIN}", *lines, f"{END}{after}"])


def _when(row: Deployment) -> str:
    return "each push" if row.quick else "each night"


def _with(row: Deployment, results: dict[str, str]) -> str:
    return results.get(row.name, "not yet on record")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
