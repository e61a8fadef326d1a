"""Pruning: what is true of a lifetime stays true, whatever is pruned, in whichever pieces, cut short or not."""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from rules.conditions.reach import since
from rules.conditions.terms import Term
from rules.instants import DAY, Calendar
from storage import events, pruned
from storage.database import Database, Transaction
from storage.events import Stored
from storage.pruned import BeforeHorizonError, Stretch
from storage.terms import answer
from tests.rules.conditions.oracle import Oracle, Person
from tests.rules.conditions.strategies import NOWS, PLAIN, ZONES, people
from tests.rules.conditions.strategies import terms as some_terms
from tests.storage.people import store
from tests.storage.test_terms import scratch, value_at

SLOW = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
NOW = 1_711_846_800_000
KINDS = ("purchase", "ticket")


def prune_all(tx: Transaction, customers: Sequence[int], at: int, *, most: int = 1_000) -> int:
    """Prune as a run does, but in one transaction; gives how many events there were."""
    pruned.move_horizon(tx, at)
    gone = 0
    kinds = list(pruned.before(tx, at))
    while some := pruned.stretches(tx, customers, kinds, at=at, most=most):
        done = sum(pruned.prune(tx, some[:1]).values())
        assert done > 0
        gone += done
    return gone


@given(
    data=st.data(),
    zone=st.sampled_from(ZONES),
    now=NOWS,
    asked=st.lists(some_terms(PLAIN), min_size=1, max_size=6, unique=True),
    most=st.integers(1, 5),
)
@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
def test_what_may_be_asked_is_answered_as_before(
    database: Database, data: st.DataObject, zone: str, now: int, asked: list[Term], most: int
) -> None:
    """Every term that does not reach past the horizon says what it said, and what the oracle says of all that was."""
    calendar = Calendar.of(zone)
    crowd = [
        person
        for person in data.draw(st.lists(people(now, calendar), min_size=1, max_size=3))
        if person.known_since is not None and person.known_since <= now
    ]
    instants = sorted({event.at for person in crowd for event in person.events if event.at <= now} | {now})
    horizons = st.builds(int.__add__, st.sampled_from(instants), st.sampled_from([-1, 0, 1]))
    drawn = sorted(min(one, now) for one in data.draw(st.lists(horizons, min_size=1, max_size=3)))
    ids = [3 * place + 2 for place in range(len(crowd))]
    with scratch(database) as tx:
        store(tx, crowd, ids)
        before = answer(tx, asked, now=now, calendar=calendar, currency="USD", customers=None)[1]
        summaries = [events.summary(tx, customer, now) for customer in ids]
        totals, first = events.totals(tx, ids, now, "USD", KINDS), events.first_at(tx, ids)
        stored = dict(events.kinds(tx))
        for horizon in drawn:
            gone = prune_all(tx, ids, horizon, most=most)
            assert sum(stored.values()) - gone == sum(events.kinds(tx).values())
            stored = dict(events.kinds(tx))
            assert not pruned.before(tx, horizon)
            true = [term for term in asked if since(term, now, calendar) >= horizon]
            after = answer(tx, true, now=now, calendar=calendar, currency="USD", customers=None)[1]
            for term in true:
                for place, person in enumerate(crowd):
                    value = value_at(after[term], place)
                    assert value == value_at(before[term], place)
                    assert value == Oracle(person, now, calendar.zone, "USD", 2).value(term)
            assert [events.summary(tx, customer, now) for customer in ids] == summaries
            assert events.totals(tx, ids, now, "USD", KINDS) == totals
            assert events.first_at(tx, ids) == first


def kinds_of(tx: Transaction) -> dict[str, int]:
    return events.ensure_kinds(tx, ["login", "purchase"])


def purchases(tx: Transaction, customer: int, moments: Sequence[int], *, cents: int = 100) -> None:
    kind = kinds_of(tx)["purchase"]
    events.add(
        tx,
        [
            Stored(customer, kind, at, place, cents, "USD", "test", f"o-{customer}-{at}-{place}", '{"a": 1}')
            for place, at in enumerate(moments)
        ],
    )


def known(tx: Transaction, *customers: int) -> None:
    store(tx, [Person(created_at=NOW)] * len(customers), customers)


