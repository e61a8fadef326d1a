"""The life cycle's history, asked: moves between labels, retention by cohort, and the active against the inactive.

Counted from the stretches of judged days and the stored events, in blocks of customers. It must not know how days are
judged, nor how an answer is laid out.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar, Final

import numpy as np

from handlers import spending
from handlers.context import Context
from handlers.lifecycle_plans import NoLifecycleError
from rules.conditions.columns import Ints, Numbers
from rules.conditions.days import business_days, midnights
from rules.conditions.suggest import nearest
from rules.conditions.terms import Count, Events, Family, Sum, Term
from rules.errors import WarmlineError
from rules.instants import LATEST
from rules.lifecycle.months import Month, bounded, months_up_to, numbers_of
from rules.lifecycle.presets import presets
from rules.lifecycle.stretches import ACTIVE, KEPT, NO_LABEL, date_of
from rules.money import decimal_text
from rules.preview.grid import MOST_CUSTOMERS, Grid, reach
from rules.preview.steps import DayEnds
from storage import customers, definitions, events, processes, pruned, stretches
from storage import terms as answers
from storage.database import Transaction
from storage.facts import known_customers
from storage.history import History
from storage.stretches import Move
from templates.history_views import (
    ActivityMonth,
    ActivityView,
    CohortsView,
    CohortView,
    FlowMonth,
    FlowView,
    GroupView,
    MovesView,
)

FLOWING: Final = (Family.STAGE, Family.STATUS)
USUAL_FLOW: Final = 6
"""Months of a flow where nothing was said."""
USUAL_MONTHS: Final = 12
MOST_IN_CHAT: Final = 250_000
"""Customers up to whom somebody in chat may wait for cohorts and activity."""
DEALINGS: Final = ("support", "feedback")
"""Processes whose key events are dealings with a customer: the dimension of relationship."""
CONTACT: Final = "contact"
"""So is this kind, whatever process it belongs to."""
_EVENTS: Final = 1_000_000
"""Events that are in memory at once, if customers have about as many each."""


class NotJudgedError(WarmlineError):
    """No day of the life cycle's history is judged yet."""

    code: ClassVar[str] = "not_judged"


class NoFlowError(WarmlineError):
    """There is no movement to be shown of ``text``, only of stages and statuses; ``nearest`` is what is like it, or None."""

    code: ClassVar[str] = "no_flow"


class TooManyForChatError(WarmlineError):
    """So many ``customers`` would let somebody in chat wait too long; ``command`` of the command line takes its time."""

    code: ClassVar[str] = "too_many_for_chat"


def flowing(text: str) -> Family:
    """Read the family whose moves are asked for: stages where nothing is said. Raises `NoFlowError`."""
    said = text.strip().casefold() or Family.STAGE.value
    found = [family for family in FLOWING if said in (family.value, f"{family.value}s", f"{family.value}es")]
    if not found:
        near = nearest(said[:40], [family.value for family in FLOWING])
        raise NoFlowError(text=text[:40], nearest=near)
    return found[0]


def flow(ctx: Context, family: Family, months: int = USUAL_FLOW) -> FlowView:
    """Count who went from which label to which, in each of the last ``months``, this one up to the last judged day.

    Raises `NoLifecycleError`, `NotJudgedError` or `rules.lifecycle.months.BadMonthsError`.
    """
    with ctx.database.reading() as tx:
        through = _through(tx)
        asked = months_up_to(Month.of_day(through), bounded(months))
        found = stretches.moves(tx, family, first=asked[0].first_day, last=through)
    by_month = {month: _folded(one for one in found if Month.of_day(one.day) == month) for month in asked}
    return FlowView(
        family=family.value,
        labels=KEPT[family],
        until=date_of(through),
        months=tuple(FlowMonth(month.first, by_month[month]) for month in asked),
        moves=_folded(found),
    )


def cohorts(ctx: Context, months: int = USUAL_MONTHS, *, most: int | None = None) -> CohortsView:
    """Count the customers by the month of their first qualifying event, and who of them was active month by month.

    Raises as `flow`, and `TooManyForChatError` where there are more than ``most`` customers.
    """
    with ctx.database.reading() as tx:
        through = _through(tx)
        asked = months_up_to(Month.of_day(through), bounded(months))
        _refuse_many(tx, most, "lifecycle cohorts")
        kinds = definitions.current(tx).kinds
        over = [month for month in asked if month.last_day <= through]
        # Cohorts down, months of the calendar across.
        active = np.zeros((months, len(over)), dtype=np.int64)
        judged = np.zeros_like(active)
        size = np.zeros(months, dtype=np.int64)
        for ids in _blocks(tx, ctx, through, kinds):
            cohort = _first_month(tx, ctx, ids, kinds, through) - asked[0].number
            ours = (cohort >= 0) & (cohort < months)
            if not ours.any():
                continue
            size += np.bincount(cohort[ours], minlength=months)
            held = _active_at(tx, ids[ours], [month.last_day for month in over])
            np.add.at(active, cohort[ours], held == 0)
            np.add.at(judged, cohort[ours], held != NO_LABEL)
    return CohortsView(
        until=date_of(through),
        kinds=kinds,
        cohorts=tuple(
            CohortView(
                month.first,
                int(size[place]),
                tuple(
                    n if seen or not size[place] else None
                    for n, seen in zip(
                        active[place, place:].tolist(), judged[place, place:].tolist(), strict=True
                    )
                ),
            )
            for place, month in enumerate(asked)
        ),
    )


