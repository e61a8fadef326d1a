"""Terms in SQL: every term of a condition answered for a set of customers, as a column; and when an answer may change.

The one place that says what each term makes of the facts, and, side by side with it, who has to be asked again when
nothing but time has passed. `facts` and `flips` have the queries, `rules.conditions` the logic. Must not know rules
or alerts.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rules.conditions.columns import Bools, Column, Ints, Numbers, Truths, iso_date
from rules.conditions.days import date_ordinal
from rules.conditions.terms import (
    FEWEST_GAPS,
    MOST_GAPS,
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
    Own,
    Returned,
    Score,
    Silent,
    Stored,
    Subject,
    Sum,
    Term,
    events_of,
)
from rules.conditions.thresholds import whole_steps
from rules.conditions.tree import both
from rules.conditions.windows import Window
from rules.instants import DAY, EARLIEST, LATEST, Calendar
from rules.lifecycle.score import column
from storage.database import Transaction
from storage.facts import NO_DAY, Facts, IdRange, Known, known_customers
from storage.flips import Flip, Passing
from storage.kept import Kept
from storage.selected import Span

NO_TIMER: Final = np.iinfo(np.int64).max
"""Stands where no instant is known at which a customer's answer may change by itself."""

EVERYBODY: Final = IdRange(0, 2**31 - 1)
_MOST_DAYS: Final = (LATEST - EARLIEST) // DAY

Constants = frozenset[Fraction]
"""The numbers that a term is compared with: only crossing one of them matters."""


def facts_of(
    tx: Transaction,
    *,
    now: int,
    calendar: Calendar,
    currency: str,
    customers: Sequence[int] | Ints | IdRange | None,
    kept: Kept | None = None,
) -> Facts:
    """Give what can be asked at ``now`` of those of ``customers`` (all, if None) who are known by then.

    Where they are a stretch of numbers, all of its customers are meant.

    Who is not known at ``now`` has no row, and so matches nothing, not even ``never(purchase)``. What is ``kept``
    spares reading: heavy accounts are answered from their running values, lifetimes from what is carried forward.
    """
    wanted = EVERYBODY if customers is None else customers
    ids, known_since = known_customers(tx, now=now, customers=wanted)
    return Facts(
        tx,
        now=now,
        calendar=calendar,
        currency=currency,
        ids=ids,
        known_since=known_since,
        kept=kept,
        stretch=wanted if isinstance(wanted, IdRange) else None,
    )


def answer(
    tx: Transaction,
    terms: Sequence[Term],
    *,
    now: int,
    calendar: Calendar,
    currency: str,
    customers: Sequence[int] | Ints | None,
) -> tuple[Ints, Mapping[Subject, Column]]:
    """Answer ``terms`` at ``now`` for those of ``customers`` (all, if None) who are known by then.

    Gives their ids, ascending, and one column for each term in that order. Amounts are in the main unit of
    ``currency``, exactly.
    """
    facts = facts_of(tx, now=now, calendar=calendar, currency=currency, customers=customers)
    return facts.ids, columns(facts, terms)


def columns(facts: Facts, terms: Iterable[Term]) -> Mapping[Subject, Column]:
    """Answer ``terms``, a column each."""
    asked = tuple(terms)
    facts.know({events.kind for term in asked for events in events_of(term)})
    return {term: _how(term).value(facts, term) for term in asked}


def flips(asked: Mapping[Term, Constants], passing: Passing) -> Iterable[Flip]:
    """Give whose answers may differ between two sweeps although nothing came in, for terms and their constants.

    Those whose answers hang on their own data are left to `timers`.
    """
    yield from passing.became_known()
    for term, constants in asked.items():
        yield from _how(term).flips(passing, term, constants)


def is_timed(term: Term) -> bool:
    """Tell whether the instant at which the answer may change depends on the customer's own data."""
    return _how(term).timer is not None


def timers(facts: Facts, asked: Mapping[Term, Constants]) -> Ints:
    """Give for each customer the next instant after now at which an answer may change, or `NO_TIMER`."""
    soonest = np.full(len(facts), NO_TIMER, dtype=np.int64)
    for term, constants in asked.items():
        timer = _how(term).timer
        if timer is not None:
            soonest = np.minimum(soonest, timer(facts, term, constants))
    return soonest


