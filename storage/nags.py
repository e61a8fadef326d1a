"""When alerts that nobody claims are to be looked at for reminders and escalation: the clocks of each.

The table is `storage.alerts`'s. What is due by a clock is decided in ``rules.alerts.nag``.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import bindparam, select, update
from sqlmodel import col

from storage.alerts import OPEN, Alert, AlertRow, alert_of
from storage.database import Transaction
from storage.sets import any_of


def due(tx: Transaction, *, now: int) -> list[tuple[int, int]]:
    """Give (alert id, root) of those that it is time to look at for reminders, the oldest first."""
    # Put in order here: asked to do it, SQLite would read the whole table in that order.
    rows = tx.execute(
        select(col(AlertRow.id), col(AlertRow.root)).where(
            col(AlertRow.next_nag_at) <= now, col(AlertRow.root).is_not(None)
        )
    )
    return sorted((row[0], row[1]) for row in rows)


def still_due(tx: Transaction, alert_ids: Sequence[int], *, now: int) -> list[Alert]:
    """Give those of ``alert_ids`` that it still is time to look at, the oldest first, locked until the transaction ends."""
    rows = tx.session.execute(
        select(AlertRow)
        .where(
            col(AlertRow.id).in_(any_of(tx.dialect, alert_ids, "int")),
            col(AlertRow.next_nag_at) <= now,
        )
        .order_by(col(AlertRow.id))
        .with_for_update()
    ).scalars()
    return [alert_of(row) for row in rows]


def move(tx: Transaction, moved: Iterable[tuple[int, int, int | None]]) -> None:
    """Set when to look at alerts again for reminders: (customer id, alert id, instant or None)."""
    rows = [{"b_customer": customer, "b_id": number, "b_at": at} for customer, number, at in moved]
    if rows:
        table = AlertRow.__table__  # type: ignore[attr-defined]
        tx.execute(
            update(table)
            .where(table.c.customer_id == bindparam("b_customer"), table.c.id == bindparam("b_id"))
            .values(next_nag_at=bindparam("b_at")),
            rows,
        )


def later(tx: Transaction, some: Iterable[Alert], *, since: int, again_at: int) -> None:
    """Let the clocks of alerts run from ``since``, and look at them again at ``again_at``."""
    rows = [{"b_customer": one.customer_id, "b_id": one.id} for one in some]
    if rows:
        table = AlertRow.__table__  # type: ignore[attr-defined]
        tx.execute(
            update(table)
            .where(table.c.customer_id == bindparam("b_customer"), table.c.id == bindparam("b_id"))
            .values(nag_from=since, next_nag_at=again_at),
            rows,
        )


def anew(tx: Transaction, rule_id: int, *, now: int) -> None:
    """Let the clocks of a rule's open alerts run anew from ``now``: what the rule says of them has changed."""
    tx.execute(
        update(AlertRow)
        .where(
            col(AlertRow.rule_id) == rule_id,
            OPEN,
            col(AlertRow.root).is_not(None),
            col(AlertRow.claimed_by).is_(None),
            col(AlertRow.snoozed_until).is_(None),
        )
        .values(nag_from=now, next_nag_at=now, reminded=0, escalated=0)
    )
