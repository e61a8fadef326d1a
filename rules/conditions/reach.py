"""How far back a condition looks: which terms must see events one by one, and from which instant on.

Retention keeps, of what it prunes, tallies: counts, sums, firsts and lasts of a kind. Plain lifetime terms live on
them; whatever else reaches past the horizon, the first instant that was not pruned, cannot be answered any more.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

from rules.conditions.print import subject_text
from rules.conditions.terms import (
    Attribute,
    Average,
    Change,
    Count,
    DaysSince,
    DaysSinceFirst,
    DaysUntil,
    Events,
    Field,
    Fitted,
    MedianGap,
    Missing,
    Never,
    Overdue,
    Returned,
    Silent,
    Stored,
    Sum,
    Term,
)
from rules.conditions.tree import Condition, terms
from rules.conditions.windows import Window
from rules.errors import WarmlineError
from rules.instants import EARLIEST, LATEST, Calendar, iso


class PastHorizonError(WarmlineError):
    """The ``term`` needs events from before the ``horizon``, which were pruned; answerable ``since`` (None: never)."""

    code: ClassVar[str] = "past_horizon"


@dataclass(frozen=True, slots=True)
class Reach:
    """A term of a condition that looks at events one by one, those at ``since`` or later; `EARLIEST` is all of them."""

    term: Term
    since: int


def since(term: Term, now: int, calendar: Calendar) -> int:
    """Give the first instant whose events ``term`` must see one by one at ``now``.

    `LATEST` is none of them: tallies, or the customer's own data, are enough. `EARLIEST` is every event. It never
    moves back as ``now`` moves on. A silence looks at the last event alone, but the sweep that is to notice its
    beginning finds it by the events that leave the window, so it counts as any window does.
    """
    window, times = _window(term)
    if window is not None:
        edge = window.edge(now, calendar, times)
        return edge if edge == EARLIEST else edge + 1
    match term:
        case Count(events) | Sum(events) | Average(events) | DaysSince(events) | DaysSinceFirst(events):
            return LATEST if events.where is None else EARLIEST
        case Never(events):
            return LATEST if events.where is None else EARLIEST
        case MedianGap() | Overdue() | Missing() | Returned() | Fitted():
            # Gaps lie between days, purchases fall on them, an answer follows its question, and a filter asks each
            # event: none of this is left in a tally.
            return EARLIEST
        case Field() | Attribute() | DaysUntil() | Stored():
            return LATEST
        case _:
            raise TypeError(f"no reach of {type(term).__name__}")


def reaches(tree: Condition, now: int, calendar: Calendar) -> tuple[Reach, ...]:
    """Give the terms of ``tree`` that look at events one by one at ``now``, each once, in the order of its text."""
    found = (Reach(term, since(term, now, calendar)) for term in terms(tree))
    return tuple(one for one in found if one.since < LATEST)


def answerable_from(term: Term, horizon: int, calendar: Calendar) -> int | None:
    """Give the first ``now`` at which a ``term`` that reaches past ``horizon`` does not any more; None for never."""
    window, times = _window(term)
    if window is None:
        return None
    # The first instant at which what lies just before the horizon has left the window.
    first = replace(window, length=window.length * times).expiry(horizon - 1, calendar)
    return None if first >= LATEST else first


def is_fitted(term: Term) -> bool:
    """Tell whether a term is what value models say, of whom nothing is known any more once something was pruned."""
    return isinstance(term, Fitted)


def refuse_past(
    tree: Condition, horizon: int | None, now: int, calendar: Calendar, *, fitted: bool = True
) -> None:
    """Raise `PastHorizonError` for the first term of ``tree`` that reaches past ``horizon`` at ``now``, if any does.

    Without ``fitted``, those that value models answer may: they are unknown then.
    """
    if horizon is None:
        return
    for one in reaches(tree, now, calendar):
        if one.since < horizon and (fitted or not is_fitted(one.term)):
            first = answerable_from(one.term, horizon, calendar)
            raise PastHorizonError(
                term=subject_text(one.term),
                horizon=iso(horizon),
                since=None if first is None else iso(first),
            )


def within(asked: Iterable[Term], horizon: int | None, now: int, calendar: Calendar) -> tuple[Term, ...]:
    """Leave out those terms that reach past ``horizon`` at ``now``: their answers would not be true."""
    return tuple(term for term in asked if horizon is None or since(term, now, calendar) >= horizon)


def _window(term: Term) -> tuple[Window | None, int]:
    """Give the window that alone bounds what ``term`` looks at, and how many times its length that is."""
    match term:
        case Count(_, window) | Sum(_, window) | Average(_, window) | Silent(_, window):
            return window, 1
        case Change(_, window):
            return window, 2
        case Returned(Events(where=None), window):
            # That there was one before both windows, the tallies know. Months differ in length, and so do two of them.
            return window, 2 if window.milliseconds is not None else 3
        case _:
            return None, 1
