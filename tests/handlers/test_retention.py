"""Retention: old events go, what they meant stays, and nothing that would become untrue is let through."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from handlers import answer, quarantine, retention, rulebook
from handlers.answer import Choice
from handlers.context import Context
from handlers.import_file import import_file
from handlers.ingest import Counts, Taken, take_in, take_in_profiles
from handlers.intake.errors import Reason
from handlers.preview import preview, subject
from handlers.receive import Receiver
from handlers.retention import PruneAheadError, PrunePastAlertsError, PrunePastRulesError, prune, survey
from handlers.rulebook import Request
from handlers.sweep import sweep
from rules.access import Actor
from rules.alerts.route import To
from rules.alerts.rule import RuleBody, RuleState
from rules.alerts.states import Reason as Why
from rules.alerts.states import Resolution
from rules.conditions.reach import PastHorizonError
from rules.instants import DAY, HOUR, iso
from rules.preview.steps import Stretch
from storage import alerts, audit, customers, dirty, events, pruned, retry, routes, rules, silences
from storage.database import Database
from storage.incoming import CustomerIn, EventIn
from storage.pruned import BeforeHorizonError
from tests import contexts
from tests.contexts import START, StillClock
from tests.handlers import stored
from tests.handlers.test_import_file import HEADER, put
from tests.histories import customer, purchases, rule

BOSS = Request(Actor("cli:boss", manager=True))
OLD = START - 100 * DAY


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def ctx(database: Database, clock: StillClock) -> Context:
    return contexts.context(database, now=clock)


def history(ctx: Context, number: int, moments: Sequence[int]) -> None:
    customer(ctx.database, number, known_since=min([START, *moments]))
    purchases(ctx.database, number, moments)
    with ctx.database.writing() as tx:
        tx.execute(text("UPDATE kind SET events = events + :n"), {"n": len(moments)})


def state(database: Database) -> dict[str, Any]:
    return {
        name: stored.rows(database, f"SELECT * FROM {name}")
        for name in ("event", "event_detail", "pruned", "kind", "horizon")
    }


def test_what_is_old_goes_and_is_still_counted(ctx: Context) -> None:
    history(ctx, 1, [OLD, OLD + DAY, START - DAY])
    history(ctx, 2, [START - HOUR])
    history(ctx, 3, [OLD + 2 * DAY])
    before = answer.status(ctx, "c1")
    seen: list[tuple[int, int]] = []
    looked = survey(ctx, START - 50 * DAY)
    assert (dict(looked.kinds), looked.customers, looked.stands, looked.latest) == (
        {"purchase": 3},
        2,
        None,
        START,
    )
    done = prune(
        ctx, START - 50 * DAY, actor="cli:me", progress=lambda done, whole: seen.append((done, whole))
    )
    assert (done.before, dict(done.kinds), done.customers) == (START - 50 * DAY, {"purchase": 3}, 2)
    assert seen[-1] == (3, 3)
    after = answer.status(ctx, "c1")
    assert not isinstance(before, Choice)
    assert not isinstance(after, Choice)
    assert after.kinds == before.kinds
    assert [one.occurred_at for one in after.events] == [START - DAY]
    with ctx.database.reading() as tx:
        assert events.kinds(tx) == {"purchase": 2}
        [entry] = audit.of(tx, "horizon")
    assert (entry.actor, entry.action, entry.diff) == (
        "cli:me",
        "db.prune",
        f"+ before: {iso(START - 50 * DAY)}",
    )


def test_a_later_horizon_adds_up_and_an_earlier_one_changes_nothing(ctx: Context) -> None:
    history(ctx, 1, [START - day * DAY for day in (9, 8, 6, 4, 2)])
    assert dict(prune(ctx, START - 7 * DAY, actor="me").kinds) == {"purchase": 2}
    assert dict(prune(ctx, START - 3 * DAY, actor="me").kinds) == {"purchase": 2}
    stands = state(ctx.database)
    again = prune(ctx, START - 5 * DAY, actor="me")
    assert (again.before, dict(again.kinds), again.customers) == (START - 3 * DAY, {}, 0)
    assert state(ctx.database) == stands
    with ctx.database.reading() as tx:
        [tally] = pruned.tallies(tx, [1])
        assert (tally.events, tally.total, tally.first_at, tally.last_at) == (
            4,
            4_000,
            START - 9 * DAY,
            START - 4 * DAY,
        )
        assert len(audit.of(tx, "horizon")) == 2


class _KilledError(Exception):
    pass


@pytest.mark.parametrize("batch", [1, 3])
def test_cut_short_after_any_batch_it_goes_on_where_it_was(
    database: Database, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(retention, "BATCH", batch)
    monkeypatch.setattr(retention, "_CUSTOMERS", 2)
    ctx = contexts.context(database)
    for number in range(1, 5):
        history(ctx, number, [START - day * DAY - number for day in range(1, 8)])
    horizon = START - 3 * DAY
    with database.reading() as tx:
        whole = {one.kind: one for one in events.summary(tx, 3, START)}
        totals = events.totals(tx, [1, 2, 3, 4], START, "USD", ["purchase", "login"])

    left, kills = 4 * 5, 0
    done = None
    while done is None:
        room = kills % 3

        def killed(done: int, _whole: int) -> None:
            nonlocal room
            room -= 1
            if room < 0:
                raise _KilledError

        try:
            done = prune(ctx, horizon, actor="me", progress=killed)
        except _KilledError:
            kills += 1
            with database.reading() as tx:
                assert {one.kind: one for one in events.summary(tx, 3, START)} == whole
                assert events.totals(tx, [1, 2, 3, 4], START, "USD", ["purchase", "login"]) == totals
                now_left = sum(pruned.before(tx, horizon).values())
            assert now_left < left
            left = now_left
    assert kills >= 4
    assert sum(done.kinds.values()) == left
    with database.reading() as tx:
        assert pruned.before(tx, horizon) == {}
        assert sum(one.events for one in pruned.tallies(tx, [1, 2, 3, 4])) == 4 * 5
        assert events.kinds(tx) == {"purchase": 8}


def test_a_batch_that_fails_is_undone_whole(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    history(ctx, 1, [OLD, OLD + 1])
    real = pruned.prune

    def half(*given: Any) -> Any:
        real(*given)
        raise _KilledError

    monkeypatch.setattr(pruned, "prune", half)
    with pytest.raises(_KilledError):
        prune(ctx, START - DAY, actor="me")
    monkeypatch.undo()
    with ctx.database.reading() as tx:
        assert pruned.tallies(tx, [1]) == []
        assert [one.count for one in events.summary(tx, 1, START)] == [2]
    assert dict(prune(ctx, START - DAY, actor="me").kinds) == {"purchase": 2}


def test_two_at_once_count_nothing_twice(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    for number in range(1, 9):
        history(ctx, number, [OLD + hour for hour in range(6)])
    start, failed = threading.Barrier(3), []

    def run() -> None:
        start.wait()
        try:
            prune(ctx, START - DAY, actor="me")
        except Exception as error:  # noqa: BLE001  any at all fails the test below
            failed.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failed
    with ctx.database.reading() as tx:
        assert [one.events for one in pruned.tallies(tx, range(1, 9))] == [6] * 8
        assert events.kinds(tx) == {"purchase": 0}


def test_what_comes_later_than_the_horizon_allows_goes_to_quarantine(ctx: Context, tmp_path: Path) -> None:
    file = put(
        tmp_path,
        HEADER + "c1,purchase,2025-01-01,1,USD,o-1,\nc2,purchase,2025-06-01,1,USD,o-2,\n",
    )
    assert import_file(ctx, file) == Counts(read=2, inserted=2, customers=2)
    horizon = ctx.calendar.parse("2025-03-01")
    prune(ctx, horizon, actor="me")
    before = stored.events(ctx.database)
    # A duplicate of what was pruned cannot be told from news: neither is counted.
    assert import_file(ctx, file) == Counts(read=2, duplicate=1, quarantined=1, customers=2)
    late = b'[{"customer": "c1", "kind": "purchase", "occurred_at": "2025-02-28T23:59:59.999Z", "external_id": "n"}]'
    received = Receiver(ctx).receive(late)
    assert received.problems == ((0, Reason("before_horizon", {"horizon": "2025-03-01T00:00:00Z"})),)
    assert quarantine.try_again(ctx) == Counts(read=2, quarantined=2)
    assert stored.events(ctx.database) == before
    reasons = stored.rows(ctx.database, "SELECT reason FROM quarantine")
    assert reasons == [("before_horizon",)] * 2
    said = ctx.words.plain("intake", "before_horizon", horizon="2025-03-01T00:00:00Z")
    assert "2025-03-01T00:00:00Z were pruned" in said
    on_it = b'[{"customer": "c3", "kind": "purchase", "occurred_at": "2025-03-01"}]'
    assert Receiver(ctx).receive(on_it).counts.inserted == 1


def test_a_late_arrival_touches_nobody(ctx: Context) -> None:
    prune(ctx, START - DAY, actor="me")
    with ctx.database.writing() as tx:
        late = EventIn(source="shop", customer="new", kind="visit", occurred_at=OLD)
        assert take_in(tx, [late], now=START, by_http=False) == [
            Reason("before_horizon", {"horizon": iso(START - DAY)})
        ]
        assert customers.count(tx) == 0
        assert events.kinds(tx) == {}
        assert dirty.batches(tx) == []


def test_an_intake_that_began_before_is_not_lost_and_not_counted_twice(
    database: Database, ctx: Context
) -> None:
    """On PostgreSQL the prune waits for intakes under way; on SQLite there is one writer anyway."""
    history(ctx, 1, [OLD])
    entered, go_on = threading.Event(), threading.Event()
    same = EventIn(
        source="shop", customer="c1", kind="purchase", occurred_at=OLD + 5, amount=7, currency="USD"
    )

    def intake() -> None:
        with database.writing() as tx:
            take_in(tx, [same], now=START, by_http=False)
            entered.set()
            go_on.wait(30)

    feeding = threading.Thread(target=intake)
    feeding.start()
    assert entered.wait(30)
    pruning = threading.Thread(target=prune, args=(ctx, START - DAY), kwargs={"actor": "me"})
    pruning.start()
    pruning.join(0.5)
    assert pruning.is_alive()
    go_on.set()
    feeding.join(30)
    pruning.join(30)
    with database.reading() as tx:
        assert [(one.events, one.total) for one in pruned.tallies(tx, [1])] == [(2, 1_007)]
        assert pruned.before(tx, START) == {}


@pytest.mark.parametrize(
    ("condition", "latest"),
    [
        ("silent(purchase, 30d)", START - 30 * DAY),
        ("change(count(purchase), 30d) <= -50%", START - 60 * DAY),
        ("count(purchase where amount > 5, 12h) > 1", START - 12 * HOUR),
        ("count(purchase) > 1 and sum(purchase, 2mo) > 1", None),
        ("median_gap(purchase) > 5", "none"),
        ("overdue(purchase) > 2", "none"),
        ("missing(purchase, visit, 7d)", "none"),
        ("count(purchase where amount > 5) > 1", "none"),
    ],
)
@pytest.mark.parametrize("paused", [False, True])
def test_a_rule_that_looks_past_the_horizon_stands_in_its_way(
    ctx: Context, condition: str, latest: int | str | None, paused: bool
) -> None:
    history(ctx, 1, [OLD, START - HOUR])
    watched = rule(ctx.database, "watched", condition)
    if paused:
        with ctx.database.writing() as tx:
            rules.set_state(tx, watched, RuleState.PAUSED)
    stands = state(ctx.database)
    if latest is None:
        latest = ctx.calendar.parse("2025-04-15")
    with pytest.raises(PrunePastRulesError) as refused:
        prune(ctx, START - HOUR, actor="me")
    named = None if isinstance(latest, str) else iso(latest)
    assert refused.value.params["latest"] == named
    assert str(refused.value.params["rules"]).startswith("[('watched', '")
    assert state(ctx.database) == stands
    looked = survey(ctx, START - HOUR)
    assert (looked.latest, [one.rule for one in looked.rules]) == (
        None if isinstance(latest, str) else latest,
        ["watched"],
    )
    if not isinstance(latest, str):
        with pytest.raises(PrunePastRulesError):
            prune(ctx, latest + 2, actor="me")
        assert prune(ctx, latest, actor="me").before == latest


@pytest.mark.parametrize(
    "condition",
    [
        "count(purchase) > 1 and sum(purchase) > 1 and avg(purchase) > 1",
        "days_since(purchase) > 1 or never(visit) or days_since_first(purchase) > 3",
        "tenure > 5 and segment = vip and attr.seats > 2",
    ],
)
def test_what_asks_of_a_whole_life_stands_in_no_way(ctx: Context, condition: str) -> None:
    history(ctx, 1, [OLD])
    rule(ctx.database, "watched", condition)
    assert prune(ctx, START, actor="me").before == START


def test_what_was_not_swept_yet_must_stay(ctx: Context, clock: StillClock) -> None:
    """The next sweep finds by the events themselves who entered or left since the last one."""
    history(ctx, 1, [OLD, START])
    rule(ctx.database, "many", "count(purchase) > 3")
    rule(ctx.database, "quiet", "silent(purchase, 30d)")
    sweep(ctx)
    clock.at += 5 * DAY
    with pytest.raises(PrunePastRulesError) as refused:
        prune(ctx, START + DAY, actor="me")
    assert refused.value.params["rules"] == [("many", None), ("quiet", "silent(purchase, 30d)")]
    with pytest.raises(PrunePastRulesError) as refused:
        prune(ctx, START - 28 * DAY, actor="me")
    assert refused.value.params["rules"] == [("quiet", None)]
    assert refused.value.params["latest"] == iso(START - 30 * DAY)
    sweep(ctx)
    assert prune(ctx, START - 28 * DAY, actor="me").before == START - 28 * DAY


def test_a_horizon_to_come_is_refused(ctx: Context) -> None:
    with pytest.raises(PruneAheadError):
        prune(ctx, START + 1, actor="me")
    assert prune(ctx, START, actor="me").before == START


def test_open_alerts_that_go_back_further_stand_in_the_way(ctx: Context, clock: StillClock) -> None:
    for number in (1, 2):
        history(ctx, number, [OLD])
    rule(ctx.database, "quiet", "silent(purchase, 30d)")
    sweep(ctx)
    clock.at += 60 * DAY
    sweep(ctx)
    opened_at = START
    with pytest.raises(PrunePastAlertsError) as refused:
        prune(ctx, START - 29 * DAY, actor="me")
    assert refused.value.params == {
        "before": iso(START - 29 * DAY),
        "n": 2,
        "examples": [("quiet", "c1"), ("quiet", "c2")],
        "latest": iso(opened_at - 30 * DAY),
    }
    looked = survey(ctx, START - 29 * DAY)
    assert (looked.rules, looked.alerts_in_all, len(looked.alerts)) == ((), 2, 2)
    assert looked.latest == opened_at - 30 * DAY
    # Once they have ended, nothing holds their events.
    for number in (1, 2):
        purchases(ctx.database, number, [clock.at])
    sweep(ctx)
    with ctx.database.reading() as tx:
        assert [one.resolution for one in alerts.of_customer(tx, 1)] == [Resolution.RECOVERED]
    assert prune(ctx, START - 29 * DAY, actor="me").before == START - 29 * DAY


def test_open_alerts_of_a_rules_older_version_count_by_what_that_asked(
    ctx: Context, clock: StillClock
) -> None:
    history(ctx, 1, [OLD])
    watched = rule(ctx.database, "quiet", "missing(purchase, visit, 7d)")
    sweep(ctx)
    with ctx.database.writing() as tx:
        body = RuleBody(condition="count(purchase) > 0")
        rules.edit(tx, watched, body=body, author="U1", now=START, diff="")
    clock.at += DAY
    sweep(ctx)
    with ctx.database.reading() as tx:
        [kept] = alerts.of_customer(tx, 1)
    assert (kept.rule_version, kept.unresolved, kept.reason) == (1, True, Why.BACKLOG)
    with pytest.raises(PrunePastAlertsError) as refused:
        prune(ctx, START, actor="me")
    assert refused.value.params["latest"] is None


def test_rules_that_would_look_past_the_horizon_are_refused(ctx: Context, clock: StillClock) -> None:
    history(ctx, 1, [OLD])
    horizon = START - 10 * DAY
    rulebook.add(ctx, BOSS, name="fine", condition="count(purchase) > 3 and silent(purchase, 5d)")
    prune(ctx, horizon, actor="me")
    for ask in (
        lambda: rulebook.add(ctx, BOSS, name="far", condition="silent(purchase, 30d)"),
        lambda: rulebook.edit(ctx, BOSS, name="fine", condition="silent(purchase, 30d)"),
        lambda: rulebook.check(ctx, "silent(purchase, 30d)"),
    ):
        with pytest.raises(PastHorizonError) as refused:
            ask()
        assert refused.value.params == {
            "term": "silent(purchase, 30d)",
            "horizon": iso(horizon),
            "since": iso(horizon + 30 * DAY - 1),
        }
    rulebook.pause(ctx, BOSS, "fine")
    rulebook.resume(ctx, BOSS, "fine")
    rulebook.check(ctx, "silent(purchase, 9d)")
    clock.at = horizon + 30 * DAY - 1
    added = rulebook.add(ctx, BOSS, name="far", condition="silent(purchase, 30d)")
    assert added is not None
    # However it came there: what looks past the horizon is not watched again.
    with ctx.database.writing() as tx:
        slept = rules.add(
            tx, name="slept", body=RuleBody(condition="median_gap(purchase) > 3"), author="U", now=0, diff=""
        )
        rules.set_state(tx, slept, RuleState.PAUSED)
    with pytest.raises(PastHorizonError) as for_ever:
        rulebook.resume(ctx, BOSS, "slept")
    assert for_ever.value.params["since"] is None


def test_nothing_is_said_of_the_time_before_the_horizon(ctx: Context) -> None:
    history(ctx, 1, [OLD, START - HOUR])
    prune(ctx, START - DAY, actor="me")
    for ask in (
        lambda: answer.status(ctx, "c1", as_of=START - DAY - 1),
        lambda: sweep(ctx, as_of=START - DAY - 1),
    ):
        with pytest.raises(BeforeHorizonError) as refused:
            ask()
        assert refused.value.params == {"as_of": iso(START - DAY - 1), "horizon": iso(START - DAY)}
    seen = answer.status(ctx, "c1", as_of=START - DAY)
    assert not isinstance(seen, Choice)
    assert [one.count for one in seen.kinds] == [1]
    sweep(ctx, as_of=START - DAY)


def test_the_timeline_ends_with_what_was_pruned(ctx: Context) -> None:
    history(ctx, 1, [OLD, *(START - hour * HOUR for hour in range(1, 22))])
    history(ctx, 2, [START - HOUR])
    history(ctx, 3, [OLD])
    assert answer.timeline(ctx, 1, 1).pruned_before is None
    prune(ctx, START - DAY, actor="me")
    first, last = answer.timeline(ctx, 1), answer.timeline(ctx, 1, 1)
    assert (first.more, first.pruned_before) == (True, None)
    assert (last.more, last.pruned_before, len(last.events)) == (False, START - DAY, 1)
    assert answer.timeline(ctx, 2).pruned_before is None
    assert answer.timeline(ctx, 3).pruned_before == START - DAY


def test_evidence_that_would_not_be_true_is_left_out(ctx: Context, clock: StillClock) -> None:
    history(ctx, 1, [OLD])
    condition = "silent(purchase where amount > 5, 3d) and silent(purchase, 3d)"
    prune(ctx, START - 4 * DAY, actor="me")
    rule(ctx.database, "quiet", condition)
    sweep(ctx)
    with ctx.database.reading() as tx:
        [opened] = alerts.of_customer(tx, 1)
    told = [("days_since(purchase)", "100"), ("count(purchase)", "1")]
    assert [(one.term, one.value) for one in opened.evidence] == told
    assert [(one.term, one.value) for one in answer.why(ctx, opened.id).values_now] == told


def test_a_customer_is_known_as_long_as_before_when_the_profile_is_redated(ctx: Context) -> None:
    history(ctx, 1, [OLD, START - HOUR])
    prune(ctx, START - DAY, actor="me")
    redated = CustomerIn(external_id="c1", own={}, created_at=START - 2 * DAY, attributes={})
    retry.writing(ctx.database, lambda tx: take_in_profiles(tx, [redated], now=START))
    assert stored.customers(ctx.database) == {"c1": OLD}


def test_a_sweep_as_of_an_instant_at_which_a_rule_looks_past_the_horizon_is_refused(ctx: Context) -> None:
    """It is no new rule's fault: at another instant its window reaches further back than what is left."""
    history(ctx, 1, [START - 60 * DAY, START - 50 * DAY])
    rule(ctx.database, "frequent", "count(purchase, 40d) >= 2")
    prune(ctx, START - 40 * DAY, actor="cli:me")
    with pytest.raises(PastHorizonError):
        sweep(ctx, as_of=START - 20 * DAY)
    assert stored.rows(ctx.database, 'SELECT * FROM "match"') == []
    assert sweep(ctx).rules[0].matched == 0


