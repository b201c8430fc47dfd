"""The list of mutations matches the source: each changes exactly one place, to something else."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import glam_tryon
from tests.mutations.__main__ import choose
from tests.mutations.mutations import MUTATIONS, Mutation

PACKAGE = Path(glam_tryon.__file__).parent
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_mutation_changes_one_place_of_the_source(mutation: Mutation) -> None:
    source = (PACKAGE / mutation.file).read_text()
    assert source.count(mutation.old) == 1
    mutated = source.replace(mutation.old, mutation.new)
    assert ast.dump(ast.parse(mutated)) != ast.dump(ast.parse(source))
    assert mutation.tests
    for test in mutation.tests:
        assert (ROOT / test.partition("::")[0]).is_file(), test


def test_there_are_enough_of_them_in_every_room() -> None:
    assert len(MUTATIONS) >= 40
    assert len({(each.file, each.old, each.new) for each in MUTATIONS}) == len(MUTATIONS)
    rooms = {each.file.partition("/")[0] for each in MUTATIONS}
    assert rooms >= {"worker", "providers", "limits", "privacy", "models"}


def test_one_or_a_part_can_be_chosen() -> None:
    assert choose(only="1") == [MUTATIONS[0]]
    assert {each.file for each in choose(only="providers/redact")} == {"providers/redact.py"}
    parts = [choose(part=f"{number}/4") for number in (1, 2, 3, 4)]
    assert sorted(each for part in parts for each in part) == sorted(MUTATIONS)
