"""Previews: on both databases the same as a replay of evaluations, as the oracle, and as the live log."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from handlers import preview as module
from handlers.context import Context
from handlers.preview import TooMuchForChatError, as_json, preview, subject
from handlers.rulebook import NeitherError
from handlers.sweep import sweep
from rules.alerts.channel import ChannelSettings, DigestTime, Often, QuietHours
from rules.alerts.rule import AlertKind, Backlog, RuleBody, RuleState
from rules.conditions.evaluate import evaluate
from rules.conditions.parse import parse
from rules.conditions.problems import ConditionError
from rules.conditions.terms import Fitted, Own, Score, Term
from rules.conditions.tree import Condition, Holds, terms
from rules.instants import DAY, HOUR, Calendar
from rules.lifecycle.buying import Buying, Model
from rules.preview.grid import Grid, reach
from rules.preview.outcome import Crossings
from rules.preview.steps import Steps, Stretch
from storage import customers, outbox, rules
from storage.database import Database, Transaction
from storage.facts import known_customers
from storage.history import History
from storage.outbox import Call
from storage.terms import answer
from templates.views import PreviewView
from tests.conftest import clear
from tests.contexts import StillClock, context
from tests.handlers.crowds import say
from tests.histories import customer, purchases, rule
from tests.rules.conditions.oracle import Happening, Oracle, Person
from tests.rules.conditions.strategies import NOWS, PLAIN, ZONES, conditions, people
from tests.rules.conditions.strategies import terms as some_terms
from tests.rules.lifecycle.fits import a_fit, part, some_fits
from tests.storage.people import store
from tests.storage.test_terms import is_fitted, keep, value_at

SLOW = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
BERLIN = Calendar.of("Europe/Berlin")
D = 20_000 * DAY


class _UndoneError(Exception):
    pass


@contextlib.contextmanager
def scratch(database: Database) -> Iterator[Transaction]:
    """Give a transaction whose work is undone in the end, for one example after the other."""
    with contextlib.suppress(_UndoneError), database.writing() as tx:
        yield tx
        raise _UndoneError


def looked_at(tx: Transaction, ctx: Context, tree: Condition, stretch: Stretch) -> list[set[int]]:
    """For whom the condition holds at each step, by the preview: its crossings added up, in blocks of two customers."""
    steps = Steps(stretch, ctx.calendar)
    ids, known_since = known_customers(
        tx, now=stretch.until, customers=customers.ids(tx, known_at=stretch.until)
    )
    held: list[set[int]] = [set() for _ in range(len(steps))]
    for begin in range(0, len(ids), 2):
        some = ids[begin : begin + 2]
        found: Crossings = module._crossings(
            tx, ctx, tree, steps, ids=some, known_since=known_since[begin : begin + 2]
        )
        crossed = zip(found.places.tolist(), found.steps.tolist(), found.entered.tolist(), strict=True)
        for place, step, entered in crossed:
            for later in held[step:]:
                assert (int(some[place]) in later) != entered, "enters and leaves take turns"
                (later.add if entered else later.remove)(int(some[place]))
    return held


FITTED = st.builds(Fitted, st.sampled_from(Score))
STRETCHES = st.builds(
    lambda back, every, looks: (back, every, looks),
    st.sampled_from([0, 1, HOUR, DAY, 29 * DAY, 40 * DAY, 400 * DAY]),
    st.sampled_from([HOUR, DAY, 2 * DAY, 7 * DAY, 11 * HOUR, 31 * DAY]),
    st.integers(2, 14),
)


@given(
    data=st.data(),
    zone=st.sampled_from(ZONES),
    now=NOWS,
    tree=st.one_of(conditions(PLAIN), st.builds(Holds, some_terms(PLAIN))),
    shape=STRETCHES,
)
@settings(max_examples=25, deadline=None, suppress_health_check=SLOW)
def test_a_preview_equals_a_replay_and_the_oracle(
    database: Database,
    data: st.DataObject,
    zone: str,
    now: int,
    tree: Condition,
    shape: tuple[int, int, int],
) -> None:
    calendar = Calendar.of(zone)
    ctx = context(database, zone=zone)
    crowd = data.draw(st.lists(people(now, calendar), min_size=1, max_size=4))
    made = data.draw(some_fits(now, calendar)) if is_fitted(terms(tree)) else []
    ids = [3 * place + 2 for place in range(len(crowd))]
    back, every, looks = shape
    # The stretch ends about the instant that the events crowd around.
    until = now + back % (2 * DAY)
    stretch = Stretch(until - (looks - 1) * every - back, until, every)
    with scratch(database) as tx:
        store(tx, crowd, ids)
        keep(tx, made)
        held = looked_at(tx, ctx, tree, stretch)
        for step, instant in enumerate(Steps(stretch, calendar).instants.tolist()):
            found, columns = answer(
                tx, terms(tree), now=instant, calendar=calendar, currency="USD", customers=None
            )
            assert held[step] == set(found[evaluate(tree, columns)].tolist()), "the replay"
            assert held[step] == {
                one
                for one, person in zip(ids, crowd, strict=True)
                if Oracle(person, instant, calendar.zone, "USD", 2, tuple(made)).holds(tree)
            }, "the oracle"


@given(
    data=st.data(), zone=st.sampled_from(ZONES), now=NOWS, term=some_terms(PLAIN) | FITTED, shape=STRETCHES
)
@settings(max_examples=25, deadline=None, suppress_health_check=SLOW)
def test_each_value_at_each_step_equals_a_sweeps(
    database: Database,
    data: st.DataObject,
    zone: str,
    now: int,
    term: Term,
    shape: tuple[int, int, int],
) -> None:
    calendar = Calendar.of(zone)
    crowd = data.draw(st.lists(people(now, calendar), min_size=1, max_size=3))
    back, every, looks = shape
    until = now + back % (2 * DAY)
    steps = Steps(Stretch(until - (looks - 1) * every - back, until, every), calendar)
    made = data.draw(some_fits(now, calendar)) if is_fitted([term]) else []
    with scratch(database) as tx:
        store(tx, crowd, range(len(crowd)))
        keep(tx, made)
        ids, known_since = known_customers(
            tx, now=steps.last, customers=customers.ids(tx, known_at=steps.last)
        )
        past = History(
            tx,
            first=steps.first,
            last=steps.last,
            reach=reach([term], steps),
            calendar=calendar,
            currency="USD",
            ids=ids,
            known_since=known_since,
        )
        column = Grid(past, steps).columns([term])[term]
        for step, instant in enumerate(steps.instants.tolist()):
            found, columns = answer(
                tx, [term], now=instant, calendar=calendar, currency="USD", customers=None
            )
            for place, one in enumerate(found.tolist()):
                cell = int(np.searchsorted(ids, one)) * len(steps) + step
                assert value_at(column, cell) == value_at(columns[term], place)


LOYAL = part(Buying(Model.MBG_NBD, 2.0, 3.0, 0.05, 0.4))
KINDS_OF_TERM = [
    "count(purchase, 30d) >= 2",
    "count(purchase) >= 5",
    "count(purchase where amount > 12, 1mo) >= 1",
    "sum(purchase, 1mo) > 25",
    "sum(purchase) > 60",
    "avg(purchase, 8w) > 11",
    "avg(purchase) > 10.5",
    "days_since(purchase) >= 20",
    "days_since_first(purchase) >= 100",
    "median_gap(purchase) > 9",
    "overdue(purchase) >= 1.5",
    "change(sum(purchase), 1mo) <= -50%",
    "change(count(purchase), 30d) < 0%",
    "never(visit) and tenure > 60",
    "silent(purchase, 1mo)",
    "missing(visit, purchase, 7d)",
    "missing(purchase, purchase, 1mo)",
    "days_until(attr.renewal_date) < 10",
    "attr.plan = gold",
    "attr.seats > 4 or segment = vip",
    "tenure >= 90",
    "p_alive < 60%",
    "expected_purchases >= 8 or clv_rank > 50%",
    "clv > 120",
]


@pytest.mark.parametrize("condition", KINDS_OF_TERM)
def test_every_kind_of_term_over_daylight_saving_and_the_ends_of_months(
    database: Database, condition: str
) -> None:
    """Daily from the end of January to the middle of April, in Berlin: three ends of months and one short night."""
    ctx = context(database, zone="Europe/Berlin")
    chance = np.random.default_rng(7)
    stretch = Stretch(BERLIN.parse("2024-01-29T03:00"), BERLIN.parse("2024-04-16"), DAY)
    crowd = [
        Person(
            created_at=int(chance.integers(stretch.since - 90 * DAY, stretch.until)),
            own={Own.SEGMENT: ["vip", "smb"][number % 2]},
            attributes={
                "renewal_date": f"2024-0{1 + number % 4}-28",
                "plan": ["gold", "free"][number % 2],
                "seats": Fraction(number),
            },
            events=tuple(
                Happening(
                    str(chance.choice(["purchase", "purchase", "visit"])),
                    int(at),
                    int(chance.integers(900, 1_500)),
                    "USD",
                )
                for at in chance.integers(stretch.since - 100 * DAY, stretch.until, 2 + 3 * number)
            ),
        )
        for number in range(9)
    ]
    with scratch(database) as tx:
        store(tx, crowd, range(1, 10))
        nights = range(stretch.since - 9 * DAY, stretch.until, 23 * DAY)
        keep(tx, [a_fit(night, BERLIN, segments={"vip": LOYAL}) for night in nights])
        tree, changes = parse(condition), 0
        held = looked_at(tx, ctx, tree, stretch)
        for step, instant in enumerate(Steps(stretch, BERLIN).instants.tolist()):
            found, columns = answer(
                tx, terms(tree), now=instant, calendar=BERLIN, currency="USD", customers=None
            )
            assert held[step] == set(found[evaluate(tree, columns)].tolist()), step
            changes += step > 0 and held[step] != held[step - 1]
        assert changes, "nothing happens here: the example shows nothing"


# The live log


@pytest.fixture
def clock() -> StillClock:
    return StillClock(D + 400 * DAY)


@pytest.fixture
def ctx(database: Database, clock: StillClock) -> Context:
    return context(database, now=clock)


def the_live_log(ctx: Context, stretch: Stretch, body: RuleBody) -> dict[str, object]:
    """Sweep at each instant of the stretch, and count what the log and the outbox say afterwards."""
    with ctx.database.writing() as tx:
        rules.add(tx, name="watched", body=body, author="U1", now=0, diff="")
    counts = []
    for instant in Steps(stretch, ctx.calendar).instants.tolist():
        [one] = sweep(ctx, as_of=instant).rules
        counts.append(one)
    with ctx.database.reading() as tx:
        posts = sum(message.call is Call.POST for message in outbox.by_numbers(tx, range(1, 20_000)).values())
    assert all(
        later.matched == earlier.matched + later.entered - later.left for earlier, later in pairwise(counts)
    )
    return {
        "backlog": counts[0].entered,
        "entered": sum(one.entered for one in counts[1:]),
        "left": sum(one.left for one in counts),
        "messages": posts,
    }


def said(view: PreviewView) -> dict[str, object]:
    return {name: getattr(view, name) for name in ("backlog", "entered", "left", "messages")}


@pytest.mark.parametrize(
    ("backlog", "cooldown", "kind", "pending", "keep"),
    [
        (Backlog.DIGEST, 0, AlertKind.PROBLEM, 0, 0),
        (Backlog.DIGEST, 5 * DAY, AlertKind.OPPORTUNITY, 0, 0),
        (Backlog.POST, DAY, AlertKind.OPPORTUNITY, 0, 0),
        (Backlog.POST, 60 * DAY, AlertKind.PROBLEM, 0, 0),
        (Backlog.IGNORE, DAY, AlertKind.PROBLEM, 0, 0),
        (Backlog.IGNORE, 5 * DAY, AlertKind.PROBLEM, 0, 0),
        (Backlog.DIGEST, 0, AlertKind.PROBLEM, 2 * DAY, DAY),
        (Backlog.POST, 3 * DAY, AlertKind.OPPORTUNITY, DAY, 3 * DAY),
    ],
)
def test_a_preview_equals_the_live_log(
    ctx: Context, backlog: Backlog, cooldown: int, kind: AlertKind, pending: int, keep: int
) -> None:
    chance = np.random.default_rng(cooldown // DAY)
    stretch = Stretch(D, D + 24 * DAY, DAY)
    for number in range(1, 10):
        customer(ctx.database, number, known_since=D - int(chance.integers(-10, 40)) * DAY)
        moments = {int(at) for at in chance.integers(D - 30 * DAY, stretch.until, 2 + 2 * number)}
        with ctx.database.reading() as tx:
            known = known_customers(tx, now=10 * stretch.until, customers=[number])[1][0]
        purchases(ctx.database, number, [at for at in sorted(moments) if at >= known])
    body = RuleBody(
        condition="silent(purchase, 4d) or count(purchase, 2d) >= 2",
        backlog=backlog,
        cooldown=cooldown,
        kind=kind,
        pending=pending,
        keep=keep,
    )
    with ctx.database.writing() as tx:
        rules.add(tx, name="seen", body=body, author="U1", now=0, diff="")
    found = preview(ctx, subject(ctx, "seen"), stretch)
    with ctx.database.writing() as tx:
        rules.set_state(tx, rules.listing(tx)[0], RuleState.REMOVED)
    assert said(found) == the_live_log(ctx, stretch, body)
    assert found.entered > 15
    assert found.backlog > 0
    assert found.messages > 0


@given(
    data=st.data(),
    cooldown=st.sampled_from([0, 1, DAY, 3 * DAY, 100 * DAY]),
    backlog=st.sampled_from(Backlog),
    waits=st.tuples(st.sampled_from([0, 1, DAY, 3 * DAY]), st.sampled_from([0, HOUR, DAY, 2 * DAY])),
)
@settings(max_examples=12, deadline=None, suppress_health_check=SLOW)
def test_any_history_is_told_as_the_live_log_tells_it(
    database: Database, data: st.DataObject, cooldown: int, backlog: Backlog, waits: tuple[int, int]
) -> None:
    clear(database)
    ctx = context(database, now=StillClock(D + 400 * DAY))
    stretch = Stretch(D, D + data.draw(st.integers(1, 14)) * DAY, DAY)
    moments = st.integers(D - 3 * DAY, stretch.until).map(lambda at: at - at % HOUR)
    for number in (1, 2, 3):
        customer(database, number, known_since=D - data.draw(st.integers(-9, 9)) * DAY)
        purchases(database, number, sorted(data.draw(st.sets(moments, max_size=12))))
        with database.writing() as tx:
            tx.execute(
                text(
                    "UPDATE customer SET known_since = (SELECT min(known_since) FROM (SELECT customer.known_since "
                    "UNION ALL SELECT occurred_at FROM event WHERE customer_id = :id) AS one) WHERE id = :id"
                ),
                {"id": number},
            )
    body = RuleBody(
        condition="count(purchase, 1d) >= 1",
        backlog=backlog,
        cooldown=cooldown,
        pending=waits[0],
        keep=waits[1],
    )
    of = replace(subject(ctx, body.condition), body=body)
    assert said(preview(ctx, of, stretch)) == the_live_log(ctx, stretch, body)


CHANNELS = [
    ChannelSettings(budget=2, group=10),
    ChannelSettings(budget=3, group=1),
    ChannelSettings(budget=1, group=2, digest=DigestTime(Often.OFF)),
    ChannelSettings(budget=2, group=1, digest=DigestTime(Often.WEEKLY, 15 * 60, 3), zone="Asia/Tokyo"),
    ChannelSettings(budget=2, group=2, quiet=QuietHours(5 * 60, 13 * 60), weekend=(5, 6)),
    ChannelSettings(budget=None, group=2, quiet=QuietHours(20 * 60, 7 * 60), digest=DigestTime(at=6 * 60)),
]


@pytest.mark.parametrize("says", CHANNELS, ids=range(len(CHANNELS)))
def test_messages_are_promised_as_the_channel_is_told_them(ctx: Context, says: ChannelSettings) -> None:
    """After quiet hours, budget and grouping, digests among them: equal to the live log, swept every six hours."""
    chance = np.random.default_rng(CHANNELS.index(says))
    stretch = Stretch(D, D + 7 * DAY, 6 * HOUR)
    for number in range(1, 11):
        customer(ctx.database, number, known_since=D - 90 * DAY)
        days = chance.integers(-4, 7, 4).tolist()
        # Many at the same hour, so that they come and go in bursts.
        purchases(
            ctx.database, number, sorted({D + day * DAY + HOUR for day in days}), cents=50 * (number % 5)
        )
    backlog = [Backlog.DIGEST, Backlog.POST][CHANNELS.index(says) % 2]
    body = RuleBody(condition="count(purchase, 1d) >= 1", backlog=backlog, channel="#watched")
    say(ctx.database, "#watched", says)
    found = preview(ctx, replace(subject(ctx, body.condition), body=body), stretch)
    assert said(found) == the_live_log(ctx, stretch, body)
    assert found.messages > 3


# What it counts


def test_what_a_preview_says(ctx: Context) -> None:
    """One is silent already; two fall silent, and one of them comes back in ten days; one later, and one never does."""
    for number, days in {
        1: [-60],
        2: [-20, 20],
        3: [-20, 50],
        4: list(range(-20, 70, 5)),
        5: [15],
    }.items():
        customer(ctx.database, number, known_since=D + min(days) * DAY, name=f"Number {number}")
        purchases(ctx.database, number, [D + day * DAY for day in days], cents=1_000 * number)
    found = preview(ctx, subject(ctx, "silent(purchase, 30d)"), Stretch(D, D + 69 * DAY, DAY))
    # Two and three enter on day 10, two again on day 50, five on day 45.
    assert (found.backlog, found.entered, found.left) == (1, 4, 2)
    assert (found.customers, found.returned) == (3, 1)
    # The digest of the backlog, and a message for each entry: every cooldown is over by then.
    assert found.messages == 5
    assert found.steps == 70
    assert [(str(week), n) for week, n in found.weeks if n] == [
        ("2024-10-14", 2),
        ("2024-11-18", 2),
    ]
    assert len(found.weeks) == 11


def test_a_stretch_before_the_first_event_says_from_when_there_is_data(ctx: Context) -> None:
    customer(ctx.database, 1, known_since=D)
    purchases(ctx.database, 1, [D])
    found = preview(ctx, subject(ctx, "silent(purchase, 7d)"), Stretch(D - 3_650 * DAY, D + 30 * DAY, DAY))
    assert (found.steps, found.backlog, found.entered, found.data_from) == (3_681, 0, 1, D)


def test_no_data_at_all_is_no_error(ctx: Context) -> None:
    found = preview(ctx, subject(ctx, "silent(purchase, 7d)"), Stretch(D, D + 7 * DAY, DAY))
    assert (found.known, found.entered, found.messages, found.data_from, found.top) == (0, 0, 0, None, ())
    assert sum(n for _, n in found.weeks) == 0


def test_what_would_keep_somebody_in_chat_waiting_is_refused(ctx: Context) -> None:
    for number in range(1, 6):
        customer(ctx.database, number, known_since=D)
    of, stretch = subject(ctx, "never(purchase)"), Stretch(D, D + 99 * DAY, DAY)
    with pytest.raises(TooMuchForChatError) as refused:
        preview(ctx, of, stretch, most=100)
    assert refused.value.params == {"customers": 5, "steps": 100, "every": "6d"}
    preview(ctx, of, Stretch(D, D + 99 * DAY, 6 * DAY), most=100)


def test_a_name_is_a_rule_in_use_or_one_that_ships_and_all_else_a_condition(ctx: Context) -> None:
    rule(ctx.database, "quiet_ones", "silent(purchase, 9d)", backlog=Backlog.IGNORE)
    in_use = subject(ctx, "Quiet ones")
    assert (in_use.name, in_use.body.condition, in_use.body.backlog) == (
        "quiet_ones",
        "silent(purchase, 9d)",
        Backlog.IGNORE,
    )
    assert subject(ctx, "lapsing").name == "lapsing"
    bare = subject(ctx, "SILENT(Purchase, 9d) or segment = vip")
    assert (bare.name, bare.body) == (None, RuleBody(condition="silent(purchase, 9d) or segment = vip"))
    with pytest.raises(NeitherError) as refused:
        subject(ctx, "quiet onse")
    assert "quiet_ones" in str(refused.value.params["nearest"])
    with pytest.raises(ConditionError):
        subject(ctx, "silnt(purchase, 9d)")
    rule(ctx.database, "broken", "silent(purchase")
    with pytest.raises(ConditionError):
        subject(ctx, "broken")


def test_progress_is_told_block_by_block(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CELLS", 20)
    for number in range(1, 6):
        customer(ctx.database, number, known_since=D)
    told: list[tuple[int, int]] = []
    stretch = Stretch(D, D + 9 * DAY, DAY)
    found = preview(ctx, subject(ctx, "never(purchase)"), stretch, progress=lambda *done: told.append(done))
    assert told == [(2, 5), (4, 5), (5, 5)]
    assert found.backlog == 5


def test_the_most_valuable_are_named_with_what_they_spent(ctx: Context) -> None:
    for number in range(1, 15):
        customer(ctx.database, number, known_since=D)
        purchases(ctx.database, number, [D + HOUR], cents=100 * number)
    # What comes after the end of the stretch is not counted.
    purchases(ctx.database, 1, [D + 50 * DAY], cents=10**6)
    top = as_json(preview(ctx, subject(ctx, "silent(purchase, 7d)"), Stretch(D, D + 20 * DAY, DAY)))["top"]
    assert isinstance(top, list)
    assert [one["customer"] for one in top] == [f"c{number}" for number in range(14, 4, -1)]
    assert top[0] == {
        "customer": "c14",
        "name": "Customer 14",
        "entered_at": "2024-10-12T00:00:00Z",
        "spent": {"USD": "14.00"},
    }


@pytest.mark.parametrize("gap", [30 * DAY - 1, 30 * DAY, 45 * DAY])
def test_who_is_back_after_a_gap_is_so_at_the_same_steps_as_in_sweeps(database: Database, gap: int) -> None:
    tree, back = parse("returned(purchase, 30d)"), D - 40 * DAY
    ctx = context(database, zone="UTC")
    events = tuple(Happening("purchase", at, None, None) for at in (back - gap, back))
    with scratch(database) as tx:
        store(tx, [Person(events=events)], [1])
        held = looked_at(tx, ctx, tree, Stretch(back - DAY, back + 31 * DAY, DAY))
        # From its own instant on, and not at the one at which it leaves the window.
        days = range(1, 31) if gap >= 30 * DAY else range(0)
        assert [step for step, holding in enumerate(held) if holding] == list(days)
