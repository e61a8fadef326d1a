"""What is asked of stored events."""

import json

import pytest
from sqlalchemy import insert

from storage import events
from storage.database import Database
from storage.events import Event, EventDetail, Kind


@pytest.fixture
def history(database: Database) -> Database:
    with database.writing() as tx:
        tx.execute(
            insert(Kind),
            [
                {"id": 1, "name": "purchase", "events": 4},
                {"id": 2, "name": "login", "events": 2},
                {"id": 3, "name": "refund", "events": 1},
            ],
        )
        rows = [
            (1, 1, 1000, 7, 500, "USD"),
            (1, 1, 3000, 8, 250, "USD"),
            (1, 1, 3000, 9, 100, "EUR"),
            (1, 1, 9000, 1, 100, "USD"),
            (1, 2, 3000, 4, None, None),
            (1, 2, 4000, 5, None, None),
            (2, 3, 4000, 6, -100, "USD"),
        ]
        tx.execute(
            insert(Event),
            [
                dict(
                    zip(("customer_id", "kind", "occurred_at", "key", "amount", "currency"), row, strict=True)
                )
                for row in rows
            ],
        )
        tx.execute(
            insert(EventDetail),
            {
                "customer_id": 1,
                "kind": 1,
                "occurred_at": 3000,
                "key": 8,
                "source": "shop",
                "external_id": "o-8",
                "properties": json.dumps({"priority": "high", "cds": 2}),
            },
        )
    return database


def test_summary_counts_by_kind_and_keeps_currencies_apart(history: Database) -> None:
    with history.reading() as tx:
        login, purchase = events.summary(tx, 1, 8999)
        assert (login.kind, login.count, dict(login.sums), login.last_at) == ("login", 2, {}, 4000)
        assert (purchase.kind, purchase.count, purchase.last_at) == ("purchase", 3, 3000)
        assert dict(purchase.sums) == {"USD": 750, "EUR": 100}
        assert events.summary(tx, 1, 999) == []
        assert events.summary(tx, 77, 9000) == []


def test_timeline_is_newest_first_and_pages_without_gap_or_repetition(history: Database) -> None:
    with history.reading() as tx:
        whole = events.timeline(tx, 1, 9000, 10)
        assert [(one.occurred_at, one.kind) for one in whole] == [
            (9000, "purchase"),
            (4000, "login"),
            (3000, "login"),
            (3000, "purchase"),
            (3000, "purchase"),
            (1000, "purchase"),
        ]
        paged = []
        before = None
        while page := events.timeline(tx, 1, 9000, 2, before):
            paged += page
            before = page[-1].place
        assert paged == whole
        assert [one.occurred_at for one in events.timeline(tx, 1, 8999, 1)] == [4000]


def test_timeline_shows_what_an_event_carries(history: Database) -> None:
    with history.reading() as tx:
        carrying = next(one for one in events.timeline(tx, 1, 9000, 10) if one.source)
    assert (carrying.source, carrying.external_id, carrying.amount) == ("shop", "o-8", 250)
    assert dict(carrying.properties) == {"priority": "high", "cds": 2}


def test_kinds_are_known_by_name(history: Database) -> None:
    with history.reading() as tx:
        assert events.kinds(tx) == {"login": 2, "purchase": 4, "refund": 1}
        assert events.kind_ids(tx, ["refund", "purchase", "nothing"]) == {"purchase": 1, "refund": 3}
