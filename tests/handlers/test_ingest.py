"""Taking in: once, whatever the order, the batches and the company; and whom it touches is marked, nobody else."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.ingest import Counts, Taken, Verdict, take_in, take_in_profiles
from handlers.intake.errors import Reason
from rules.instants import HOUR
from storage import customers, recent, retry
from storage.database import Database
from storage.incoming import CustomerIn, EventIn
from tests.conftest import DatabaseUrls, clear
from tests.handlers import stored

NOW = 1_750_000_000_000
EVENT = EventIn(
    source="shop",
    customer="C-1",
    kind="purchase",
    occurred_at=1_000_000,
    amount=500,
    currency="USD",
    external_id="o-1",
    properties='{"a":1}',
)
PLAIN = EventIn(source="shop", customer="C-1", kind="login", occurred_at=2_000_000)

PROPERTY = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def take(database: Database, *events: EventIn, now: int = NOW, by_http: bool = False) -> list[Verdict]:
    return retry.writing(database, lambda tx: take_in(tx, events, now=now, by_http=by_http))


def say(database: Database, *profiles: CustomerIn, now: int = NOW) -> list[Verdict]:
    return retry.writing(database, lambda tx: take_in_profiles(tx, profiles, now=now))


def profile(external_id: str = "C-1", created_at: int | None = None, **said: Any) -> CustomerIn:
    own = {name: value for name, value in said.items() if name in customers.OWN}
    return CustomerIn(
        external_id=external_id,
        own=own,
        created_at=created_at,
        attributes={name: value for name, value in said.items() if name not in own},
    )


def reason(verdict: Verdict) -> str:
    assert isinstance(verdict, Reason)
    return verdict.code


def test_an_event_is_stored_whole(database: Database) -> None:
    assert take(database, EVENT, PLAIN) == [Taken.INSERTED, Taken.INSERTED]
    assert stored.events(database) == [
        ("C-1", "login", 2_000_000, None, None, None, None, None),
        ("C-1", "purchase", 1_000_000, 500, "USD", "shop", "o-1", '{"a":1}'),
    ]
    assert stored.customers(database) == {"C-1": 1_000_000}
    assert stored.dirty(database) == [("C-1", "login"), ("C-1", "purchase"), ("C-1", None)]
    assert stored.rows(database, "SELECT name, events FROM kind") == [("login", 1), ("purchase", 1)]
    assert stored.rows(database, "SELECT * FROM arrival") == [("shop", NOW - NOW % HOUR, 2, NOW)]


def test_the_same_event_again_changes_nothing(database: Database) -> None:
    take(database, EVENT, PLAIN)
    before = stored.everything(database)
    for by_http in (False, True):
        assert take(database, PLAIN, EVENT, EVENT, now=NOW + 9, by_http=by_http) == [Taken.DUPLICATE] * 3
        assert stored.everything(database) == before


def test_the_same_twice_in_one_batch_is_one(database: Database) -> None:
    assert take(database, PLAIN, PLAIN, EVENT, EVENT) == [
        Taken.INSERTED,
        Taken.DUPLICATE,
        Taken.INSERTED,
        Taken.DUPLICATE,
    ]
    assert len(stored.events(database)) == 2


def test_equal_events_without_an_id_are_told_apart_by_their_ordinal(database: Database) -> None:
    take(database, PLAIN, replace(PLAIN, ordinal=2))
    assert take(database, replace(PLAIN, ordinal=2), replace(PLAIN, ordinal=3)) == [
        Taken.DUPLICATE,
        Taken.INSERTED,
    ]


@pytest.mark.parametrize(
    "change",
    [{"amount": 501}, {"amount": None}, {"currency": "EUR"}, {"properties": None}, {"properties": "{}"}],
)
@pytest.mark.parametrize("in_one_batch", [True, False])
def test_the_same_id_with_another_body_is_refused(
    database: Database, change: dict[str, Any], in_one_batch: bool
) -> None:
    other = replace(EVENT, **change)
    verdicts = take(database, EVENT, other) if in_one_batch else take(database, EVENT) + take(database, other)
    assert verdicts[0] is Taken.INSERTED
    assert reason(verdicts[1]) == "other_body"
    assert [row[3] for row in stored.events(database)] == [500]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"occurred_at": 3}, "other_time"),
        ({"kind": "refund"}, "other_kind"),
        ({"customer": "C-2"}, "other_customer"),
    ],
)
@pytest.mark.parametrize("in_one_batch", [True, False])
def test_an_id_of_late_at_another_place_is_refused_by_http(
    database: Database, change: dict[str, Any], code: str, in_one_batch: bool
) -> None:
    other = replace(EVENT, **change)
    verdicts = (
        take(database, EVENT, other, by_http=True)
        if in_one_batch
        else take(database, EVENT, by_http=True) + take(database, other, by_http=True)
    )
    assert verdicts[0] is Taken.INSERTED
    assert reason(verdicts[1]) == code
    assert stored.customers(database) == {"C-1": 1_000_000}
    assert [row[0] for row in stored.rows(database, "SELECT name FROM kind")] == ["purchase"]
    # Another source has ids of its own, and a file relies on the primary key alone.
    assert take(database, replace(other, source="crm"), by_http=True) == [Taken.INSERTED]
    assert take(database, other) == [Taken.INSERTED]


def test_an_event_that_stood_already_is_remembered_by_http(database: Database) -> None:
    take(database, EVENT)
    assert take(database, EVENT, by_http=True) == [Taken.DUPLICATE]
    assert reason(take(database, replace(EVENT, occurred_at=5), by_http=True)[0]) == "other_time"


def test_a_late_event_makes_the_customer_known_for_longer(database: Database) -> None:
    take(database, PLAIN)
    with database.writing() as tx:
        tx.connection.exec_driver_sql("DELETE FROM dirty")
    take(database, replace(PLAIN, occurred_at=5), replace(PLAIN, occurred_at=3_000_000))
    assert stored.customers(database) == {"C-1": 5}
    assert stored.dirty(database) == [("C-1", "login"), ("C-1", None)]


def test_what_changes_nothing_marks_nobody(database: Database) -> None:
    take(database, EVENT, PLAIN)
    say(database, profile(name="Ann"))
    with database.writing() as tx:
        tx.connection.exec_driver_sql("DELETE FROM dirty")
    take(database, EVENT, replace(EVENT, amount=1))
    say(database, profile(name="Ann"))
    take(database)
    say(database)
    assert stored.dirty(database) == []


EVENTS = st.lists(
    st.builds(
        EventIn,
        source=st.sampled_from(["a", "b"]),
        customer=st.sampled_from(["C-1", "C-2", "ü"]),
        kind=st.sampled_from(["k", "l"]),
        occurred_at=st.integers(-5, 5) | st.sampled_from([-62_135_596_800_000, 253_402_300_799_999]),
        amount=st.none() | st.integers(-2, 2),
        currency=st.just("USD"),
        external_id=st.none(),
        properties=st.sampled_from([None, '{"a":"☃"}']),
    ).map(lambda event: event if event.amount is not None else replace(event, currency=None)),
    max_size=12,
)


def _parts(draw: st.DrawFn, events: Sequence[EventIn]) -> list[list[EventIn]]:
    parts: list[list[EventIn]] = [[]]
    for event in events:
        if draw(st.booleans()):
            parts.append([])
        parts[-1].append(event)
    return parts


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[EventIn], list[list[EventIn]]]:
    """Events, and how they come: in any order, cut into batches at will, some of them twice."""
    events = [
        # Half of them with an id that tells them apart.
        replace(event, external_id=f"{event.key}") if draw(st.booleans()) else event
        for event in draw(EVENTS)
    ]
    coming = draw(st.permutations([*events, *draw(st.lists(st.sampled_from(events or [PLAIN]), max_size=4))]))
    return coming, _parts(draw, coming)


@PROPERTY
@given(history=histories(), by_http=st.booleans())
def test_order_batches_and_repetition_do_not_matter(
    database: Database, history: tuple[list[EventIn], list[list[EventIn]]], by_http: bool
) -> None:
    events, parts = history
    clear(database)
    counts = Counts()
    for part in parts:
        counts = counts.plus(take(database, *part, by_http=by_http))
    distinct = {event.key: event for event in events}
    assert counts.inserted == len(distinct)
    assert counts.duplicate == len(events) - len(distinct)
    assert counts.quarantined == 0
    assert stored.events(database) == sorted(
        (
            (
                one.customer,
                one.kind,
                one.occurred_at,
                one.amount,
                one.currency,
                one.source if one.external_id or one.properties else None,
                one.external_id,
                one.properties,
            )
            for one in distinct.values()
        ),
        key=repr,
    )
    first: dict[str, int] = {}
    for event in events:
        first[event.customer] = min(event.occurred_at, first.get(event.customer, event.occurred_at))
    assert stored.customers(database) == first
    assert sum(row[1] for row in stored.rows(database, "SELECT name, events FROM kind")) == len(distinct)


def test_two_processes_take_in_the_same_at_once(new_database_url: DatabaseUrls) -> None:
    url = new_database_url("postgresql")
    events = [
        EventIn(
            source="shop",
            customer=f"C-{number % 37}",
            kind=f"k{number % 3}",
            occurred_at=1_000_000 - number,
            amount=number,
            currency="USD",
            external_id=f"o-{number}",
        )
        for number in range(600)
    ]
    counts: list[Counts] = []
    begin = threading.Barrier(4)

    def work(order: list[EventIn], by_http: bool) -> None:
        database = Database(url)
        begin.wait()
        mine = Counts()
        for start in range(0, len(order), 50):
            mine = mine.plus(take(database, *order[start : start + 50], by_http=by_http))
        counts.append(mine)
        database.close()

    orders = [events, events[::-1], events[300:] + events[:300], events[::2] + events[1::2]]
    threads = [
        threading.Thread(target=work, args=(order, index % 2 == 0)) for index, order in enumerate(orders)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(counts) == 4
    assert sum(one.inserted for one in counts) == 600
    assert sum(one.duplicate for one in counts) == 1800
    database = Database(url)
    assert len(stored.events(database)) == 600
    assert stored.customers(database) == {
        f"C-{n}": min(event.occurred_at for event in events if event.customer == f"C-{n}") for n in range(37)
    }
    assert stored.rows(database, "SELECT name, events FROM kind") == [("k0", 200), ("k1", 200), ("k2", 200)]
    database.close()


def test_a_new_customers_event_that_comes_several_times_at_once_is_one_and_its_duplicates(
    database: Database,
) -> None:
    with ThreadPoolExecutor(3) as pool:
        with database.writing() as tx:
            recent.enter(tx, [EVENT.key])
            coming = [pool.submit(take, database, EVENT, by_http=True) for _ in range(3)]
            _wait_for_the_gate(database, waiting=3)
        verdicts = [verdict for one in coming for verdict in one.result(60)]
    assert sorted(verdicts, key=repr) == [Taken.DUPLICATE, Taken.DUPLICATE, Taken.INSERTED]
    assert len(stored.events(database)) == 1
    assert stored.customers(database) == {"C-1": 1_000_000}


def _wait_for_the_gate(database: Database, *, waiting: int) -> None:
    """Return when so many connections wait; on SQLite they wait before they begin, and nothing tells."""
    sql = (
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    pause = threading.Event()
    for _ in range(2_000):
        if database.dialect == "sqlite" or stored.rows(database, sql) == [(waiting,)]:
            return
        pause.wait(0.01)
    raise AssertionError("nobody waits at the gate")


def test_of_two_that_bring_one_id_for_two_customers_one_is_refused(new_database_url: DatabaseUrls) -> None:
    url = new_database_url("postgresql")
    verdicts: list[Verdict] = []
    begin = threading.Barrier(2)

    def work(customer: str) -> None:
        database = Database(url)
        take(database, replace(PLAIN, customer=customer))
        begin.wait()
        for number in range(40):
            event = replace(EVENT, customer=customer, external_id=f"o-{number}")
            verdicts.extend(take(database, event, by_http=True))
        database.close()

    threads = [threading.Thread(target=work, args=(name,)) for name in ("C-1", "C-2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(verdict is Taken.INSERTED for verdict in verdicts) == 40
    assert sum(isinstance(verdict, Reason) for verdict in verdicts) == 40


def test_a_profile_is_stored_whole_and_found(database: Database) -> None:
    said = profile(
        created_at=500, name="Zoë", email="Z@x.org", segment="vip", owner="U1", country="DE", language="de",
        plan="Gold", seats=Decimal("2.50"), gone=None,
    )  # fmt: skip
    assert say(database, said) == [Taken.INSERTED]
    with database.reading() as tx:
        found = customers.exact(tx, "z@X.org", 5)[0]
    assert (found.external_id, found.name, found.created_at, found.known_since) == ("C-1", "Zoë", 500, 500)
    assert (found.segment, found.owner, found.country, found.language) == ("vip", "U1", "DE", "de")
    assert {name: str(value) for name, value in found.attributes.items()} == {"plan": "Gold", "seats": "2.50"}
    assert stored.dirty(database) == [("C-1", None)]
    before = stored.everything(database)
    assert say(database, said, now=NOW + 1) == [Taken.DUPLICATE]
    assert stored.everything(database) == before


def test_only_what_is_spoken_of_changes(database: Database) -> None:
    say(database, profile(name="Ann", segment="vip", plan="Gold", seats=Decimal(2)))
    assert say(database, profile(segment=None, plan=None, city="Bonn")) == [Taken.INSERTED]
    with database.reading() as tx:
        found = customers.by_external_id(tx, "C-1")
    assert found
    assert (found.name, found.segment) == ("Ann", None)
    assert dict(found.attributes) == {"seats": Decimal(2), "city": "Bonn"}


def test_the_text_12_is_not_the_number_12(database: Database) -> None:
    say(database, profile(plan=Decimal(12)))
    assert say(database, profile(plan="12")) == [Taken.INSERTED]
    with database.reading() as tx:
        found = customers.by_external_id(tx, "C-1")
    assert found
    assert found.attributes["plan"] == "12"


def test_a_customer_is_known_since_the_earlier_of_profile_and_first_event(database: Database) -> None:
    say(database, profile(), now=NOW)
    assert stored.customers(database) == {"C-1": NOW}
    say(database, profile(), now=NOW + 5)
    assert stored.customers(database) == {"C-1": NOW}
    take(database, EVENT)
    assert stored.customers(database) == {"C-1": 1_000_000}
    say(database, profile(created_at=7))
    assert stored.customers(database) == {"C-1": 7}
    # A profile that is put right later: the first event counts again.
    say(database, profile(created_at=9_000_000))
    assert stored.customers(database) == {"C-1": 1_000_000}
    say(database, profile("C-2", created_at=3))
    say(database, profile("C-2", created_at=9))
    assert stored.customers(database)["C-2"] == 9


def test_a_profile_after_the_events_leaves_the_customer_known_since_the_first(database: Database) -> None:
    take(database, EVENT)
    say(database, profile(name="Ann"))
    assert stored.customers(database) == {"C-1": 1_000_000}
    with database.reading() as tx:
        found = customers.by_external_id(tx, "C-1")
    assert found
    assert found.created_at == NOW


def test_several_words_on_one_customer_hold_in_their_order(database: Database) -> None:
    assert say(database, profile(name="A"), profile(name="B"), profile(name="B")) == [
        Taken.INSERTED,
        Taken.INSERTED,
        Taken.DUPLICATE,
    ]
    with database.reading() as tx:
        assert [one.name for one in customers.search(tx, "B", 5)] == ["B"]
        assert customers.search(tx, "A", 5) == []


@PROPERTY
@given(
    steps=st.lists(
        st.one_of(
            st.builds(lambda at: replace(PLAIN, occurred_at=at), st.integers(0, 20)),
            st.builds(lambda at: profile(created_at=at), st.integers(0, 20)),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_known_since_is_always_true(database: Database, steps: list[EventIn | CustomerIn]) -> None:
    clear(database)
    for step in steps:
        if isinstance(step, EventIn):
            take(database, step)
        else:
            say(database, step)
    said = [step.created_at for step in steps if isinstance(step, CustomerIn)][-1:]
    happened = [step.occurred_at for step in steps if isinstance(step, EventIn)]
    assert stored.customers(database) == {"C-1": min(at for at in [*said, *happened] if at is not None)}


def test_a_profile_put_right_does_not_overlook_an_event_on_its_way(new_database_url: DatabaseUrls) -> None:
    url = new_database_url("postgresql")
    crm, shop = Database(url), Database(url)
    say(crm, profile(created_at=1))
    corrected = threading.Thread(target=lambda: say(crm, profile(created_at=9_000_000)))
    with shop.writing() as tx:
        take_in(tx, [EVENT], now=NOW, by_http=False)
        corrected.start()
        corrected.join(0.3)
        assert corrected.is_alive()
    corrected.join(30)
    assert stored.customers(shop) == {"C-1": 1_000_000}
    crm.close()
    shop.close()


def test_a_name_too_long_for_an_index_is_stored_whole(database: Database) -> None:
    # Of characters that do not compress: an index entry of 10,000 of them is refused by PostgreSQL.
    name = "".join(chr(0x4E00 + (n * 7919) % 20_000) for n in range(10_000))
    say(database, profile(name=name, email="e" * 320))
    with database.reading() as tx:
        assert [one.name for one in customers.search(tx, name[:50], 5)] == [name]
        assert [one.name for one in customers.exact(tx, name, 5)] == [name]
