"""The Promela model of a job: exhaustively right, and wrong as soon as one condition is missing."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers import PARTS, ROOT

MODEL = ROOT / "docs" / "models" / "submission.pml"
MEMORY_MB = 2048

Check = Callable[..., str]


@pytest.fixture
def check(needs: Callable[..., None], tmp_path: Path) -> Check:
    """Verify the model with these defines, all of it; return what the verifier says."""
    needs("spin", "cc")

    def check(*defines: str, endless: bool = False, whole: bool = False) -> str:
        flags = [f"-D{define}" for define in defines]
        run([PARTS["spin"].path(), *flags, "-a", str(MODEL)], tmp_path)
        kind = ["-DNP"] if endless else ["-DSAFETY"]
        # Optimising takes longer than a search that ends at the first error.
        compile_flags = [
            "-O1" if whole else "-O0",
            "-w",
            "-DCOLLAPSE",
            "-DVECTORSZ=2048",
            f"-DMEMLIM={MEMORY_MB}",
        ]
        run([PARTS["cc"].path(), *compile_flags, *kind, "-o", "pan", "pan.c"], tmp_path)
        return run([str(tmp_path / "pan"), "-m100000", *(["-l"] if endless else [])], tmp_path)

    return check


def run(command: list[str], directory: Path) -> str:
    done = subprocess.run(
        command, cwd=directory, capture_output=True, text=True, timeout=300, check=True
    )
    return done.stdout


def is_exhaustive(said: str) -> bool:
    """Say whether the verifier found nothing, and left nothing out."""
    cut_short = ("max search depth too small", "Search not completed", "out of memory")
    return "errors: 0" in said and not any(words in said for words in cut_short)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "defines",
    [
        pytest.param((), id="two-workers-one-crash"),
        pytest.param(("CANCEL", "AGE"), id="and-a-user-who-cancels", marks=pytest.mark.long),
        pytest.param(("PERSON", "AGE"), id="and-a-person-who-resubmits"),
        pytest.param(("SUBS=3",), id="three-submissions"),
    ],
)
def test_no_order_breaks_the_rules_however_long_a_worker_stalls(
    defines: tuple[str, ...], check: Check
) -> None:
    said = check(*defines, whole=True)
    assert is_exhaustive(said), said


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "defines",
    [
        pytest.param(("CANCEL",), marks=pytest.mark.long),
        ("PERSON",),
        pytest.param(("AGE",), marks=pytest.mark.long),
    ],
)
def test_every_run_ends_and_ends_at_rest(defines: tuple[str, ...], check: Check) -> None:
    said = check("PROGRESS", *defines, endless=True, whole=True)
    assert is_exhaustive(said), said


@pytest.mark.parametrize(
    "end", ["READY_BY_THE_SECOND", "GAVE_UP", "WAITS_FOR_A_PERSON", "READY_AFTER_A_CRASH"]
)
def test_the_model_reaches_what_it_should(end: str, check: Check) -> None:
    assert "errors: 1" in check("PROGRESS", f"NEVER={end}")


@pytest.mark.parametrize(
    ("mistake", "defines", "rule"),
    [
        ("revoke_although_fetched", (), "generations<=1"),
        ("fetch_ignores_revoked", (), "generations<=1"),
        ("resend_without_revoking", ("PROGRESS",), ""),
        ("resend_ambiguous", ("PROGRESS", "CANCEL"), "generations<=1"),
        ("send_without_mark", (), "sub[s].sent"),
        ("mark_ignores_the_lease", (), "token==me"),
        ("settle_unfenced", (), "sub[s].revoked"),
        ("accept_adopts_anything", (), ""),
        ("accept_refuses_what_is_closed_by_age", ("AGE",), ""),
        ("old_answer_takes_over", ("PERSON",), ""),
        ("claim_overwrites_cancel", ("CANCEL",), "status!="),
    ],
)
def test_a_mistake_is_found(
    mistake: str, defines: tuple[str, ...], rule: str, check: Check
) -> None:
    said = check(f"BUG_{mistake}", *defines)
    assert "errors: 1" in said
    assert "assertion violated" in said
    assert rule in said


def test_a_settling_that_does_not_see_what_came_to_nothing_asks_for_ever(check: Check) -> None:
    said = check("BUG_settle_blind", "PROGRESS", endless=True)
    assert "non-progress cycle" in said
