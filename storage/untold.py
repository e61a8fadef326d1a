"""Alerts that no message tells yet, as the pipeline of `rules.alerts` takes them up, tells them or holds them back.

The table is `storage.alerts`'s. It must not know why an alert is held back: that stands in ``storage.suppressions``.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import and_, bindparam, or_, select, text, update
from sqlmodel import col

from storage.alerts import OPEN, Alert, AlertRow, alert_of
from storage.database import Transaction
from storage.sets import any_of

_NO_ROOT: Final = text("alert.root IS NULL")

# What has ceased to hold, and is kept open in case it comes back, is not told until it does.
_UNTOLD: Final = text("alert.root IS NULL AND alert.state <> 'resolved' AND alert.leaving_at IS NULL")


_FEW: Final = 50


def waiting(tx: Transaction, *, now: int, never_again: str) -> list[Alert]:
    """Give the alerts that no message tells and that the pipeline is to look at by ``now``, the oldest first.

    Those held back by the stage ``never_again`` until nobody knows when lack: something else tells them.
    """
    due = or_(
        col(AlertRow.held_by).is_(None),
        and_(col(AlertRow.held_by) != never_again, col(AlertRow.look_again_at).is_(None)),
        col(AlertRow.look_again_at) <= now,
    )
    statement = select(AlertRow).where(_UNTOLD, due).order_by(col(AlertRow.id))
    return [alert_of(row) for row in tx.session.execute(statement).scalars()]


def still(tx: Transaction, alert_ids: Sequence[int]) -> list[Alert]:
    """Give those of these alerts that are untold still, the oldest first, locked until the transaction ends."""
    # Not asked for as the untold ones among them: PostgreSQL would read all that are untold, for each message anew.
    # A few are written out, so that it seeks each.
    few = len(alert_ids) <= _FEW
    chosen = col(AlertRow.id).in_(list(alert_ids) if few else any_of(tx.dialect, alert_ids, "int"))
    rows = tx.session.execute(select(AlertRow).where(chosen).order_by(col(AlertRow.id)).with_for_update())
    found = [alert_of(row) for row in rows.scalars()]
    return [one for one in found if one.root is None and one.unresolved and one.leaving_at is None]


def held(tx: Transaction) -> list[Alert]:
    """Give the alerts that no message tells and that a stage of the pipeline holds back, the oldest first."""
    statement = select(AlertRow).where(_UNTOLD, col(AlertRow.held_by).is_not(None)).order_by(col(AlertRow.id))
    return [alert_of(row) for row in tx.session.execute(statement).scalars()]


_PASSED: Final = text("alert.root IS NULL AND alert.state = 'resolved'")


def passed(tx: Transaction, *, after: int, until: int) -> list[Alert]:
    """Give the alerts that were held back and ended, after an instant up to another, before any message told them."""
    statement = select(AlertRow).where(
        _PASSED,
        col(AlertRow.resolved_at) > after,
        col(AlertRow.resolved_at) <= until,
        col(AlertRow.held_by).is_not(None),
    )
    return [alert_of(row) for row in tx.session.execute(statement.order_by(col(AlertRow.id))).scalars()]


def look_again(tx: Transaction, stages: Iterable[str], *, now: int, rule_id: int | None = None) -> None:
    """Let the pipeline look again by ``now`` at what these stages hold back: what they go by has changed.

    So it does at what is kept open only, should that come back. Of ``rule_id``, if given, alone.
    """
    held = update(AlertRow).where(_NO_ROOT, OPEN, col(AlertRow.held_by).in_(list(stages)))
    if rule_id is not None:
        held = held.where(col(AlertRow.rule_id) == rule_id)
    tx.execute(held.values(look_again_at=now))


def tell(tx: Transaction, alert_ids: Sequence[int], *, root: int, now: int) -> None:
    """Note that one message tells these alerts, from ``now`` on: nobody has claimed them yet."""
    chosen = any_of(tx.dialect, alert_ids, "int")
    tx.execute(
        update(AlertRow)
        .where(col(AlertRow.id).in_(chosen))
        .values(root=root, held_by=None, look_again_at=None, nag_from=now, next_nag_at=now)
    )


def hold_back(tx: Transaction, held: Iterable[tuple[int, str, int | None]]) -> None:
    """Note which stage holds alerts back, and when to look again: (alert id, stage, instant or None)."""
    rows = [{"b_id": alert_id, "b_stage": stage, "b_again": again} for alert_id, stage, again in held]
    if rows:
        table = AlertRow.__table__  # type: ignore[attr-defined]
        tx.execute(
            update(table)
            .where(table.c.id == bindparam("b_id"))
            .values(held_by=bindparam("b_stage"), look_again_at=bindparam("b_again")),
            rows,
        )
