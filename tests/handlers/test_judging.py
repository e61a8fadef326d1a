"""Days judged: the same stretches in whatever order events come and nights pass, and those of the slow oracle."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from handlers import judging, retention
from handlers.context import Context
from handlers.ingest import take_in, take_in_profiles
from handlers.judging import judge, judge_if_due
from rules.conditions.days import date_ordinal
from rules.conditions.terms import Family, Own
from rules.errors import WarmlineError
from rules.instants import DAY, HOUR, Calendar
from rules.lifecycle import stretches as days_of
from rules.lifecycle.definitions import Lifecycle
from rules.lifecycle.presets import presets
from rules.lifecycle.sound import refuse_unsound
from rules.lifecycle.stretches import KEPT, Stretch, day_of
from storage import definitions, stretches
from storage.database import Database
from storage.errors import JudgingRunningError
from storage.incoming import CustomerIn, EventIn
from tests.conftest import clear
from tests.contexts import StillClock, context
from tests.handlers import stored
from tests.lifecycles import SEGMENTS, LifecycleOracle, lifecycle, redefined
from tests.rules.conditions.oracle import Happening, Oracle, Person

BERLIN = Calendar.of("Europe/Berlin")
BEGIN = BERLIN.parse("2026-10-20T09:00")
"""A few days before the clocks go back."""
PEOPLE = ("ann", "bob", "cy", "dee")
ALL = "SELECT customer.external_id, {} FROM stretch JOIN customer ON customer.id = stretch.customer_id ORDER BY 1, 2, 3"
COLUMNS = ", ".join(f"stretch.{name}" for name in Stretch._fields[1:])


@dataclass
class Shop:
    """A business of which everything is remembered twice: in the database, and as plain lists."""

    ctx: Context
    clock: StillClock
    people: dict[str, Person] = field(default_factory=dict)
    versions: list[tuple[int, Lifecycle]] = field(default_factory=list)
    events: list[EventIn] = field(default_factory=list)
    profiles: list[tuple[int, CustomerIn]] = field(default_factory=list)

    def takes(self, *given: EventIn) -> None:
        with self.ctx.database.writing() as tx:
            take_in(tx, given, now=self.clock.at, by_http=False)
        self.events += given
        for one in given:
            person = self.people.get(one.customer, Person())
            happened = Happening(one.kind, one.occurred_at, one.amount, one.currency)
            self.people[one.customer] = replace(person, events=(*person.events, happened))

    def hears(self, *given: CustomerIn) -> None:
        with self.ctx.database.writing() as tx:
            take_in_profiles(tx, given, now=self.clock.at)
        self.profiles += [(self.clock.at, one) for one in given]
        for one in given:
            person = self.people.get(one.external_id, Person())
            created = one.created_at if one.created_at is not None else person.created_at
            self.people[one.external_id] = replace(
                person,
                created_at=self.clock.at if created is None else created,
                own={**person.own, **{Own(name): text for name, text in one.own.items() if text}},
                attributes={**person.attributes, **{n: _value(v) for n, v in one.attributes.items()}},
            )

    def defines(self, cycle: Lifecycle) -> None:
        with self.ctx.database.writing() as tx:
            definitions.save(tx, cycle, did="edit", author="U1", now=self.clock.at, diffs={})
        self.versions.append((self.clock.at, cycle))

    def rows(self) -> list[tuple[object, ...]]:
        return stored.rows(self.ctx.database, ALL.format(COLUMNS))

    def expected(self) -> list[tuple[object, ...]]:
        """Judge each day of each customer by itself, the slow way, and put them together."""
        found: list[tuple[object, ...]] = []
        calendar = self.ctx.calendar
        first = days_of.first_day(self.versions[0][0], calendar)
        last = day_of(self.clock.at, calendar) - 1
        for name, person in self.people.items():
            for family in KEPT:
                held = [(day, *self.label(person, family, day)) for day in range(first - 1, last + 1)]
                turns: list[list[object]] = []
                for (_, *before), (day, known, label, version) in pairwise(held):
                    if not known or (day != first and before[:2] == [known, label]):
                        continue
                    came = (days_of.NOT_JUDGED if before[0] else None) if day == first else before[1]
                    if turns:
                        turns[-1][2] = day - 1
                    turns.append([family.value, day, None, label, came, version])
                found += [(name, *turn) for turn in turns]
        return sorted(found, key=lambda one: one[:3])

    def label(self, person: Person, family: Family, day: int) -> tuple[bool, str | None, int]:
        calendar = self.ctx.calendar
        end = calendar.midnight(days_of.date_of(day + 1)) - 1
        version = max([n for n, (at, _) in enumerate(self.versions, 1) if at <= end], default=1)
        oracle = LifecycleOracle(Oracle(person, end, calendar.zone, "USD", 2), self.versions[version - 1][1])
        if person.known_since is None or person.known_since > end:
            return False, None, version
        if family is Family.ACTIVE:
            return True, "active" if oracle._active() else "inactive", version
        return True, oracle.label(family), version


def _value(value: str | Decimal | None) -> str | Fraction:
    assert value is not None
    return value if isinstance(value, str) else Fraction(value)


def _shop(database: Database) -> Shop:
    clock = StillClock(BEGIN)
    return Shop(context(database, zone="Europe/Berlin", now=clock), clock)


def _sound(chance: random.Random, before: Lifecycle | None = None) -> Lifecycle:
    while True:
        found = lifecycle(chance) if before is None else redefined(chance, before)
        try:
            refuse_unsound(found)
        except WarmlineError:
            continue
        if found != before:
            return found


def _event(chance: random.Random, now: int, number: int) -> EventIn:
    amount = chance.choice((None, 500, 867, 1_000, -300))
    back = chance.choice((-DAY, 0, 1, HOUR, DAY, 2 * DAY, 7 * DAY, 30 * DAY, 90 * DAY))
    return EventIn(
        "test",
        chance.choice(PEOPLE),
        chance.choice(("purchase", "purchase", "ticket", "visit")),
        # Some lie at the very ends of days.
        chance.choice((now - back, BERLIN.midnight(BERLIN.date_of(now - back)) - chance.choice((0, 1)))),
        amount,
        None if amount is None else chance.choice(("USD", "USD", "EUR")),
        external_id=str(number),
    )


def _profile(chance: random.Random, name: str, created_at: int | None) -> CustomerIn:
    own = {"segment": chance.choice((*SEGMENTS, None)), "owner": chance.choice(("ann", None))}
    attributes: dict[str, str | Decimal | None] = {
        "plan": "gold",
        "seats": Decimal(12),
        "renewal_date": "2026-11-01",
    }
    return CustomerIn(name, own, created_at, attributes if chance.random() < 0.5 else {})


def _lives(shop: Shop, chance: random.Random) -> None:
    """Let some five weeks pass, with events, profiles, definitions and nights in any order."""
    shop.hears(*(_profile(chance, name, BEGIN - chance.randint(0, 60) * DAY) for name in PEOPLE[:3]))
    shop.defines(_sound(chance))
    for number in range(20):
        shop.clock.at += chance.choice((0, HOUR, 20 * HOUR, DAY, 2 * DAY, 3 * DAY))
        shop.takes(*(_event(chance, shop.clock.at, 10 * number + n) for n in range(chance.randint(0, 3))))
        did = chance.random()
        if did < 0.4:
            judge(shop.ctx)
        elif did < 0.5:
            shop.defines(_sound(chance, shop.versions[-1][1]))
        elif did < 0.6:
            created = shop.clock.at - chance.randint(-2, 80) * DAY
            shop.hears(CustomerIn(chance.choice(PEOPLE), {}, created, {}))
    judge(shop.ctx)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judge a month before the first definitions instead of two years, in blocks of a customer or two."""
    monkeypatch.setattr(days_of, "MONTHS", 1)
    monkeypatch.setattr(judging, "_CELLS", 60)
    monkeypatch.setattr(judging, "MOST_CUSTOMERS", 2)


