"""Heavy accounts among a set of customers: found out, answered by their ladders, and given new rungs.

A ladder (`running`) says what all events up to an instant came to; the value of a span is what stood at its end less
what stood at its beginning. It must not know what a term makes of a value.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from rules.conditions.columns import Bools, Ints
from rules.conditions.terms import Events
from storage.rungs import Rung, Values, selection_of
from storage.running import HEAVY, STRIDE, Ladders
from storage.selected import Reader, Rows

NEW_AT_ONCE: Final = 25
"""New ladders of one selection that a block puts up; the rest follow with the next sweeps."""
_FAR = np.iinfo(np.int64).max
_NEVER = np.iinfo(np.int64).min


class HeavyAccounts:
    """Climbs the ladders of those of a reader's customers who have one; without ``ladders`` nobody is heavy."""

    def __init__(self, reader: Reader, *, now: int, ladders: Ladders | None) -> None:
        self._reader = reader
        self._now = now
        self._ladders = ladders
        self._standing: dict[Events, Bools] = {}
        self._found: dict[Events, Bools] = {}
        self._bases: dict[tuple[Events, int, bytes], Values] = {}
        self._rows: dict[tuple[Events, int, bytes], tuple[Rows, Ints]] = {}
        self._values: dict[tuple[Events, int], Values] = {}

    @property
    def looked_for(self) -> bool:
        """Whether heavy accounts are told apart at all."""
        return self._ladders is not None

    def among(self, events: Events) -> Bools:
        """Tell whose ``events`` have a ladder: theirs are not to be counted one by one."""
        if events not in self._standing:
            self._standing[events] = self._stand(events)
        return self._standing[events]

    def notice(self, events: Events, counts: Ints) -> None:
        """Take note of how many of ``events`` were read of each customer: too many, and a ladder is put up."""
        heavy = counts > HEAVY
        if self.looked_for and heavy.any():
            self._found[events] = self._found.get(events, heavy) | heavy

    def up_to(self, events: Events, until: int) -> Values:
        """Give what the events of those `among` came to up to ``until``: the rung below, and what came after it."""
        if (events, until) not in self._values:
            self._values[events, until] = self._climb(events, until)
        return self._values[events, until]

    def new_rungs(self) -> list[Rung]:
        """Give the rungs that the ladders asked for lack, and whole ladders for accounts that were found to be heavy.

        A new ladder is read from the first event on: so few at a time, and one account after the other.
        """
        rungs: list[Rung] = []
        for events, heavy in self._found.items():
            standing = self.among(events)
            if standing.any():
                rungs += self._rungs(events, standing)
            for place in np.flatnonzero(heavy & ~standing)[:NEW_AT_ONCE].tolist():
                alone = np.zeros(len(heavy), dtype=np.bool_)
                alone[place] = True
                rungs += self._rungs(events, alone)
                self._rows.clear()
        return rungs

    def _stand(self, events: Events) -> Bools:
        kind = self._reader.kind(events.kind)
        if self._ladders is None or kind is None or not self._ladders.customers:
            return np.zeros(len(self._reader.ids), dtype=np.bool_)
        selection = self._selection(events, self._ladders)
        standing = self._ladders.standing(self._reader.tx, self._reader.ids, kind, selection)
        if standing.any():
            self._found[events] = self._found.get(events, standing) | standing
        return standing

    def _climb(self, events: Events, until: int) -> Values:
        heavy = self.among(events)
        base = self._base(events, until, heavy)
        rows, places = self._since(events, base, until, heavy)
        size = len(base.at)
        totals, first, last = base.total.copy(), base.first.copy(), base.last.copy()
        np.add.at(totals, places[rows.counted], rows.amounts[rows.counted])
        since = np.bincount(places, minlength=size)
        earliest, latest = np.full(size, _FAR, dtype=np.int64), np.full(size, _NEVER, dtype=np.int64)
        np.minimum.at(earliest, places, rows.instants)
        np.maximum.at(latest, places, rows.instants)
        begun = (since > 0) & (base.events == 0)
        first[begun] = earliest[begun]
        last[since > 0] = latest[since > 0]
        counted = np.bincount(places[rows.counted], minlength=size)
        return Values(base.at, base.events + since, base.amounts + counted, totals, first, last)

    def _rungs(self, events: Events, heavy: Bools) -> Iterator[Rung]:
        """Give rungs at every so many events of the kind above the highest that stands, filtered out or not."""
        base = self._base(events, self._now, heavy)
        rows, places = self._since(events, base, self._now, heavy)
        steps, steps_of = rows, places
        if events.where is not None:
            steps, steps_of = self._since(Events(events.kind), base, self._now, heavy)
        kind, ladders = self._reader.kind(events.kind), self._ladders
        if kind is None or ladders is None:
            return
        selection = self._selection(events, ladders)
        many = np.bincount(steps_of, minlength=len(base.at))
        customers = self._reader.ids[heavy]
        for place in np.flatnonzero(many >= STRIDE).tolist():
            own = places == place
            order = np.argsort(rows.instants[own], kind="stable")
            instants, counted = rows.instants[own][order], rows.counted[own][order]
            amounts = np.cumsum(np.append(0, counted))
            totals = np.cumsum(np.append(0, np.where(counted, rows.amounts[own][order], 0)))
            for at in _rung_instants(np.sort(steps.instants[steps_of == place])):
                upto = int(np.searchsorted(instants, at, side="right"))
                first = base.first[place] if base.events[place] else instants[0] if upto else None
                last = instants[upto - 1] if upto else base.last[place] if base.events[place] else None
                yield Rung(
                    int(customers[place]),
                    kind,
                    selection,
                    at,
                    int(base.events[place]) + upto,
                    int(base.amounts[place] + amounts[upto]),
                    int(base.total[place] + totals[upto]),
                    None if first is None else int(first),
                    None if last is None else int(last),
                )

    def _selection(self, events: Events, ladders: Ladders) -> int:
        return selection_of(events, self._reader.currency, ladders.horizon)

    def _base(self, events: Events, until: int, heavy: Bools) -> Values:
        key = (events, until, heavy.tobytes())
        if key not in self._bases:
            kind = self._reader.kind(events.kind)
            if self._ladders is None or kind is None:
                raise AssertionError("nobody is heavy where no ladder may stand")
            selection = self._selection(events, self._ladders)
            ids = self._reader.ids[heavy]
            self._bases[key] = self._ladders.below(self._reader.tx, ids, kind, selection, until)
        return self._bases[key]

    def _since(self, events: Events, base: Values, until: int, heavy: Bools) -> tuple[Rows, Ints]:
        """Give the events of heavy accounts above their rungs, and whose each is, as a place among the heavy."""
        # Ladders of two filters stand at other heights, though both look at the events of one kind.
        key = (events, until, heavy.tobytes() + base.at.tobytes())
        if key not in self._rows:
            froms, untils = np.zeros(len(heavy), dtype=np.int64), np.zeros(len(heavy), dtype=np.int64)
            froms[heavy], untils[heavy] = base.at + 1, until
            rows = self._reader.between(events, froms, untils, heavy)
            places = np.cumsum(heavy) - 1
            self._rows[key] = rows, places[rows.places].astype(np.int64)
        return self._rows[key]


def _rung_instants(instants: Ints) -> Iterator[int]:
    """Give every so manieth of ``instants``, ascending, that is the last of its kind: a rung counts all of one instant."""
    below = 0
    for nth in [*(np.flatnonzero(instants[1:] != instants[:-1]) + 1).tolist(), len(instants)]:
        if nth - below >= STRIDE:
            below = nth
            yield int(instants[nth - 1])
