"""The migrations make exactly the tables that the code declares, on both engines."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect
from sqlalchemy.exc import IntegrityError

from storage import outbox, schema, tables
from storage.database import Database, Transaction
from storage.errors import SchemaError
from storage.outbox import Call, New, Subject


def _comparable(_object: object, name: str | None, *_rest: object) -> bool:
    """Leave out what Alembic cannot compare: an index over an expression, which a test of its own looks at."""
    return name != "outbox_one_forming"


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
def test_migrations_make_the_tables_that_the_code_declares(database: Database) -> None:
    with database.reading() as tx:
        context = MigrationContext.configure(
            tx.connection, opts={"compare_type": True, "include_object": _comparable}
        )
        assert compare_metadata(context, tables.METADATA) == []


def test_a_sweep_adds_to_one_message_of_a_rule_at_a_time(database: Database) -> None:
    def digest(tx: Transaction, rule_id: int) -> None:
        outbox.add(
            tx, New(call=Call.POST, subject=Subject.GROUP, channel="C", rule_id=rule_id, forming=True), now=0
        )

    with database.writing() as tx:
        digest(tx, 1)
        digest(tx, 2)
    with pytest.raises(IntegrityError), database.writing() as tx:
        digest(tx, 2)


def test_event_is_clustered_on_sqlite(database: Database) -> None:
    if database.dialect != "sqlite":
        with database.reading() as tx:
            assert inspect(tx.connection).get_pk_constraint("event")["constrained_columns"] == [
                "customer_id",
                "kind",
                "occurred_at",
                "key",
            ]
        return
    with database.reading() as tx:
        made = tx.connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master WHERE name = 'event'"
        ).scalar_one()
    assert "WITHOUT ROWID" in made
    assert 'PRIMARY KEY (customer_id, kind, occurred_at, "key")' in made


def test_prepare_leaves_a_database_of_this_version_alone(database: Database) -> None:
    schema.prepare(database)
    found, wanted = schema.revisions(database)
    assert found == wanted


def test_prepare_refuses_a_database_of_another_version(database: Database) -> None:
    with database.writing() as tx:
        tx.connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(SchemaError) as refused:
        schema.prepare(database)
    assert refused.value.params == {"found": "0000", "wanted": schema.revisions(database)[1]}
