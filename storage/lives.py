"""Whole lives of a set of customers: read from what is carried forward on, and carried further once that pays.

A life is all events of a selection up to now. It must not know what a term makes of a value.
"""

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from rules.conditions.columns import Bools, Ints
from rules.conditions.terms import Events
from storage import sets
from storage.carried import Forward, New
from storage.rungs import BOTTOM, Rung, Values, selection_of
from storage.selected import COUNTED, IDS, Reader, Rows, at, numbers

FEW: Final = 32
"""A life of fewer events is read whole."""
STRIDE: Final = 16
"""Events from one rung to the next."""
BEHIND: Final = 8
"""So many events lie above a new rung: one that comes somewhat late does not undo it."""
NEW_AT_ONCE: Final = 250
"""Rungs of one selection that a block puts up; the rest follow with the next sweeps."""

_SPAN: Final[sets.Columns] = (("id", "int"), ("since", "int"), ("until", "int"))


class Lives:
    """The lives of a reader's customers; without ``forward`` nothing is carried, and every life is read whole."""

    def __init__(self, reader: Reader, *, now: int, forward: Forward | None) -> None:
        self._reader = reader
        self._now = now
        self._forward = forward
        self._among: Bools | None = None
        self._floors: dict[Events, Values | None] = {}
        self._read: dict[Events, tuple[Ints, Rows | None]] = {}

    def floors(self, events: Events, without: Bools) -> Values | None:
        """Give what is carried forward of ``events`` for all but those ``without``; None where it is nothing of anybody."""
        if events not in self._floors:
            self._floors[events] = self._below(events, ~without)
        return self._floors[events]

    def notice(self, events: Events, read: Ints, rows: Rows | None = None) -> None:
        """Take note of how many events of each life were read, and of the ``rows`` that a filter let through."""
        if self._forward is not None and (read >= STRIDE + BEHIND).any():
            self._read[events] = read, rows

    def new_rungs(self, heavy: Callable[[Events], Bools]) -> list[New]:
        """Give rungs for those lives, but for those that are ``heavy``, of which so much was read that a rung pays."""
        return [new for events in self._read for new in self._rungs(events, heavy(events))]

    def _below(self, events: Events, wanted: Bools) -> Values | None:
        kind, forward = self._reader.kind(events.kind), self._forward
        if kind is None or forward is None:
            return None
        if self._among is None:
            self._among = forward.among(self._reader.tx, self._reader.ids)
        among = self._among & wanted
        if not among.any():
            return None
        selection = selection_of(events, self._reader.currency, forward.horizon)
        ids = self._reader.ids
        found = forward.below(self._reader.tx, ids, among, kind=kind, selection=selection, until=self._now)
        return found if (found.at != BOTTOM).any() else None

    def _rungs(self, events: Events, without: Bools) -> Iterator[New]:
        read, rows = self._read[events]
        kind, forward = self._reader.kind(events.kind), self._forward
        if kind is None or forward is None:
            return
        floors = self._floors.get(events) or Values.bottom(len(read))
        pays = (read >= np.where(floors.at == BOTTOM, FEW, STRIDE + BEHIND)) & ~without
        # Those first of whom most was read.
        places = np.flatnonzero(pays)[np.argsort(-read[pays], kind="stable")[:NEW_AT_ONCE]]
        if not len(places):
            return
        places = np.sort(places)
        ats = self._heights(kind, places)
        selection = selection_of(events, self._reader.currency, forward.horizon)
        more = self._since(kind, floors, places, ats) if rows is None else _summed(rows, places, ats)
        for nth, place in enumerate(places.tolist()):
            first, last = floors.first[place], more.last[nth]
            if not floors.events[place]:
                first = more.first[nth]
            if not more.events[nth]:
                last = floors.last[place]
            events_, kept = int(floors.events[place] + more.events[nth]), events.where is not None
            yield New(
                Rung(
                    int(self._reader.ids[place]),
                    kind,
                    selection,
                    int(ats[nth]),
                    events_,
                    int(floors.amounts[place] + more.amounts[nth]),
                    int(floors.total[place] + more.total[nth]),
                    int(first) if kept and events_ else None,
                    int(last) if kept and events_ else None,
                ),
                above=int(floors.at[place]),
            )

    def _heights(self, kind: int, places: Ints) -> Ints:
        """Give the instant above which the newest few events of each of ``places`` lie: a seek, and a few steps."""
        dialect = self._reader.tx.dialect
        sql = (
            "SELECT given.id, (SELECT event.occurred_at FROM event WHERE event.customer_id = given.id "  # noqa: S608
            f"AND event.kind = :kind AND {at(dialect, '<=', ':until')} "
            f"ORDER BY event.occurred_at DESC LIMIT 1 OFFSET :behind) FROM {sets.table(dialect, IDS)}"
        )
        given = [(one,) for one in self._reader.ids[places].tolist()]
        binds = {"kind": kind, "until": self._now, "behind": BEHIND}
        found = self._reader.tx.execute(sets.given(dialect, sql, IDS, given).bindparams(**binds))
        return _in_order(numbers(found.all(), 2))[:, 1]

    def _since(self, kind: int, floors: Values, places: Ints, ats: Ints) -> Values:
        """Give what the events of each of ``places`` came to from the rung below up to ``ats``."""
        dialect = self._reader.tx.dialect
        # One reading for the three; of a kind there is always one.
        said = f"count(*) || ',' || count({COUNTED}) || ',' || CAST(coalesce(sum({COUNTED}), 0) AS BIGINT)"
        sql = (
            f"SELECT given.id, (SELECT {said} FROM event WHERE event.customer_id = given.id "  # noqa: S608
            f"AND event.kind = :kind AND {at(dialect, '>', 'given.since')} AND {at(dialect, '<=', 'given.until')}) "
            f"FROM {sets.table(dialect, _SPAN)}"
        )
        given = list(
            zip(self._reader.ids[places].tolist(), floors.at[places].tolist(), ats.tolist(), strict=True)
        )
        statement = sets.given(dialect, sql, _SPAN, given)
        rows = self._reader.tx.execute(statement.bindparams(kind=kind, currency=self._reader.currency)).all()
        found = _in_order(numbers([(one, *map(int, text.split(","))) for one, text in rows], 4))
        nothing = np.zeros(len(places), dtype=np.int64)
        return Values(ats, found[:, 1], found[:, 2], found[:, 3], nothing, nothing)


def _summed(rows: Rows, places: Ints, ats: Ints) -> Values:
    """Give what those of ``rows`` came to that are not after the instant of their place."""
    nth = np.minimum(np.searchsorted(places, rows.places), len(places) - 1)
    kept = (places[nth] == rows.places) & (rows.instants <= ats[nth])
    nth, instants, amounts, counted = nth[kept], rows.instants[kept], rows.amounts[kept], rows.counted[kept]
    total = np.zeros(len(places), dtype=np.int64)
    np.add.at(total, nth[counted], amounts[counted])
    first = np.full(len(places), np.iinfo(np.int64).max, dtype=np.int64)
    last = np.full(len(places), np.iinfo(np.int64).min, dtype=np.int64)
    np.minimum.at(first, nth, instants)
    np.maximum.at(last, nth, instants)
    events, many = (np.bincount(some, minlength=len(places)).astype(np.int64) for some in (nth, nth[counted]))
    return Values(ats, events, many, total, first, last)


def _in_order(found: Ints) -> Ints:
    return found[np.argsort(found[:, 0])]
