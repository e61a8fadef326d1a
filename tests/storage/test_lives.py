"""Lives read from what is carried forward on equal lives that are read whole, whatever came late in between."""

import random

import numpy as np
import pytest
from sqlalchemy import text

from rules.conditions.columns import Ints
from rules.conditions.parse import parse
from rules.conditions.terms import Events, Subject, events_of
from rules.conditions.tree import terms
from rules.instants import DAY, HOUR
from storage import carried, dirty, kept, lives, selected
from storage import terms as answers
from storage.database import Database, Transaction
from storage.events import Stored, kind_ids
from storage.facts import Facts
from storage.kept import Kept
from storage.rungs import BOTTOM, Values, selection_of
from tests.rules.conditions.oracle import Person
from tests.storage.people import store
from tests.storage.test_running import CALENDAR, NOW, keep, said, take, visits

ASKED = terms(
    parse(
        "count(visit) > 1 and sum(visit) > 1 and avg(visit) > 1 and count(visit, 3d) > 1 "
        "and count(visit where priority = high) > 1 and sum(visit where priority = high) > 1 "
        "and avg(visit where priority = high) > 1 and days_since(visit where priority = high) > 1 "
        "and days_since_first(visit where priority = high) > 1 and never(visit where amount > 2) "
        "and missing(visit where priority = high, visit, 3d) and median_gap(visit where priority = high) > 1 "
        "and returned(visit where priority = high, 3d)"
    )
)
ALL = Events("visit")


@pytest.fixture
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("FEW", 6), ("STRIDE", 3), ("BEHIND", 2)):
        monkeypatch.setattr(lives, name, value)


def asked(tx: Transaction, now: int, stood: Kept | None) -> tuple[Facts, dict[Subject, object]]:
    found = answers.facts_of(tx, now=now, calendar=CALENDAR, currency="USD", customers=[1, 2, 3], kept=stood)
    return found, {term: said(column) for term, column in answers.columns(found, ASKED).items()}


def swept(database: Database, now: int) -> Kept:
    """Ask as a sweep does, and keep what it would keep; both ways must answer alike."""
    with database.reading() as tx:
        stood, touched = kept.kept(tx), dirty.batches(tx)
        found, by_rungs = asked(tx, now, stood)
        assert by_rungs == asked(tx, now, None)[1]
        more = found.more()
    with database.writing() as tx:
        keep(tx, stood, more)
        dirty.forget(tx, touched)
    return stood


def below(database: Database, events: Events = ALL, now: int = NOW) -> Values:
    """Give what is carried forward of each customer, and believed."""
    with database.reading() as tx:
        forward = carried.forward(tx)
        kind = kind_ids(tx, ["visit"])["visit"]
        ids = np.array([1, 2, 3], dtype=np.int64)
        among = forward.among(tx, ids)
        return forward.below(
            tx, ids, among, kind=kind, selection=selection_of(events, "USD", None), until=now
        )


def in_order(many: int, since: int = 0) -> list[Stored]:
    """Give visits of customer 1, one an hour, the newest of them now."""
    return [
        Stored(
            1, 0, NOW - nth * HOUR, nth, 100, "USD", "t", None, '{"priority": "high"}' if nth % 3 else None
        )
        for nth in range(since, since + many)
    ]


def people(database: Database) -> None:
    with database.writing() as tx:
        store(tx, [Person(created_at=NOW - 400 * DAY)] * 3, [1, 2, 3])


@pytest.mark.usefixtures("_short")
@pytest.mark.parametrize("seed", range(4))
def test_lives_carried_forward_equal_lives_read_whole(database: Database, seed: int) -> None:
    chance, now, climbed, undone = random.Random(seed), NOW, 0, 0
    people(database)
    for number in range(12):
        with database.writing() as tx:
            take(tx, list(visits(chance, now, 30 if number == 0 else chance.choice([0, 2, 9]))))
        stood = swept(database, now)
        climbed += stood.forward.stands
        undone += bool(stood.forward.undone)
        # Back, too: whoever has new rules alone may be swept as of an earlier instant.
        now += chance.choice([0, HOUR, 2 * DAY, -HOUR])
    assert climbed > 8
    assert undone > 2


