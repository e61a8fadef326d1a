"""Where customers stand in the life cycle, asked and counted: one, or all of them, now or under other definitions.

It must not know how definitions come to be, nor how an answer is laid out.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

import numpy as np

from handlers.context import Context
from rules.conditions.columns import Bools, Column, Ints
from rules.conditions.days import date_ordinal, midnights
from rules.conditions.reach import within
from rules.conditions.terms import Family, Subject, Term, events_of
from rules.conditions.tree import Condition
from rules.conditions.windows import Window
from rules.instants import DAY, Calendar
from rules.lifecycle.definitions import FIRST_MATCH, Lifecycle
from rules.lifecycle.grounds import grounds
from rules.lifecycle.standing import NONE, Standing, asked, conditions, standing
from rules.preview.grid import Grid, reach
from rules.preview.steps import Steps, Stretch
from storage import customers, pruned
from storage import terms as answers
from storage.database import Transaction
from storage.facts import known_customers
from storage.history import History
from templates.views import LabelView

MOST_COUNTED: Final = 250_000
"""Customers up to whom all are asked while somebody waits in chat."""
_BLOCK: Final = 50_000
SHOWN: Final = (Family.ACTIVE, Family.STATUS, Family.STAGE, Family.TYPE, Family.SEGMENT, Family.VALUE_TIER)
"""The families in the order in which a card shows them."""
DATED: Final = (Family.ACTIVE, Family.STATUS, Family.STAGE)
"""Families of which it is said since when a label is the customer's."""
_EPOCH: Final = date(1970, 1, 1)
LOOK_BACK: Final = 730
"""Business days that are looked back over for it."""


@dataclass(frozen=True, slots=True)
class Since:
    """From the end of which business ``day`` on a label is the customer's; ``at_least``: perhaps for longer."""

    day: date
    at_least: bool = False


@dataclass(slots=True)
class Count:
    """How many customers there are, how many have each label under the new definitions, and how many move.

    ``holds`` by (family, label); ``moves`` by (family, label before, label after), where None is no label.
    """

    known: int = 0
    holds: Counter[tuple[Family, str]] = field(default_factory=Counter)
    moves: Counter[tuple[Family, str | None, str | None]] = field(default_factory=Counter)


def answerable(
    lifecycle: Lifecycle,
    horizon: int | None,
    now: int,
    calendar: Calendar,
    families: Sequence[Family] = SHOWN,
) -> tuple[Family, ...]:
    """Give those of ``families`` that need no event that was pruned, as of ``now``."""
    return tuple(
        family
        for family in families
        if len(within(wanted := asked(lifecycle, (family,)), horizon, now, calendar)) == len(wanted)
    )


def labels(
    lifecycle: Lifecycle, families: Sequence[Family], columns: Mapping[Subject, Column]
) -> tuple[LabelView, ...]:
    """Say which labels of ``families`` the one customer of ``columns`` has, and why; of `active`, whether or not."""
    found: list[LabelView] = []
    for family in families:
        stands, trees = standing(lifecycle, family, columns), conditions(lifecycle, family)
        for place, label in enumerate(stands.labels):
            held = bool(stands.holds[place][0])
            if held or family is Family.ACTIVE:
                found.append(_label(family, label, trees, columns, held=held))
    return tuple(found)


def since(
    tx: Transaction,
    ctx: Context,
    customer_id: int,
    lifecycle: Lifecycle,
    families: Sequence[Family],
    *,
    now: int,
) -> Mapping[Family, Since]:
    """Say since when the one label of each of ``families`` is what it is at ``now``; the others lack.

    The last two years of business days are looked at, each at its end, by the definitions and the profile of today.
    """
    if not families:
        return {}
    ids, known_since = known_customers(tx, now=now, customers=[customer_id])
    if not len(ids):
        return {}
    terms = asked(lifecycle, tuple(families))
    steps, edge = _days(ctx.calendar, terms, pruned.horizon(tx), int(known_since[0]), now)
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
    past.know({events.kind for term in terms for events in events_of(term)})
    columns, found = Grid(past, steps).columns(terms), {}
    for family in families:
        codes = standing(lifecycle, family, columns).codes()
        if len(codes) and (codes[-1] != NONE or family is Family.ACTIVE):
            other = np.flatnonzero(codes != codes[-1])
            first = int(other[-1]) + 1 if len(other) else 0
            day = ctx.calendar.date_of(int(steps.instants[first]))
            found[family] = Since(day, at_least=edge and not len(other))
    return found


class _Looks(Steps):
    """The ends of the last ``many`` business days before ``now``'s, and ``now``.

    Where edges of windows lie at the ends of days is the same for every customer, and is found out once a day.
    """

    def __init__(self, now: int, many: int, calendar: Calendar) -> None:
        super().__init__(Stretch(now, now, DAY), calendar)
        self._today, self._many, self._now = date_ordinal(calendar.date_of(now)), many, now
        self.instants = np.append(_ends(self._today, calendar)[LOOK_BACK - many :], now)

    def edges(self, window: Window, times: int = 1) -> Ints:
        before = _edges(window, times, self._today, self.calendar)[LOOK_BACK - self._many :]
        return np.append(before, window.edge(self._now, self.calendar, times))

    def dates(self) -> list[date]:
        return [_EPOCH + timedelta(days=self._today - back) for back in range(self._many, -1, -1)]


