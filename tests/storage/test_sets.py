"""Many values go into one statement, whatever the engine."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import col

from storage.database import Database
from storage.events import Kind
from storage.sets import Columns, any_of, given, insert_new, table

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


def test_two_sets_of_one_statement_keep_apart_by_their_names(database: Database) -> None:
    with database.writing() as tx:
        tx.session.add(Kind(id=1, name="purchase", events=0))
        ids = any_of(tx.dialect, [1, 2], "int", name="ids")
        names = any_of(tx.dialect, ["visit", "purchase"], "text", name="names")
        both = select(col(Kind.name)).where(col(Kind.id).in_(ids), col(Kind.name).in_(names))
        assert tx.execute(both).scalars().all() == ["purchase"]


PLACED: Columns = (("customer_id", "int"), ("name", "text"), ("value", "text"))


def test_insert_new_says_of_each_row_whether_its_place_was_free(database: Database) -> None:
    rows = [(1, "plan", '"a"'), (2, 'odd "\\ {name}', "null"), (3, "", "1")]
    with database.writing() as tx:
        assert insert_new(tx, "attribute", PLACED, rows, key=2) == [True, True, True]
        again = [(1, "plan", '"b"'), (1, "seats", "4"), *rows[1:]]
        assert insert_new(tx, "attribute", PLACED, again, key=2) == [False, True, False, False]
        assert insert_new(tx, "attribute", PLACED, [], key=2) == []
    with database.reading() as tx:
        found = tx.execute(text("SELECT customer_id, name, value FROM attribute")).all()
        assert sorted(tuple(row) for row in found) == sorted([*rows, (1, "seats", "4")])


def test_what_the_database_refuses_is_raised_as_its_error(database: Database) -> None:
    with pytest.raises(DBAPIError), database.writing() as tx:
        insert_new(tx, "attribute", PLACED, [(1, "plan", None)], key=2)
    with database.reading() as tx:
        assert tx.execute(text("SELECT count(*) FROM attribute")).scalar_one() == 0
