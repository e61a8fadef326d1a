"""Processes and aliases as managers change them, and what becomes of events that came under a source's name before."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from handlers import kind_moves, processes, quarantine, retention, rulebook
from handlers.context import Context
from handlers.ingest import Taken, Verdict, take_in
from handlers.kind_moves import MovePendingError
from handlers.processes import AliasHasEventsError, AliasWhilePruningError, SameAssignmentError
from handlers.rulebook import Request
from handlers.sweep import sweep, sweep_and_audit
from rules.access import Actor, NotAllowedError
from rules.alerts.rule import RuleChange
from rules.conditions.parse import parse
from rules.instants import DAY
from rules.lifecycle.processes import AliasOfItselfError, KindIsAliasError, NoAliasError, NotAssignedError
from storage import alerts, audit, customers, events, pruned, rules
from storage.database import Database
from storage.incoming import EventIn
from tests.collisions import behind
from tests.conftest import DatabaseUrls, clear
from tests.contexts import StillClock, context
from tests.handlers import stored
from tests.rules.conditions.oracle import Happening, Oracle, Person

D = 20_000 * DAY
BOSS = Request(Actor("cli:boss", manager=True))
TOM = Request(Actor("UTOM"))


@pytest.fixture
def ctx(database: Database) -> Context:
    return context(database, now=StillClock(D))


def event(kind: str, day: int, customer: str = "c1", **says: Any) -> EventIn:
    return EventIn("shop", customer, kind, D + day * DAY, **says)


def take(ctx: Context, *given_events: EventIn, by_http: bool = False) -> list[Verdict]:
    with ctx.database.writing() as tx:
        return take_in(tx, given_events, now=ctx.now(), by_http=by_http)


def kinds(ctx: Context) -> dict[str, int]:
    with ctx.database.reading() as tx:
        return {kind: many for kind, many in events.kinds(tx).items() if many}


def audited(ctx: Context, changed: str) -> list[audit.Entry]:
    with ctx.database.reading() as tx:
        return audit.of(tx, changed)


def test_kinds_that_no_process_has_are_shown_until_somebody_assigns_them(ctx: Context) -> None:
    take(ctx, event("wish", -1), event("purchase", -1), event("order completed".replace(" ", "_"), -2))
    view = processes.listing(ctx)
    assert [(one.kind, one.stored) for one in view.unassigned] == [("wish", 1)]
    assert view.aliases == (("order_completed", "purchase"),)
    done = processes.assign(ctx, BOSS, kind="Wish", process="Sales", tells="They  want it.")
    assert done is not None
    assert (done.kind, done.process, done.seen) == ("wish", "sales", True)
    view = processes.listing(ctx)
    assert view.unassigned == ()
    [sales] = [one for one in view.processes if one.process.name == "sales"]
    assert [
        (one.kind, one.stored, one.tells) for one in sales.events if one.kind in ("wish", "purchase")
    ] == [
        ("purchase", 2, sales.events[1].tells),
        ("wish", 1, "They want it."),
    ]
    with pytest.raises(SameAssignmentError):
        processes.assign(ctx, BOSS, kind="wish", process="sales")
    processes.assign(ctx, BOSS, kind="wish", process="marketing")
    processes.unassign(ctx, BOSS, kind="wish")
    assert [one.kind for one in processes.listing(ctx).unassigned] == ["wish"]
    with pytest.raises(NotAssignedError):
        processes.unassign(ctx, BOSS, kind="wish")
    with pytest.raises(KindIsAliasError):
        processes.assign(ctx, BOSS, kind="order completed", process="sales")
    name, changes = processes.history(ctx, "Wish")
    assert name == "wish"
    assert [one.diff for one in changes] == [
        "- process: marketing\n- tells: They want it.",
        "- process: sales\n+ process: marketing",
        "+ process: sales\n+ tells: They want it.",
    ]
    assert {one.actor for one in changes} == {"cli:boss"}


def test_others_are_told_who_may_and_it_is_audited(ctx: Context) -> None:
    with pytest.raises(NotAllowedError):
        processes.assign(ctx, TOM, kind="wish", process="sales")
    with pytest.raises(NotAllowedError):
        processes.alias(ctx, TOM, source="placed", kind="purchase")
    assert [one.action for one in audited(ctx, "kind:wish")] == ["refused:lifecycle.assign"]
    assert [one.action for one in audited(ctx, "kind:placed")] == ["refused:lifecycle.alias"]


def test_an_alias_holds_at_intake_and_in_conditions_alike(ctx: Context) -> None:
    processes.alias(ctx, BOSS, source="Order Placed", kind="order_completed")
    take(ctx, event("order_placed", -1), event("order_completed", -2), event("purchase", -3))
    assert kinds(ctx) == {"purchase": 3}
    assert rulebook.check(ctx, "count(order-placed) >= 3").text == "count(purchase) >= 3"
    assert rulebook.check(ctx, "count(order-placed) >= 3").holding == 1
    with pytest.raises(AliasOfItselfError):
        processes.alias(ctx, BOSS, source="purchase", kind="order_placed")
    processes.unalias(ctx, BOSS, source="order_placed")
    take(ctx, event("order_placed", -4))
    assert kinds(ctx) == {"order_placed": 1, "purchase": 3}
    with pytest.raises(NoAliasError):
        processes.unalias(ctx, BOSS, source="order_placed")


def test_an_alias_of_a_kind_with_events_asks_first_and_then_takes_them_along(ctx: Context) -> None:
    came = [
        event("placed", -40, amount=500, currency="USD", external_id="o-1"),
        event("placed", -39, properties='{"cds":2}'),
        event("placed", -38),
        event("purchase", -37),
    ]
    take(ctx, *came, by_http=True)
    with pytest.raises(AliasHasEventsError) as refused:
        processes.alias(ctx, BOSS, source="placed", kind="purchase")
    assert refused.value.params == {"source": "placed", "kind": "purchase", "n": 3}
    assert kinds(ctx) == {"placed": 3, "purchase": 1}
    before = stored.events(ctx.database)
    done = processes.alias(ctx, BOSS, source="placed", kind="purchase", move=True)
    assert done is not None
    assert done.moving == 3
    assert processes.listing(ctx).moving == ("placed",)
    with pytest.raises(MovePendingError):
        processes.unalias(ctx, BOSS, source="placed")
    with pytest.raises(MovePendingError):
        retention.prune(ctx, D - 39 * DAY, actor="boss")
    sweep(ctx)
    assert kinds(ctx) == {"purchase": 4}
    assert sorted(row[2:] for row in before) == sorted(row[2:] for row in stored.events(ctx.database))
    # The same events again, under either name, are still the same, by HTTP and by file.
    assert take(ctx, *came, by_http=True) == [Taken.DUPLICATE] * 4
    assert take(ctx, *came) == [Taken.DUPLICATE] * 4
    assert take(ctx, replace(came[0], kind="purchase"), by_http=True) == [Taken.DUPLICATE]
    processes.unalias(ctx, BOSS, source="placed")
    assert kinds(ctx) == {"purchase": 4}


def test_of_two_events_under_one_id_none_is_lost(ctx: Context) -> None:
    same = event("placed", -5, amount=500, currency="USD", external_id="o-1")
    other = event("placed", -4, amount=500, currency="USD", external_id="o-2", properties='{"n":1.50}')
    take(ctx, same, replace(same, kind="purchase"), other, replace(other, kind="purchase", amount=700))
    processes.alias(ctx, BOSS, source="placed", kind="purchase", move=True)
    sweep(ctx)
    assert kinds(ctx) == {"purchase": 2}
    assert sorted(row[3] for row in stored.events(ctx.database)) == [500, 700]
    [[record, reason]] = stored.rows(ctx.database, "SELECT record, reason FROM quarantine")
    assert reason == "other_body"
    assert json.loads(bytes(record)) == {
        "customer": "c1",
        "kind": "placed",
        "occurred_at": "2024-09-30T00:00:00Z",
        "amount": "5.00",
        "currency": "USD",
        "external_id": "o-2",
        "properties": {"n": 1.50},
    }
    # It can be tried again, and is refused for the same reason, as long as the other one stands.
    assert quarantine.try_again(ctx).quarantined == 1


def test_rules_that_name_an_alias_are_edited_and_keep_their_alerts(ctx: Context) -> None:
    take(ctx, event("placed", -40), event("placed", -35), event("purchase", -80, "c2"))
    with ctx.database.writing() as tx:
        tx.execute(text("UPDATE customer SET known_since = known_since - 1"))
    rulebook.add(ctx, BOSS, name="quiet", condition="silent(placed, 30d) and count(placed) >= 2")
    rulebook.add(ctx, BOSS, name="other", condition="silent(purchase, 90d)")
    sweep(ctx)
    done = processes.alias(ctx, BOSS, source="placed", kind="purchase", move=True)
    assert done is not None
    assert done.rules == ("quiet",)
    with ctx.database.reading() as tx:
        quiet, other = rules.by_name(tx, "quiet"), rules.by_name(tx, "other")
        assert quiet is not None
        assert other is not None
        assert quiet.body.condition == "silent(purchase, 30d) and count(purchase) >= 2"
        assert (quiet.version, quiet.change, quiet.author) == (2, RuleChange.EDITED, "cli:boss")
        assert (other.version, other.change) == (1, None)
        [alert] = alerts.unresolved(tx, rule_id=quiet.id)
    swept = sweep(ctx, as_of=D + DAY)
    [row] = [one for one in swept.rules if one.rule == "quiet"]
    assert (row.matched, row.entered, row.left, row.opened, row.resolved) == (1, 0, 0, 0, 0)
    with ctx.database.reading() as tx:
        assert [one.id for one in alerts.unresolved(tx, rule_id=quiet.id)] == [alert.id]


def test_a_move_that_is_cut_short_goes_on_with_the_next_sweep(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kind_moves, "BATCH", 2)
    take(ctx, *(event("placed", -5, f"c{n}") for n in range(7)))
    processes.alias(ctx, BOSS, source="placed", kind="purchase", move=True)
    real, calls = events.add, []

    def failing(*args: Any) -> Any:
        calls.append(args)
        if len(calls) == 3:
            raise RuntimeError("cut short")
        return real(*args)

    monkeypatch.setattr(events, "add", failing)
    with pytest.raises(RuntimeError):
        sweep(ctx)
    assert kinds(ctx) == {"placed": 3, "purchase": 4}
    # What comes meanwhile is of the new kind already.
    monkeypatch.setattr(events, "add", real)
    take(ctx, event("placed", -4, "c1"))
    sweep(ctx)
    assert kinds(ctx) == {"purchase": 8}


def test_what_was_pruned_moves_too_and_nothing_moves_while_events_are_pruned(ctx: Context) -> None:
    take(
        ctx,
        event("placed", -90, amount=500, currency="USD"),
        event("placed", -80, amount=200, currency="EUR"),
        event("purchase", -85, amount=100, currency="USD"),
        event("placed", -10),
        event("placed", -95, "c2"),
    )
    rulebook.add(ctx, BOSS, name="spent", condition="sum(purchase) >= 6 and count(purchase) = 4")
    sweep(ctx)
    retention.prune(ctx, D - 60 * DAY, actor="boss")
    with ctx.database.writing() as tx:
        tx.execute(text("UPDATE horizon SET through = false"))
    with pytest.raises(AliasWhilePruningError):
        processes.alias(ctx, BOSS, source="placed", kind="purchase", move=True)
    with ctx.database.writing() as tx:
        pruned.finish(tx, D - 60 * DAY)
    processes.alias(ctx, BOSS, source="placed", kind="purchase", move=True)
    [row] = sweep(ctx).rules
    assert (row.matched, row.entered) == (1, 1)
    assert sweep_and_audit(ctx).differences == ()
    told = stored.rows(
        ctx.database,
        "SELECT c.external_id, k.name, p.currency, p.events, p.total FROM pruned p "
        "JOIN customer c ON c.id = p.customer_id JOIN kind k ON k.id = p.kind",
    )
    assert told == [
        ("c1", "purchase", "EUR", 1, 200),
        ("c1", "purchase", "USD", 2, 600),
        ("c2", "purchase", "", 1, 0),
    ]


def test_an_alias_waits_for_intakes_under_way_and_sees_what_they_stored(
    new_database_url: DatabaseUrls,
) -> None:
    with closing(Database(new_database_url("postgresql"))) as database:
        ctx = context(database, now=StillClock(D))
        take(ctx, event("purchase", -1))
        raised = behind(
            database,
            f"SELECT pg_advisory_xact_lock_shared({customers._INTAKE_LOCK})",
            lambda: processes.alias(ctx, BOSS, source="placed", kind="purchase"),
            lambda tx: take_in(tx, [event("placed", -2)], now=D, by_http=False),
        )
        assert [type(error) for error in raised] == [AliasHasEventsError]
        assert kinds(ctx) == {"placed": 1, "purchase": 1}


def test_two_aliases_lead_to_the_same_end_and_their_events_too(ctx: Context) -> None:
    take(ctx, event("shipped", -3), event("placed", -2), event("purchase", -1))
    processes.alias(ctx, BOSS, source="shipped", kind="placed", move=True)
    processes.alias(ctx, BOSS, source="placed", kind="purchase", move=True)
    assert processes.listing(ctx).aliases == (
        ("order_completed", "purchase"),
        ("placed", "purchase"),
        ("shipped", "purchase"),
    )
    assert [one.diff for one in audited(ctx, "kind:shipped")] == [
        "- alias of: placed\n+ alias of: purchase",
        "+ alias of: placed",
    ]
    sweep(ctx)
    assert kinds(ctx) == {"purchase": 3}


CONDITIONS = (
    "silent(KIND, 10d)",
    "count(KIND, 20d) >= 2",
    "missing(signup, KIND, 5d)",
    "overdue(KIND) >= 1.5",
    "change(count(KIND), 10d) <= -50%",
    "days_since_first(KIND) >= 12",
)
KINDS = ("placed", "purchase", "signup", "shipped")


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[str, Any]]:
    """Events that come, sweeps, and aliases in between, the first of which moves what is stored."""
    moments = sorted(draw(st.lists(st.integers(1, 30), min_size=3, max_size=6, unique=True)))
    some = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(-40, 29), st.integers(1, 4)), max_size=10)
    aliases = st.sampled_from((("placed", "purchase"), ("shipped", "placed")))
    steps: list[tuple[str, Any]] = [("take", draw(some))]
    for day in moments:
        # Now and then nothing but the alias happens between two sweeps.
        steps.append(draw(st.one_of(st.tuples(st.just("take"), some), st.tuples(st.just("alias"), aliases))))
        steps.append(("sweep", day))
    return [*steps, ("sweep", 31)]


@pytest.fixture(params=("sqlite", "postgresql"))
def shared(request: pytest.FixtureRequest, new_database_url: DatabaseUrls) -> Iterator[Context]:
    with closing(Database(new_database_url(str(request.param)))) as database:
        yield context(database, now=StillClock(D))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories(), st.lists(st.sampled_from(CONDITIONS), min_size=1, max_size=3, unique=True))
def test_whatever_happens_sweeps_find_what_the_oracle_finds(
    shared: Context, steps: Sequence[tuple[str, Any]], conditions: Sequence[str]
) -> None:
    clear(shared.database)
    came: list[tuple[str, int, int]] = []
    meant: dict[str, str] = {}
    rulebook.add(shared, BOSS, name="first", condition=conditions[0].replace("KIND", "placed"))
    for number, condition in enumerate(conditions):
        rulebook.add(shared, BOSS, name=f"rule {number}", condition=condition.replace("KIND", "purchase"))
    for did, what in steps:
        if did == "take":
            came += what
            take(shared, *(event(kind, day, f"c{who}") for kind, day, who in what))
        elif did == "alias":
            try:
                processes.alias(shared, BOSS, source=what[0], kind=what[1], move=True)
            except AliasOfItselfError:
                continue
            target = meant.get(what[1], what[1])
            meant = {one: target if kind == what[0] else kind for one, kind in meant.items()}
            meant[what[0]] = target
        else:
            sweep(shared, as_of=D + what * DAY)
            assert _matches(shared) == _expected(shared, came, meant, D + what * DAY)


def _matches(ctx: Context) -> set[tuple[str, str]]:
    found = stored.rows(
        ctx.database,
        'SELECT r.name, c.external_id FROM "match" m JOIN rule r ON r.id = m.rule_id '
        "JOIN customer c ON c.id = m.customer_id",
    )
    return {(row[0], row[1]) for row in found}


def _expected(
    ctx: Context, came: Sequence[tuple[str, int, int]], meant: dict[str, str], now: int
) -> set[tuple[str, str]]:
    people: dict[str, set[tuple[str, str, int]]] = {}
    for kind, day, who in came:
        # The same event again, by whatever name its source has for it, is the same.
        people.setdefault(f"c{who}", set()).add((kind, meant.get(kind, kind), D + day * DAY))
    with ctx.database.reading() as tx:
        conditions = {one.name: parse(one.body.condition) for one in rules.listing(tx)}
    return {
        (name, who)
        for who, happened in people.items()
        for name, condition in conditions.items()
        if Oracle(_person(happened), now, ctx.calendar.zone, "USD", 2).holds(condition)
    }


def _person(happened: set[tuple[str, str, int]]) -> Person:
    return Person(events=tuple(Happening(kind, at) for _, kind, at in sorted(happened)))