@dataclass(frozen=True, slots=True)
class _How:
    """How a type of term is answered, who may answer differently once time has passed, and when a customer's own is due."""

    value: Callable[[Facts, Any], Column]
    flips: Callable[[Passing, Any, Constants], Iterable[Flip]]
    timer: Callable[[Facts, Any, Constants], Ints] | None = None


def _how(term: Term) -> _How:
    return _HOW[type(term)]


def _span(facts: Facts, window: Window | None) -> Span:
    return Span(None if window is None else window.edge(facts.now, facts.calendar), facts.now)


def _numbers(values: Ints, denominator: int = 1) -> Numbers:
    return Numbers(values, denominator, np.ones(len(values), dtype=np.bool_))


def _sum(facts: Facts, term: Sum) -> Numbers:
    return _numbers(facts.total(term.events, _span(facts, term.window)), 10**facts.decimals)


def _average(facts: Facts, term: Average) -> Numbers:
    span = _span(facts, term.window)
    total, amounts = facts.total(term.events, span), facts.amounts(term.events, span)
    return Numbers(total, np.maximum(amounts, 1) * 10**facts.decimals, amounts > 0)


def _days_from(facts: Facts, since: Known) -> Numbers:
    return Numbers(np.where(since.known, facts.now - since.values, 0) // DAY, 1, since.known)


def _median_gap(facts: Facts, events: Events) -> Numbers:
    """Give the median in half days: the sum of the middle two gaps, which are one where the gaps are odd in number."""
    days = facts.latest_days(events, MOST_GAPS + 1)
    real = days[:, 1:] != NO_DAY
    gaps = np.sort(np.where(real, days[:, :-1] - days[:, 1:], np.iinfo(np.int64).max), axis=1)
    many, rows = real.sum(axis=1), np.arange(len(facts))
    known = many >= FEWEST_GAPS
    lower, upper = (gaps[rows, np.where(known, middle, 0)] for middle in ((many - 1) // 2, many // 2))
    return Numbers(np.where(known, lower, 0) + np.where(known, upper, 0), 2, known)


def _overdue(facts: Facts, term: Overdue) -> Numbers:
    since, gap = _days_from(facts, facts.last(term.events)), _median_gap(facts, term.events)
    # A ratio of ratios: days / (halves / 2).
    return Numbers(since.numerators * 2, np.maximum(gap.numerators, 1), since.known & gap.known)


def _overdue_at(facts: Facts, term: Overdue, constants: Constants) -> Ints:
    """Give when the days since the last event next reach a whole number at which a comparison may turn."""
    last, gap = facts.last(term.events), _median_gap(facts, term.events)
    days = _days_from(facts, last).numerators
    soonest = np.full(len(facts), NO_TIMER, dtype=np.int64)
    for constant in constants:
        # The days are compared with constant * halves / 2.
        scaled = _exact_product(gap.numerators, constant.numerator)
        floor = scaled // (2 * constant.denominator)
        for turn in (-(-scaled // (2 * constant.denominator)), floor + 1):
            ahead = last.known & gap.known & np.asarray((turn > days) & (turn <= _MOST_DAYS), dtype=np.bool_)
            at = last.values + np.where(ahead, turn, 0).astype(np.int64) * DAY
            soonest = np.where(ahead, np.minimum(soonest, at), soonest)
    return soonest


def _exact_product(values: Ints, factor: int) -> NDArray[Any]:
    """Multiply in 64 bits where it fits, in Python's whole numbers where it may not."""
    fits = int(np.abs(values).max(initial=1)) * abs(factor) < NO_TIMER
    return values * factor if fits else values.astype(object) * factor


def _change(facts: Facts, term: Change) -> Numbers:
    of = term.of
    edge, older = (term.window.edge(facts.now, facts.calendar, times) for times in (1, 2))
    measure = facts.count if isinstance(of, Count) else facts.total
    this, before = measure(of.events, Span(edge, facts.now)), measure(of.events, Span(older, edge))
    return Numbers(this - before, np.maximum(before, 1), before > 0)


def _silent(facts: Facts, term: Silent) -> Truths:
    edge = term.window.edge(facts.now, facts.calendar)
    return Truths((facts.known_since <= edge) & ~facts.happened_since(term.events, edge))


def _returned(facts: Facts, term: Returned) -> Truths:
    edge = term.window.edge(facts.now, facts.calendar)
    back, first = facts.first_after(term.events, edge), facts.first(term.events)
    before = back.known & first.known & (first.values <= edge)
    gaps = _edges(facts, term.window, back.values, before)
    if term.events.where is None:
        last = facts.last_up_to(term.events, edge)
        return Truths(before & ~(last.known & (last.values > gaps)))
    edges = np.full(len(facts), edge, dtype=np.int64)
    return Truths(before & (_happened(facts, term.events, gaps + 1, edges, before) == 0))


def _edges(facts: Facts, window: Window, instants: Ints, wanted: Bools) -> Ints:
    """Give the exclusive lower edges of a window that ends at each of the ``wanted`` instants."""
    if window.milliseconds is not None:
        return instants - window.milliseconds
    edges = instants.copy()
    edges[wanted] = [window.edge(instant, facts.calendar) for instant in instants[wanted].tolist()]
    return edges


def _missing(facts: Facts, term: Missing) -> Truths:
    return Truths(_unanswered(facts, term.events, term.answer, term.window))


def _unanswered(facts: Facts, events: Events, answer: Events, window: Window) -> Bools:
    last = facts.last(events)
    waited = last.known & (last.values <= window.edge(facts.now, facts.calendar))
    answers = _happened(facts, answer, last.values, _expiries(facts, window, last.values, waited), waited)
    if events.kind != answer.kind:
        unanswered: Bools = waited & (answers == 0)
        return unanswered
    # The latest may be an answer itself. It does not answer itself; two of one instant answer each other.
    latest = _happened(facts, events, last.values, last.values, waited)
    itself = _happened(facts, both(events, answer), last.values, last.values, waited)
    alone: Bools = waited & ((answers == 0) | ((answers == 1) & (latest == 1) & (itself == 1)))
    return alone


def _happened(facts: Facts, events: Events, froms: Ints, untils: Ints, wanted: Bools) -> Ints:
    return np.bincount(facts.between(events, froms, untils, wanted).places, minlength=len(facts))


def _expiries(facts: Facts, window: Window, starts: Ints, wanted: Bools) -> Ints:
    if window.milliseconds is not None:
        return starts + window.milliseconds
    expiries = starts.copy()
    expiries[wanted] = [window.expiry(start, facts.calendar) for start in starts[wanted].tolist()]
    return expiries


def _field(facts: Facts, term: Field) -> Column:
    if term.name is Own.TENURE:
        return _numbers((facts.now - facts.known_since) // DAY)
    return facts.own(term.name)


def _fitted(facts: Facts, term: Fitted) -> Numbers:
    found = facts.scores(ahead=term.name is not Score.P_ALIVE)
    return column(found, term.name, len(facts))


def _stored(facts: Facts, term: Stored) -> Numbers:
    found, since = facts.rating(term.name)
    return Numbers(found.values, 1, found.known & (since <= facts.now))


def _days_until(facts: Facts, term: DaysUntil) -> Numbers:
    """Give days from today to each distinct text that is a date."""
    dates = facts.attribute(term.attribute.name)
    today = date_ordinal(facts.calendar.date_of(facts.now))
    found = [iso_date(word) for word in dates.words.words]
    days = np.array([0 if day is None else date_ordinal(day) - today for day in found] + [0], dtype=np.int64)
    known = np.array([day is not None for day in found] + [False], dtype=np.bool_)
    return Numbers(days[dates.words.codes], 1, known[dates.words.codes])


def _days_until_at(facts: Facts, term: DaysUntil, constants: Constants) -> Ints:
    """Give the midnight at which the days to each distinct date next reach a number at which a comparison may turn."""
    dates = facts.attribute(term.attribute.name)
    today = facts.calendar.date_of(facts.now)
    turns = {step - 1 for step in whole_steps(constants)}
    soonest = [_next_midnight(facts.calendar, today, iso_date(word), turns) for word in dates.words.words]
    return np.array([*soonest, NO_TIMER], dtype=np.int64)[dates.words.codes]


def _next_midnight(calendar: Calendar, today: date, day: date | None, turns: Iterable[int]) -> int:
    """Give the first instant of the next day from which only ``turn`` days are left, for the nearest of ``turns``."""
    if day is None:
        return NO_TIMER
    ahead = [day.toordinal() - turn for turn in turns]
    coming = [ordinal for ordinal in ahead if today.toordinal() < ordinal <= date.max.toordinal() - 2]
    return calendar.midnight(date.fromordinal(min(coming))) if coming else NO_TIMER


def _never_by_itself(*_: object) -> tuple[Flip, ...]:
    return ()


def _windowed(passing: Passing, term: Count | Sum | Average, _: Constants) -> Iterable[Flip]:
    yield from passing.came(term.events)
    yield from passing.left(term.events, term.window)


def _aged(passing: Passing, term: DaysSince | DaysSinceFirst, constants: Constants) -> Iterable[Flip]:
    yield from passing.came(term.events)
    yield from passing.aged(term.events, constants)


def _came(passing: Passing, term: Never | MedianGap | Overdue, _: Constants) -> Iterable[Flip]:
    yield from passing.came(term.events)


def _changed(passing: Passing, term: Change, _: Constants) -> Iterable[Flip]:
    yield from passing.came(term.of.events)
    for times in (1, 2):
        yield from passing.left(term.of.events, term.window, times)


def _came_back(passing: Passing, term: Returned, _: Constants) -> Iterable[Flip]:
    yield from passing.came(term.events)
    yield from passing.left(term.events, term.window)


def _fell_silent(passing: Passing, term: Silent, _: Constants) -> Iterable[Flip]:
    yield from passing.came(term.events)
    yield from passing.left(term.events, term.window)
    yield from passing.known_for(term.window)


def _waited(passing: Passing, term: Missing, _: Constants) -> Iterable[Flip]:
    yield from passing.came(term.events, term.answer)
    yield from passing.left(term.events, term.window)


def _bought(passing: Passing, _: Fitted, __: Constants) -> Iterable[Flip]:
    # Values change with the customer's own events; under another fit everything is evaluated anew.
    if passing.purchases is not None:
        yield from passing.came(passing.purchases)


def _rated(passing: Passing, _: Stored, __: Constants) -> Iterable[Flip]:
    # Whatever is stored anew marks its customer; but a sweep as of an instant before that did not see it.
    yield passing.rated()


def _tenure_grew(passing: Passing, term: Field, constants: Constants) -> Iterable[Flip]:
    if term.name is Own.TENURE:
        yield from passing.known_for_days(constants)


_HOW: Final[Mapping[type[Term], _How]] = {
    Count: _How(lambda facts, term: _numbers(facts.count(term.events, _span(facts, term.window))), _windowed),
    Sum: _How(_sum, _windowed),
    Average: _How(_average, _windowed),
    DaysSince: _How(lambda facts, term: _days_from(facts, facts.last(term.events)), _aged),
    DaysSinceFirst: _How(lambda facts, term: _days_from(facts, facts.first(term.events)), _aged),
    MedianGap: _How(lambda facts, term: _median_gap(facts, term.events), _came),
    Overdue: _How(_overdue, _came, _overdue_at),
    Change: _How(_change, _changed),
    Never: _How(lambda facts, term: Truths(~facts.last(term.events).known), _came),
    Silent: _How(_silent, _fell_silent),
    Missing: _How(_missing, _waited),
    Returned: _How(_returned, _came_back),
    DaysUntil: _How(_days_until, _never_by_itself, _days_until_at),
    Attribute: _How(lambda facts, term: facts.attribute(term.name), _never_by_itself),
    Field: _How(_field, _tenure_grew),
    Fitted: _How(_fitted, _bought),
    Stored: _How(_stored, _rated),
}