def activity(ctx: Context, months: int = USUAL_MONTHS, *, most: int | None = None) -> ActivityView:
    """Compare who was active at the end of each of the last ``months`` that are over with who was not.

    Raises as `cohorts`.
    """
    with ctx.database.reading() as tx:
        through = _through(tx)
        bounded(months)
        _refuse_many(tx, most, "lifecycle activity")
        last = Month.of_day(through + 1)
        asked = _within_reach(tx, ctx, months_up_to(Month(last.number - 1), months))
        found = np.zeros((2, 5, len(asked)), dtype=np.int64)
        names = tuple(name for name, stored in events.kinds(tx).items() if stored)
        for ids in _blocks(tx, ctx, through, names) if asked else ():
            figures = _figures(tx, ctx, ids, asked, names)
            held = _active_at(tx, ids, [month.last_day for month in asked])
            for group in (0, 1):
                found[group] += (figures * (held == group)).sum(axis=1)
    groups = [
        [GroupView(*found[group, :, place].tolist()) for place in range(len(asked))] for group in (0, 1)
    ]
    return ActivityView(
        until=date_of(through),
        currency=ctx.currency,
        months=tuple(
            ActivityMonth(month.first, active, inactive)
            for month, active, inactive in zip(asked, *groups, strict=True)
        ),
        clipped=len(asked) < months,
    )


def refuse_unused(ctx: Context) -> None:
    """Raise `NoLifecycleError` where no life cycle is in use."""
    with ctx.database.reading() as tx:
        _refuse_unused(tx)


def _refuse_unused(tx: Transaction) -> None:
    if not definitions.current(tx):
        raise NoLifecycleError(presets=list(presets()))


def _through(tx: Transaction) -> int:
    _refuse_unused(tx)
    found = stretches.through(tx)
    if found is None:
        raise NotJudgedError
    return found


def _refuse_many(tx: Transaction, most: int | None, command: str) -> None:
    about = customers.about(tx)
    if most is not None and about > most:
        raise TooManyForChatError(customers=about, command=command)


def _folded(moves: Iterable[Move]) -> tuple[MovesView, ...]:
    times: Counter[tuple[str | None, str | None]] = Counter()
    for one in moves:
        times[one.before, one.after] += one.customers
    ranked = sorted(times.items(), key=lambda one: (-one[1], one[0][0] or "", one[0][1] or ""))
    return tuple(MovesView(*move, n) for move, n in ranked)


