"""Events whose kind turned out to be a source's name of another move there, batch by batch, before anything is swept.

No sweep sees them half moved: whoever sweeps finishes this first, holding the right to sweep, and goes on where a
move was cut short. It must not know who made a name an alias, nor why.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

import structlog

from handlers.context import Context
from handlers.intake.errors import shown
from handlers.intake.records import JSONL
from rules.errors import WarmlineError
from rules.instants import EARLIEST, iso
from rules.money import decimal_text
from storage import customers, events, kept, moved, processes, quarantine, retry, stretches
from storage.database import Transaction
from storage.events import Stored
from storage.quarantine import Refused

BATCH: Final = 500
"""Events that one transaction moves: well under 100 ms, so that intake never waits long."""

log = structlog.get_logger(__name__)


class MovePendingError(WarmlineError):
    """Events of the kind ``source`` are still to move to ``kind``; the next sweep does it."""

    code: ClassVar[str] = "move_pending"


@dataclass(frozen=True, slots=True)
class Move:
    """A move to be made: from the kind with the id ``number``, called ``source``, to ``kind``."""

    number: int
    source: str
    kind: str


def stored(tx: Transaction, kind: str) -> int:
    """Count the events of a kind that a move would take along; what was pruned of it counts as one."""
    number = events.kind_ids(tx, [kind]).get(kind)
    if number is None:
        return 0
    return events.kinds(tx)[kind] or int(moved.has_tallies(tx, number))


def pending(tx: Transaction) -> list[Move]:
    """Give the moves that are not finished: of every alias under whose name there still is an event."""
    aliases = processes.aliases(tx)
    numbers = events.kind_ids(tx, aliases)
    counted = events.kinds(tx)
    return [
        Move(number, source, aliases[source])
        for source, number in sorted(numbers.items())
        if counted[source] or moved.has_tallies(tx, number)
    ]


def refuse_while_pending(tx: Transaction) -> None:
    """Raise `MovePendingError` where events are on their way from one kind to another."""
    for move in pending(tx):
        raise MovePendingError(source=move.source, kind=move.kind)


def finish(ctx: Context) -> int:
    """Make every move that is to be made, and give how many events moved; to be called with the right to sweep."""
    with ctx.database.reading() as tx:
        moves = pending(tx)
    whole = 0
    for move in moves:
        done = 0
        since: int | None = EARLIEST
        while since is not None:
            since, some = retry.writing(
                ctx.database,
                lambda tx, since=since, move=move: _batch(tx, ctx, move, since),  # type: ignore[misc]
            )
            done += some
        while retry.writing(ctx.database, lambda tx, move=move: _tallies(tx, ctx, move)):  # type: ignore[misc]
            pass
        log.info("kind_moved", events=done)
        whole += done
    if moves:
        # What is kept was told apart by a kind that means nothing any more, or lacks what came to its own.
        retry.writing(ctx.database, kept.forget_all)
    return whole


def _batch(tx: Transaction, ctx: Context, move: Move, since: int) -> tuple[int | None, int]:
    """Move some events; gives the instant to go on from, None at the end, and how many there were."""
    some = moved.events_of(tx, move.number, since=since, most=BATCH)
    if not some:
        return None, 0
    to = events.ensure_kinds(tx, [move.kind])[move.kind]
    there = events.add(tx, [one._replace(kind=to) for one in some])
    _keep_the_rest(tx, ctx, move, [one for one in some if one._replace(kind=to)[:4] not in there], to)
    moved.take_away(tx, some, to=to, now=ctx.now())
    stretches.note_late(tx, ((one.customer_id, one.occurred_at) for one in some))
    return some[-1].occurred_at, len(some)


def _tallies(tx: Transaction, ctx: Context, move: Move) -> bool:
    to = events.ensure_kinds(tx, [move.kind])[move.kind]
    return moved.move_tallies(tx, move.number, to=to, most=BATCH, now=ctx.now())


def _keep_the_rest(tx: Transaction, ctx: Context, move: Move, some: Sequence[Stored], to: int) -> None:
    """Keep what has no place: the same event is there already, and then nothing is lost, or another under its id."""
    standing = events.bodies(tx, [one._replace(kind=to)[:4] for one in some])
    others = [one for one in some if standing[one._replace(kind=to)[:4]] != one.body]
    people = customers.by_ids(tx, {one.customer_id for one in others})
    refused = [
        Refused(
            source=one.source,
            format=JSONL,
            origin=f"{move.source} → {move.kind}",
            line=None,
            reason="other_body",
            params={"id": shown(one.external_id or "")},
            record=_record(one, people[one.customer_id].external_id, move.source),
        )
        for one in others
    ]
    quarantine.add(tx, refused, now=ctx.now())


def _record(one: Stored, customer: str, kind: str) -> bytes:
    """Write a stored event as a line that can be read in again."""
    said = {
        "customer": customer,
        "kind": kind,
        "occurred_at": iso(one.occurred_at),
        "amount": None if one.amount is None else decimal_text(one.amount, one.currency or ""),
        "currency": one.currency,
        "external_id": one.external_id,
        "properties": None,
    }
    text = json.dumps({name: value for name, value in said.items() if value is not None}, ensure_ascii=False)
    if one.properties is not None:
        # As it stands: reading and writing it again could write its numbers otherwise.
        text = f'{text[:-1]}, "properties": {one.properties}}}'
    return text.encode()
