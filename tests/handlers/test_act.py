"""Presses at the same time. What each press does is tested in tests/handlers/slack/test_presses.py."""

import threading
from contextlib import closing

from sqlalchemy import text

from handlers.act import act
from rules.access import Actor
from rules.alerts.person import ClaimedByOtherError
from rules.errors import WarmlineError
from storage import alerts
from storage.database import Database
from storage.outbox import Subject
from templates.codec import Press, Value
from tests.collisions import behind
from tests.conftest import DatabaseUrls
from tests.handlers.slack.world import World, build, world

__all__ = ["world"]


def test_of_many_who_claim_at_once_one_has_it_and_the_others_are_told_who(world: World) -> None:
    start = threading.Barrier(8)
    refused: list[WarmlineError] = []

    def claim(user: str) -> None:
        start.wait()
        try:
            act(world.ctx, actor=Actor(user), value=Value(Press.CLAIM, 1), key=f"action:{user}")
        except WarmlineError as error:
            refused.append(error)

    threads = [threading.Thread(target=claim, args=(f"U{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    winner = world.alert().claimed_by
    assert winner is not None
    assert [type(error) for error in refused] == [ClaimedByOtherError] * 7
    assert {error.params["by"] for error in refused} == {winner}
    with world.ctx.database.reading() as tx:
        assert len(alerts.transitions(tx, world.alert())) == 2
    assert [one.subject for one in world.messages()].count(Subject.STEPS) == 1


def test_one_press_delivered_to_many_at_once_acts_once(world: World) -> None:
    start = threading.Barrier(6)
    acted: list[bool] = []

    def deliver() -> None:
        start.wait()
        done = act(world.ctx, actor=Actor("U1"), value=Value(Press.CLAIM, 1), key="action:same")
        acted.append(not done.repeated)

    threads = [threading.Thread(target=deliver) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(acted) == [False] * 5 + [True]
    assert world.alert().steps == 2


def test_a_press_that_ran_into_a_deadlock_acts_once_all_the_same(new_database_url: DatabaseUrls) -> None:
    with closing(Database(new_database_url("postgresql"))) as database:
        world = build(database)
        raised = behind(
            database,
            "UPDATE counter SET next = next WHERE name = 'outbox'",
            lambda: act(world.ctx, actor=Actor("U1"), value=Value(Press.CLAIM, 1), key="action:U1"),
            lambda tx: tx.execute(text("SELECT id FROM alert FOR UPDATE")),
        )
        assert raised == []
        assert world.alert().claimed_by == "U1"
        assert world.alert().steps == 2
        assert act(world.ctx, actor=Actor("U1"), value=Value(Press.CLAIM, 1), key="action:U1").repeated