@pytest.mark.usefixtures("small")
@given(seed=st.integers(0, 2**32))
@settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
def test_stretches_are_the_same_in_whatever_order_events_come_and_nights_pass(
    database: Database, seed: int
) -> None:
    chance = random.Random(seed)
    clear(database)
    shop = _shop(database)
    _lives(shop, chance)
    rows = shop.rows()
    assert rows == shop.expected()
    assert stored.rows(database, "SELECT * FROM late") == []
    # The same at once: definitions and profiles as they came, then all events, then one night.
    clear(database)
    once = _shop(database)
    for at, cycle in shop.versions:
        once.clock.at = at
        once.defines(cycle)
    for at, profile in shop.profiles:
        once.clock.at = at
        once.hears(profile)
    once.clock.at = shop.clock.at
    once.takes(*chance.sample(shop.events, len(shop.events)))
    judge(once.ctx)
    assert once.rows() == rows


def _bought(customer: str, at: int, number: int = 0) -> EventIn:
    return EventIn("test", customer, "purchase", at, 1_000, "USD", external_id=f"{customer}{at}{number}")


@pytest.fixture
def retail(database: Database) -> Shop:
    """A shop whose definitions are new today: Ann bought 40 and 5 days ago, Bob never did and is known for 10 days."""
    shop = _shop(database)
    shop.defines(presets()["retail"].lifecycle)
    shop.takes(*(_bought("ann", BEGIN - days * DAY) for days in (40, 5)))
    shop.hears(CustomerIn("bob", {}, BEGIN - 10 * DAY, {}))
    return shop


