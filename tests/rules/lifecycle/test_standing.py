"""Where customers stand: the same as evaluating each label's condition, for random life cycles."""

import random

import numpy as np
import pytest

from rules.conditions.columns import Column, Numbers, Truths
from rules.conditions.evaluate import evaluate
from rules.conditions.parse import parse
from rules.conditions.terms import Family, Measure, Subject, measure_of
from rules.lifecycle.definitions import FIXED, NO_LIFECYCLE
from rules.lifecycle.resolve import resolve
from rules.lifecycle.standing import NONE, asked, standing
from tests.lifecycles import lifecycle

MANY = 300


def column(subject: Subject, chance: np.random.Generator) -> Column:
    if measure_of(subject) is Measure.TRUTH:
        return Truths(chance.random(MANY) < 0.5)
    return Numbers(chance.integers(0, 4, MANY) * 10, 1, chance.random(MANY) < 0.8)


@pytest.mark.parametrize("seed", range(12))
def test_it_is_what_each_labels_condition_says(seed: int) -> None:
    under, chance = lifecycle(random.Random(seed)), np.random.default_rng(seed)
    columns: dict[Subject, Column] = {term: column(term, chance) for term in asked(under, tuple(Family))}
    for family in (Family.STATUS, Family.STAGE, Family.TYPE, Family.VALUE_TIER):
        found = standing(under, family, columns)
        for label, held in zip(found.labels, found.holds, strict=True):
            tree = resolve(parse(f"{family} = {label}"), under)
            assert held.tolist() == evaluate(tree, columns).tolist(), label
        assert sorted(found.labels) == sorted(FIXED[family])
        if family is not Family.TYPE:
            codes = found.codes()
            assert [codes.tolist().count(code) for code in range(len(found.labels))] == [
                int(held.sum()) for held in found.holds
            ]
            assert ((codes == NONE) == ~np.logical_or.reduce(found.holds)).all()
    (held,) = standing(under, Family.ACTIVE, columns).holds
    assert held.tolist() == evaluate(resolve(parse("active"), under), columns).tolist()


def test_without_a_life_cycle_nothing_is_asked() -> None:
    assert asked(NO_LIFECYCLE, tuple(Family)) == ()
    assert standing(NO_LIFECYCLE, Family.STATUS, {}).codes().tolist() == []
