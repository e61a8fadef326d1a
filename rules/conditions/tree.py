"""The syntax tree of a condition: frozen values that compare by meaning, with the place each was read from.

A filter (``where …``) is a condition as well, over properties of an event instead of terms of a customer.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Final

from rules.conditions.spans import Placed
from rules.conditions.terms import Change, Events, Property, Subject, Term, events_of
from rules.conditions.windows import Window

MOST_CHARACTERS: Final = 2_000
MOST_NODES: Final = 64
MOST_DEPTH: Final = 16

# Constants: the right-hand sides.


@dataclass(frozen=True, slots=True)
class Number(Placed):
    """A decimal number, exact: its denominator divides a power of ten."""

    value: Fraction


@dataclass(frozen=True, slots=True)
class Percent(Placed):
    """A percentage as a ratio: ``50%`` is one half."""

    value: Fraction


@dataclass(frozen=True, slots=True)
class Text(Placed):
    """A text, as it was written; it is compared folded."""

    value: str


@dataclass(frozen=True, slots=True)
class Day(Placed):
    """A date."""

    value: date


@dataclass(frozen=True, slots=True)
class Duration(Placed):
    """A length of time where a number belongs; `check` says which number was meant."""

    value: Window


Value = Number | Percent | Text | Day | Duration

# Tests, and the logic over them.


class Operator(StrEnum):
    """How a value is compared with a constant."""

    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="
    EQUAL = "="
    UNEQUAL = "!="


ORDERS: Final = frozenset({Operator.LESS, Operator.AT_MOST, Operator.MORE, Operator.AT_LEAST})


@dataclass(frozen=True, slots=True)
class Compare(Placed):
    """``subject operator value``."""

    subject: Subject
    operator: Operator
    value: Value


@dataclass(frozen=True, slots=True)
class Among(Placed):
    """``subject in (values)``: it equals one of them."""

    subject: Subject
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Contains(Placed):
    """``subject contains value``: the text stands somewhere in it."""

    subject: Subject
    value: Value


@dataclass(frozen=True, slots=True)
class Holds(Placed):
    """A subject that is true or false by itself, bare."""

    subject: Subject


@dataclass(frozen=True, slots=True)
class And(Placed):
    """All of two or more hold."""

    parts: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Or(Placed):
    """Any of two or more holds."""

    parts: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Not(Placed):
    """The part does not hold. To be unknown is not to hold."""

    part: "Condition"


Test = Compare | Among | Contains | Holds
Condition = And | Or | Not | Test


def leaves(tree: Condition) -> Iterator[Test]:
    """Give the tests of ``tree`` in the order of the text; those inside filters are the filters' own."""
    match tree:
        case And(parts) | Or(parts):
            for part in parts:
                yield from leaves(part)
        case Not(part):
            yield from leaves(part)
        case _:
            yield tree


def terms(tree: Condition) -> tuple[Term, ...]:
    """Give the distinct terms of ``tree``, each once, in the order of the text: the columns it is evaluated over."""
    return tuple(dict.fromkeys(test.subject for test in leaves(tree) if isinstance(test.subject, Term)))


def both(one: Events, other: Events) -> Events:
    """Give the events of one kind that two selections of it share."""
    filters = tuple(where for where in (one.where, other.where) if where is not None)
    return Events(one.kind, And(filters) if len(filters) > 1 else filters[0] if filters else None)


def properties(where: Condition) -> tuple[Property, ...]:
    """Give the distinct properties that a filter asks for."""
    return tuple(dict.fromkeys(test.subject for test in leaves(where) if isinstance(test.subject, Property)))


def size(tree: Condition) -> int:
    """Count the nodes of ``tree``: each and, or, not, test, function, field and property; constants do not count."""
    match tree:
        case And(parts) | Or(parts):
            return 1 + sum(map(size, parts))
        case Not(part):
            return 1 + size(part)
        case _:
            filters = (events.where for events in events_of(tree.subject))
            inner = 1 + isinstance(tree.subject, Change) + sum(size(where) for where in filters if where)
            return 1 + inner