def told(shop: Shop, customer: str, family: Family) -> list[tuple[str, str, str]]:
    """A customer's stretches as (from, to, label)."""
    with shop.ctx.database.reading() as tx:
        found = stretches.of_customer(tx, _id(shop, customer), family)
    assert all(one.family == family for one in found)
    return [
        (
            days_of.date_of(one.from_day).isoformat(),
            "" if one.to_day is None else days_of.date_of(one.to_day).isoformat(),
            str(one.label),
        )
        for one in found
    ]


def _id(shop: Shop, customer: str) -> int:
    sql = f"SELECT id FROM customer WHERE external_id = '{customer}'"
    return int(stored.rows(shop.ctx.database, sql)[0][0])


def test_the_past_is_judged_at_once_and_late_events_correct_it(retail: Shop) -> None:
    judge(retail.ctx)
    # Bought on the morning of September 10: thirty days later, at midnight, it is 30 whole days; then it is not.
    assert told(retail, "ann", Family.STATUS) == [
        ("2026-09-10", "2026-10-10", "new"),
        ("2026-10-11", "2026-10-14", "at_risk"),
        ("2026-10-15", "", "active"),
    ]
    assert told(retail, "ann", Family.ACTIVE)[1:] == [
        ("2026-10-11", "2026-10-14", "inactive"),
        ("2026-10-15", "", "active"),
    ]
    assert told(retail, "bob", Family.STAGE) == [("2026-10-10", "", "reach")]
    with retail.ctx.database.reading() as tx:
        found = stretches.since(tx, _id(retail, "ann"), Family.STATUS)
        assert found == date_ordinal(BERLIN.date_of(BEGIN)) - 5
        assert stretches.since(tx, 999, Family.STATUS) is None
    retail.takes(_bought("ann", BEGIN - 20 * DAY))
    retail.clock.at += DAY
    judge(retail.ctx)
    assert told(retail, "ann", Family.STATUS) == [
        ("2026-09-10", "2026-10-10", "new"),
        ("2026-10-11", "", "active"),
    ]
    assert retail.rows() == retail.expected()


def test_who_turns_out_to_be_known_later_has_no_days_before(retail: Shop) -> None:
    judge(retail.ctx)
    retail.hears(CustomerIn("bob", {}, BEGIN + 3 * DAY, {}))
    judge(retail.ctx)
    assert told(retail, "bob", Family.STAGE) == []
    retail.clock.at += 5 * DAY
    judge(retail.ctx)
    assert told(retail, "bob", Family.STAGE) == [("2026-10-23", "", "reach")]


