"""Until it worsens: which numbers count, in which direction, and how far they must go."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.alerts.evidence import Evidence
from rules.alerts.rule import Severity
from rules.alerts.worse import graver, is_worse, worsened
from rules.conditions.parse import parse


def moved(condition: str, term: str, before: str | None, now: str | None) -> bool:
    found = worsened(parse(condition), [Evidence(term, before)], [Evidence(term, now)])
    return found is not None and (found.term, found.before, found.now) == (term, before, now)


@pytest.mark.parametrize(
    ("condition", "term", "before", "almost", "worse"),
    [
        ("silent(purchase, 30d)", "days_since(purchase)", "34", "42", "43"),
        ("days_since(purchase) > 30", "days_since(purchase)", "40", "49", "50"),
        ("not days_since(login) <= 7", "days_since(login)", "8", "9", "10"),
        ("health <= 40", "health", "40", "31", "30"),
        ("change(sum(purchase), 30d) <= -50%", "change(sum(purchase), 30d)", "-0.5", "-0.62", "-0.625"),
        ("missing(quote, order, 7d)", "days_since(quote)", "8", "9", "10"),
        ("count(ticket, 7d) >= 4", "count(ticket, 7d)", "0", "0.9", "1"),
        ("sum(refund) > 0", "sum(refund)", "0", "0", "0.01"),
        ("segment = vip and overdue(purchase) >= 2", "overdue(purchase)", "7/3", "2.9", "35/12"),
    ],
)
def test_a_quarter_further_in_the_direction_in_which_it_alerts_is_worse(
    condition: str, term: str, before: str, almost: str, worse: str
) -> None:
    assert not moved(condition, term, before, before)
    assert not moved(condition, term, before, almost)
    assert moved(condition, term, before, worse)


@pytest.mark.parametrize(
    "condition", ["segment = vip", "never(purchase)", "count(purchase) = 3", "stage = retain"]
)
def test_what_has_no_number_that_could_grow_worse_never_does(condition: str) -> None:
    assert not moved(condition, "count(purchase)", "3", "300")


@pytest.mark.parametrize(("before", "now"), [(None, "99"), ("3", None), ("1E9", "2E9"), ("x", "99")])
def test_what_is_unknown_or_no_number_has_not_worsened(before: str | None, now: str | None) -> None:
    assert not moved("days_since(purchase) > 2", "days_since(purchase)", before, now)


numbers = st.fractions(min_value=-1000, max_value=1000, max_denominator=100)


@settings(max_examples=200)
@given(numbers, numbers, numbers, numbers)
def test_further_is_worse_still_and_the_other_direction_never_is(
    old: Fraction, new: Fraction, more: Fraction, edge: Fraction
) -> None:
    worse = is_worse(old, new, 1, edge)
    if worse:
        assert new > old
        assert is_worse(old, new + abs(more), 1, edge)
        assert not is_worse(old, new, -1, edge)
    # Seen in a mirror it is the same.
    assert is_worse(-old, -new, -1, edge) == worse
    assert not is_worse(old, old, 1, edge)
    # Whatever the unit it is counted in.
    assert is_worse(old * 60, new * 60, 1, edge * 60) == worse


def test_severities_have_an_order() -> None:
    assert graver(Severity.HIGH, Severity.MEDIUM)
    assert graver(Severity.MEDIUM, Severity.LOW)
    assert not graver(Severity.LOW, Severity.LOW)
