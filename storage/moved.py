"""Events that move from one kind to another, because a source's name turned out to be an alias.

A move is to a sweep what late events are: whoever has an event moved is marked as touched in both kinds, in the same
transaction. An event keeps its key, which was made of the name that its source uses, so that the same event again is
still the same. It must not know why events move, nor what becomes of one that has no place where it should go.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import text

from storage import dirty
from storage.database import Transaction
from storage.events import Stored

_SOME: Final = text(
    "SELECT few.customer_id, few.kind, few.occurred_at, few.key, few.amount, few.currency, event_detail.source, "
    "event_detail.external_id, event_detail.properties FROM (SELECT customer_id, kind, occurred_at, key, amount, "
    "currency FROM event WHERE kind = :kind AND occurred_at >= :since ORDER BY occurred_at LIMIT :most) AS few "
    "LEFT JOIN event_detail ON event_detail.customer_id = few.customer_id AND event_detail.kind = few.kind "
    "AND event_detail.occurred_at = few.occurred_at AND event_detail.key = few.key "
    "ORDER BY few.occurred_at"
)
_PLACE: Final = "customer_id = :customer AND kind = :kind AND occurred_at = :at AND key = :key"
_REMOVE: Final = tuple(text(f"DELETE FROM {name} WHERE {_PLACE}") for name in ("event_detail", "event"))  # noqa: S608
_LESS: Final = text("UPDATE kind SET events = events - :gone WHERE id = :kind")
_RECENT: Final = text(
    "UPDATE recent_id SET kind = :to WHERE key = :key AND customer_id = :customer AND kind = :kind"
)
_LEAST: Final = {"sqlite": "min", "postgresql": "least"}
_MOST: Final = {"sqlite": "max", "postgresql": "greatest"}
_TALLIED: Final = "SELECT customer_id FROM pruned WHERE kind = :kind ORDER BY customer_id LIMIT :most"


def events_of(tx: Transaction, kind: int, *, since: int, most: int) -> list[Stored]:
    """Give up to ``most`` events of a kind from an instant on, the earliest first; where nothing is known of it, the
    source is empty."""
    rows = tx.execute(_SOME, {"kind": kind, "since": since, "most": most})
    return [
        Stored(row[0], row[1], row[2], row[3], row[4], row[5], row[6] or "", row[7], row[8]) for row in rows
    ]


def take_away(tx: Transaction, some: Sequence[Stored], *, to: int, now: int) -> None:
    """Take events away from where they stood, of one kind; their ids of late lead to the kind ``to`` from now on.

    Both kinds are marked as touched. To be called in the transaction that stored them anew.
    """
    bound = [{"customer": row[0], "kind": row[1], "at": row[2], "key": row[3], "to": to} for row in some]
    for statement in _REMOVE:
        tx.execute(statement, bound)
    tx.execute(_RECENT, bound)
    tx.execute(_LESS, {"kind": some[0].kind, "gone": len(some)})
    marks = [(row.customer_id, kind, row.occurred_at) for row in some for kind in (row.kind, to)]
    dirty.mark(tx, marks, now=now)


def has_tallies(tx: Transaction, kind: int) -> bool:
    """Tell whether anything of a kind was pruned."""
    return tx.execute(text(_TALLIED), {"kind": kind, "most": 1}).first() is not None


def move_tallies(tx: Transaction, kind: int, *, to: int, most: int, now: int) -> bool:
    """Add what was pruned of one kind to another's, for up to some ``most`` tallies; says whether there was anything."""
    bound = {"kind": kind, "to": to, "most": most}
    people = [int(row[0]) for row in tx.execute(text(_TALLIED), bound)]
    if not people:
        return False
    # Whole customers: nobody's tallies of several currencies are taken apart.
    bound |= {"first": people[0], "last": people[-1]}
    chosen = "FROM pruned WHERE kind = :kind AND customer_id BETWEEN :first AND :last"
    tx.execute(
        text(
            "INSERT INTO pruned (customer_id, kind, currency, events, amounts, total, first_at, last_at) "
            f"SELECT customer_id, :to, currency, events, amounts, total, first_at, last_at {chosen} "
            "ON CONFLICT (customer_id, kind, currency) DO UPDATE SET events = pruned.events + excluded.events, "
            "amounts = pruned.amounts + excluded.amounts, total = pruned.total + excluded.total, "
            f"first_at = {_LEAST[tx.dialect]}(pruned.first_at, excluded.first_at), "
            f"last_at = {_MOST[tx.dialect]}(pruned.last_at, excluded.last_at)"
        ),
        bound,
    )
    tx.execute(text(f"DELETE {chosen}"), bound)
    dirty.mark(tx, [(customer, touched, None) for customer in people for touched in (kind, to)], now=now)
    return True
