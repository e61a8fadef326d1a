"""``/alerts`` as people type it."""

import pytest

from handlers.sweep import sweep
from rules.instants import DAY
from storage import arrivals, sources
from storage.database import Database
from templates.codec import Press
from tests.handlers.slack.world import AIKO, MANAGER, NOW, TOM, World
from tests.histories import customer, purchases


def test_open_shows_everybodys_and_is_the_bare_answer(world: World) -> None:
    for typed in ("/alerts", "/alerts open"):
        assert "⚪ 📉 *Lapsing*: Ann Bell\nLast purchase: 34 days ago" in world.said(typed, user=MANAGER)
    world.press(Press.RESOLVE, 1, "lost")
    assert "No alert is open" in world.said("/alerts")


def test_mine_are_those_of_my_customers_and_those_i_claimed(world: World) -> None:
    assert "*1 open alert of yours*" in world.said("/alerts mine", user=TOM)
    assert "You have no open alert" in world.said("/alerts mine", user=AIKO)
    world.press(Press.CLAIM, 1, user=AIKO)
    assert "*1 open alert of yours*" in world.said("/alerts mine", user=AIKO)


def test_why_tells_the_rule_the_numbers_the_steps_and_the_messages(world: World) -> None:
    world.press(Press.CLAIM, 1)
    world.clock.at = NOW + 3 * DAY
    said = world.said("/alerts why 1")
    for piece in (
        "Alert 1 (Lapsing) about Ann Bell: the condition came to hold.",
        "*The rule* Lapsing, version 1 by U1,",
        "`silent(purchase, 30d)`",
        "• Last purchase: 34 days ago → 37 days ago",
        "• Purchase count, in all: 2, and still is",
        "⚪ Ann Bell came to match.",
        f"👀 <@{TOM}> claimed Ann Bell.",
        "• the message: waiting to be sent",
        "• an edit of it: waiting to be sent",
        "• a reply in its thread: waiting to be sent",
    ):
        assert piece in said
    assert world.said("/alerts #1") == said


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("/alerts why", "Something is missing"),
        ("/alerts why Ann", "“Ann” is no number of an alert"),
        ("/alerts why 0", "“0” is no number of an alert"),
        ("/alerts why 99", "There is no alert 99"),
        ("/alerts why 999999999999999999", "There is no alert 999999999999999999"),
        ("/alerts mien", "Did you mean `/alerts mine`?"),
        ("/alerts open sesame", "I do not know what to do with “sesame”"),
        ("/alerts help", "*`/alerts`: see what needs attention*"),
    ],
)
def test_what_cannot_be_answered_is_explained(world: World, typed: str, said: str) -> None:
    assert said in world.said(typed)


def test_pages_turn(world: World, database: Database) -> None:
    for number in range(10, 25):
        customer(database, number, known_since=NOW - 100 * DAY)
        purchases(database, number, [NOW - 30 * DAY + DAY // 2])
    world.clock.at = NOW + DAY
    sweep(world.ctx)
    first = world.command("/alerts open")
    assert first is not None
    assert "*16 open alerts*" in first.text
    assert len(first.blocks) == 14
    second = world.press(Press.OPEN, 2, ephemeral=True)
    assert second is not None
    assert second[1]
    assert "Ann Bell" in str(second[0].blocks)
    mine = world.press(Press.MINE, 1, ephemeral=True)
    assert mine is not None
    assert "*1 open alert of yours*" in mine[0].text


def test_why_tells_until_when_an_alert_is_kept_open(world: World, database: Database) -> None:
    with database.writing() as tx:
        tx.connection.exec_driver_sql(f"UPDATE alert SET leaving_at = {NOW + DAY}")
    assert "The condition does not hold any more. The alert is kept open until" in world.said("/alerts why 1")


def test_sources_are_shown_and_managers_say_how_long_one_may_be_quiet(
    world: World, database: Database
) -> None:
    assert "No event has come in yet" in world.said("/alerts sources")
    with database.writing() as tx:
        sources.note(tx, [("web shop", "purchase"), ("<!channel>", "ticket")])
        arrivals.note(tx, {"web shop": 3}, now=NOW)
    listed = world.said("/alerts sources")
    assert "*2 sources of events*" in listed
    assert "⚪ *web shop*: is not watched\nlast event" in listed
    assert "has no habit yet: it takes events on seven days" in listed
    assert "<!channel>" not in listed
    changed = world.said("/alerts sources web shop 6h", user=MANAGER)
    assert "Noted: the source *web shop* may be quiet for 6 hours, as a manager said." in changed
    assert "✅ *web shop*: sends as it is used to" in world.said("/alerts sources")
    for typed, says in (
        ("/alerts sources web shop 6h", "Only managers say how long a source may be quiet"),
        ("/alerts sources", "*2 sources of events*"),
        ("/alerts sources shop", "Something is missing"),
    ):
        assert says in world.said(typed)
    for typed, says in (
        ("/alerts sources web shop soon", "“soon” does not say how long a source may be quiet"),
        ("/alerts sources web shpo 6h", "No event ever came of a source “web shpo”. Did you mean"),
    ):
        assert says in world.said(typed, user=MANAGER)
