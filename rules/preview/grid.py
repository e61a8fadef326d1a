"""Every term at every step for a block of customers: from the events in order, by the steps at which they count.

An event comes into a window at the first step that is not before it, and leaves at the first whose edge has reached
it; between two such steps nothing changes, so each event is touched twice, however many steps there are. The answers
are columns of (customers x steps) values, customer by customer, exact as a sweep's. It must not know where events
are stored, nor what is done with an answer.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

import numpy as np

from rules.conditions.columns import Bools, Column, Ints, Mixed, Numbers, Truths, Words, iso_date
from rules.conditions.days import business_days, date_ordinal, midnights
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
    EventCall,
    Events,
    Field,
    Fitted,
    MedianGap,
    Missing,
    Never,
    Overdue,
    Own,
    Rating,
    Returned,
    Score,
    Silent,
    Stored,
    Subject,
    Sum,
    Term,
)
from rules.conditions.tree import both
from rules.conditions.windows import Window
from rules.instants import DAY, EARLIEST
from rules.lifecycle.fit import Fit
from rules.lifecycle.purchases import Purchases, Summary, running
from rules.lifecycle.score import Scores, column, scores
from rules.preview.steps import Steps

MOST_CUSTOMERS: Final = 16_384
"""Customers in one block: so many, and any instants, still make sortable numbers of 64 bits."""
NEVER: Final = np.iinfo(np.int64).min
_FAR: Final = np.iinfo(np.int64).max

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """Events in order of ``places`` (of their customers in the block) and then of ``instants``.

    ``amounts`` are minor units of the account's currency where ``counted``, and 0 where not.
    """

    places: Ints
    instants: Ints
    amounts: Ints
    counted: Bools


class Known(Protocol):
    """One whole number for each customer, where it is ``known``."""

    @property
    def values(self) -> Ints: ...  # noqa: D102

    @property
    def known(self) -> Bools: ...  # noqa: D102


class Past(Protocol):
    """What is known of a block of customers; every answer has them in the same order.

    What stood at the first step is asked for as a sweep would; after it, only the events count.
    """

    @property
    def known_since(self) -> Ints:
        """Since when each customer is known."""

    @property
    def decimals(self) -> int:
        """Decimals of the account's currency."""

    def happened(self, events: Events) -> Stream:
        """Give the events as far back as `reach` says, up to the last step."""

    def count(self, events: Events) -> Ints:
        """Count the events up to the first step."""

    def total(self, events: Events) -> Ints:
        """Add their amounts up to the first step."""

    def amounts(self, events: Events) -> Ints:
        """Count their amounts up to the first step."""

    def last(self, events: Events) -> Known:
        """Give the last of them up to the first step."""

    def first(self, events: Events) -> Known:
        """Give the first of them up to the last step."""

    def latest_days(self, events: Events) -> Ints:
        """Give the last `MOST_GAPS` + 1 business days with such events up to the first step, latest first.

        Days are counted since 1970-01-01; `NEVER` fills the row of those with fewer.
        """

    @property
    def currency(self) -> str:
        """The account's currency."""

    def fits(self) -> Sequence[Fit]:
        """Give the fits of the value models that are in force at any step, in the order of their instants."""

    def purchases(self, kind: str) -> Purchases:
        """Give all events of ``kind`` up to the last step, as the value models see them."""

    def rating(self, name: Rating) -> tuple[Known, Ints]:
        """Give the number that is stored of each customer, and since when it is known."""

    def own(self, name: Own) -> Words:
        """Give the customer's own text."""

    def attribute(self, name: str) -> Mixed:
        """Give the customer's attribute."""


def reach(terms: Iterable[Term], steps: Steps) -> dict[Events, int]:
    """Give for the events that are asked for one by one how far back: those after that instant."""
    found: dict[Events, int] = {}
    for term in terms:
        for events, after in _asked(term, steps):
            found[events] = min(after, found.get(events, after))
    return found


