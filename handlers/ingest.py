"""Taking in: events and profiles that were found in order are stored, and whom they touch is marked, in one transaction.

Also the counts of it. It must not know files, requests or formats.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import Enum
from typing import Final

from handlers.intake.errors import Reason, shown
from rules.instants import iso
from storage import arrivals, customers, dirty, events, processes, pruned, recent, sources, stretches
from storage.customers import Profile
from storage.database import Transaction
from storage.events import Body, Stored, Whereabouts
from storage.incoming import CustomerIn, EventIn
from storage.recent import Spot

BATCH: Final = 1_000
"""Records taken in by one transaction."""


class Taken(Enum):
    """What became of a record that was not refused."""

    INSERTED = "inserted"
    DUPLICATE = "duplicate"


Verdict = Taken | Reason


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the records of a file or a request; ``customers`` are distinct."""

    read: int = 0
    inserted: int = 0
    duplicate: int = 0
    quarantined: int = 0
    customers: int = 0

    def plus(self, verdicts: Sequence[Verdict]) -> "Counts":
        """Add a batch, but for its customers."""
        return replace(
            self,
            read=self.read + len(verdicts),
            inserted=self.inserted + sum(verdict is Taken.INSERTED for verdict in verdicts),
            duplicate=self.duplicate + sum(verdict is Taken.DUPLICATE for verdict in verdicts),
            quarantined=self.quarantined + sum(isinstance(verdict, Reason) for verdict in verdicts),
        )

    def as_json(self) -> dict[str, int]:
        """Give the counts by name."""
        return asdict(self)


def take_in(tx: Transaction, given: Sequence[EventIn], *, now: int, by_http: bool) -> list[Verdict]:
    """Store events; gives for each what became of it, or why it is refused.

    The same event again changes nothing. The same place with another body is refused, and so is, ``by_http``, an id
    of late at another place, and whatever is older than the horizon. Customers and kinds that are new are made;
    ``now`` is when the events arrive.
    """
    if not given:
        return []
    customers.hold_off(tx, alone=False)
    # Made of the name that the source uses: when that becomes an alias, the same event again is still the same.
    keys = [event.key for event in given]
    given = _meant(tx, given)
    if by_http:
        # Whoever had to wait here must not have looked yet: the customer of an id's spot may be new since.
        recent.enter(
            tx, {key for key, event in zip(keys, given, strict=True) if event.external_id is not None}
        )
    known = customers.lookup(tx, {event.customer for event in given})
    refused = _too_old(tx, given)
    if by_http:
        # What is refused for its age was not taken in: it does not keep its id from what corrects it.
        rest = [index for index in range(len(given)) if index not in refused]
        moved = _moved(tx, [given[index] for index in rest], [keys[index] for index in rest], known)
        refused |= {rest[place]: reason for place, reason in moved.items()}
    fine = [index for index in range(len(given)) if index not in refused]
    taken = [given[index] for index in fine]
    kinds = events.ensure_kinds(tx, {event.kind for event in taken})
    ids, touched = _customers(tx, taken, known)
    rows = [
        Stored(
            ids[event.customer],
            kinds[event.kind],
            event.occurred_at,
            keys[index],
            event.amount,
            event.currency,
            event.source,
            event.external_id,
            event.properties,
        )
        for index, event in zip(fine, taken, strict=True)
    ]
    stored = _store(tx, rows)
    inserted = [row for row, verdict in zip(rows, stored, strict=True) if verdict is Taken.INSERTED]
    if by_http:
        remembered = {
            row.key: (row.customer_id, row.kind, row.occurred_at)
            for row, verdict in zip(rows, stored, strict=True)
            if row.external_id is not None and not isinstance(verdict, Reason)
        }
        recent.remember(tx, sorted(remembered.items()), now=now)
    dirty.mark(
        tx,
        [row[:3] for row in inserted] + [(customer, dirty.PROFILE, None) for customer in touched],
        now=now,
    )
    stretches.note_late(tx, ((row.customer_id, row.occurred_at) for row in inserted))
    arrivals.note(tx, Counter([row.source for row in inserted]), now=now)
    sources.note(tx, {(event.source, event.kind) for event in taken})
    verdicts = refused | dict(zip(fine, stored, strict=True))
    return [verdicts[index] for index in range(len(given))]


def take_in_profiles(tx: Transaction, given: Sequence[CustomerIn], *, now: int) -> list[Verdict]:
    """Store what sources say of customers, in that order; a profile that says nothing new is a duplicate.

    A customer who was not known is, from now on or from when the profile says.
    """
    if not given:
        return []
    customers.hold_off(tx, alone=any(one.created_at is not None for one in given))
    wanted = {one.external_id for one in given}
    known = customers.lookup(tx, wanted)
    made = customers.create(tx, dict.fromkeys(wanted - known.keys(), now))
    before = customers.locked(tx, wanted)
    after = dict(before)
    verdicts: list[Verdict] = []
    for one in given:
        profile = after[one.external_id]
        after[one.external_id] = said = _said(profile, one, now=now)
        verdicts.append(Taken.DUPLICATE if said == profile else Taken.INSERTED)
    changed = [name for name in sorted(before) if before[name] != after[name]]
    redated = [before[name].id for name in changed if before[name].created_at != after[name].created_at]
    first = events.first_at(tx, redated) if redated else {}
    saved = [(before[name], _known_since(before[name], after[name], first)) for name in changed]
    customers.save(tx, saved)
    moved = ((was, known) for was, known in saved if was.known_since != known.known_since)
    stretches.note_late(tx, ((was.id, min(was.known_since, known.known_since)) for was, known in moved))
    touched = {before[name].id for name in changed} | set(made.values())
    dirty.mark(tx, [(customer, dirty.PROFILE, None) for customer in touched], now=now)
    return verdicts