def test_what_is_refused_for_its_age_does_not_keep_its_id_from_what_corrects_it(ctx: Context) -> None:
    history(ctx, 1, [OLD])
    prune(ctx, START - 50 * DAY, actor="cli:me")
    old, corrected = (
        EventIn(
            source="crm",
            customer="c1",
            kind="purchase",
            occurred_at=at,
            amount=500,
            currency="USD",
            ordinal=1,
            external_id="e1",
        )
        for at in (START - 60 * DAY, START - DAY)
    )
    with ctx.database.writing() as tx:
        first, second = take_in(tx, [old, corrected], now=START, by_http=True)
    assert isinstance(first, Reason)
    assert (first.code, second) == ("before_horizon", Taken.INSERTED)


def test_a_dry_run_of_a_horizon_to_come_is_refused_as_well(ctx: Context) -> None:
    with pytest.raises(PruneAheadError):
        survey(ctx, START + 1)


def test_a_preview_knows_of_the_first_event_though_it_was_pruned(ctx: Context) -> None:
    history(ctx, 1, [OLD, START - DAY])
    prune(ctx, START - 50 * DAY, actor="cli:me")
    stretch = Stretch.of(since=START - 40 * DAY, until=None, every="1d", now=START)
    seen = preview(ctx, subject(ctx, "count(purchase) >= 2"), stretch)
    assert (seen.data_from, seen.entered) == (OLD, 1)
    with pytest.raises(PastHorizonError):
        preview(ctx, subject(ctx, "count(purchase, 30d) >= 2"), stretch)
    before = Stretch.of(since=START - 60 * DAY, until=None, every="1d", now=START)
    with pytest.raises(BeforeHorizonError):
        preview(ctx, subject(ctx, "count(purchase) >= 2"), before)


def test_silences_and_routes_that_look_further_back_stand_in_the_way(ctx: Context) -> None:
    history(ctx, 1, [OLD, START - HOUR])
    with ctx.database.writing() as tx:
        silences.add(
            tx,
            condition="count(purchase, 60d) > 1",
            rule_id=None,
            reason="",
            author="U1",
            now=ctx.now(),
            until=ctx.now() + DAY,
        )
        routes.add(
            tx,
            name="vips",
            condition="count(purchase, 90d) > 1",
            rule_id=None,
            target=To.OWNER,
            channel="",
            author="U1",
            now=ctx.now(),
        )
    with pytest.raises(PrunePastRulesError):
        prune(ctx, START - HOUR, actor="me")
    looked = survey(ctx, START - HOUR)
    assert [one.rule for one in looked.rules] == ["silence 1", "route vips"]
    assert looked.latest == ctx.now() - 90 * DAY
