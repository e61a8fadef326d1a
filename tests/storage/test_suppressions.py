"""What held alerts back: the last word on each, and all of them in their order."""

from rules.alerts.pipeline.stage import Stage, Why
from storage import suppressions
from storage.database import Database
from storage.suppressions import Suppression


def held(customer_id: int, alert_id: int, seq: int) -> Suppression:
    return Suppression(
        customer_id=customer_id,
        alert_id=alert_id,
        seq=seq,
        at=seq,
        stage=Stage.BUDGET,
        why=Why.BUDGET_SPENT,
        until=None,
        actor=None,
        by="",
    )


def test_the_last_of_each_alert(database: Database) -> None:
    """Numbers of alerts and of customers are never the same ones."""
    noted = [held(1, 70, 1), held(1, 70, 2), held(1, 71, 1), held(2, 72, 1), held(2, 72, 2), held(3, 73, 1)]
    with database.writing() as tx:
        suppressions.add_all(tx, noted)
        suppressions.add_all(tx, [])
    with database.reading() as tx:
        assert suppressions.latest(tx, [(1, 70), (2, 72), (1, 99)]) == {70: noted[1], 72: noted[4]}
        assert suppressions.of_alert(tx, 2, 72) == noted[3:5]
