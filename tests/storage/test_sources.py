"""Sources and their kinds, and what an older database knows of them."""

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import text

from rules.alerts.states import Reason
from storage import alerts, arrivals, schema, sources
from storage.database import Database
from tests.histories import customer, rule


def test_a_source_is_noted_once_with_each_of_its_kinds(database: Database) -> None:
    with database.writing() as tx:
        sources.note(tx, [("shop", "purchase"), ("shop", "refund"), ("desk", "ticket")])
        sources.note(tx, [("shop", "purchase"), ("desk", "purchase")])
        sources.note(tx, [])
        arrivals.note(tx, {"shop": 2}, now=7_200_000)
        arrivals.note(tx, {"shop": 1}, now=3_600_001)
        assert [(one.name, one.last_at) for one in sources.listing(tx)] == [
            ("desk", None),
            ("shop", 7_200_000),
        ]
        assert arrivals.hours(tx, "shop", since=0, until=7_200_000) == [
            (3_600_000, 3_600_001),
            (7_200_000, 7_200_000),
        ]
        assert sources.stale_kinds(tx) == {}
        sources.mark(tx, "shop", stale_since=5, back_at=None)
        assert sources.stale_kinds(tx) == {"purchase": "shop", "refund": "shop"}
        assert sources.by_name(tx, "mail") is None


def test_the_migration_keeps_alerts_and_finds_the_sources(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer(database, 1, known_since=0)
    rule(database, "lapsing", "never(purchase)")
    with database.writing() as tx:
        arrivals.note(tx, {"shop": 2}, now=7_200_000)
        alerts.open_all(tx, [alerts.Opening(1, 1, 1, Reason.ENTERED, ())], [1], now=5)
        script = schema._scripts(schema._config()).get_revision("0015").module
        operations = Operations(MigrationContext.configure(tx.connection))
        monkeypatch.setattr(script, "op", operations)
        script.downgrade()
        assert tx.execute(text("SELECT opened_at FROM alert")).scalar_one() == 5
        script.upgrade()
        assert [one.name for one in sources.listing(tx)] == ["shop"]
        [alert] = alerts.unresolved(tx)
    assert (alert.opened_at, alert.leaving_at, alert.next_nag_at, alert.reminded) == (5, None, None, 0)
