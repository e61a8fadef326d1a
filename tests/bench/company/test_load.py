"""A company that was loaded quickly stands in the tables as one that came in by intake."""

import numpy as np
from sqlalchemy import inspect, text

from bench import events as live
from bench.company.history import KINDS, history
from bench.company.load import load
from bench.company.shape import END, Shape
from storage import events
from storage.database import Database

SHAPE = Shape(customers=120, events=2_400)


def nobody(_: int) -> None:
    """Tell nobody."""


def indexes(database: Database) -> set[str]:
    with database.reading() as tx:
        return {str(one["name"]) for one in inspect(tx.connection).get_indexes("event")}


def test_everything_is_stored_and_counted(database: Database) -> None:
    before = indexes(database)
    told: list[int] = []
    load(database, SHAPE, told.append)
    assert sum(told) == SHAPE.customers + SHAPE.events
    assert indexes(database) == before
    (block,) = history(SHAPE)
    with database.reading() as tx:
        stored = tx.execute(
            text(
                "SELECT kind.name, count(*), count(amount), count(event_detail.key) FROM event "
                "JOIN kind ON kind.id = event.kind LEFT JOIN event_detail ON "
                "event_detail.customer_id = event.customer_id AND event_detail.kind = event.kind "
                "AND event_detail.occurred_at = event.occurred_at AND event_detail.key = event.key "
                "GROUP BY kind.name ORDER BY kind.name"
            )
        ).all()
        counted = events.kinds(tx)
        early = tx.execute(
            text(
                "SELECT count(*) FROM event JOIN customer ON id = customer_id WHERE occurred_at < known_since"
            )
        ).scalar_one()
    for name, number, amounts, details in stored:
        chosen = block.kind == KINDS.index(name)
        assert number == chosen.sum() == counted[name]
        assert amounts == (block.currency[chosen] > 0).sum()
        assert details == (block.detail[chosen] > 0).sum()
    assert len(stored) == len(KINDS)
    assert early == 0


def test_intake_goes_on_where_loading_ended(database: Database) -> None:
    load(database, SHAPE, nobody)
    given = live.of_customers(np.random.default_rng(1), np.arange(50, dtype=np.int64), until=END)
    live.take_in_all(database, given, now=END)
    with database.reading() as tx:
        assert tx.execute(text("SELECT count(*) FROM event")).scalar_one() == SHAPE.events + 50
        assert tx.execute(text("SELECT count(*) FROM customer")).scalar_one() == SHAPE.customers
        assert sum(events.kinds(tx).values()) == SHAPE.events + 50
        assert set(events.kinds(tx)) == set(KINDS)