@lru_cache(maxsize=8)
def _ends(today: int, calendar: Calendar) -> Ints:
    return midnights(np.arange(today - LOOK_BACK + 1, today + 1), calendar) - 1


@lru_cache(maxsize=64)
def _edges(window: Window, times: int, today: int, calendar: Calendar) -> Ints:
    ends = _ends(today, calendar).tolist()
    return np.array([window.edge(end, calendar, times) for end in ends], dtype=np.int64)


def _days(
    calendar: Calendar, terms: Sequence[Term], horizon: int | None, known_since: int, now: int
) -> tuple[Steps, bool]:
    """Give the ends of the business days to look at, and ``now``; and whether the customer was known before them."""
    today, known = (date_ordinal(calendar.date_of(at)) for at in (now, known_since))
    first = max(today - LOOK_BACK, known)
    if horizon is not None:
        first += bisect_left(
            _ends(today, calendar)[LOOK_BACK - (today - first) :].tolist(),
            True,
            key=lambda end: end >= horizon and len(within(terms, horizon, end, calendar)) == len(terms),
        )
    return _Looks(now, today - first, calendar), first > known


def counted(
    tx: Transaction,
    ctx: Context,
    before: Lifecycle,
    after: Lifecycle,
    families: tuple[Family, ...] = tuple(Family),
    *,
    most: int | None = MOST_COUNTED,
) -> Count | None:
    """Count all customers now, under two life cycles; None where there are more than ``most``."""
    if most is not None and customers.count(tx) > most:
        return None
    found = Count()
    terms = tuple(dict.fromkeys((*asked(before, families), *asked(after, families))))
    known = customers.ids(tx, known_at=ctx.now())
    for start in range(0, len(known), _BLOCK):
        ids, columns = answers.answer(
            tx,
            terms,
            now=ctx.now(),
            calendar=ctx.calendar,
            currency=ctx.currency,
            customers=known[start : start + _BLOCK],
        )
        found.known += len(ids)
        for family in families:
            _count(found, family, (before, after), columns, len(ids))
    return found


def _label(
    family: Family,
    label: str,
    trees: Mapping[str, Condition],
    columns: Mapping[Subject, Column],
    *,
    held: bool,
) -> LabelView:
    why, of = grounds(trees[label], columns), None
    before = list(trees)[: list(trees).index(label)]
    if not why and family in FIRST_MATCH and before:
        # It is what is left: why the one before it is not the customer's says more.
        of = before[-1]
        why = grounds(trees[of], columns)
    return LabelView(family=family.value, label=label, held=held, grounds=why, other=of if why else None)


def _count(
    found: Count,
    family: Family,
    lifecycles: tuple[Lifecycle, Lifecycle],
    columns: Mapping[Subject, Column],
    many: int,
) -> None:
    old, new = (standing(one, family, columns) if one else Standing((), ()) for one in lifecycles)
    for label, held in zip(new.labels, new.holds, strict=True):
        found.holds[family, label] += int(held.sum())
    if lifecycles[0] == lifecycles[1]:
        return
    for moved, n in _moves(family, old, new, many):
        found.moves[family, *moved] += n


def _moves(
    family: Family, old: Standing, new: Standing, many: int
) -> Iterator[tuple[tuple[str | None, str | None], int]]:
    if family in FIRST_MATCH:
        labels = list(dict.fromkeys((*old.labels, *new.labels)))
        froms, tos = (_codes(one, labels, many) for one in (old, new))
        pairs, times = np.unique(np.stack([froms, tos])[:, froms != tos], axis=1, return_counts=True)
        for (before, after), n in zip(pairs.T.tolist(), times.tolist(), strict=True):
            yield (_named(labels, before), _named(labels, after)), n
        return
    nobody = np.zeros(many, dtype=np.bool_)
    held: tuple[dict[str, Bools], dict[str, Bools]] = (
        dict(zip(old.labels, old.holds, strict=True)),
        dict(zip(new.labels, new.holds, strict=True)),
    )
    for label in dict.fromkeys((*old.labels, *new.labels)):
        before, after = (one.get(label, nobody) for one in held)
        yield (label, None), int((before & ~after).sum())
        yield (None, label), int((after & ~before).sum())


def _codes(one: Standing, labels: list[str], many: int) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    places = np.array([*(labels.index(label) for label in one.labels), NONE], dtype=np.int64)
    # The last place is found by `NONE`.
    return places[one.codes()] if one.labels else np.full(many, NONE, dtype=np.int64)


def _named(labels: list[str], code: int) -> str | None:
    return None if code == NONE else labels[code]
