"""Rules changed at the same time, and counted. What people type is tested in tests/handlers/slack/test_rules.py."""

import threading
from contextlib import closing

import pytest
from sqlalchemy import text

from handlers import holding, lifecycle, rulebook
from handlers.lifecycle_plans import using
from handlers.rulebook import NothingChangedError, Request
from handlers.sweep import sweep
from rules.access import Actor
from rules.alerts.rule import RuleChange, RuleState
from rules.alerts.states import Reason, Resolution
from rules.alerts.typed import Options
from rules.book import book
from rules.errors import WarmlineError
from rules.instants import DAY
from storage import alerts, matches, rules
from storage.database import Database, Transaction
from storage.outbox import Call, Subject
from storage.rules import RuleExistsError
from tests.collisions import behind
from tests.conftest import DatabaseUrls
from tests.handlers.slack.world import NOW, World, build, world
from tests.histories import customer, purchases

__all__ = ["world"]
BOSS = Request(Actor("cli:boss", manager=True))


def test_of_two_who_add_the_same_name_at_once_one_is_told_that_it_is_taken(world: World) -> None:
    start = threading.Barrier(4)
    refused: list[WarmlineError] = []

    def add() -> None:
        start.wait()
        try:
            rulebook.add(world.ctx, BOSS, name="quiet", condition="silent(purchase, 3d)")
        except WarmlineError as error:
            refused.append(error)

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [type(error) for error in refused] == [RuleExistsError] * 3
    assert [one.name for one in rulebook.listing(world.ctx)] == ["lapsing", "quiet"]


def test_edits_at_once_make_one_version_each(world: World) -> None:
    start = threading.Barrier(4)
    failed: list[BaseException] = []

    def edit(days: int) -> None:
        start.wait()
        try:
            rulebook.edit(world.ctx, BOSS, name="lapsing", condition=f"silent(purchase, {days}d)")
        except Exception as error:  # noqa: BLE001  any at all fails the test below
            failed.append(error)

    threads = [threading.Thread(target=edit, args=(40 + n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not failed
    _, versions = rulebook.history(world.ctx, "lapsing")
    assert [one.version for one in versions] == [5, 4, 3, 2, 1]


def test_a_removed_rule_ends_every_alert_each_told_where_it_stands(world: World) -> None:
    for number in range(10, 13):
        customer(world.ctx.database, number, known_since=NOW - 400 * DAY)
        purchases(world.ctx.database, number, [NOW - 90 * DAY])
    rulebook.add(world.ctx, BOSS, name="long silent", condition="silent(purchase, 60d)")
    sweep(world.ctx)
    removed = rulebook.remove(world.ctx, BOSS, "Long Silent")
    assert removed is not None
    assert removed.closed == 3
    digest = next(one for one in world.messages() if one.subject is Subject.GROUP)
    with world.ctx.database.reading() as tx:
        ended = alerts.of_root(tx, digest.id)
        assert {(one.resolution, one.resolved_by) for one in ended} == {(Resolution.RULE_CHANGED, "cli:boss")}
        last = alerts.transitions(tx, ended[0])[-1]
        assert (last.reason, last.actor) == (Reason.RULE_REMOVED, "cli:boss")
        assert matches.since(tx, rule_id=ended[0].rule_id, customer_id=ended[0].customer_id) is None
    assert [one.call for one in world.messages() if one.root == digest.id].count(Call.REPLY) == 1
    assert rulebook.add(world.ctx, BOSS, name="long silent", condition="silent(purchase, 60d)") is not None


def test_a_removal_that_waits_for_an_alert_holds_no_number_that_others_need(
    new_database_url: DatabaseUrls,
) -> None:
    with closing(Database(new_database_url("postgresql"))) as database:
        world = build(database)

        def press(tx: Transaction) -> None:
            tx.execute(text("SET LOCAL lock_timeout = '500ms'"))
            tx.execute(text("UPDATE counter SET next = next"))

        raised = behind(
            database,
            "SELECT id FROM alert FOR UPDATE",
            lambda: rulebook.remove(world.ctx, BOSS, "lapsing"),
            press,
        )
        assert raised == []
        assert world.alert().resolution is Resolution.RULE_CHANGED


def test_a_removal_that_ran_into_a_deadlock_is_done_once_all_the_same(new_database_url: DatabaseUrls) -> None:
    with closing(Database(new_database_url("postgresql"))) as database:
        world = build(database)
        raised = behind(
            database,
            "UPDATE counter SET next = next WHERE name = 'outbox'",
            lambda: rulebook.remove(world.ctx, Request(BOSS.actor, key="command:1"), "lapsing"),
            lambda tx: tx.execute(text("SELECT id FROM alert FOR UPDATE")),
        )
        assert raised == []
        assert world.alert().resolution is Resolution.RULE_CHANGED
        assert world.alert().steps == 2
        assert len(world.audited("rule:lapsing")) == 1
        assert rulebook.remove(world.ctx, Request(BOSS.actor, key="command:1"), "lapsing") is None


def test_alerts_are_locked_the_oldest_first(world: World) -> None:
    customer(world.ctx.database, 10, known_since=NOW - 400 * DAY)
    rulebook.add(world.ctx, BOSS, name="long silent", condition="silent(purchase, 20d)")
    sweep(world.ctx)
    with world.ctx.database.writing() as tx:
        locked = [one.id for one in alerts.unresolved(tx, lock=True)]
        assert locked == sorted(locked)
        assert [one.id for one in alerts.unresolved(tx)] == sorted(locked, reverse=True)
    assert len(locked) > 2


def test_a_paused_and_resumed_rule_is_looked_at_anew(world: World) -> None:
    rulebook.pause(world.ctx, BOSS, "lapsing")
    rulebook.resume(world.ctx, BOSS, "lapsing")
    with world.ctx.database.reading() as tx:
        rule = rules.by_name(tx, "lapsing")
    assert rule is not None
    assert rule.change is RuleChange.RESUMED


def test_it_says_for_how_many_it_holds_unless_they_are_too_many_to_ask(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rulebook.check(world.ctx, "silent(purchase, 30d)").holding == 1
    assert rulebook.check(world.ctx, "not never(purchase)").holding == 2
    monkeypatch.setattr(holding, "MOST_COUNTED", 1)
    assert rulebook.check(world.ctx, "silent(purchase, 30d)").holding is None


def test_an_edit_of_an_option_alone_keeps_the_condition_and_counts_nothing(world: World) -> None:
    changed = rulebook.edit(world.ctx, BOSS, name="lapsing", options=Options(action="Call."))
    assert changed is not None
    assert (changed.diff, changed.holding) == ("- action: \n+ action: Call.", None)
    with pytest.raises(NothingChangedError):
        rulebook.edit(world.ctx, BOSS, name="lapsing", condition="silent( purchase,30d )")


def test_each_shipped_rule_can_be_chosen_and_swept(world: World) -> None:
    with world.ctx.database.writing() as tx:
        old = rules.by_name(tx, "lapsing")
        assert old is not None
        rules.set_state(tx, old, RuleState.REMOVED)
    assert lifecycle.make(world.ctx, BOSS, using("retail"), did="use")
    holding = {}
    for name in book():
        changed = rulebook.add(world.ctx, BOSS, name=name)
        assert changed is not None
        holding[name] = changed.holding
    found = {one.rule: one.matched for one in sweep(world.ctx).rules}
    assert found == holding
    assert any(found.values())
