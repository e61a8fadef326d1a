"""Terms in SQL: on both databases, what comes out is what the slow oracle says."""

import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, text

from rules.conditions.columns import Column, Mixed, Numbers, Truths, Words
from rules.conditions.evaluate import evaluate
from rules.conditions.parse import parse
from rules.conditions.terms import Fitted, Own, Score, Term
from rules.conditions.tree import Condition, Holds, terms
from rules.instants import DAY, HOUR, Calendar
from rules.lifecycle.fit import Fit
from storage import events, fits
from storage.database import Database, Transaction
from storage.terms import answer
from tests.rules.conditions.oracle import Happening, Oracle, Person
from tests.rules.conditions.strategies import NOWS, PLAIN, ZONES, conditions, people
from tests.rules.conditions.strategies import terms as some_terms
from tests.rules.lifecycle.fits import some_fits
from tests.storage.people import store

SLOW = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
BERLIN = Calendar.of("Europe/Berlin")
Value = bool | Fraction | str | None
NOW = BERLIN.parse("2024-03-31T12:00")


class _UndoneError(Exception):
    pass


@contextlib.contextmanager
def scratch(database: Database) -> Iterator[Transaction]:
    """Give a transaction whose work is undone in the end, for one example after the other."""
    with contextlib.suppress(_UndoneError), database.writing() as tx:
        yield tx
        raise _UndoneError


def matching(
    tx: Transaction,
    tree: Condition,
    now: int,
    calendar: Calendar = BERLIN,
    customers: Sequence[int] | None = None,
) -> set[int]:
    ids, columns = answer(tx, terms(tree), now=now, calendar=calendar, currency="USD", customers=customers)
    return set(ids[evaluate(tree, columns)].tolist())


def is_fitted(asked: Iterable[Term]) -> bool:
    return any(isinstance(term, Fitted) for term in asked)


def keep(tx: Transaction, made: Iterable[Fit]) -> None:
    for one in made:
        fits.add(tx, one, now=one.as_of)


@given(
    data=st.data(),
    zone=st.sampled_from(ZONES),
    now=NOWS,
    tree=st.one_of(conditions(PLAIN), st.builds(Holds, some_terms(PLAIN))),
)
@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
def test_the_product_equals_the_oracle(
    database: Database, data: st.DataObject, zone: str, now: int, tree: Condition
) -> None:
    calendar = Calendar.of(zone)
    crowd = data.draw(st.lists(people(now, calendar), min_size=1, max_size=4))
    made = data.draw(some_fits(now, calendar)) if is_fitted(terms(tree)) else []
    ids = [3 * place + 2 for place in range(len(crowd))]
    expected = {
        customer
        for customer, person in zip(ids, crowd, strict=True)
        if Oracle(person, now, calendar.zone, "USD", 2, tuple(made)).holds(tree)
    }
    some = data.draw(st.lists(st.sampled_from([*ids, 999]), max_size=4))
    with scratch(database) as tx:
        store(tx, crowd, ids)
        keep(tx, made)
        assert matching(tx, tree, now, calendar) == expected
        assert matching(tx, tree, now, calendar, some) == expected & set(some)


@given(data=st.data(), zone=st.sampled_from(ZONES), now=NOWS, term=some_terms(PLAIN))
@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
def test_each_value_equals_the_oracles(
    database: Database, data: st.DataObject, zone: str, now: int, term: Term
) -> None:
    calendar = Calendar.of(zone)
    crowd = [
        person
        for person in data.draw(st.lists(people(now, calendar), min_size=1, max_size=3))
        if person.known_since is not None and person.known_since <= now
    ]
    made = data.draw(some_fits(now, calendar)) if is_fitted([term]) else []
    with scratch(database) as tx:
        store(tx, crowd, range(len(crowd)))
        keep(tx, made)
        ids, columns = answer(tx, [term], now=now, calendar=calendar, currency="USD", customers=None)
    assert ids.tolist() == list(range(len(crowd)))
    for place, person in enumerate(crowd):
        oracle = Oracle(person, now, calendar.zone, "USD", 2, tuple(made)).value(term)
        found = value_at(columns[term], place)
        assert agree(term, found, oracle) if isinstance(term, Fitted) else found == oracle


STEPS = {Score.P_ALIVE: 10**6, Score.EXPECTED_PURCHASES: 10**6, Score.CLV: 10**4, Score.CLV_RANK: 10**3}


def agree(term: Fitted, found: Value, oracle: Value) -> bool:
    """Whether two ways of computing in floats came to the same: to the last step, or to nine digits of what is huge."""
    if not isinstance(found, Fraction) or not isinstance(oracle, Fraction):
        return found is oracle is None
    return abs(found - oracle) <= max(Fraction(1, STEPS[term.name]), abs(oracle) / 10**9)


