"""Points, dimensions and scores: against slow arithmetic, at the edges of scales, and with what is unknown left out."""

import random
from collections.abc import Mapping
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.conditions.columns import Column, Mixed, Numbers, Words
from rules.conditions.terms import Subject
from rules.lifecycle.definitions import Lifecycle
from rules.lifecycle.health import (
    DIMENSIONS,
    UNKNOWN,
    Dimension,
    Health,
    Measured,
    Part,
    Point,
    Scale,
    Scored,
    mean,
    moved,
    points_of,
    scored,
    spread,
)
from rules.lifecycle.presets import presets
from tests.rules.lifecycle.slow_health import slow_mean, slow_scale, some_health

POINTS = st.integers(0, 100)
ODD = st.fractions(-(10**6), 10**6, max_denominator=10**6)
HUGE = st.builds(Fraction, st.integers(-(2**62), 2**62), st.sampled_from([1, 3, 10**6, 10**18]))
VALUES = st.lists(st.none() | ODD | HUGE | st.integers(-5, 40).map(Fraction), min_size=1, max_size=8)
SCALES = st.lists(
    st.tuples(st.integers(-5, 40).map(Fraction) | ODD | HUGE, POINTS), min_size=2, max_size=6
).map(lambda some: sorted(dict(some).items()))


def scale(*points: tuple[int | Fraction, int]) -> Scale:
    return Scale(tuple(Point(Fraction(at), n) for at, n in points))


def given_points(of: Scale, *values: Fraction | int | None) -> list[int]:
    found: list[int] = of.of(Numbers.of(None if one is None else Fraction(one) for one in values)).tolist()
    return found


@given(points=SCALES.filter(lambda some: len(some) > 1), values=VALUES)
@settings(max_examples=150, deadline=None)
def test_points_equal_slow_arithmetic_however_huge_the_numbers(
    points: list[tuple[Fraction, int]], values: list[Fraction | None]
) -> None:
    made = scale(*points)
    found = given_points(made, *values)
    assert found == [UNKNOWN if one is None else slow_scale(made, one) for one in values]
    assert all(0 <= one <= 100 for one, value in zip(found, values, strict=True) if value is not None)


def test_a_scale_is_exact_at_its_points_and_level_beyond_them() -> None:
    falling = scale((0, 100), (30, 70), (90, 0))
    assert given_points(falling, -1, 0, 15, 29, 30, 31, 90, 91, None) == [
        100,
        100,
        85,
        71,
        70,
        69,
        0,
        0,
        UNKNOWN,
    ]
    # Half a point is one more, whichever way the scale goes.
    assert given_points(scale((0, 0), (200, 100)), 0, 1, 2, 199, 200) == [0, 1, 1, 100, 100]
    assert given_points(scale((0, 100), (200, 0)), 0, 1, 2, 3) == [100, 100, 99, 99]


def test_values_over_one_denominator_for_all_are_the_same() -> None:
    cents = Numbers(np.array([0, 1_250, 2_500, 9_999]), 100, np.array([True, True, True, False]))
    assert scale((0, 0), (25, 100)).of(cents).tolist() == [0, 50, 100, UNKNOWN]


@given(points=SCALES.filter(lambda some: len(some) > 1), values=VALUES)
@settings(max_examples=60, deadline=None)
def test_a_scale_that_goes_one_way_never_turns(
    points: list[tuple[Fraction, int]], values: list[Fraction | None]
) -> None:
    ats, heights = [at for at, _ in points], sorted(n for _, n in points)
    ordered = sorted(one for one in values if one is not None)
    rising = given_points(scale(*zip(ats, heights, strict=True)), *ordered)
    falling = given_points(scale(*zip(ats, reversed(heights), strict=True)), *ordered)
    assert rising == sorted(rising)
    assert falling == sorted(falling, reverse=True)


@given(parts=st.lists(st.tuples(st.none() | POINTS, st.integers(0, 100)), max_size=5))
@settings(max_examples=60, deadline=None)
def test_means_leave_out_what_is_unknown(parts: list[tuple[int | None, int]]) -> None:
    columns = [(np.array([UNKNOWN if points is None else points]), weight) for points, weight in parts]
    expected = slow_mean(parts)
    assert mean(columns, 1).tolist() == [UNKNOWN if expected is None else expected]


TERM, OTHER = "count(purchase)", "days_since(visit)"