def _asked(term: Term, steps: Steps) -> list[tuple[Events, int]]:
    match term:
        case Never() | DaysSinceFirst():
            return []
        case Missing(events, answer):
            everything = EARLIEST - 1
            shared = [(both(events, answer), everything)] if events.kind == answer.kind else []
            return [(events, everything), (answer, everything), *shared]
        case Change(of, window):
            return [(of.events, int(steps.edges(window, 2)[0]))]
        case Returned(events, window):
            # Months differ in length, and so do two of them.
            return [(events, int(steps.edges(window, 2 if window.milliseconds is not None else 3)[0]))]
        case Count(events, window) | Sum(events, window) | Average(events, window):
            return [(events, steps.first if window is None else int(steps.edges(window)[0]))]
        case Silent(events, window):
            return [(events, int(steps.edges(window)[0]))]
        case EventCall(events):
            return [(events, steps.first)]
        case _:
            return []


class Grid:
    """Answers for the customers of ``past`` at all ``steps``; what two terms share is made once."""

    def __init__(self, past: Past, steps: Steps) -> None:
        self._past = past
        self._steps = steps
        self._customers = len(past.known_since)
        self._made: dict[tuple[object, ...], Any] = {}

    def columns(self, terms: Iterable[Term]) -> Mapping[Subject, Column]:
        """Give a column of customers x steps for each term."""
        return {term: self._column(term) for term in terms}

    def known(self) -> Bools:
        """Tell, customers x steps, who is known when: nobody else matches anything."""
        found: Bools = self._past.known_since[:, None] <= self._steps.instants
        return found

    def _column(self, term: Term) -> Column:  # noqa: C901, PLR0911, PLR0912  one case for each term
        match term:
            case Count(events, window):
                return _numbers(self._running("count", events, window))
            case Sum(events, window):
                return _numbers(self._running("total", events, window), 10**self._past.decimals)
            case Average(events, window):
                total, many = (self._running(what, events, window) for what in ("total", "amounts"))
                return Numbers(
                    _flat(total), _flat(np.maximum(many, 1)) * 10**self._past.decimals, _flat(many > 0)
                )
            case DaysSince(events):
                return self._days_since(events)
            case DaysSinceFirst(events):
                first = self._past.first(events)
                since = self._steps.instants - np.where(first.known, first.values, 0)[:, None]
                return Numbers(_flat(since // DAY), 1, _flat(first.known[:, None] & (since >= 0)))
            case MedianGap(events):
                return self._median_gap(events)
            case Overdue(events):
                days, gap = self._days_since(events), self._median_gap(events)
                # A ratio of ratios: days / (halves / 2).
                return Numbers(days.numerators * 2, np.maximum(gap.numerators, 1), days.known & gap.known)
            case Change(of, window):
                return self._change("count" if isinstance(of, Count) else "total", of.events, window)
            case Never(events):
                first = self._past.first(events)
                happened = first.known[:, None] & (first.values[:, None] <= self._steps.instants)
                return Truths(_flat(~happened))
            case Silent(events, window):
                there = self._past.known_since[:, None] <= self._steps.edges(window)
                return Truths(_flat(there & (self._running("count", events, window) == 0)))
            case Returned(events, window):
                return Truths(_flat(self._returned(events, window)))
            case Missing(events, answer, window):
                return Truths(_flat(self._missing(events, answer, window)))
            case Fitted(name):
                found = self._scores(ahead=name is not Score.P_ALIVE)
                return column(found, name, self._customers * len(self._steps))
            case Stored(name):
                return self._rated(name)
            case DaysUntil(attribute):
                return self._days_until(self._past.attribute(attribute.name))
            case Attribute(name):
                held = self._past.attribute(name)
                return Mixed(self._spread(held.numbers), self._spread_words(held.words))
            case Field(Own.TENURE):
                return _numbers((self._steps.instants - self._past.known_since[:, None]) // DAY)
            case Field(name):
                return self._spread_words(self._past.own(name))
            case _:
                raise TypeError(f"no answer to {type(term).__name__}")

    # Events in windows

    def _running(self, what: str, events: Events, window: Window | None, *, before: bool = False) -> Ints:
        """Give ``what`` of the events in the window, or ever, at each step; ``before``: in the window before it."""
        return self._once(
            (what, events, window, before), lambda: self._walked(what, events, window, before=before)
        )

    def _walked(self, what: str, events: Events, window: Window | None, *, before: bool) -> Ints:
        stream, (customers, steps) = self._past.happened(events), (self._customers, len(self._steps))
        chosen = stream.counted if what != "count" else np.ones(len(stream.places), dtype=np.bool_)
        if window is None:
            # What happened up to the first step is in what stood then.
            chosen = chosen & (stream.instants > self._steps.first)
        places, instants = stream.places[chosen], stream.instants[chosen]
        arrivals = self._steps.edges(window) if before and window is not None else self._steps.instants
        comes = places * (steps + 1) + np.searchsorted(arrivals, instants)
        cells = customers * (steps + 1)
        changes = _added(comes, stream.amounts[chosen] if what == "total" else None, cells)
        if window is not None:
            departures = self._steps.edges(window, 2 if before else 1)
            goes = places * (steps + 1) + np.searchsorted(departures, instants)
            changes -= _added(goes, stream.amounts[chosen] if what == "total" else None, cells)
        table = changes.reshape(customers, steps + 1)[:, :steps]
        if window is None:
            table[:, 0] += getattr(self._past, what)(events)
        running: Ints = np.cumsum(table, axis=1)
        return running

    def _change(self, what: str, events: Events, window: Window) -> Numbers:
        this, previous = (self._running(what, events, window, before=before) for before in (False, True))
        return Numbers(_flat(this - previous), _flat(np.maximum(previous, 1)), _flat(previous > 0))

    def _returned(self, events: Events, window: Window) -> Bools:
        stream, first = self._past.happened(events), self._past.first(events)
        places, instants = stream.places, stream.instants
        gaps = (
            instants - window.milliseconds
            if window.milliseconds is not None
            else np.array([window.edge(at, self._steps.calendar) for at in instants.tolist()], dtype=np.int64)
        )
        # Whoever came before the events that were read came before any gap that matters.
        follows = np.zeros(len(places), dtype=np.bool_)
        follows[1:] = (places[1:] == places[:-1]) & (instants[:-1] > gaps[1:])
        back = first.known[places] & (first.values[places] < instants) & ~follows
        # An event is the first in the window from its own step on, until it leaves: the one before has left by then.
        begins = np.searchsorted(self._steps.instants, instants[back])
        ends = np.searchsorted(self._steps.edges(window), instants[back])
        some, who = begins < ends, places[back]
        turns = np.zeros((self._customers, len(self._steps) + 1), dtype=np.int64)
        np.add.at(turns, (who[some], begins[some]), 1)
        np.add.at(turns, (who[some], ends[some]), -1)
        came_back: Bools = np.cumsum(turns, axis=1)[:, :-1] > 0
        return came_back

    # The last event

    def _days_since(self, events: Events) -> Numbers:
        return self._once(("days_since", events), lambda: self._waited(events))

    def _waited(self, events: Events) -> Numbers:
        stood, stream = self._past.last(events), self._past.happened(events)
        later = stream.instants > self._steps.first
        last = np.full((self._customers, len(self._steps)), NEVER, dtype=np.int64)
        last[:, 0] = np.where(stood.known, stood.values, NEVER)
        self._place(last, stream.places[later], stream.instants[later], stream.instants[later])
        known = last != NEVER
        return Numbers(_flat(np.where(known, self._steps.instants - last, 0) // DAY), 1, _flat(known))

    def _place(self, table: Ints, places: Ints, instants: Ints, values: Ints) -> None:
        """Put ``values``, ascending for each customer, from the first step that is not before ``instants`` on."""
        comes = np.searchsorted(self._steps.instants, instants)
        # Of several that come at one step the last is the one that stays.
        stays = np.ones(len(places), dtype=np.bool_)
        stays[:-1] = (places[1:] != places[:-1]) | (comes[1:] != comes[:-1])
        stays &= comes < len(self._steps)
        table[places[stays], comes[stays]] = values[stays]
        np.maximum.accumulate(table, axis=1, out=table)

    # Gaps

    def _median_gap(self, events: Events) -> Numbers:
        return self._once(("median_gap", events), lambda: self._gaps(events))

    def _gaps(self, events: Events) -> Numbers:
        """Give the median in half days, made anew only where a business day with an event comes."""
        places, days, instants, old = self._days(events)
        # The table's values are numbers of rows here; those of what stood at the first step come at the first step.
        medians, known = _medians(places, days)
        latest = np.full((self._customers, len(self._steps)), -1, dtype=np.int64)
        self._place(latest, places, np.where(old, self._steps.first, instants), np.arange(len(places)))
        found = _flat(latest)
        # Number -1 finds the last: nothing happened yet.
        return Numbers(np.append(medians, 0)[found], 2, np.append(known, False)[found])

    def _days(self, events: Events) -> tuple[Ints, Ints, Ints, Bools]:
        """Give every business day that counts: whose, which, from what instant on; and whether before the first step."""
        stood, stream = self._past.latest_days(events)[:, ::-1], self._past.happened(events)
        later = stream.instants > self._steps.first
        places, instants = stream.places[later], stream.instants[later]
        held = stood != NEVER
        old_places, old_days = np.nonzero(held)[0], stood[held]
        whose = np.concatenate([old_places, places])
        days = np.concatenate([old_days, business_days(instants, self._steps.calendar)])
        when = np.concatenate([np.full(len(old_days), NEVER), instants])
        order = np.lexsort((when, days, whose))
        whose, days, when = whose[order], days[order], when[order]
        new = np.ones(len(whose), dtype=np.bool_)
        new[1:] = (whose[1:] != whose[:-1]) | (days[1:] != days[:-1])
        return whose[new], days[new], when[new], when[new] == NEVER

    # Answers that did not come

    def _missing(self, events: Events, answer: Events, window: Window) -> Bools:
        asked, answers = self._past.happened(events), self._past.happened(answer)
        shared = self._past.happened(both(events, answer)) if events.kind == answer.kind else None
        starts = asked.instants
        ends = self._expiries(window, starts)
        came = _between(asked.places, starts, ends, answers)
        alone = came == 0
        if shared is not None:
            # The latest may be an answer itself. It does not answer itself; two of one instant answer each other.
            latest, itself = (_between(asked.places, starts, starts, one) for one in (asked, shared))
            alone |= (came == 1) & (latest == 1) & (itself == 1)
        rows = np.full((self._customers, len(self._steps)), -1, dtype=np.int64)
        self._place(rows, asked.places, starts, np.arange(len(starts)))
        # Number -1 finds the last: nothing was asked.
        waited: Bools = np.append(starts, _FAR)[rows] <= self._steps.edges(window)
        unanswered: Bools = waited & np.append(alone, False)[rows]
        return unanswered

    def _expiries(self, window: Window, starts: Ints) -> Ints:
        if window.milliseconds is not None:
            return starts + window.milliseconds
        # The same for all that happened since the midnight before: so it is asked once for each day.
        calendar = self._steps.calendar
        days = business_days(starts, calendar)
        days += midnights(days, calendar) < starts
        unique, places = np.unique(days, return_inverse=True)
        ends = [window.expiry(start, calendar) for start in midnights(unique, calendar).tolist()]
        return np.array(ends, dtype=np.int64)[places]

    # Values

    def _scores(self, *, ahead: bool) -> Scores:
        return self._once(("scores", ahead), lambda: self._scored(ahead=ahead))

    def _scored(self, *, ahead: bool) -> Scores:
        """Score, by the fit in force at each step, what each customer had bought by then."""
        fits, shape = self._past.fits(), (self._customers, len(self._steps))
        segments = self._past.own(Own.SEGMENT)
        found = Scores.none(self._customers * len(self._steps))
        starts = np.searchsorted(self._steps.instants, [fit.as_of for fit in fits])
        cells = np.arange(shape[0] * shape[1]).reshape(shape)
        for fit, begin, end in zip(fits, starts, np.append(starts, shape[1])[1:], strict=True):
            states, whose, latest = self._bought(fit.terms.kind)
            rows = latest[:, begin:end].reshape(-1)
            # What nothing happened to between two steps is scored once.
            once, place = np.unique(rows[rows >= 0], return_inverse=True)
            places = np.append(fit.places(segments.words), 0)[segments.codes[whose[once]]]
            some = scores(fit, states.rows(once), places, self._past.currency, ahead=ahead)
            found.put(cells[:, begin:end].reshape(-1)[rows >= 0], some, place)
        return found

    def _bought(self, kind: str) -> tuple[Summary, Ints, Ints]:
        """Give what purchases came to by each of them, whose, and which of these states holds at each step; -1 is none."""
        return self._once(("bought", kind), lambda: self._states(self._past.purchases(kind)))

    def _states(self, purchases: Purchases) -> tuple[Summary, Ints, Ints]:
        latest = np.full((self._customers, len(self._steps)), -1, dtype=np.int64)
        self._place(latest, purchases.places, purchases.instants, np.arange(len(purchases.places)))
        return running(purchases, self._steps.calendar), purchases.places, latest

    # The customer's own

    def _days_until(self, dates: Mixed) -> Numbers:
        found = [iso_date(word) for word in dates.words.words]
        days = np.array([0 if day is None else date_ordinal(day) for day in found] + [0], dtype=np.int64)
        known = np.array([day is not None for day in found] + [False], dtype=np.bool_)
        today = np.array([date_ordinal(day) for day in self._steps.dates()], dtype=np.int64)
        return Numbers(
            _flat(days[dates.words.codes][:, None] - today),
            1,
            np.repeat(known[dates.words.codes], len(self._steps)),
        )

    def _rated(self, name: Rating) -> Numbers:
        """Give what is stored, from the step on at which it was known: what it was before is not kept."""
        found, since = self._past.rating(name)
        known = found.known[:, None] & (since[:, None] <= self._steps.instants)
        return Numbers(np.repeat(found.values, len(self._steps)), 1, _flat(known))

    def _spread(self, numbers: Numbers) -> Numbers:
        below, steps = numbers.denominators, len(self._steps)
        return Numbers(
            np.repeat(numbers.numerators, steps),
            below if isinstance(below, int) else np.repeat(below, steps),
            np.repeat(numbers.known, steps),
        )

    def _spread_words(self, words: Words) -> Words:
        return Words(np.repeat(words.codes, len(self._steps)), words.words)

    def _once(self, question: tuple[object, ...], make: Callable[[], T]) -> T:
        if question not in self._made:
            self._made[question] = make()
        made: T = self._made[question]
        return made


def _numbers(values: Ints, denominator: int = 1) -> Numbers:
    return Numbers(_flat(values), denominator, np.ones(values.size, dtype=np.bool_))


def _flat(table: Any) -> Any:
    return table.reshape(-1)


def _added(cells: Ints, amounts: Ints | None, size: int) -> Ints:
    """Count how often each cell is named, or add the amounts given to it; whole numbers all the way."""
    if amounts is None:
        return np.bincount(cells, minlength=size).astype(np.int64, copy=False)
    table = np.zeros(size, dtype=np.int64)
    np.add.at(table, cells, amounts)
    return table


def _medians(places: Ints, days: Ints) -> tuple[Ints, Bools]:
    """Give for each day the median gap, in half days, of the last `MOST_GAPS` up to it; unknown below `FEWEST_GAPS`."""
    many = len(places)
    gaps = np.full((many, MOST_GAPS), _FAR, dtype=np.int64)
    for back in range(min(MOST_GAPS, max(many - 1, 0))):
        # The gap that ends ``back`` days before: between the days at i - back - 1 and i - back.
        same = places[back + 1 :] == places[: many - back - 1]
        length = days[1 : many - back] - days[: many - back - 1]
        gaps[back + 1 :, back] = np.where(same, length, _FAR)
    counts = (gaps != _FAR).sum(axis=1)
    gaps.sort(axis=1)
    known = counts >= FEWEST_GAPS
    rows = np.arange(many)
    lower, upper = (gaps[rows, np.where(known, middle, 0)] for middle in ((counts - 1) // 2, counts // 2))
    return np.where(known, lower, 0) + np.where(known, upper, 0), known


def _between(places: Ints, froms: Ints, untils: Ints, stream: Stream) -> Ints:
    """Count the customer's events in [``froms``, ``untils``], for each of ``places``."""
    if not len(places) or not len(stream.places):
        return np.zeros(len(places), dtype=np.int64)
    low = min(int(froms.min()), int(stream.instants.min()))
    # One more than any instant that counts: what lies after all events need not be told apart.
    high = max(int(froms.max()), int(stream.instants.max())) + 1
    width = high - low + 1
    keys = stream.places * width + (stream.instants - low)
    starts = np.searchsorted(keys, places * width + (froms - low), side="left")
    ends = np.searchsorted(keys, places * width + (np.minimum(untils, high) - low), side="right")
    counts: Ints = ends - starts
    return counts
