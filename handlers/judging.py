"""Judging days: where every customer stood in the life cycle at the end of each business day, kept as stretches.

Done every night for the days since the last time, and for those who are late: whom an event came in of, dated in a day
that was judged. Block by block, so that memory does not grow with the customers; a run that is cut short is repeated,
and finds what stands already. It must not know what is made of the stretches.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

import numpy as np

from handlers.context import Context
from handlers.lifecycle_plans import under_aliases
from rules.conditions.columns import Bools, Column, Ints
from rules.conditions.days import business_days, midnights
from rules.conditions.reach import within
from rules.conditions.terms import Family, Subject, Term, events_of
from rules.instants import HOUR, LATEST, Calendar
from rules.lifecycle.definitions import Lifecycle
from rules.lifecycle.standing import asked, standing
from rules.lifecycle.stretches import (
    KEPT,
    NO_LABEL,
    NOBODY,
    Changes,
    Judgement,
    day_of,
    first_day,
    rewritten,
    slices,
)
from rules.preview.grid import MOST_CUSTOMERS, Grid, reach
from rules.preview.steps import DayEnds
from storage import customers, definitions, events, jobs, processes, pruned, retry, stretches, turns
from storage.database import Transaction
from storage.facts import known_customers
from storage.history import History
from storage.stretches import Mark

JOB: Final = "history"
AT: Final = 1 * HOUR
"""Of the business day: late enough for what the evening's sources send at midnight."""
_FAMILIES: Final = tuple(KEPT)
_CELLS: Final = 200_000
"""Customers times days that are in memory at once, some twenty columns of each."""
_EVENTS: Final = 1_000_000
"""Events that are in memory at once, if customers have about as many each."""


@dataclass(slots=True)
class Judged:
    """A run: days from ``first`` through ``last`` since 1970-01-01 for everybody, and how many ``late`` customers.

    ``changed`` is how many stretches were written or taken away.
    """

    first: int
    last: int
    late: int = 0
    changed: int = 0


@dataclass(frozen=True, slots=True)
class _Plan:
    """The versions in force, by day from ``first`` through ``last``, at whose ends every customer is judged."""

    first: int
    last: int
    calendar: Calendar
    versions: Sequence[tuple[int, Lifecycle]]
    of_day: Ints
    """The place among ``versions`` of each day's."""
    floors: dict[int | None, int] = field(default_factory=dict)

    def parts(self, since: int) -> Iterator[tuple[Lifecycle, Ints]]:
        """Give the days from ``since`` on in pieces, each under one version."""
        of_day, days = self.of_day[since - self.first :], np.arange(since, self.last + 1)
        for piece in np.split(np.arange(len(days)), np.flatnonzero(np.diff(of_day)) + 1):
            if len(piece):
                yield self.versions[int(of_day[piece[0]])][1], days[piece]

    def numbers(self, since: int) -> list[int]:
        """Give the version of each day from ``since`` on."""
        return [self.versions[place][0] for place in self.of_day[since - self.first :].tolist()]

    def floor(self, horizon: int | None) -> int:
        """Give the first day from which on all that is asked lies within what was not pruned before ``horizon``."""
        if horizon not in self.floors:
            self.floors[horizon] = self._floor(horizon)
        return self.floors[horizon]

    def _floor(self, horizon: int | None) -> int:
        floor = self.first
        if horizon is None:
            return floor
        for lifecycle, days in self.parts(self.first):
            answerable = partial(_answerable, asked(lifecycle, _FAMILIES), horizon, self.calendar)
            lost = bisect_left(DayEnds(days, self.calendar).instants.tolist(), True, key=answerable)
            if lost:
                floor = int(days[0]) + lost
        return floor


def _answerable(terms: Sequence[Term], horizon: int, calendar: Calendar, end: int) -> bool:
    return end >= horizon and len(within(terms, horizon, end, calendar)) == len(terms)


def judge_if_due(ctx: Context) -> Judged | None:
    """Judge once a business day, from one in the morning on, and at once where no day was ever judged; else None."""
    now = ctx.now()
    with ctx.database.reading() as tx:
        last = jobs.last_done(tx, JOB)
    if last is not None and ctx.calendar.date_of(now - AT) <= ctx.calendar.date_of(last - AT):
        return None
    return judge(ctx)


def judge(ctx: Context) -> Judged | None:
    """Judge every day up to yesterday, where it was not or something is late for it; None without a life cycle.

    Raises `storage.errors.JudgingRunningError`.
    """
    with ctx.database.reading() as tx:
        versions = definitions.versions(tx)[::-1]
        aliases = processes.aliases(tx)
    if not versions:
        return None
    now = ctx.now()
    with turns.judging(ctx.database) as held:
        ctx = replace(ctx, database=held)
        yesterday = day_of(now, ctx.calendar) - 1
        until = int(midnights(np.array([yesterday + 1]), ctx.calendar)[0])
        mark = retry.writing(ctx.database, lambda tx: stretches.begin(tx, until))
        first = first_day(versions[0].at, ctx.calendar)
        last = max(yesterday, first if mark.through is None else mark.through)
        days = np.arange(first, last + 1)
        of_day = np.zeros(len(days), dtype=np.int64)
        for place, one in enumerate(versions):
            of_day[DayEnds(days, ctx.calendar).instants >= one.at] = place
        # What was another kind then has its name of today, in the events and so in the definitions of then.
        cycles = [(one.version, under_aliases(one.lifecycle, aliases)) for one in versions]
        plan = _Plan(first, last, ctx.calendar, cycles, of_day)
        done = Judged(first if mark.through is None else mark.through + 1, last)
        if mark.through is not None:
            _judge_late(ctx, plan, mark, done)
        _judge_new(ctx, plan, done)
        retry.writing(ctx.database, lambda tx: _finish(tx, mark, last, now))
    return done