@given(data=st.data(), zone=st.sampled_from(ZONES), now=NOWS)
@settings(max_examples=40, deadline=None, suppress_health_check=SLOW)
def test_values_equal_the_oracles_whoever_is_asked_with_them(
    database: Database, data: st.DataObject, zone: str, now: int
) -> None:
    calendar = Calendar.of(zone)
    crowd = data.draw(st.lists(people(now, calendar), min_size=2, max_size=5))
    made = data.draw(some_fits(now, calendar).filter(bool))
    asked, ids = [Fitted(name) for name in Score], list(range(3, 3 + len(crowd)))
    with scratch(database) as tx:
        store(tx, crowd, ids)
        keep(tx, made)
        for some in (None, [*ids], *([one] for one in ids)):
            found, columns = answer(tx, asked, now=now, calendar=calendar, currency="USD", customers=some)
            for place, customer in enumerate(found.tolist()):
                oracle = Oracle(crowd[customer - 3], now, calendar.zone, "USD", 2, tuple(made))
                for term in asked:
                    assert agree(term, value_at(columns[term], place), oracle.value(term))


def value_at(column: Column, place: int) -> Value:
    match column:
        case Truths(holds):
            return bool(holds[place])
        case Numbers(numerators, denominators, known):
            below = denominators if isinstance(denominators, int) else int(denominators[place])
            return Fraction(int(numerators[place]), below) if known[place] else None
        case Words(codes, words):
            return words[codes[place]] if codes[place] >= 0 else None
        case Mixed(numbers, words):
            number = value_at(numbers, place)
            return value_at(words, place) if number is None else number


def purchase(
    at: int, amount: int | None = None, currency: str = "USD", **properties: str | Fraction
) -> Happening:
    return Happening("purchase", at, amount, None if amount is None else currency, properties)


def holds(database: Database, condition: str, person: Person, now: int = NOW) -> bool:
    with scratch(database) as tx:
        store(tx, [person], [1])
        found = matching(tx, parse(condition), now)
        assert matching(tx, parse(condition), now, customers=[1]) == found
        return found == {1}
    raise AssertionError("the block above returns")


MONTH_EDGE = BERLIN.parse("2024-02-29")
"""The business midnight that 1mo reaches from `NOW`, the 31st of March."""


@pytest.mark.parametrize(
    ("condition", "at", "expected"),
    [
        # (now - W, now]: the edge itself is out, now is in
        ("count(purchase, 30d) = 1", NOW - 30 * DAY, False),
        ("count(purchase, 30d) = 1", NOW - 30 * DAY + 1, True),
        ("count(purchase, 30d) = 1", NOW, True),
        ("count(purchase) = 1", NOW + 1, False),
        ("count(purchase, 1mo) = 1", MONTH_EDGE, False),
        ("count(purchase, 1mo) = 1", MONTH_EDGE + 1, True),
        ("count(purchase where not amount > 0, 30d) = 1", NOW - 30 * DAY, False),
        ("count(purchase where not amount > 0, 30d) = 1", NOW - 30 * DAY + 1, True),
        ("count(purchase where not amount > 0) = 1", NOW, True),
        ("count(purchase where not amount > 0) = 1", NOW + 1, False),
        # silent is the same window, for who was known at its edge
        ("silent(purchase, 30d)", NOW - 30 * DAY, True),
        ("silent(purchase, 30d)", NOW - 30 * DAY + 1, False),
        ("silent(purchase, 1mo)", MONTH_EDGE, True),
        ("silent(purchase, 1mo)", MONTH_EDGE + 1, False),
        # someone who is not known yet matches nothing
        ("never(purchase)", NOW + 1, False),
        ("never(visit)", NOW + 1, False),
        ("not count(purchase) = 1", NOW + 1, False),
        ("never(visit)", NOW, True),
        # whole days, rounded down
        ("days_since(purchase) = 1", NOW - 2 * DAY + 1, True),
        ("days_since(purchase) = 2", NOW - 2 * DAY, True),
        ("tenure = 1", NOW - 2 * DAY + 1, True),
        ("missing(purchase, visit, 2d)", NOW - 2 * DAY, True),
        ("missing(purchase, visit, 2d)", NOW - 2 * DAY + 1, False),
        ("missing(purchase, purchase, 2d)", NOW - 2 * DAY, True),
    ],
)
def test_edges_are_where_they_are_said_to_be(
    database: Database, condition: str, at: int, expected: bool
) -> None:
    assert holds(database, condition, Person(events=(purchase(at),))) is expected