def _blocks(tx: Transaction, ctx: Context, through: int, kinds: Sequence[str]) -> Iterator[Ints]:
    """Give the ids of those known at the end of the day ``through``, so many at once as memory is for."""
    stored = events.kinds(tx)
    each = max(1, sum(stored.get(kind, 0) for kind in kinds) // max(customers.about(tx), 1))
    size = max(1, min(MOST_CUSTOMERS, _EVENTS // each))
    end, first = int(_ends(ctx, [through]).last), 0
    while len(ids := customers.ids(tx, known_at=end, first=first, limit=size)):
        yield ids
        first = int(ids[-1]) + 1


def _ends(ctx: Context, days: Sequence[int]) -> DayEnds:
    return DayEnds(np.array(days, dtype=np.int64), ctx.calendar)


def _first_month(tx: Transaction, ctx: Context, ids: Ints, kinds: Sequence[str], through: int) -> Ints:
    """Give the number of the month of each customer's first event of any of ``kinds``; -1 without one."""
    end = _ends(ctx, [through]).last
    facts = answers.facts_of(tx, now=end, calendar=ctx.calendar, currency=ctx.currency, customers=ids)
    never = np.iinfo(np.int64).max
    first = np.full(len(ids), never, dtype=np.int64)
    for kind in kinds:
        found = facts.first(Events(kind))
        first = np.minimum(first, np.where(found.known, found.values, never))
    happened = first != never
    days = business_days(np.where(happened, first, 0), ctx.calendar)
    return np.where(happened, numbers_of(days), -1)


def _active_at(tx: Transaction, ids: Ints, days: Sequence[int]) -> Ints:
    """Give, customers x days, 0 for who was active at the end of a day, 1 for who was not; `NO_LABEL` for neither."""
    held = np.full((len(ids), len(days)), NO_LABEL, dtype=np.int64)
    for one in stretches.of_customers(tx, ids, family=Family.ACTIVE):
        place = int(np.searchsorted(ids, one.customer_id))
        code = KEPT[Family.ACTIVE].index(one.label) if one.label is not None else NO_LABEL
        begin = int(np.searchsorted(days, one.from_day))
        end = len(days) if one.to_day is None else int(np.searchsorted(days, one.to_day, side="right"))
        held[place, begin:end] = code
    return held


def _within_reach(tx: Transaction, ctx: Context, asked: Sequence[Month]) -> list[Month]:
    """Leave out the months before whose beginning events were pruned: what they came to cannot be told apart."""
    horizon = pruned.horizon(tx)
    begins = midnights(np.array([month.first_day for month in asked], dtype=np.int64), ctx.calendar)
    return [
        month
        for month, begin in zip(asked, begins.tolist(), strict=True)
        if horizon is None or begin > horizon
    ]


def _figures(tx: Transaction, ctx: Context, ids: Ints, asked: Sequence[Month], kinds: Sequence[str]) -> Ints:
    """Give, figures x customers x months, a 1, the events, what was spent, what was up to then, and the contacts."""
    steps = _ends(ctx, [asked[0].first_day - 1, *(month.last_day for month in asked)])
    _, known_since = known_customers(tx, now=LATEST, customers=ids)
    found = np.zeros((5, len(ids), len(asked)), dtype=np.int64)
    found[0] = 1
    terms: list[Term] = [made(Events(kind), None) for kind in kinds for made in (Count, Sum)]
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
    paid = spending.kinds(tx, definitions.current(tx))
    catalogue = processes.catalogue(tx)
    dealings = {event.kind for process in DEALINGS for event in catalogue.key_events(process)}
    dealings.add(catalogue.meaning(CONTACT))
    for kind in kinds:
        grid = Grid(past, steps)
        count, total = (_table(grid, made(Events(kind), None), len(steps)) for made in (Count, Sum))
        happened = np.diff(count, axis=1)
        found[1] += happened
        if kind in paid:
            found[2] += np.diff(total, axis=1)
            found[3] += total[:, 1:]
        if kind in dealings:
            found[4] += happened
    return found


def _table(grid: Grid, term: Term, steps: int) -> Ints:
    column = grid.columns([term])[term]
    if not isinstance(column, Numbers):
        raise TypeError("counts and sums are numbers")
    table: Ints = column.numerators.reshape(-1, steps)
    return table


def stretches_json(ctx: Context, customer_id: int) -> list[dict[str, object]]:
    """Give a customer's stretches as ``bot.py lifecycle stretches --json`` does; the last of each family has no end."""
    with ctx.database.reading() as tx:
        found = stretches.of_customer(tx, customer_id)
    return [
        {
            "family": one.family,
            "label": one.label,
            "from": date_of(one.from_day).isoformat(),
            "to": None if one.to_day is None else date_of(one.to_day).isoformat(),
            "version": one.version,
        }
        for one in found
    ]


def flow_json(view: FlowView) -> dict[str, object]:
    """Give the answer of ``bot.py lifecycle flow --json``."""
    return {
        "family": view.family,
        "through": view.until.isoformat(),
        "months": [{"month": f"{one.first:%Y-%m}", "moves": _moves_json(one.moves)} for one in view.months],
        "moves": _moves_json(view.moves),
    }


def _moves_json(moves: Sequence[MovesView]) -> list[dict[str, object]]:
    return [{"from": one.before, "to": one.after, "moves": one.times} for one in moves]


def cohorts_json(view: CohortsView) -> dict[str, object]:
    """Give the answer of ``bot.py lifecycle cohorts --json``."""
    return {
        "through": view.until.isoformat(),
        "kinds": list(view.kinds),
        "cohorts": [
            {"month": f"{one.first:%Y-%m}", "customers": one.customers, "active": list(one.active)}
            for one in view.cohorts
        ],
    }


def activity_json(view: ActivityView) -> dict[str, object]:
    """Give the answer of ``bot.py lifecycle activity --json``; amounts are decimal texts."""
    return {
        "through": view.until.isoformat(),
        "currency": view.currency,
        "months": [
            {
                "month": f"{one.first:%Y-%m}",
                ACTIVE: _group_json(one.active, view.currency),
                "inactive": _group_json(one.inactive, view.currency),
            }
            for one in view.months
        ],
    }


def _group_json(group: GroupView, currency: str) -> dict[str, object]:
    return {
        "customers": group.customers,
        "events": group.events,
        "spent": decimal_text(group.spent, currency),
        "value": decimal_text(group.value, currency),
        "contacts": group.contacts,
    }
