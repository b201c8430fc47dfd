"""Applies each mutation to a copy of the project and runs the closest tests.

By hand: ``python -m tests.mutations``, with ``--only`` or ``--part`` where time is short.

Prints for each whether the tests noticed it ("killed") or not ("survived"), and the share of those
that were killed. Exits with 1 below ``LEAST_SHARE``, or when the tests fail without any mutation.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

from tests.mutations.mutations import MUTATIONS, Mutation

ROOT = Path(__file__).resolve().parents[2]
#: Which share of the mutations the tests have to notice.
LEAST_SHARE = 0.95
#: Tests that run for longer are taken to hang on the mutation, in seconds.
LONGEST_SECONDS = 300.0
KILLED, SURVIVED, BROKEN = "killed", "SURVIVED", "BROKEN"


def copy_project(target: Path) -> Path:
    """Copy what Git knows of the project, as it stands in the work tree. Returns ``target``."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    return target


def run_tests(project: Path, tests: Iterable[str], *options: str) -> int | None:
    """Run tests of a copy. Returns the exit code of pytest, None when they hang."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, *tests]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command,
            cwd=project,
            env=environment,
            timeout=LONGEST_SECONDS,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    return done.returncode


def judge(mutation: Mutation, project: Path) -> str:
    """Apply one mutation to a copy, run its tests, and take it back."""
    path = project / "glam_tryon" / mutation.file
    source = path.read_text()
    path.write_text(source.replace(mutation.old, mutation.new, 1))
    try:
        code = run_tests(project, mutation.tests, "-x")
    finally:
        path.write_text(source)
    # Anything but failed tests (an import that breaks, a test that is not there) proves nothing.
    return {0: SURVIVED, 1: KILLED, None: KILLED}.get(code, BROKEN)


def choose(only: str = "", part: str = "1/1") -> list[Mutation]:
    """Return the mutations with a number or a text, and of these one of so many parts."""
    if only.isdecimal():
        chosen = [MUTATIONS[int(only) - 1]]
    else:
        chosen = [each for each in MUTATIONS if only in f"{each.file} {each.old} {each.new}"]
    number, _, parts = part.partition("/")
    return chosen[int(number) - 1 :: int(parts)]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2, help="mutations at the same time")
    parser.add_argument("--only", default="", help="one by its number, or those with this text")
    parser.add_argument("--part", default="1/1", help="such as 2/4: the second of four parts")
    parser.add_argument("--no-baseline", action="store_true", help="leave the first run out")
    options = parser.parse_args(arguments)
    chosen = choose(options.only, options.part)
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="glam_tryon_mutations_") as folder:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(options.jobs):
            copies.put(copy_project(Path(folder, str(number))))

        @contextmanager
        def copy() -> Iterator[Path]:
            project = copies.get()
            try:
                yield project
            finally:
                copies.put(project)

        def passes(test: str) -> bool:
            with copy() as project:
                return run_tests(project, [test], "-x") == 0

        def work(mutation: Mutation) -> str:
            with copy() as project:
                verdict = judge(mutation, project)
            print(f"{verdict:9} {mutation}", flush=True)
            return verdict

        with ThreadPoolExecutor(options.jobs) as pool:
            if not options.no_baseline:
                tests = sorted({test for each in chosen for test in each.tests})
                green = pool.map(passes, tests)
                if failed := [
                    test for test, is_green in zip(tests, green, strict=True) if not is_green
                ]:
                    print("these fail without any mutation:", *failed, sep="\n  ")
                    return 1
            verdicts = list(pool.map(work, chosen))
    killed = verdicts.count(KILLED)
    share = killed / len(verdicts) if verdicts else 0.0
    seconds = time.monotonic() - begin
    print(f"{killed} of {len(verdicts)} killed: {share:.1%}, in {seconds:.0f} s")
    return 0 if share >= LEAST_SHARE else 1


if __name__ == "__main__":
    sys.exit(main())