def test_known_since_the_earlier_of_profile_and_first_event(database: Database) -> None:
    late = Person(created_at=NOW - 5 * DAY, events=(purchase(NOW - 40 * DAY),))
    early = Person(created_at=NOW - 40 * DAY, events=(purchase(NOW - 5 * DAY),))
    assert holds(database, "silent(visit, 30d) and tenure = 40", late)
    assert holds(database, "silent(visit, 30d) and tenure = 40", early)
    assert not holds(database, "silent(visit, 30d)", Person(created_at=NOW - 5 * DAY))
    assert not holds(database, "never(visit)", Person(created_at=NOW + 1))


def test_change_compares_with_the_window_before(database: Database) -> None:
    person = Person(
        events=(
            purchase(NOW - 60 * DAY, 900),
            purchase(NOW - 30 * DAY, 200),
            purchase(NOW - 30 * DAY + 1, 50),
        )
    )
    assert holds(database, "change(sum(purchase), 30d) = -75%", person)
    assert holds(database, "change(count(purchase), 30d) = 0%", person)
    assert holds(database, "not change(count(purchase), 7d) >= 0%", person)


def test_money_is_exact_and_of_one_currency(database: Database) -> None:
    person = Person(
        events=(purchase(NOW, 10), purchase(NOW - 1, 20), purchase(NOW - 2, 999, "EUR"), purchase(NOW - 3))
    )
    assert holds(database, "sum(purchase) = 0.3 and count(purchase) = 4 and avg(purchase) = 0.15", person)
    assert holds(database, "count(purchase where amount >= 0.1) = 2", person)
    assert holds(database, "count(purchase where currency = eur) = 1", person)
    assert holds(database, "sum(purchase where currency = eur) = 0", person)
    assert holds(database, "not avg(visit) = 0 and sum(visit) = 0", person)


def test_median_gap_counts_business_days(database: Database) -> None:
    # 23:30 and 00:30 in Berlin are two days, though half past ten and half past eleven in UTC are one.
    days = [BERLIN.parse(f"2024-03-0{day}T00:30") for day in (1, 3, 5)] + [BERLIN.parse("2024-03-05T23:30")]
    person = Person(events=(*map(purchase, days), purchase(BERLIN.parse("2024-03-06T00:30"))))
    assert holds(database, "median_gap(purchase) = 2 and overdue(purchase) = 12.5", person)
    assert not holds(database, "median_gap(purchase) > 0", Person(events=tuple(map(purchase, days))))


def test_midnight_begins_a_day(database: Database) -> None:
    days = [BERLIN.parse(f"2024-03-{day}") for day in ("01", "04", "06", "12")]
    assert holds(database, "median_gap(purchase) = 3", Person(events=tuple(map(purchase, days))))
    assert holds(
        database, "median_gap(purchase where not a = 1) = 3", Person(events=tuple(map(purchase, days)))
    )


def test_only_the_last_twelve_gaps_count(database: Database) -> None:
    gaps = [10, 10, 10] + [3, 1] * 6  # the median of the last 12 is 2, of the last 13 it would be 3
    days = [NOW - sum(gaps[place:]) * DAY for place in range(len(gaps) + 1)]
    person = Person(events=tuple(map(purchase, days)))
    assert holds(database, "median_gap(purchase) = 2 and median_gap(purchase where not a = 1) = 2", person)


def test_the_latest_of_one_instant_answer_each_other(database: Database) -> None:
    twins = Person(events=(purchase(NOW - 9 * DAY, 1), purchase(NOW - 9 * DAY, 2)))
    assert not holds(database, "missing(purchase, purchase, 2d)", twins)
    assert not holds(
        database, "missing(purchase where amount = 0.01, purchase where amount = 0.02, 2d)", twins
    )
    assert holds(database, "missing(purchase where amount = 0.01, purchase where amount < 0.02, 2d)", twins)
    assert not holds(database, "missing(purchase, purchase where amount = 0.02, 2d)", twins)
    assert not holds(database, "missing(purchase where amount = 0.02, purchase, 2d)", twins)
    answered = Person(events=(purchase(NOW - 9 * DAY), Happening("visit", NOW - 7 * DAY)))
    assert not holds(database, "missing(purchase, visit, 2d)", answered)
    assert holds(database, "missing(purchase, visit, 47h)", answered)


def test_properties_are_what_json_makes_of_them(database: Database) -> None:
    written = (
        '{"Plan Name": "Gold", "plan-name": "Silver", "paid": true, "seats": 12, "n": 0.10, "big": 1e999, '
        '"none": null, "list": ["a"], "object": {"a": 1}, "text": "12"}'
    )
    row = events.Stored(1, 0, NOW - HOUR, 5, None, None, "test", None, written)
    with scratch(database) as tx:
        store(tx, [Person(created_at=NOW - DAY)], [1])
        kind = events.ensure_kinds(tx, ["visit"])["visit"]
        events.add(tx, [row._replace(kind=kind)])
        for where in (
            "plan_name = gold",
            "paid = true",
            "seats = 12",
            'not seats = "12"',
            "n = 0.1",
            'text = "12"',
            "not text = 12",
            "not big > 0 and not big <= 0",
            "not none = null and not list contains a and not object != b",
        ):
            assert matching(tx, parse(f"count(visit where {where}) = 1"), NOW) == {1}, where


