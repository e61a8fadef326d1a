"""Running values of heavy accounts equal what counting one by one gives, whatever came late in between."""

import random
from collections.abc import Iterator

import numpy as np
import pytest

from rules.conditions.columns import Column, Numbers, Truths
from rules.conditions.parse import parse
from rules.conditions.terms import Events, Subject
from rules.conditions.tree import terms
from rules.instants import DAY, HOUR, Calendar
from storage import dirty, events, facts, heavy, kept, rungs
from storage import terms as answers
from storage.database import Database, Transaction
from storage.events import Stored
from storage.kept import Kept, More
from tests.rules.conditions.oracle import Person
from tests.storage.people import store

NOW = 20_000 * DAY
CALENDAR = Calendar.of("Europe/Berlin")
ASKED = terms(
    parse(
        "count(visit, 30d) > 1 and count(visit) > 1 and sum(visit, 7d) > 1 and avg(visit, 1mo) > 1 "
        "and change(count(visit), 7d) > 1% and change(sum(visit where priority = high), 7d) > 1% "
        "and count(visit where priority = high, 30d) > 1 and sum(visit where priority = high) > 1 "
        "and days_since(visit where priority = high) > 1 and days_since_first(visit where priority = high) > 1 "
        "and never(visit where priority = high) and silent(visit where priority = high, 2d) "
        "and median_gap(visit where priority = high) > 1"
    )
)


@pytest.fixture(autouse=True)
def _light_is_heavy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heavy, "HEAVY", 20)
    monkeypatch.setattr(heavy, "STRIDE", 8)


def said(column: Column) -> list[object]:
    if isinstance(column, Truths):
        return list(column.holds.tolist())
    assert isinstance(column, Numbers)
    below = np.broadcast_to(column.denominators, len(column))
    return [
        (int(above), int(under)) if known else None
        for above, under, known in zip(column.numerators, below, column.known, strict=True)
    ]


def asked(tx: Transaction, now: int, stood: Kept | None) -> tuple[facts.Facts, dict[Subject, object]]:
    found = answers.facts_of(tx, now=now, calendar=CALENDAR, currency="USD", customers=[1, 2, 3], kept=stood)
    return found, {term: said(column) for term, column in answers.columns(found, ASKED).items()}


def visits(chance: random.Random, now: int, many: int) -> Iterator[Stored]:
    for _ in range(many):
        at = now - int(chance.expovariate(1 / (5 * DAY))) // HOUR * HOUR + chance.choice([0, 0, 3 * DAY])
        yield Stored(
            chance.choice([1, 1, 1, 2]),
            0,
            at,
            chance.getrandbits(40),
            chance.choice([None, 100, 250, -40]),
            chance.choice(["USD", "EUR"]),
            "test",
            None,
            chance.choice([None, '{"priority": "high"}', '{"priority": "low"}']),
        )


def take(tx: Transaction, coming: list[Stored]) -> None:
    kind = events.ensure_kinds(tx, ["visit"])["visit"]
    rows = [row._replace(kind=kind) for row in coming]
    events.add(tx, rows)
    dirty.mark(tx, [row[:3] for row in rows], now=0)


def keep(tx: Transaction, stood: Kept, more: More) -> None:
    kept.undo(tx, stood)
    kept.put_up(tx, more.rungs)
    kept.carry(tx, more.carried)


@pytest.mark.parametrize("seed", range(4))
def test_running_values_equal_counting(database: Database, seed: int) -> None:
    chance, now, climbed = random.Random(seed), NOW, 0
    with database.writing() as tx:
        store(tx, [Person(created_at=NOW - 400 * DAY)] * 3, [1, 2, 3])
    for number in range(10):
        with database.writing() as tx:
            take(tx, list(visits(chance, now, 40 if number == 0 else chance.choice([0, 3, 30]))))
        with database.reading() as tx:
            believed, touched = kept.kept(tx), dirty.batches(tx)
            found, by_ladder = asked(tx, now, believed)
            _, by_counting = asked(tx, now, None)
            more = found.more()
        assert by_ladder == by_counting
        climbed += bool(believed.ladders.customers)
        with database.writing() as tx:
            keep(tx, believed, more)
            dirty.forget(tx, touched)
        now += chance.choice([0, HOUR, 2 * DAY])
    assert climbed > 3


def test_an_account_is_read_from_the_nearest_rung_on(database: Database) -> None:
    """However many events lie in the window, some few are read; one that came late takes the rungs above it away."""
    rows = [
        Stored(1, 0, NOW - 29 * DAY + nth * HOUR, nth, 1, "USD", "t", None, None) for nth in range(29 * 24)
    ]
    with database.writing() as tx:
        store(tx, [Person(created_at=NOW - 400 * DAY)], [1])
        take(tx, rows)
    with database.reading() as tx:
        first, _ = asked(tx, NOW, kept.kept(tx))
        more, touched = first.more(), dirty.batches(tx)
    plain = [rung for rung in more.rungs if 0 < rung.events == rung.amounts == rung.total]
    assert len(plain) == 29 * 24 // 8
    with database.writing() as tx:
        keep(tx, kept.kept(tx), more)
        dirty.forget(tx, touched)
        take(tx, [rows[400]._replace(key=9_999)])
    with database.reading() as tx:
        believed = kept.kept(tx)
        kind = events.kind_ids(tx, ["visit"])["visit"]
        assert believed.ladders.touched == {(1, kind): rows[400].occurred_at}
        selection = rungs.selection_of(parse_events("count(visit) > 0"), "USD", None)
        below = believed.ladders.below(tx, np.array([1]), kind, selection, NOW)
        assert below.events.tolist() == [400]
        again, _ = asked(tx, NOW, believed)
        more = again.more()
    with database.writing() as tx:
        keep(tx, believed, more)
        dirty.forget(tx, dirty.batches(tx))
    with database.reading() as tx:
        settled = kept.kept(tx)
        assert settled.ladders.below(tx, np.array([1]), kind, selection, NOW).events.tolist() == [696]
        third, _ = asked(tx, NOW, settled)
        assert third.more().rungs == []


def parse_events(condition: str) -> Events:
    [term] = terms(parse(condition))
    found = getattr(term, "events", None)
    assert isinstance(found, Events)
    return found


def test_new_ladders_are_put_up_a_few_at_a_time(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are counted one by one as before, and follow with the next sweeps."""
    monkeypatch.setattr(heavy, "NEW_AT_ONCE", 1)
    with database.writing() as tx:
        store(tx, [Person(created_at=NOW - 400 * DAY)] * 3, [1, 2, 3])
        take(
            tx,
            [
                Stored(who, 0, NOW - nth * HOUR, nth, 1, "USD", "t", None, None)
                for who in (1, 2, 3)
                for nth in range(60)
            ],
        )
    standing = []
    for _ in range(4):
        with database.reading() as tx:
            believed, touched = kept.kept(tx), dirty.batches(tx)
            found, by_ladder = asked(tx, NOW, believed)
            assert by_ladder == asked(tx, NOW, None)[1]
            standing.append(sorted(believed.ladders.customers))
            more = found.more()
        with database.writing() as tx:
            keep(tx, believed, more)
            dirty.forget(tx, touched)
    assert standing == [[], [1], [1, 2], [1, 2, 3]]
