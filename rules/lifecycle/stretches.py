"""A customer's days as stretches: runs of days at whose ends the same label held; and how new days change those that stand.

A day is judged by what holds in its last millisecond. It must not know where stretches are kept, nor how a label is
found.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, NamedTuple

import numpy as np

from rules.conditions.columns import Bools, Ints
from rules.conditions.days import business_days, date_ordinal
from rules.conditions.terms import Family
from rules.instants import Calendar, months_before
from rules.lifecycle.definitions import FIXED

ACTIVE: Final = "active"
INACTIVE: Final = "inactive"
KEPT: Final[Mapping[Family, tuple[str, ...]]] = {
    Family.ACTIVE: (ACTIVE, INACTIVE),
    Family.STATUS: FIXED[Family.STATUS],
    Family.STAGE: FIXED[Family.STAGE],
}
"""The families whose history is kept, and their labels; a label's place in its family is its code."""
NO_LABEL: Final = -1
"""The code of whom no definition of a family holds for."""
NOBODY: Final = -2
"""The code of who is not known on a day."""
NOT_JUDGED: Final = ""
"""Stands for the label of the day before the first that was judged of somebody who was known."""
MONTHS: Final = 24
"""How far before the first definitions the days are judged, in calendar months."""


class Stretch(NamedTuple):
    """From ``from_day`` through ``to_day`` (None: still) a customer's label of ``family`` was ``label``.

    Days are counted since 1970-01-01. ``came_from`` is the label of the day before: None for none and for who was not
    known, `NOT_JUDGED` for who was known on a day that is not judged. ``version`` of the life cycle was in force at
    the end of ``from_day``.
    """

    customer_id: int
    family: str
    from_day: int
    to_day: int | None
    label: str | None
    came_from: str | None
    version: int


def first_day(first_version_at: int, calendar: Calendar) -> int:
    """Give the first day that is judged, where the first definitions came into use at that instant."""
    return date_ordinal(months_before(calendar.date_of(first_version_at), MONTHS))


def day_of(instant: int, calendar: Calendar) -> int:
    """Give the business day of an instant."""
    return int(business_days(np.array([instant], dtype=np.int64), calendar)[0])


def date_of(day: int) -> date:
    """Give a day as a date."""
    return date.fromordinal(day + date(1970, 1, 1).toordinal())


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """The labels of some customers in one family, at the ends of ``days`` that follow one another.

    ``codes`` has a row for each customer. Of customer n the days from ``begins[n]`` on count, and ``known_before[n]``
    says whether they were known at the end of the day before. ``versions`` are those in force, by day.
    """

    family: Family
    ids: Ints
    days: Ints
    codes: Ints
    begins: Ints
    known_before: Bools
    versions: Sequence[int]


@dataclass(slots=True)
class Changes:
    """What becomes of the stretches that stand: those ``gone``, and those ``kept`` that are new or differ."""

    gone: list[Stretch] = field(default_factory=list)
    kept: list[Stretch] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.gone or self.kept)


def rewritten(found: Judgement, stand: Sequence[Stretch]) -> Changes:
    """Give what changes in the stretches that ``stand``, of which those that end a day before ``begins`` are needed.

    What lies before ``begins`` stays as it is. Where nothing changes, nothing is said, however many customers there are.
    """
    changes = Changes()
    by_customer: dict[int, list[Stretch]] = defaultdict(list)
    for one in stand:
        by_customer[one.customer_id].append(one)
    before, same = _before(found, by_customer)
    columns = found.days - found.days[0]
    counted = columns[None, :] >= (found.begins - found.days[0])[:, None]
    codes = np.where(counted, found.codes, before[:, None])
    previous = np.concatenate([before[:, None], codes[:, :-1]], axis=1)
    turns = codes != previous
    for place in np.flatnonzero(turns.any(axis=1) | ~same).tolist():
        at = np.flatnonzero(turns[place]).tolist()
        _rewrite(found, place, by_customer[int(found.ids[place])], codes=codes[place], turns=at, into=changes)
    return changes


def _before(found: Judgement, by_customer: Mapping[int, Sequence[Stretch]]) -> tuple[Ints, Bools]:
    """Give each customer's code on the day before, `NOBODY` where no stretch says; and whether that one may just go on."""
    before = np.full(len(found.ids), NOBODY, dtype=np.int64)
    same = np.ones(len(found.ids), dtype=np.bool_)
    for place, (customer, begin) in enumerate(zip(found.ids.tolist(), found.begins.tolist(), strict=True)):
        for one in by_customer.get(customer, ()):
            if _holds_before(one, begin):
                before[place] = NO_LABEL if one.label is None else KEPT[found.family].index(one.label)
                same[place] &= one.to_day is None
            elif one.from_day >= begin:
                same[place] = False
    return before, same


def _holds_before(one: Stretch, begin: int) -> bool:
    return one.from_day < begin and (one.to_day is None or one.to_day >= begin - 1)


def _rewrite(
    found: Judgement,
    place: int,
    stand: Sequence[Stretch],
    *,
    codes: Ints,
    turns: Sequence[int],
    into: Changes,
) -> None:
    """Say what becomes of one customer's stretches; the code differs from that of the day before at ``turns``."""
    begin, days = int(found.begins[place]), found.days
    standing = {one.from_day: one for one in stand if one.from_day >= begin or _holds_before(one, begin)}
    ends = [int(days[turn]) - 1 for turn in turns]
    wanted = {
        one.from_day: one._replace(to_day=ends[0] if ends else None)
        for one in standing.values()
        if one.from_day < begin
    }
    labels = (*KEPT[found.family], None, None)
    # Of the codes below 0 both find none.
    label = next((one.label for one in wanted.values()), None)
    if not wanted and found.known_before[place]:
        label = NOT_JUDGED
    for turn, end in zip(turns, [*ends[1:], None], strict=False):
        day, code = int(days[turn]), int(codes[turn])
        # Who was not known on the first of the days was not judged for that.
        came_from, label = None if label == NOT_JUDGED and day != begin else label, labels[code]
        if code != NOBODY:
            wanted[day] = Stretch(
                int(found.ids[place]),
                found.family.value,
                day,
                end,
                label,
                came_from,
                found.versions[turn],
            )
    into.gone += [one for day, one in standing.items() if day not in wanted]
    into.kept += [one for day, one in wanted.items() if standing.get(day) != one]


def slices(begins: Ints, last: int, cells: int, most: int) -> Iterator[Ints]:
    """Cut customers into blocks of places, so that customers times days, from the earliest of a block, stay within ``cells``."""
    order = np.argsort(begins, kind="stable")
    start = 0
    while start < len(order):
        days = last - int(begins[order[start]]) + 1
        size = max(1, min(most, cells // max(days, 1)))
        yield np.sort(order[start : start + size])
        start += size