def test_the_event_at_the_horizon_stays(database: Database) -> None:
    with database.writing() as tx:
        known(tx, 1)
        purchases(tx, 1, [NOW - 1, NOW, NOW + 1])
        assert prune_all(tx, [1], NOW) == 1
        assert [one.occurred_at for one in events.timeline(tx, 1, NOW + 1, 9)] == [NOW + 1, NOW]
        assert tx.execute(text("SELECT count(*) FROM event_detail")).scalar_one() == 2
        assert pruned.tallies(tx, [1]) == [
            pruned.Tally(1, kinds_of(tx)["purchase"], "USD", 1, 1, 100, NOW - 1, NOW - 1)
        ]


def test_a_stretch_is_cut_where_time_allows(database: Database) -> None:
    kind = 0
    with database.writing() as tx:
        known(tx, 1, 2)
        purchases(tx, 1, [10, 20, 20, 20, 30, 40])
        purchases(tx, 2, [50, 50, 50, NOW])
        kind = kinds_of(tx)["purchase"]
        assert pruned.stretches(tx, [1, 2], [kind], at=60, most=9) == [
            Stretch(1, kind, 60, 6),
            Stretch(2, kind, 60, 3),
        ]
        # Three of one instant are not parted, and none of them is left out.
        assert pruned.stretches(tx, [1, 2], [kind], at=60, most=2) == [
            Stretch(1, kind, 20, 2),
            Stretch(2, kind, 51, 2),
        ]
        assert pruned.prune(tx, [Stretch(1, kind, 20, 2)]) == {kind: 1}
        assert pruned.stretches(tx, [1], [kind], at=60, most=2) == [Stretch(1, kind, 21, 2)]
        assert prune_all(tx, [1, 2], 60, most=2) == 8
        assert pruned.stretches(tx, [1, 2], [kind], at=60, most=2) == []
        assert pruned.before(tx, NOW + 1) == {kind: 1}
        assert pruned.customers_before(tx, NOW + 1) == 1
        assert events.kinds(tx)["purchase"] == 1
    with database.reading() as tx:
        assert [(one.events, one.first_at, one.last_at) for one in pruned.tallies(tx, [1, 2], kind)] == [
            (6, 10, 40),
            (3, 50, 50),
        ]


def test_the_horizon_never_moves_back(database: Database) -> None:
    with database.writing() as tx:
        assert pruned.horizon(tx) is None
        pruned.refuse_before(tx, 0)
        for at in (500, 300, 700):
            pruned.move_horizon(tx, at)
    with database.writing() as tx:
        assert pruned.horizon(tx, lock=True) == 700
        pruned.refuse_before(tx, 700)
        with pytest.raises(BeforeHorizonError) as refused:
            pruned.refuse_before(tx, 699)
    assert refused.value.params == {
        "as_of": "1970-01-01T00:00:00.699Z",
        "horizon": "1970-01-01T00:00:00.700Z",
    }


def test_what_was_spent_by_a_day_amid_what_was_pruned_is_unknown(database: Database) -> None:
    with database.writing() as tx:
        known(tx, 1, 2)
        purchases(tx, 1, [NOW - 9 * DAY, NOW - 5 * DAY, NOW - DAY])
        purchases(tx, 2, [NOW - 9 * DAY])
        prune_all(tx, [1, 2], NOW - 2 * DAY)
        assert events.totals(tx, [1, 2], NOW, "USD", KINDS) == {1: 300, 2: 100}
        assert events.totals(tx, [1, 2], NOW - 3 * DAY, "USD", KINDS) == {1: 200, 2: 100}
        assert events.totals(tx, [1, 2], NOW - 6 * DAY, "USD", KINDS) == {2: 100}
        assert events.totals(tx, [1, 2], NOW - 10 * DAY, "USD", KINDS) == {}


def test_whose_first_or_last_lies_in_a_stretch_of_time_is_found(database: Database) -> None:
    with database.writing() as tx:
        known(tx, 1, 2, 3)
        purchases(tx, 1, [10, 20, 30])
        purchases(tx, 2, [20])
        purchases(tx, 3, [40])
        kind = kinds_of(tx)["purchase"]
        prune_all(tx, [1, 2, 3], 35)

        def found(after: int, until: int) -> list[int]:
            return list(pruned.at_an_end(tx, kind, after=after, until=until))

        assert [found(0, 99), found(10, 20), found(20, 30), found(30, 99)] == [[1, 2], [2], [1], []]
        assert pruned.at_an_end(tx, kind + 1, after=0, until=99).tolist() == []
