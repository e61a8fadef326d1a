"""Until it worsens: whether the numbers that speak for an alert have become clearly worse than at another instant. Pure.

Looked at is each number by which the condition alerts, in the direction in which it does:

- ``days_since(purchase) > 30``, ``overdue(purchase) >= 2``: worse is more;
- ``health < 40``, ``change(sum(purchase), 30d) <= -50%``: worse is less;
- ``not days_since(login) <= 7``: the other way round, so worse is more;
- ``silent(purchase, 30d)``, ``missing(quote, order, 7d)``: worse is more days since that purchase, that quote.

It has worsened where one of them has moved by a quarter (`FURTHER`) of what it was, or by more: silent for 34 days at
the snooze, it wakes at 43 (34 × 1.25 = 42.5); a health of 40 wakes at 30, a fall of 50% at 62.5%. Of what was 0 a quarter
is nothing, so there the number it is compared with counts: ``count(ticket, 7d) >= 4`` wakes at 1; where that is 0 too,
any move counts. What is unknown, then or now, has not worsened; nor have texts, dates, and tests that say ``=``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from rules.alerts.evidence import Evidence
from rules.alerts.rule import Severity
from rules.conditions.print import subject_text
from rules.conditions.terms import DaysSince, Missing, Silent, Subject
from rules.conditions.tree import And, Compare, Condition, Holds, Not, Number, Operator, Or, Percent
from rules.instants import DAY

FURTHER: Final = Fraction(1, 4)
_MORE: Final = frozenset({Operator.MORE, Operator.AT_LEAST})
_LESS: Final = frozenset({Operator.LESS, Operator.AT_MOST})
_RANK: Final = {Severity.LOW: 0, Severity.MEDIUM: 1, Severity.HIGH: 2}


@dataclass(frozen=True, slots=True)
class Worsened:
    """What became worse: a ``term``, from which value to which."""

    term: str
    before: str
    now: str


@dataclass(frozen=True, slots=True)
class _Watched:
    """A number that alerts when it grows (``sign`` 1) or shrinks (-1); ``edge`` is what it is compared with."""

    term: str
    sign: int
    edge: Fraction


def worsened(tree: Condition, before: Sequence[Evidence], now: Sequence[Evidence]) -> Worsened | None:
    """Give the first number of ``tree``, in the order of its text, that is clearly worse now; None if none is."""
    then, today = _values(before), _values(now)
    for watched in _watched(tree, 1):
        old, new = then.get(watched.term), today.get(watched.term)
        if old is None or new is None:
            continue
        if is_worse(old, new, watched.sign, watched.edge):
            return Worsened(
                watched.term,
                next(one.value or "" for one in before if one.term == watched.term),
                next(one.value or "" for one in now if one.term == watched.term),
            )
    return None


def is_worse(old: Fraction, new: Fraction, sign: int, edge: Fraction) -> bool:
    """Whether a number has moved by a quarter of what it was, or more, in the direction of ``sign``."""
    moved = (new - old) * sign
    return moved > 0 and moved >= FURTHER * (abs(old) or abs(edge))


def graver(one: Severity, other: Severity) -> bool:
    """Whether ``one`` matters more than ``other``."""
    return _RANK[one] > _RANK[other]


def _watched(tree: Condition, sign: int) -> Iterator[_Watched]:
    match tree:
        case And(parts) | Or(parts):
            for part in parts:
                yield from _watched(part, sign)
        case Not(part):
            yield from _watched(part, -sign)
        case Compare(subject, operator, Number(edge) | Percent(edge)) if operator in _MORE | _LESS:
            yield _Watched(subject_text(subject), sign if operator in _MORE else -sign, edge)
        case Holds(Silent() | Missing() as subject):
            yield _of_truth(subject, sign)
        case _:
            return


def _of_truth(subject: Silent | Missing, sign: int) -> _Watched:
    since: Subject = DaysSince(subject.events)
    length = subject.window.milliseconds
    return _Watched(subject_text(since), sign, Fraction((length or 0) // DAY))


def _values(evidence: Sequence[Evidence]) -> Mapping[str, Fraction]:
    found: dict[str, Fraction] = {}
    for one in evidence:
        number = _number(one.value)
        if number is not None:
            found[one.term] = number
    return found


def _number(value: str | None) -> Fraction | None:
    # Evidence writes no exponents: such a text is somebody's own.
    if value is None or "e" in value.casefold():
        return None
    try:
        return Fraction(value)
    except (ValueError, ZeroDivisionError):
        return None