def _meant(tx: Transaction, given: Sequence[EventIn]) -> Sequence[EventIn]:
    """Give the events under the kinds that their sources' names stand for."""
    aliases = processes.aliases(tx)
    if not any(event.kind in aliases for event in given):
        return given
    return [replace(event, kind=aliases.get(event.kind, event.kind)) for event in given]


def _too_old(tx: Transaction, given: Sequence[EventIn]) -> dict[int, Verdict]:
    """Refuse events from before the horizon: nobody can tell any more whether they were counted already."""
    horizon = pruned.horizon(tx)
    if horizon is None:
        return {}
    reason = Reason("before_horizon", {"horizon": iso(horizon)})
    return {index: reason for index, event in enumerate(given) if event.occurred_at < horizon}


def _moved(
    tx: Transaction, given: Sequence[EventIn], keys: Sequence[int], known: Mapping[str, tuple[int, int]]
) -> dict[int, Verdict]:
    """Refuse events whose id was taken in of late, or stands earlier in ``given``, for another place.

    ``known`` was looked up after `recent.enter`, so it has the customer of every spot that is the event's own.
    """
    with_id = [index for index, event in enumerate(given) if event.external_id is not None]
    spots = recent.spots(tx, sorted({keys[index] for index in with_id}))
    kinds = events.kind_ids(tx, sorted({given[index].kind for index in with_id}))
    first: dict[int, EventIn] = {}
    refused: dict[int, Verdict] = {}
    for index in with_id:
        event = given[index]
        spot = spots.get(keys[index])
        if spot is not None:
            here: tuple[int | None, int | None, int] = (
                known.get(event.customer, (None,))[0],
                kinds.get(event.kind),
                event.occurred_at,
            )
            reason = _difference(event, spot, here)
        else:
            other = first.setdefault(keys[index], event)
            reason = _difference(
                event,
                (other.customer, other.kind, other.occurred_at),
                (event.customer, event.kind, event.occurred_at),
            )
        if reason:
            refused[index] = reason
    return refused


def _difference(
    event: EventIn, one: Spot | tuple[str, str, int], other: tuple[object, object, int]
) -> Reason | None:
    for code, this, that in zip(("other_customer", "other_kind", "other_time"), one, other, strict=True):
        if this != that:
            return Reason(code, {"id": shown(event.external_id)})
    return None


def _customers(
    tx: Transaction, given: Sequence[EventIn], known: Mapping[str, tuple[int, int]]
) -> tuple[dict[str, int], set[int]]:
    """Give the ids of the customers, making those that are new, and which are new or known for longer by now."""
    since: dict[str, int] = {}
    for event in given:
        if event.occurred_at < since.setdefault(event.customer, event.occurred_at):
            since[event.customer] = event.occurred_at
    made = customers.create(tx, {name: at for name, at in since.items() if name not in known})
    ids = {name: found[0] for name, found in known.items()} | made
    earlier = {known[name][0]: at for name, at in since.items() if name in known and at < known[name][1]}
    # Those that another process made since we looked.
    raced = [name for name in since if name not in ids]
    if raced:
        for name, (customer, _) in customers.lookup(tx, raced).items():
            ids[name] = customer
            earlier[customer] = since[name]
    return ids, set(made.values()) | customers.know_since(tx, earlier)


def _store(tx: Transaction, rows: Sequence[Stored]) -> list[Verdict]:
    """Store rows, and judge each: the first at a place is stored, unless something is there already."""
    places = [row[:4] for row in rows]
    first: dict[Whereabouts, int] = {}
    for index, place in enumerate(places):
        first.setdefault(place, index)
    inserted = events.add(tx, [rows[index] for index in first.values()])
    if len(inserted) == len(rows):
        return [Taken.INSERTED] * len(rows)
    stands: dict[Whereabouts, Body] = {place: rows[first[place]].body for place in inserted}
    if len(inserted) < len(first):
        stands |= events.bodies(tx, sorted(first.keys() - inserted))
    verdicts: list[Verdict] = []
    for index, (place, row) in enumerate(zip(places, rows, strict=True)):
        if place in inserted and first[place] == index:
            verdicts.append(Taken.INSERTED)
        elif stands[place] == row.body:
            verdicts.append(Taken.DUPLICATE)
        else:
            verdicts.append(Reason("other_body", {"id": shown(row.external_id or "")}))
    return verdicts


def _said(profile: Profile, said: CustomerIn, *, now: int) -> Profile:
    attributes = {**profile.attributes, **said.attributes}
    own = {name: getattr(profile, name) for name in customers.OWN} | dict(said.own)
    # Of a profile that never said when the customer came, the first word of it does.
    created_at = said.created_at if said.created_at is not None else profile.created_at
    return replace(
        profile,
        created_at=now if created_at is None else created_at,
        attributes={name: value for name, value in attributes.items() if value is not None},
        **own,
    )


def _known_since(before: Profile, after: Profile, first: Mapping[int, int]) -> Profile:
    if before.created_at == after.created_at or after.created_at is None:
        return after
    return replace(after, known_since=min(after.created_at, first.get(after.id, after.created_at)))
