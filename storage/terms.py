"""Terms in SQL: every term of a condition answered for a set of customers, as a column.

The one place that says what each term makes of the facts; `facts` has the queries, `rules.conditions` the logic.
Must not know rules or alerts.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from rules.conditions.columns import Bools, Column, Ints, Mixed, Numbers, Truths, iso_date
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
    MedianGap,
    Missing,
    Never,
    Overdue,
    Own,
    Silent,
    Subject,
    Sum,
    Term,
)
from rules.conditions.tree import And
from rules.conditions.windows import Window
from rules.instants import DAY, Calendar
from storage.database import Transaction
from storage.facts import NO_DAY, Facts, Known, Span, known_customers


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

    Gives their ids, ascending, and one column for each term in that order. Who is not known at ``now`` has no row,
    and so matches nothing, not even ``never(purchase)``. Amounts are in the main unit of ``currency``, exactly.
    """
    ids, known_since = known_customers(tx, now=now, customers=customers)
    facts = Facts(tx, now=now, calendar=calendar, currency=currency, ids=ids, known_since=known_since)
    return ids, {term: _column(facts, term) for term in terms}


def _column(facts: Facts, term: Term) -> Column:  # noqa: C901, PLR0911, PLR0912  one case for each term
    match term:
        case Count(events, window):
            return _numbers(facts.count(events, _span(facts, window)))
        case Sum(events, window):
            return _numbers(facts.total(events, _span(facts, window)), 10**facts.decimals)
        case Average(events, window):
            return _average(facts, events, _span(facts, window))
        case DaysSince(events):
            return _days_from(facts, facts.last(events))
        case DaysSinceFirst(events):
            return _days_from(facts, facts.first(events))
        case MedianGap(events):
            return _median_gap(facts, events)
        case Overdue(events):
            since, gap = _days_from(facts, facts.last(events)), _median_gap(facts, events)
            # A ratio of ratios: days / (halves / 2).
            return Numbers(since.numerators * 2, np.maximum(gap.numerators, 1), since.known & gap.known)
        case Change(of, window):
            return _change(facts, of, window)
        case Never(events):
            return Truths(~facts.last(events).known)
        case Silent(events, window):
            edge = window.edge(facts.now, facts.calendar)
            return Truths((facts.known_since <= edge) & ~facts.happened_since(events, edge))
        case Missing(events, answer, window):
            return Truths(_missing(facts, events, answer, window))
        case DaysUntil(attribute):
            return _days_until(facts, facts.attribute(attribute.name))
        case Attribute(name):
            return facts.attribute(name)
        case Field(Own.TENURE):
            return _numbers((facts.now - facts.known_since) // DAY)
        case Field(name):
            return facts.own(name)
        case _:
            raise TypeError(f"no answer to {type(term).__name__}")


def _span(facts: Facts, window: Window | None) -> Span:
    return Span(None if window is None else window.edge(facts.now, facts.calendar), facts.now)


def _numbers(values: Ints, denominator: int = 1) -> Numbers:
    return Numbers(values, denominator, np.ones(len(values), dtype=np.bool_))


def _average(facts: Facts, events: Events, span: Span) -> Numbers:
    total, amounts = facts.total(events, span), facts.amounts(events, span)
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


def _change(facts: Facts, of: Count | Sum, window: Window) -> Numbers:
    edge, older = (window.edge(facts.now, facts.calendar, times) for times in (1, 2))
    measure = facts.count if isinstance(of, Count) else facts.total
    this, before = measure(of.events, Span(edge, facts.now)), measure(of.events, Span(older, edge))
    return Numbers(this - before, np.maximum(before, 1), before > 0)


def _missing(facts: Facts, events: Events, answer: Events, window: Window) -> Bools:
    last = facts.last(events)
    waited = last.known & (last.values <= window.edge(facts.now, facts.calendar))
    answers = _happened(facts, answer, last.values, _expiries(facts, window, last.values, waited), waited)
    if events.kind != answer.kind:
        unanswered: Bools = waited & (answers == 0)
        return unanswered
    # The latest may be an answer itself. It does not answer itself; two of one instant answer each other.
    latest = _happened(facts, events, last.values, last.values, waited)
    itself = _happened(facts, _both(events, answer), last.values, last.values, waited)
    alone: Bools = waited & ((answers == 0) | ((answers == 1) & (latest == 1) & (itself == 1)))
    return alone


def _happened(facts: Facts, events: Events, froms: Ints, untils: Ints, wanted: Bools) -> Ints:
    return np.bincount(facts.between(events, froms, untils, wanted).places, minlength=len(facts))


def _both(one: Events, other: Events) -> Events:
    filters = tuple(where for where in (one.where, other.where) if where is not None)
    return Events(one.kind, And(filters) if len(filters) > 1 else filters[0] if filters else None)


def _expiries(facts: Facts, window: Window, starts: Ints, wanted: Bools) -> Ints:
    if window.milliseconds is not None:
        return starts + window.milliseconds
    expiries = starts.copy()
    expiries[wanted] = [window.expiry(start, facts.calendar) for start in starts[wanted].tolist()]
    return expiries


def _days_until(facts: Facts, dates: Mixed) -> Numbers:
    """Give days from today to each distinct text that is a date."""
    today = date_ordinal(facts.calendar.date_of(facts.now))
    found = [iso_date(word) for word in dates.words.words]
    days = np.array([0 if day is None else date_ordinal(day) - today for day in found] + [0], dtype=np.int64)
    known = np.array([day is not None for day in found] + [False], dtype=np.bool_)
    return Numbers(days[dates.words.codes], 1, known[dates.words.codes])