def _finish(tx: Transaction, mark: Mark, last: int, now: int) -> None:
    stretches.finish(tx, mark, last)
    jobs.done(tx, JOB, now=now)


def _judge_late(ctx: Context, plan: _Plan, mark: Mark, done: Judged) -> None:
    """Judge anew those of whom something came late, each from the day of it on."""
    after = 0
    while True:
        with ctx.database.reading() as tx:
            ids, since = stretches.late(tx, mark, after=after, limit=MOST_CUSTOMERS)
            most = _most(tx, plan)
        if not len(ids):
            return
        begins = np.maximum(business_days(since, ctx.calendar), plan.first)
        for places in slices(begins, plan.last, _CELLS, most):
            _judge_block(ctx, plan, ids=ids[places], begins=begins[places], done=done, late=mark)
        done.late += len(ids)
        after = int(ids[-1])


def _judge_new(ctx: Context, plan: _Plan, done: Judged) -> None:
    """Judge everybody on the days since the last time."""
    if done.first > plan.last:
        return
    end, after = int(DayEnds(np.array([plan.last]), ctx.calendar).instants[0]), 0
    while True:
        with ctx.database.reading() as tx:
            size = max(1, min(_most(tx, plan), _CELLS // (plan.last - done.first + 1)))
            ids = customers.ids(tx, known_at=end, first=after, limit=size)
        if not len(ids):
            return
        _judge_block(ctx, plan, ids=ids, begins=np.full(len(ids), done.first, dtype=np.int64), done=done)
        after = int(ids[-1]) + 1


def _most(tx: Transaction, plan: _Plan) -> int:
    """Give how many customers may be looked at together for the sake of their events."""
    kinds = {
        one.kind for _, cycle in plan.versions for term in asked(cycle, _FAMILIES) for one in events_of(term)
    }
    stored = events.kinds(tx)
    each = max(1, sum(stored.get(kind, 0) for kind in kinds) // max(customers.about(tx), 1))
    return max(1, min(MOST_CUSTOMERS, _EVENTS // each))


def _judge_block(
    ctx: Context, plan: _Plan, *, ids: Ints, begins: Ints, done: Judged, late: Mark | None = None
) -> None:
    """Judge some customers in one snapshot, and write what differs in one short transaction."""
    with ctx.database.reading() as tx:
        changes = _changes(tx, ctx, plan, ids, begins)
    if changes or late is not None:
        retry.writing(ctx.database, lambda tx: _write(tx, changes, ids, late))
        done.changed += len(changes.gone) + len(changes.kept)


def _write(tx: Transaction, changes: Changes, ids: Ints, late: Mark | None) -> None:
    stretches.write(tx, changes.gone, changes.kept)
    if late is not None:
        stretches.taken(tx, late, ids)


def _changes(tx: Transaction, ctx: Context, plan: _Plan, ids: Ints, begins: Ints) -> Changes:
    # Those who are not known yet are asked as well: they may have been before a profile said otherwise.
    there, known_since = known_customers(tx, now=LATEST, customers=ids)
    changes = Changes(gone=stretches.of_customers(tx, np.setdiff1d(ids, there)))
    begins = np.maximum(begins[np.searchsorted(ids, there)], plan.floor(pruned.horizon(tx)))
    within_reach = begins <= plan.last
    there, known_since, begins = there[within_reach], known_since[within_reach], begins[within_reach]
    if not len(there):
        return changes
    first = int(begins.min())
    codes = _codes(tx, ctx, plan, first, ids=there, known_since=known_since)
    stand = stretches.of_customers(tx, there, ending_from=first - 1)
    known_before = known_since < midnights(begins, ctx.calendar)
    for family in KEPT:
        found = Judgement(
            family=family,
            ids=there,
            days=np.arange(first, plan.last + 1),
            codes=codes[family],
            begins=begins,
            known_before=known_before,
            versions=plan.numbers(first),
        )
        these = rewritten(found, [one for one in stand if one.family == family.value])
        changes.gone += these.gone
        changes.kept += these.kept
    return changes


def _codes(
    tx: Transaction, ctx: Context, plan: _Plan, since: int, *, ids: Ints, known_since: Ints
) -> dict[Family, Ints]:
    """Give the codes of these customers' labels at the ends of the days from ``since`` on, by family."""
    pieces: dict[Family, list[Ints]] = {family: [] for family in KEPT}
    for lifecycle, days in plan.parts(since):
        steps, terms = DayEnds(days, ctx.calendar), asked(lifecycle, _FAMILIES)
        past = History(
            tx,
            first=steps.first,
            last=steps.last,
            reach=reach(terms, steps),
            calendar=ctx.calendar,
            currency=ctx.currency,
            ids=ids,
            known_since=known_since,
        )
        grid = Grid(past, steps)
        columns, known = grid.columns(terms), grid.known()
        for family, codes in pieces.items():
            codes.append(_labels(lifecycle, family, columns, known))
    return {family: np.concatenate(codes, axis=1) for family, codes in pieces.items()}


def _labels(lifecycle: Lifecycle, family: Family, columns: Mapping[Subject, Column], known: Bools) -> Ints:
    found = standing(lifecycle, family, columns)
    codes = np.full(known.shape, NO_LABEL, dtype=np.int64)
    if family is Family.ACTIVE and found.labels:
        codes = np.where(found.holds[0], 0, 1).reshape(known.shape)
    elif found.labels:
        # The last place is found by the code of no label.
        places = np.array([*(KEPT[family].index(label) for label in found.labels), NO_LABEL], dtype=np.int64)
        codes = places[found.codes()].reshape(known.shape)
    return np.where(known, codes, NOBODY)
