"""What speaks for an alert, in numbers: the values of the terms of its condition, and of those behind them.

A truth such as ``silent(purchase, 30d)`` shows no number; the days since the last purchase, and how many there were,
do. It must not know words: a value is a text that a machine could read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from rules.conditions.columns import Column, Mixed, Numbers, Truths, Words
from rules.conditions.numbers import decimal_text
from rules.conditions.print import subject_text
from rules.conditions.terms import (
    Attribute,
    Average,
    Change,
    Count,
    DaysSince,
    DaysUntil,
    MedianGap,
    Missing,
    Never,
    Overdue,
    Returned,
    Silent,
    Subject,
    Term,
)
from rules.conditions.tree import Condition, terms


@dataclass(frozen=True, slots=True)
class Evidence:
    """One term, as it stands in a condition, and its value: a decimal or a ratio ``7/3``, a text; None if unknown."""

    term: str
    value: str | None


def evidence_terms(tree: Condition) -> tuple[Term, ...]:
    """Give the terms whose values speak for ``tree``, each once, in the order of its text."""
    return tuple(dict.fromkeys(shown for term in terms(tree) for shown in _behind(term)))


def evidence_of(
    asked: Sequence[Term], columns: Mapping[Subject, Column], rows: Sequence[int]
) -> Mapping[int, tuple[Evidence, ...]]:
    """Give for each key of ``rows``, in the order of the columns' rows, what its row says to the terms ``asked``."""
    names = [(subject_text(term), columns[term]) for term in asked]
    return {
        key: tuple(Evidence(term=name, value=_value(column, place)) for name, column in names)
        for place, key in enumerate(rows)
    }


def _behind(term: Term) -> tuple[Term, ...]:
    match term:
        case Silent(events):
            return (DaysSince(events), Count(events))
        case Returned(events, window):
            return (DaysSince(events), Count(events, window))
        case Never():
            return ()
        case Missing(events):
            return (DaysSince(events),)
        case Overdue(events):
            return (term, DaysSince(events), MedianGap(events))
        case Change(of, window):
            return (term, type(of)(of.events, window))
        case Average(events, window):
            return (term, Count(events, window))
        case DaysUntil(attribute):
            return (term, Attribute(attribute.name))
        case _:
            return (term,)


def _value(column: Column, place: int) -> str | None:
    match column:
        case Numbers(numerators, denominators, known):
            if not known[place]:
                return None
            below = denominators if isinstance(denominators, int) else int(denominators[place])
            return _number(Fraction(int(numerators[place]), below))
        case Words(codes, words):
            return words[codes[place]] if codes[place] >= 0 else None
        case Mixed(numbers, words):
            return _value(numbers, place) or _value(words, place)
        case Truths(holds):
            return "true" if holds[place] else "false"


def _number(value: Fraction) -> str:
    """Write a ratio as a decimal where one equals it, as ``n/d`` elsewhere."""
    try:
        return decimal_text(value)
    except ValueError:
        return f"{value.numerator}/{value.denominator}"
