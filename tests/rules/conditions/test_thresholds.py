"""The numbers at which the truth of a test may turn."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from rules.conditions.columns import Numbers
from rules.conditions.parse import parse
from rules.conditions.terms import DaysSince, Events, Silent
from rules.conditions.thresholds import constants, whole_steps
from rules.conditions.tree import Number, Operator
from tests.rules.conditions.strategies import PLAIN

SINCE = DaysSince(Events("purchase"))


def test_a_term_gathers_what_it_is_compared_with_in_all_conditions() -> None:
    found = constants(
        [
            parse("days_since(purchase) > 30 or not days_since(purchase) in (3, 4.5) and silent(visit, 3d)"),
            parse("days_since(purchase) < 7 and days_since(purchase) != vip"),
        ]
    )
    assert found[SINCE] == {Fraction(30), Fraction(3), Fraction(9, 2), Fraction(7)}
    [silent] = [term for term in found if isinstance(term, Silent)]
    assert found[silent] == frozenset()


def test_a_percentage_counts_as_the_ratio_that_it_is() -> None:
    [numbers] = constants([parse("change(count(visit), 7d) <= -50%")]).values()
    assert numbers == {Fraction(-1, 2)}


@given(PLAIN.numbers, st.sampled_from(Operator), st.integers(-100, 100))
def test_nothing_turns_but_at_a_step(number: Fraction, operator: Operator, value: int) -> None:
    before, after = Numbers.of([Fraction(value - 1), Fraction(value)]).compare(operator, Number(number))
    if before != after:
        assert value in whole_steps([number])