def health(weights: tuple[int, int, int, int] = (1, 1, 1, 1)) -> Health:
    rising = scale((0, 0), (100, 100))
    parts = (Part(TERM, rising), Part(OTHER, rising, 3))
    return Health(
        tuple(Measured(one, weight, parts) for one, weight in zip(DIMENSIONS, weights, strict=True))
    )


def columns(made: Health, *values: Fraction | None) -> Mapping[Subject, Column]:
    return {term: Numbers.of([value]) for term, value in zip(made.terms(), values, strict=True)}


def test_weights_are_shared_among_what_is_known() -> None:
    made = health()
    for values, expected in (
        ((Fraction(40), Fraction(80)), 70),
        ((Fraction(40), None), 40),
        ((None, None), UNKNOWN),
    ):
        found = scored(made, columns(made, *values), 1)
        assert found.score.tolist() == [expected]
        assert found.dimensions.tolist() == [[expected] * 4]
    # A term that was not asked, because its events were pruned, is unknown as well.
    assert scored(made, {}, 2).score.tolist() == [UNKNOWN, UNKNOWN]


def test_an_attribute_that_is_a_text_says_nothing() -> None:
    part = Part("attr.seats", scale((0, 0), (100, 100)))
    mixed = Mixed.of([Fraction(30), "many", None])
    assert points_of(part, {part.term: mixed}, 3).tolist() == [30, UNKNOWN, UNKNOWN]
    assert points_of(part, {part.term: Words.of(["30"])}, 1).tolist() == [UNKNOWN]


@given(st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_more_points_anywhere_never_lower_the_score(chance: random.Random) -> None:
    made = some_health(chance)
    low = np.array([[chance.randint(0, 100) for _ in DIMENSIONS]])
    high = np.minimum(low + np.array([[chance.randint(0, 9) for _ in DIMENSIONS]]), 100)
    one, other = (
        mean([(found[:, place], part.weight) for place, part in enumerate(made.measured)], 1)
        for found in (low, high)
    )
    assert 0 <= one[0] <= other[0] <= 100


def some(score: int, *dimensions: int) -> Scored:
    return Scored(np.array([score]), np.array([dimensions]))


@pytest.mark.parametrize(
    ("weights", "before", "after", "place", "by"),
    [
        ((1, 1, 1, 1), some(50, 50, 50, 50, 50), some(45, 50, 40, 45, 45), 1, -10),
        # What counts more moves more.
        ((30, 1, 1, 1), some(50, 50, 50, 50, 50), some(46, 45, 40, 50, 50), 0, -5),
        # One that came to be known stood at the score before.
        ((1, 1, 1, 1), some(50, 50, UNKNOWN, 50, 50), some(38, 50, 0, 50, 50), 1, -50),
        # Only the weights changed.
        ((1, 2, 3, 4), some(50, 20, 30, 40, 50), some(45, 20, 30, 40, 50), -1, 0),
        # What counts for nothing moves nothing.
        ((1, 0, 0, 0), some(50, 50, 0, 0, 0), some(50, 50, 99, 0, 0), -1, 0),
    ],
)
def test_what_moved_a_score_most(
    weights: tuple[int, int, int, int], before: Scored, after: Scored, place: int, by: int
) -> None:
    found = moved(health(weights), before, after)
    assert [one.tolist() for one in found] == [[place], [by]]


def test_scores_are_counted_in_steps_and_the_highest_belongs_to_the_last() -> None:
    assert spread([(0, 1), (19, 2), (20, 4), (80, 8), (100, 16)]) == (3, 4, 0, 0, 24)
    assert spread([]) == (0, 0, 0, 0, 0)


def test_what_ships_is_stored_and_comes_back_and_goes_by_other_names_of_kinds() -> None:
    for preset in presets().values():
        lifecycle = preset.lifecycle
        assert Lifecycle.of_text(lifecycle.to_text()) == lifecycle
        assert lifecycle.health is not None
        assert [one.dimension for one in lifecycle.health.measured] == list(DIMENSIONS)
        assert sum(one.weight for one in lifecycle.health.measured) == 100
        renamed = lifecycle.health.under_aliases({"contact": "call"})
        assert "days_since(call)" in [part.text for part in renamed.of(Dimension.RELATIONSHIP).parts]
        assert renamed.under_aliases({"call": "contact"}) == lifecycle.health


def test_a_life_cycle_from_before_there_was_health_is_read() -> None:
    assert Lifecycle.of_text('{"preset": "", "kinds": [], "definitions": []}').health is None
