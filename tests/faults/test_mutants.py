"""Whatever the mutants take out stands in the tree; ``python -m tests.faults.mutants`` sees that its loss is noticed."""

import re

import pytest

from tests.faults.mutants import MUTANTS, ROOT, Mutant, sources


@pytest.fixture(scope="module")
def tree() -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sources(ROOT)]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: one.name)
def test_what_a_mutant_takes_out_is_there(mutant: Mutant, tree: list[str]) -> None:
    for edit in mutant.edits:
        assert any(re.search(edit.old, text) for text in tree), edit.old
    assert any((ROOT / test).exists() for test in mutant.tests)
