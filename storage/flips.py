"""Who may have changed by nothing but time passing: ranges of instants that moved over a window's edge, and who is in them.

An event that comes into being, or leaves a window, is found by a range of the index by time: what it costs follows
what moved, not what is stored. It must not know what a term makes of an event.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from sqlalchemy import text

from rules.conditions.columns import Ints
from rules.conditions.terms import Events
from rules.conditions.thresholds import whole_steps
from rules.conditions.windows import Window
from rules.instants import DAY, EARLIEST, Calendar
from storage import health, pruned
from storage.database import Transaction
from storage.events import kind_ids


@dataclass(frozen=True, slots=True)
class EventsIn:
    """Customers with an event of ``kind`` in (``after``, ``until``]."""

    kind: str
    after: int
    until: int


@dataclass(frozen=True, slots=True)
class KnownIn:
    """Customers who are known since an instant in (``after``, ``until``]."""

    after: int
    until: int


@dataclass(frozen=True, slots=True)
class RatedIn:
    """Customers of whom a number came to be known at an instant in (``after``, ``until``]."""

    after: int
    until: int


Flip = EventsIn | KnownIn | RatedIn


@dataclass(frozen=True, slots=True)
class Passing:
    """Time that passes from one sweep, at ``last``, to the next, at ``now``: what moves over which edge meanwhile.

    Each question gives ranges that are sure to hold everybody who may have changed; some who did not may be in them.
    """

    last: int
    now: int
    calendar: Calendar
    purchases: Events | None = None
    """What the fit in force, the same at both sweeps, takes for purchases; None without a fit."""

    def came(self, *selections: Events) -> Iterator[Flip]:
        """Give whose events came into being: those that were dated into the future."""
        for events in selections:
            yield EventsIn(events.kind, self.last, self.now)

    def left(self, events: Events, window: Window | None, times: int = 1) -> Iterator[Flip]:
        """Give whose events left a window, or one ``times`` as long; nobody's leave the window that is for ever."""
        if window is not None:
            yield EventsIn(events.kind, *self._edges(window, times))

    def aged(self, events: Events, constants: Iterable[Fraction]) -> Iterator[Flip]:
        """Give whose events came to be so many whole days old as the days are compared with."""
        for after, until in self._days(constants):
            yield EventsIn(events.kind, after, until)

    def known_for(self, window: Window) -> Iterator[Flip]:
        """Give who came to be known for the whole of a window."""
        yield KnownIn(*self._edges(window, 1))

    def known_for_days(self, constants: Iterable[Fraction]) -> Iterator[Flip]:
        """Give who came to be known for so many whole days as the days are compared with."""
        for after, until in self._days(constants):
            yield KnownIn(after, until)

    def rated(self) -> Flip:
        """Give of whom a stored number came to be known."""
        return RatedIn(self.last, self.now)

    def became_known(self) -> Iterator[Flip]:
        """Give who is known now, and was not."""
        yield KnownIn(self.last, self.now)

    def _edges(self, window: Window, times: int) -> tuple[int, int]:
        return window.edge(self.last, self.calendar, times), window.edge(self.now, self.calendar, times)

    def _days(self, constants: Iterable[Fraction]) -> Iterator[tuple[int, int]]:
        # Days are counted from nought, at the event itself; and nothing happened before the first instant.
        most = (self.now - EARLIEST) // DAY
        for days in whole_steps(constants):
            if 0 < days <= most:
                yield self.last - days * DAY, self.now - days * DAY


def customers_in(tx: Transaction, flips: Iterable[Flip], most: int) -> Ints | None:
    """Give the customers of all these ranges, ascending, each range asked once; None where there are more than ``most``."""
    wanted = {flip for flip in flips if flip.after < flip.until}
    kinds = kind_ids(tx, {flip.kind for flip in wanted if isinstance(flip, EventsIn)})
    horizon, found = pruned.horizon(tx), list[Ints]()
    for flip in sorted(wanted, key=repr):
        binds = {"after": flip.after, "until": flip.until, "most": most + 1}
        if isinstance(flip, KnownIn):
            rows = tx.execute(_KNOWN, binds)
        elif isinstance(flip, RatedIn):
            found.append(health.scored_in(tx, after=flip.after, until=flip.until, most=most + 1))
            if len(found[-1]) > most:
                return None
            continue
        elif flip.kind in kinds:
            rows = tx.execute(_HAPPENED[tx.dialect], binds | {"kind": kinds[flip.kind]})
            if horizon is not None and flip.after < horizon:
                # Days since a first or a last event that was pruned pass a number as others do.
                found.append(pruned.at_an_end(tx, kinds[flip.kind], after=flip.after, until=flip.until))
        else:
            continue
        found.append(np.fromiter(rows.scalars(), dtype=np.int64))
        if len(found[-1]) > most:
            return None
    together = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *found]))
    return None if len(together) > most else together


_KNOWN: Final = text(
    "SELECT id FROM customer WHERE known_since > :after AND known_since <= :until LIMIT :most"
)
# The index is named on SQLite, which would take the clustered key, and with it all events, for DISTINCT.
_HAPPENED: Final = {
    "sqlite": text(
        "SELECT DISTINCT customer_id FROM event INDEXED BY event_by_time "
        "WHERE kind = :kind AND occurred_at > :after AND occurred_at <= :until LIMIT :most"
    ),
    "postgresql": text(
        "SELECT DISTINCT customer_id FROM event "
        "WHERE kind = :kind AND occurred_at > :after AND occurred_at <= :until LIMIT :most"
    ),
}
