"""What came of a rule's alerts, counted: told, claimed, ended without anybody, and how soon they were claimed.

The table is `storage.alerts`'s.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import case, func, select
from sqlmodel import col

from rules.alerts.states import Resolution
from storage.alerts import AlertRow
from storage.database import Transaction


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What came of a rule's alerts: how many opened, were told, in how many messages, claimed, ended without anybody."""

    rule_id: int
    opened: int
    posted: int
    messages: int
    claimed: int
    by_itself: int


_BY_ITSELF: Final = (str(Resolution.RECOVERED), str(Resolution.EXPIRED))


def outcomes(tx: Transaction, *, since: int) -> list[Outcomes]:
    """Count rule by rule what came of the alerts that opened at ``since`` or later."""
    alone = col(AlertRow.resolved_by).is_(None) & col(AlertRow.resolution).in_(_BY_ITSELF)
    rows = tx.execute(
        select(
            col(AlertRow.rule_id),
            func.count(),
            func.count(col(AlertRow.root)),
            func.count(func.distinct(col(AlertRow.root))),
            func.count(col(AlertRow.claimed_at)),
            func.sum(case((alone, 1), else_=0)),
        )
        .where(col(AlertRow.opened_at) >= since)
        .group_by(col(AlertRow.rule_id))
    )
    return [Outcomes(*(int(value) for value in row)) for row in rows]


def claim_waits(tx: Transaction, *, since: int) -> list[tuple[int, int]]:
    """Give (rule id, milliseconds to the claim) of the claimed alerts that opened at ``since`` or later."""
    rows = tx.execute(
        select(col(AlertRow.rule_id), col(AlertRow.claimed_at) - col(AlertRow.opened_at)).where(
            col(AlertRow.opened_at) >= since, col(AlertRow.claimed_at).is_not(None)
        )
    )
    return [(row[0], int(row[1])) for row in rows]