def test_a_run_that_is_cut_short_is_repeated(retail: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    real, blocks = judging._judge_block, list[None]()

    def stops(*args: Any, **named: Any) -> None:
        if blocks:
            raise KeyboardInterrupt
        real(*args, **named)
        blocks.append(None)

    monkeypatch.setattr(judging, "MOST_CUSTOMERS", 1)
    monkeypatch.setattr(judging, "_judge_block", stops)
    with pytest.raises(KeyboardInterrupt):
        judge(retail.ctx)
    assert stored.rows(retail.ctx.database, "SELECT through FROM judged") == [(None,)]
    monkeypatch.setattr(judging, "_judge_block", real)
    retail.takes(_bought("ann", BEGIN - 20 * DAY))
    assert judge_if_due(retail.ctx) is not None
    assert retail.rows() == retail.expected()
    assert stored.rows(retail.ctx.database, "SELECT * FROM late") == []


def test_it_is_due_at_once_and_then_once_a_night(retail: Shop) -> None:
    nights: Sequence[tuple[str, bool]] = (
        ("2026-10-20T09:00", True),
        ("2026-10-20T23:59", False),
        ("2026-10-21T00:59", False),
        ("2026-10-21T01:00", True),
        ("2026-10-21T01:10", False),
        ("2026-10-24T08:00", True),
    )
    for at, due in nights:
        retail.clock.at = BERLIN.parse(at)
        assert (judge_if_due(retail.ctx) is not None) is due, at
    assert retail.rows() == retail.expected()


def test_without_a_life_cycle_nothing_is_judged(database: Database) -> None:
    shop = _shop(database)
    shop.takes(_bought("ann", BEGIN))
    assert judge_if_due(shop.ctx) is None
    assert shop.rows() == []
    assert stored.rows(database, "SELECT * FROM judged") == []


def test_one_run_at_a_time(retail: Shop) -> None:
    with retail.ctx.database.judging(), pytest.raises(JudgingRunningError):
        judge(retail.ctx)


def test_a_customer_who_is_gone_leaves_no_stretches(retail: Shop) -> None:
    judge(retail.ctx)
    with retail.ctx.database.writing() as tx:
        stretches.note_late(tx, [(_id(retail, "bob"), BEGIN - DAY), (_id(retail, "ann"), BEGIN - DAY)])
        tx.connection.exec_driver_sql("DELETE FROM customer WHERE external_id = 'bob'")
    judge(retail.ctx)
    assert stored.rows(retail.ctx.database, "SELECT count(DISTINCT customer_id) FROM stretch") == [(1,)]


def test_days_that_would_need_pruned_events_stay_as_they_are(retail: Shop) -> None:
    shop = retail
    shop.takes(*(_bought("cy", BEGIN - days * DAY) for days in (60, 45, 30, 15, 1)))
    judge(shop.ctx)
    before = shop.rows()
    shop.clock.at += 400 * DAY
    retention.prune(shop.ctx, BEGIN, actor="U1")
    # What came just after the horizon cannot be put right before the widest window, 12 months, has passed it.
    shop.takes(*(_bought("cy", BEGIN + days * DAY) for days in (1, 380)))
    judge(shop.ctx)
    after, horizon = shop.rows(), day_of(BEGIN, BERLIN)
    floor = date_ordinal(date(2027, 10, 21))
    assert [row for row in after if _from(row) < floor] == [
        row if row[3] is not None else (*row[:3], _end_of(after, row), *row[4:]) for row in before
    ]
    assert all(_from(row) < horizon for row in before)
    assert {row for row in after if _from(row) > floor} == {
        row for row in shop.expected() if _from(row) > floor
    }
    assert [row for row in after if _from(row) > floor]


def _from(row: Sequence[object]) -> int:
    assert isinstance(row[2], int)
    return row[2]


def _end_of(rows: Sequence[Sequence[object]], row: Sequence[object]) -> int | None:
    """The day before the customer's next stretch."""
    later = [_from(one) for one in rows if one[:2] == row[:2] and _from(one) > _from(row)]
    return min(later) - 1 if later else None
