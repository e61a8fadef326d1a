"""Health the slow way, one customer at a time in Python's own fractions; and random ways of working it out.

The judge of `rules.lifecycle.health`: it shares nothing with it but the shapes of the data.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from rules.lifecycle.health import DIMENSIONS, Dimension, Health, Measured, Part, Point, Scale
from tests.rules.conditions.oracle import Oracle

TERMS = (
    "days_since(purchase)",
    "days_since_first(visit)",
    "count(purchase)",
    "count(ticket, 7d)",
    "count(purchase where amount >= 10, 30d)",
    "sum(purchase, 30d)",
    "sum(visit)",
    "avg(purchase)",
    "median_gap(purchase)",
    "overdue(purchase)",
    "tenure",
    "attr.seats",
    "days_until(attr.renewal_date)",
)
IN_PERCENT = ("change(count(purchase), 7d)", "change(sum(purchase), 30d)")


@dataclass(frozen=True)
class SlowHealth:
    """The score and the points of each dimension; None is unknown."""

    score: int | None
    dimensions: dict[Dimension, int | None]


def slow_health(health: Health, oracle: Oracle) -> SlowHealth:
    dimensions = {
        one.dimension: slow_mean((slow_points(part, oracle), part.weight) for part in one.parts)
        for one in health.measured
    }
    return SlowHealth(
        slow_mean((dimensions[one.dimension], one.weight) for one in health.measured), dimensions
    )


def slow_points(part: Part, oracle: Oracle) -> int | None:
    value = oracle.value(part.term)
    return slow_scale(part.scale, value) if isinstance(value, Fraction) else None


def slow_scale(scale: Scale, value: Fraction) -> int:
    if value <= scale.points[0].at:
        return scale.points[0].points
    for one, other in pairwise(scale.points):
        if one.at <= value <= other.at:
            exact = one.points + (other.points - one.points) * (value - one.at) / (other.at - one.at)
            return half_up(exact)
    return scale.points[-1].points


def slow_mean(parts: Iterable[tuple[int | None, int]]) -> int | None:
    known = [(points, weight) for points, weight in parts if points is not None and weight]
    whole = sum(weight for _, weight in known)
    return half_up(Fraction(sum(points * weight for points, weight in known), whole)) if whole else None


def half_up(value: Fraction) -> int:
    return int((value + Fraction(1, 2)) // 1)


def some_health(chance: random.Random) -> Health:
    """Make a way of working health out, that turns as time passes, more often than not."""
    weights = [chance.choice((0, 1, 20, 35)) for _ in DIMENSIONS]
    weights[chance.randrange(len(weights))] = 30
    return Health(
        tuple(
            Measured(dimension, weight, _parts(chance))
            for dimension, weight in zip(DIMENSIONS, weights, strict=True)
        )
    )


def _parts(chance: random.Random) -> tuple[Part, ...]:
    texts = chance.sample((*TERMS, *IN_PERCENT), chance.choice((1, 1, 2, 3)))
    return tuple(
        Part(text, some_scale(chance, percent=text in IN_PERCENT), chance.choice((1, 1, 3))) for text in texts
    )


def some_scale(chance: random.Random, *, percent: bool) -> Scale:
    values = (-100, -50, 0, 50, 100) if percent else (-3, 0, 1, 2, 7, 12, 30, 31, 60)
    ats = sorted(chance.sample(values, chance.choice((2, 2, 3, 4))))
    below = 100 if percent else 1
    return Scale(tuple(Point(Fraction(at, below), chance.choice((0, 20, 50, 65, 99, 100))) for at in ats))
