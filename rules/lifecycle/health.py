"""Health from 0 to 100: four dimensions, each of one or more parts, each part a term and a scale that gives it points.

All of it is data. Points, dimensions and the score are whole numbers, so that whoever sees the parts of a score can
add it up by hand. What is unknown is left out, and its weight shared among the rest. It must not know where the data
is kept, nor how people write it (`health_text`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np

from rules.conditions.columns import Bools, Column, Ints, Mixed, Numbers
from rules.conditions.numbers import decimal_text
from rules.conditions.parse import parse
from rules.conditions.print import subject_text
from rules.conditions.rename import renamed
from rules.conditions.terms import Measure, Subject, Term, measure_of
from rules.conditions.tree import Holds, Number, Operator

HEALTHIEST: Final = 100
UNKNOWN: Final = -1
"""Stands in columns of points where nothing is known."""
WEIGHTS: Final = "weights"
"""What changed, where no dimension did: how much each of them counts."""
_INT64: Final = 2**62


class Dimension(StrEnum):
    """What a customer's health is made of."""

    ENGAGEMENT = "engagement"
    REVENUE = "revenue"
    LIFETIME_VALUE = "lifetime_value"
    RELATIONSHIP = "relationship"


DIMENSIONS: Final = tuple(Dimension)


class Point(NamedTuple):
    """Of a scale: the value ``at`` which there are so many ``points``."""

    at: Fraction
    points: int


@dataclass(frozen=True, slots=True)
class Scale:
    """Points for any value: those of the points of the scale, and on a straight line between two of them.

    Beyond its ends it is level. The points stand in the order of their values.
    """

    points: tuple[Point, ...]

    def of(self, numbers: Numbers) -> Ints:
        """Give whole points for each value, halves rounded up; `UNKNOWN` for the unknown."""
        found = np.full(len(numbers), self.points[0].points, dtype=np.int64)
        for one, other in pairwise(self.points):
            inside = numbers.compare(Operator.AT_LEAST, Number(one.at))
            inside &= numbers.compare(Operator.LESS, Number(other.at))
            found[inside] = _between(one, other, numbers, inside)
        last = self.points[-1]
        found[numbers.compare(Operator.AT_LEAST, Number(last.at))] = last.points
        found[~numbers.known] = UNKNOWN
        return found

    def text(self, *, percent: bool) -> str:
        """Write it as people do: ``0:100 30:70 90:0``, values before points."""
        shown = (
            f"{decimal_text(one.at * 100)}%:{one.points}"
            if percent
            else f"{decimal_text(one.at)}:{one.points}"
            for one in self.points
        )
        return " ".join(shown)


@dataclass(frozen=True, slots=True)
class Part:
    """A term, by its canonical text, the scale that makes points of it, and how much it counts within its dimension."""

    text: str
    scale: Scale
    weight: int = 1

    @property
    def term(self) -> Term:
        """The term read."""
        return _read(self.text)

    @property
    def scale_text(self) -> str:
        """The scale as people write it: in percent where the term is."""
        return self.scale.text(percent=measure_of(self.term) is Measure.PERCENT)

    def __str__(self) -> str:
        """Give it as people write it."""
        return f"{self.text} {self.scale_text}" + ("" if self.weight == 1 else f" weight {self.weight}")


@dataclass(frozen=True, slots=True)
class Measured:
    """One dimension: how much it counts in the score, and its parts."""

    dimension: Dimension
    weight: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Health:
    """How health is worked out: every dimension once, in their order."""

    measured: tuple[Measured, ...]

    def of(self, dimension: Dimension) -> Measured:
        """Give what a dimension is made of."""
        return next(one for one in self.measured if one.dimension is dimension)

    def having(self, measured: Measured) -> "Health":
        """Give the same with one dimension otherwise."""
        return Health(
            tuple(measured if one.dimension is measured.dimension else one for one in self.measured)
        )

    def terms(self) -> tuple[Term, ...]:
        """Give the distinct terms of all parts."""
        return tuple(dict.fromkeys(part.term for one in self.measured for part in one.parts))

    def lines(self) -> Mapping[str, str]:
        """Write it line by line, each under what it is about: for differences between two of them."""
        found: dict[str, str] = {}
        for one in self.measured:
            found[one.dimension] = f"health.{one.dimension}: weight {one.weight}"
            for part in one.parts:
                found[f"{one.dimension} {part.text}"] = f"health.{one.dimension}: {part}"
        return found

    def under_aliases(self, aliases: Mapping[str, str]) -> "Health":
        """Give the same with the kinds of event that ``aliases`` name under the names that they stand for."""
        return Health(
            tuple(
                replace(one, parts=tuple(_renamed(part, aliases) for part in one.parts))
                for one in self.measured
            )
        )

    def as_json(self) -> dict[str, Any]:
        """Give it as values that JSON can hold."""
        return {
            one.dimension.value: {
                "weight": one.weight,
                "parts": [
                    [part.text, [[str(point.at), point.points] for point in part.scale.points], part.weight]
                    for part in one.parts
                ],
            }
            for one in self.measured
        }

    @classmethod
    def of_json(cls, said: Mapping[str, Any]) -> "Health":
        """Read what `as_json` wrote."""
        return cls(
            tuple(
                Measured(
                    Dimension(name),
                    one["weight"],
                    tuple(
                        Part(text, Scale(tuple(Point(Fraction(at), points) for at, points in scale)), weight)
                        for text, scale, weight in one["parts"]
                    ),
                )
                for name, one in said.items()
            )
        )


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """One row for each customer: the score, and the points of each of `DIMENSIONS`; `UNKNOWN` where nothing is known."""

    score: Ints
    dimensions: Ints