def test_attributes_are_text_number_or_unknown(database: Database) -> None:
    person = Person(
        created_at=NOW,
        own={Own.SEGMENT: "VIP"},
        attributes={"seats": Fraction(12), "plan": "Gold", "renewal_date": "2024-04-02"},
    )
    assert holds(
        database, "attr.seats = 12 and attr.plan = GOLD and segment = vip and not owner != x", person
    )
    assert holds(database, "days_until(renewal_date) = 2 and attr.renewal_date > 2024-04-01", person)
    assert not holds(database, "days_until(plan) > -9999 or days_until(nothing) > -9999", person)


def test_nobody_and_nothing(database: Database) -> None:
    asked = terms(
        parse("count(purchase where a = 1) > 0 and silent(x, 1d) and median_gap(y) > 1 and attr.z = 1")
    )
    with database.reading() as tx:
        for customers in (None, [], [5]):
            ids, columns = answer(tx, asked, now=NOW, calendar=BERLIN, currency="USD", customers=customers)
            assert len(ids) == 0
            assert [len(columns[term]) for term in asked] == [0, 0, 0, 0]


def test_no_query_reads_more_events_than_it_is_asked_for(database: Database) -> None:
    """Each step of a plan that touches events, details or attributes goes by a key."""
    condition = (
        "count(purchase, 30d) > 1 and sum(purchase) > 1 and avg(purchase, 1mo) > 1 and days_since(purchase) > 1 "
        "and days_since_first(purchase) > 1 and overdue(purchase) > 1 and change(count(purchase), 30d) < 0% "
        "and missing(purchase, visit, 7d) and missing(purchase, purchase, 7d) and attr.plan = x "
        "and count(purchase where priority = high, 30d) > 1"
    )
    asked: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        asked.append((statement, parameters))

    ids = list(range(1, 301))
    with scratch(database) as tx:
        store(tx, [Person(created_at=NOW)] * len(ids), ids)
        kinds = events.ensure_kinds(tx, ["purchase", "visit"]).values()
        row = events.Stored(0, 0, 0, 0, 5, "USD", "test", None, '{"priority": "high"}')
        rows = [
            row._replace(customer_id=customer, kind=kind, occurred_at=NOW - day * DAY)
            for customer in ids
            for kind in kinds
            for day in range(20)
        ]
        events.add(tx, rows)
        tx.execute(text("ANALYZE"))  # so that a planner knows that reading the tables from end to end is dear
        event.listen(tx.connection, "before_cursor_execute", note)
        answer(tx, terms(parse(condition)), now=NOW, calendar=BERLIN, currency="USD", customers=ids[:5])
        event.remove(tx.connection, "before_cursor_execute", note)
        explain = "EXPLAIN QUERY PLAN " if tx.dialect == "sqlite" else "EXPLAIN "
        plans = [
            [str(row[-1]) for row in tx.connection.exec_driver_sql(explain + statement, parameters)]
            for statement, parameters in asked
        ]
    assert len(plans) > 10
    steps = [step for plan in plans for step in plan]
    assert not [
        step for step in steps if re.search(r"SCAN (event|attribute|customer)|Seq Scan on event", step)
    ]
    assert any("event_pkey" in step or "SEARCH event USING PRIMARY KEY" in step for step in steps)
    assert not any("event_by_time" in step for step in steps)


@pytest.mark.parametrize("where", ["", " where plan = gold"])
@pytest.mark.parametrize(("gap", "back"), [(30 * DAY - 1, False), (30 * DAY, True), (45 * DAY, True)])
def test_whoever_was_gone_for_the_whole_window_is_back_for_as_long(
    database: Database, where: str, gap: int, *, back: bool
) -> None:
    condition = f"returned(purchase{where}, 30d)"
    for since in (0, 10 * DAY, 30 * DAY - 1):
        person = Person(events=tuple(purchase(NOW - ago, plan="gold") for ago in (since, since + gap)))
        assert holds(database, condition, person) is back, since
    # It is over once the one who came back has left the window, and a first purchase is nobody's return.
    gone = Person(events=tuple(purchase(NOW - 30 * DAY - ago, plan="gold") for ago in (0, gap)))
    assert not holds(database, condition, gone)
    assert not holds(database, condition, Person(events=(purchase(NOW, plan="gold"),)))
