"""The grounds of a definition: what decides is told, with its value, and it alone decides."""

from collections.abc import Mapping
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.alerts.evidence import Evidence
from rules.conditions.columns import Column, Numbers
from rules.conditions.evaluate import evaluate
from rules.conditions.parse import parse
from rules.conditions.terms import Subject
from rules.conditions.tree import And, Compare, Condition, Not, Number, Operator, Or, Test
from rules.lifecycle import grounds as module
from rules.lifecycle.grounds import Ground, grounds

TERMS = ("days_since(purchase)", "count(login)", "tenure")


def columns(values: tuple[int | None, ...]) -> Mapping[Subject, Column]:
    return {
        parse(f"{term} > 0").subject: Numbers(  # type: ignore[union-attr]
            np.array([value or 0]), 1, np.array([value is not None])
        )
        for term, value in zip(TERMS, values, strict=True)
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("days_since(purchase) <= 30", ["days_since(purchase) <= 30"]),
        (
            "days_since(purchase) <= 30 and count(login) >= 1",
            ["days_since(purchase) <= 30", "count(login) >= 1"],
        ),
        ("days_since(purchase) > 30 or count(login) >= 1", ["count(login) >= 1"]),
        # Of what must all hold, the one that does not.
        ("count(login) >= 1 and days_since(purchase) > 30", ["days_since(purchase) > 30"]),
        ("not days_since(purchase) > 30", ["days_since(purchase) <= 30"]),
        ("not count(login) in (3, 4)", ["not count(login) in (3, 4)"]),
        (
            "not (days_since(purchase) > 30 or count(login) = 0)",
            ["days_since(purchase) <= 30", "count(login) != 0"],
        ),
        # What holds for everybody is no ground.
        ("tenure >= 0", []),
        ("tenure >= 1", ["tenure >= 1"]),
    ],
)
def test_what_decides_is_told(text: str, told: list[str]) -> None:
    found = grounds(parse(text), columns((12, 2, 90)))
    assert [one.asked for one in found] == told
    values = {"days_since(purchase)": "12", "count(login)": "2", "tenure": "90"}
    assert all(one.fact.value == values[one.fact.term] for one in found)


def test_a_not_of_something_unknown_stays_one() -> None:
    [found] = grounds(parse("not days_since(purchase) <= 30"), columns((None, 2, 90)))
    assert found == Ground(Evidence("days_since(purchase)", None), "not days_since(purchase) <= 30")


def test_the_same_is_told_once_and_not_everything() -> None:
    twice = grounds(parse("count(login) >= 1 and (count(login) >= 1 or tenure > 5)"), columns((None, 2, 9)))
    assert twice == (Ground(Evidence("count(login)", "2"), "count(login) >= 1"),)
    three = " and ".join(f"{term} >= 1" for term in TERMS)
    assert len(grounds(parse(three), columns((1, 1, 1)))) == module.MOST


tests = st.builds(
    Compare,
    st.sampled_from([parse(f"{term} > 0").subject for term in TERMS]),  # type: ignore[union-attr]
    st.sampled_from(Operator),
    st.integers(0, 2).map(Fraction).map(Number),
)
trees: st.SearchStrategy[Condition] = st.recursive(
    tests,
    lambda parts: st.one_of(
        parts.map(Not),
        st.lists(parts, min_size=2, max_size=3).map(lambda some: And(tuple(some))),
        st.lists(parts, min_size=2, max_size=3).map(lambda some: Or(tuple(some))),
    ),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(trees, st.tuples(*[st.none() | st.integers(0, 2)] * 3))
def test_whatever_else_were_so_the_grounds_decide(tree: Condition, values: tuple[int | None, ...]) -> None:
    """Every customer of whom the terms of the deciding tests say the same is judged the same."""
    here = columns(values)
    deciding = {test.subject for test, _ in module._deciding(tree, here, negated=False)}
    free = [parse(f"{term} > 0").subject not in deciding for term in TERMS]  # type: ignore[union-attr]
    for others in product((None, 0, 1, 2), repeat=3):
        there = tuple(
            other if loose else value for other, value, loose in zip(others, values, free, strict=True)
        )
        assert evaluate(tree, columns(there))[0] == evaluate(tree, here)[0]


def test_tests_are_turned_round_only_under_a_not() -> None:
    test: Test = Compare(parse("tenure > 0").subject, Operator.LESS, Number(Fraction(5)))  # type: ignore[union-attr]
    assert [one for _, one in module._deciding(Not(Not(test)), columns((1, 1, 1)), negated=False)] == [False]