def scored(health: Health, columns: Mapping[Subject, Column], many: int) -> Scored:
    """Work out the health of ``many`` customers from the answers to `Health.terms`; a term without one is unknown."""
    dimensions = np.full((many, len(DIMENSIONS)), UNKNOWN, dtype=np.int64)
    for one in health.measured:
        parts = [(points_of(part, columns, many), part.weight) for part in one.parts]
        dimensions[:, DIMENSIONS.index(one.dimension)] = mean(parts, many)
    weighed = [
        (dimensions[:, DIMENSIONS.index(one.dimension)], one.weight) for one in health.measured if one.weight
    ]
    return Scored(mean(weighed, many), dimensions)


def points_of(part: Part, columns: Mapping[Subject, Column], many: int) -> Ints:
    """Give the points of one part for each customer."""
    column = columns.get(part.term)
    match column:
        case Numbers():
            return part.scale.of(column)
        case Mixed(numbers):
            # An attribute that is a text for somebody says nothing of them.
            return part.scale.of(numbers)
        case _:
            return np.full(many, UNKNOWN, dtype=np.int64)


def mean(parts: Iterable[tuple[Ints, int]], many: int) -> Ints:
    """Give the weighted mean of what is known, halves rounded up; `UNKNOWN` where nothing is."""
    total, weight = np.zeros((2, many), dtype=np.int64)
    for points, counts in parts:
        known = points != UNKNOWN
        total += np.where(known, points * counts, 0)
        weight += np.where(known, counts, 0)
    return np.where(weight > 0, (2 * total + weight) // np.maximum(2 * weight, 1), UNKNOWN)


def moved(health: Health, before: Scored, after: Scored) -> tuple[Ints, Ints]:
    """Say which of `DIMENSIONS` moved each score most, and by how many of its own points; -1 where none did.

    To leave a dimension out is to take it for what the others come to: so an unknown one stands at the score.
    """
    one, other = (
        np.where(found.dimensions == UNKNOWN, found.score[:, None], found.dimensions)
        for found in (before, after)
    )
    weights = np.array([health.of(dimension).weight for dimension in DIMENSIONS], dtype=np.int64)
    change = other - one
    most = np.argmax(np.abs(change) * weights, axis=1)
    by = np.take_along_axis(change, most[:, None], axis=1)[:, 0]
    counts = (by != 0) & (weights[most] != 0)
    return np.where(counts, most, -1), np.where(counts, by, 0)


def spread(scores: Sequence[tuple[int, int]], width: int = 20) -> tuple[int, ...]:
    """Count (score, customers) in steps of ``width`` points; the highest score belongs to the last step."""
    steps = [0] * (HEALTHIEST // width)
    for score, customers in scores:
        steps[min(score // width, len(steps) - 1)] += customers
    return tuple(steps)


def _between(one: Point, other: Point, numbers: Numbers, inside: Bools) -> Ints:
    """Give the points of values between two points of a scale, exactly: half a point and more is one more."""
    n: Any = numbers.numerators[inside]
    below = numbers.denominators
    d: Any = below if isinstance(below, int) else below[inside]
    width, rise = other.at - one.at, other.points - one.points
    p, q, r, s = one.at.numerator, one.at.denominator, width.numerator, width.denominator
    largest = int(np.max(np.abs(n), initial=1)), int(np.max(np.abs(np.asarray(d)), initial=1))
    if 500 * (largest[1] * q * r + (largest[0] * q + abs(p) * largest[1]) * s) > _INT64:
        n, d = n.astype(object), d if isinstance(d, int) else d.astype(object)
    whole = d * q * r
    points = (2 * (one.points * whole + rise * (n * q - p * d) * s) + whole) // (2 * whole)
    return np.asarray(points).astype(np.int64)


def _renamed(part: Part, aliases: Mapping[str, str]) -> Part:
    tree = renamed(Holds(part.term), aliases)
    return replace(part, text=subject_text(tree.subject)) if isinstance(tree, Holds) else part


@lru_cache(maxsize=2_000)
def _read(text: str) -> Term:
    tree = parse(text)
    if not isinstance(tree, Holds) or not isinstance(tree.subject, Term):
        raise TypeError(f"{text} was no term when it was saved")
    return tree.subject
