"""Many values go into one statement, whatever the engine."""

from sqlalchemy import select
from sqlmodel import col

from storage.database import Database
from storage.events import Kind
from storage.sets import Columns, any_of, given, table

COLUMNS: Columns = (("id", "int"), ("name", "text"))
ROWS = [(2**62, "a"), (-1, "'; drop table kind; --"), (3, None), (4, '"quoted", {"json": ☃}'), (5, "")]


def test_rows_arrive_as_they_were_given(database: Database) -> None:
    with database.reading() as tx:
        sql = f"SELECT id, name FROM {table(tx.dialect, COLUMNS)} ORDER BY id"
        found = tx.execute(given(tx.dialect, sql, COLUMNS, ROWS)).all()
        assert [tuple(row) for row in found] == sorted(ROWS, key=lambda row: row[0])
        assert tx.execute(given(tx.dialect, sql, COLUMNS, [])).all() == []


def test_any_of_takes_more_values_than_a_statement_has_parameters(database: Database) -> None:
    with database.writing() as tx:
        tx.session.add(Kind(id=1, name="purchase", events=0))
        chosen = select(col(Kind.name)).where(col(Kind.id).in_(any_of(tx.dialect, range(100_000), "int")))
        assert tx.execute(chosen).scalars().all() == ["purchase"]
        none = select(col(Kind.name)).where(col(Kind.name).in_(any_of(tx.dialect, [], "text")))
        assert tx.execute(none).scalars().all() == []
