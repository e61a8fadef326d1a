"""Whom time alone may have moved: by which edges, and who is found there."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from rules.conditions.parse import parse
from rules.conditions.terms import Events
from rules.conditions.thresholds import constants
from rules.instants import DAY, HOUR, Calendar
from storage import flips
from storage import terms as answers
from storage.database import Database
from storage.flips import EventsIn, KnownIn, Passing
from tests.rules.conditions.oracle import Happening, Person
from tests.storage.people import store

NOW = 20_000 * DAY
PASSING = Passing(last=NOW - HOUR, now=NOW, calendar=Calendar.of("UTC"))


def moved(condition: str) -> set[flips.Flip]:
    return set(answers.flips(constants([parse(condition)]), PASSING)) - {KnownIn(NOW - HOUR, NOW)}


def hour(kind: str, before: int) -> EventsIn:
    return EventsIn(kind, NOW - HOUR - before, NOW - before)


@pytest.mark.parametrize(
    ("condition", "ranges"),
    [
        ("count(purchase) > 1", {hour("purchase", 0)}),
        ("sum(purchase where amount > 5, 30d) > 1", {hour("purchase", 0), hour("purchase", 30 * DAY)}),
        ("avg(purchase, 12h) > 1", {hour("purchase", 0), hour("purchase", 12 * HOUR)}),
        (
            "change(count(visit), 7d) > 1%",
            {hour("visit", 0), hour("visit", 7 * DAY), hour("visit", 14 * DAY)},
        ),
        (
            "days_since(visit) > 2.5 or days_since(visit) = 7",
            {hour("visit", days * DAY) for days in (0, 3, 7, 8)},
        ),
        ("days_since_first(visit) < 0", {hour("visit", days * DAY) for days in (0, 1)}),
        ("never(visit)", {hour("visit", 0)}),
        ("median_gap(visit) > 3", {hour("visit", 0)}),
        ("overdue(visit) > 2", {hour("visit", 0)}),
        (
            "silent(visit, 2d)",
            {hour("visit", 0), hour("visit", 2 * DAY), KnownIn(NOW - HOUR - 2 * DAY, NOW - 2 * DAY)},
        ),
        (
            "missing(sign_up, visit, 2d)",
            {hour("sign_up", 0), hour("visit", 0), hour("sign_up", 2 * DAY)},
        ),
        (
            "returned(visit, 2d)",
            {hour("visit", 0), hour("visit", 2 * DAY)},
        ),
        ("tenure >= 30", {KnownIn(NOW - HOUR - days * DAY, NOW - days * DAY) for days in (30, 31)}),
        ("segment = vip and attr.plan = gold and days_until(renewal_date) < 3", set()),
        (f"days_since(visit) > {10**15}", {hour("visit", 0)}),
    ],
)
def test_each_term_says_what_moves_it(condition: str, ranges: set[flips.Flip]) -> None:
    assert moved(condition) == ranges


def test_values_move_with_what_the_fit_takes_for_purchases_and_never_without_one() -> None:
    asked = constants([parse("p_alive < 40% or clv > 3")])
    assert moved("p_alive < 40% or clv > 3") == set()
    passing = replace(PASSING, purchases=Events("order"))
    assert set(answers.flips(asked, passing)) - {KnownIn(NOW - HOUR, NOW)} == {hour("order", 0)}
    assert not any(answers.is_timed(term) for term in asked)


def test_a_calendar_window_moves_at_midnight_alone() -> None:
    [still] = moved("count(visit, 1mo) > 1") - {hour("visit", 0)}
    assert still.after < still.until
    by_day = Passing(last=NOW + HOUR, now=NOW + 2 * HOUR, calendar=Calendar.of("UTC"))
    ranges = list(answers.flips(constants([parse("count(visit, 1mo) > 1")]), by_day))
    assert [one for one in ranges if one.after < one.until] == [
        KnownIn(NOW + HOUR, NOW + 2 * HOUR),
        EventsIn("visit", NOW + HOUR, NOW + 2 * HOUR),
    ]


def test_customers_are_found_at_the_edges_and_not_beside_them(database: Database) -> None:
    moments = [NOW - 2 * HOUR, NOW - HOUR, NOW, NOW + 1]
    people = [Person(created_at=NOW - 90 * DAY, events=(Happening("visit", at),)) for at in moments]
    with database.writing() as tx:
        store(tx, [*people, Person(created_at=NOW - DAY)], [11, 12, 13, 14, 15])
    with database.reading() as tx:

        def found(*ranges: flips.Flip, most: int = 100) -> list[int] | None:
            customers = flips.customers_in(tx, ranges, most)
            return None if customers is None else customers.tolist()

        assert found(EventsIn("visit", NOW - HOUR, NOW)) == [13]
        assert found(EventsIn("visit", NOW - HOUR - 1, NOW), KnownIn(NOW - 2 * DAY, NOW)) == [12, 13, 15]
        assert found(EventsIn("visit", NOW, NOW), EventsIn("nothing", 0, NOW)) == []
        assert found(EventsIn("visit", 0, NOW), most=2) is None
        assert found(EventsIn("visit", 0, NOW), KnownIn(NOW - 2 * DAY, NOW), most=3) is None
        assert found(EventsIn("visit", 0, NOW), most=3) == [11, 12, 13]


@pytest.mark.parametrize("constant", [Fraction(0), Fraction(3), Fraction(-7, 2), Fraction(10**18)])
def test_a_date_is_due_at_the_midnight_where_the_comparison_turns(
    database: Database, constant: Fraction
) -> None:
    """The next instant at which ``days_until`` crosses: until then no day changes the answer, then one does."""
    calendar = Calendar.of("America/Havana")
    with database.writing() as tx:
        store(tx, [Person(created_at=NOW - DAY, attributes={"renewal_date": "2024-10-20"})], [1])
    condition = parse("days_until(renewal_date) <= 3")
    [term] = constants([condition])
    with database.reading() as tx:

        def asked(now: int) -> tuple[bool, int]:
            facts = answers.facts_of(tx, now=now, calendar=calendar, currency="USD", customers=[1])
            column = answers.columns(facts, [term])[term]
            value = np.asarray(getattr(column, "numerators"))[0]  # noqa: B009  a column of numbers
            return bool(value <= constant), int(answers.timers(facts, {term: frozenset([constant])})[0])

        holds, due = asked(NOW)
        for day in range(1, 40):
            midnight = calendar.midnight(calendar.date_of(NOW + day * DAY))
            if midnight < due:
                assert asked(midnight)[0] == holds
        if due != answers.NO_TIMER:
            assert asked(due - 1)[0] == holds
            assert asked(due)[0] != holds
        else:
            assert constant == Fraction(10**18)