@pytest.mark.usefixtures("_short")
def test_a_rung_stands_some_events_below_the_newest_and_the_latest_two_are_kept(database: Database) -> None:
    people(database)
    with database.writing() as tx:
        take(tx, in_order(40, since=20))
    swept(database, NOW)
    found = below(database)
    assert (found.at[0], found.events[0], found.amounts[0], found.total[0]) == (
        NOW - 22 * HOUR,
        *(38, 38, 3_800),
    )
    assert found.at[1:].tolist() == [BOTTOM, BOTTOM]
    for since in (14, 8, 2):
        with database.writing() as tx:
            take(tx, in_order(6, since=since))
        swept(database, NOW)
    assert below(database).events.tolist() == [56, 0, 0]
    with database.reading() as tx:
        rungs = tx.execute(text("SELECT selection, events FROM carried ORDER BY at")).all()
    of_all = selection_of(ALL, "USD", None)
    assert [events for selection, events in rungs if selection == of_all] == [50, 56]


@pytest.mark.usefixtures("_short")
def test_what_is_read_of_a_life_is_the_same_however_long_it_is(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    real = selected.Reader._read

    def count(self: selected.Reader, *args: object) -> selected.Rows:
        rows = real(self, *args)  # type: ignore[arg-type]
        read.append(len(rows.places))
        return rows

    def found(tx: Transaction, stood: Kept) -> Ints:
        facts = answers.facts_of(tx, now=NOW, calendar=CALENDAR, currency="USD", customers=[1], kept=stood)
        [term] = terms(parse("count(visit where amount > 0) > 1"))
        answers.columns(facts, [term])
        keep(tx, stood, facts.more())
        return facts.count(next(iter(events_of(term))), selected.Span(None, NOW))

    monkeypatch.setattr(selected.Reader, "_read", count)
    people(database)
    with database.writing() as tx:
        take(tx, in_order(300))
        dirty.forget(tx, dirty.batches(tx))
    for _ in range(2):
        with database.writing() as tx:
            assert found(tx, kept.kept(tx)).tolist() == [300]
    assert read == [300, 2]


@pytest.mark.usefixtures("_short")
def test_an_event_that_comes_late_undoes_the_rungs_above_it(database: Database) -> None:
    people(database)
    with database.writing() as tx:
        take(tx, in_order(40))
        dirty.forget(tx, dirty.batches(tx))
    swept(database, NOW)
    assert below(database).at[0] == NOW - 2 * HOUR
    for late, stands in ((1, True), (2, False)):
        with database.writing() as tx:
            take(tx, [in_order(1, since=late)[0]._replace(key=1_000 + late)])
        assert bool(below(database).at[0] != BOTTOM) is stands
    swept(database, NOW)
    assert below(database).events[0] == 41


def test_more_than_some_undone_undo_all(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carried, "MOST_UNDONE", 1)
    people(database)
    with database.writing() as tx:
        take(tx, [one._replace(customer_id=who) for one in in_order(40) for who in (1, 2)])
        dirty.forget(tx, dirty.batches(tx))
    swept(database, NOW)
    assert (below(database).at != BOTTOM).tolist() == [True, True, False]
    with database.writing() as tx:
        take(tx, [one._replace(customer_id=who, key=99) for one in in_order(1, since=30) for who in (1, 2)])
    stood = swept(database, NOW)
    assert stood.forward.all_undone
    assert below(database).events.tolist() == [33, 33, 0]


def test_rungs_are_put_up_a_few_at_a_time_and_for_the_longest_lives_first(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lives, "NEW_AT_ONCE", 1)
    people(database)
    with database.writing() as tx:
        take(tx, [one._replace(customer_id=who) for who in (1, 2, 3) for one in in_order(30 + 10 * who)])
    seen: list[list[bool]] = []
    for _ in range(4):
        seen.append((below(database).at != BOTTOM).tolist())
        swept(database, NOW)
    assert seen == [
        [False, False, False],
        [False, False, True],
        [False, True, True],
        [True, True, True],
    ]


def test_short_lives_are_read_whole_and_leave_nothing(database: Database) -> None:
    people(database)
    with database.writing() as tx:
        take(tx, in_order(lives.FEW - 1))
    swept(database, NOW)
    assert not swept(database, NOW).forward.stands


def test_a_whole_stretch_is_read_as_it_lies(database: Database) -> None:
    """Whoever evaluates everybody neither climbs nor puts anything up."""
    people(database)
    with database.writing() as tx:
        take(tx, in_order(60))
    with database.reading() as tx:
        facts = answers.facts_of(
            tx, now=NOW, calendar=CALENDAR, currency="USD", customers=None, kept=kept.kept(tx)
        )
        answers.columns(facts, ASKED)
        assert facts.more().carried == []
