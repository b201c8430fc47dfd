"""The list of mutations matches the source: each changes exactly one place, to something else."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import glam_tryon
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
