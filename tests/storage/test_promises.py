"""What the database itself refuses, whoever writes and in whatever order."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from rules.alerts.states import Reason
from storage import alerts, outbox
from storage.alerts import Opening
from storage.database import Database
from storage.outbox import Call, New, Subject


def open_alert(database: Database, customer: int, rule: int) -> None:
    with database.writing() as tx:
        opening = Opening(
            customer_id=customer, rule_id=rule, rule_version=1, reason=next(iter(Reason)), evidence=()
        )
        alerts.open_all(tx, [opening], alerts.number(tx, 1), now=0)


def test_a_rule_has_one_unresolved_alert_for_a_customer(database: Database) -> None:
    open_alert(database, 1, 1)
    open_alert(database, 1, 2)
    open_alert(database, 2, 1)
    with pytest.raises(IntegrityError):
        open_alert(database, 1, 1)
    with database.writing() as tx:
        tx.execute(text("UPDATE alert SET state = 'resolved' WHERE customer_id = 1 AND rule_id = 1"))
    open_alert(database, 1, 1)


def test_a_message_has_one_waiting_edit(database: Database) -> None:
    def edit(root: int) -> None:
        with database.writing() as tx:
            outbox.add(tx, New(call=Call.UPDATE, subject=Subject.ALERT, channel="C", root=root), now=0)

    edit(1)
    edit(2)
    with pytest.raises(IntegrityError):
        edit(1)
    with database.writing() as tx:
        tx.execute(text("UPDATE outbox SET state = 'sending' WHERE root = 1"))
    edit(1)
