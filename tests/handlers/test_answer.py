"""Answers as chat and the command line share them."""

import pytest

from handlers import answer, card_json
from handlers.answer import Choice
from rules.instants import DAY, HOUR
from storage.database import Database
from templates.codec import Press
from templates.views import CardView
from tests.handlers.slack.world import AIKO, NOW, TOM, World, build


@pytest.fixture
def world(database: Database) -> World:
    return build(database)


def card_at(world: World, as_of: int | None) -> CardView:
    found = answer.status(world.ctx, "Ann Bell", as_of=as_of)
    assert not isinstance(found, Choice)
    return found


def test_the_alerts_of_a_day_in_the_past_are_those_that_were_open_then_as_they_stood(world: World) -> None:
    opened = world.alert().opened_at
    world.clock.at = NOW + HOUR
    world.press(Press.CLAIM, 1, user=TOM)
    world.clock.at = NOW + 2 * HOUR
    world.press(Press.SNOOZE, 1, "hour", user=AIKO)
    world.clock.at = NOW + 2 * DAY
    world.press(Press.RESOLVE, 1, "lost", user=TOM)
    world.clock.at = NOW + 3 * DAY

    assert card_at(world, None).alerts == ()
    assert card_at(world, opened - 1).alerts == ()
    [at_first] = card_at(world, opened).alerts
    assert (at_first.id, at_first.standing.claimed_by, at_first.standing.resolution) == (1, None, None)
    [claimed] = card_at(world, NOW + HOUR).alerts
    assert (claimed.standing.claimed_by, claimed.standing.snoozed_until) == (TOM, None)
    [snoozed] = card_at(world, NOW + 2 * HOUR).alerts
    assert (snoozed.standing.snoozed_until, snoozed.standing.snoozed_by) == (NOW + 3 * HOUR, AIKO)
    assert len(card_at(world, NOW + 2 * DAY - 1).alerts) == 1
    assert card_at(world, NOW + 2 * DAY).alerts == ()


def test_what_the_command_line_prints_of_the_past_has_the_alerts_of_then(world: World) -> None:
    before = card_json.whole(card_at(world, world.alert().opened_at - DAY), "USD")
    now = card_json.whole(card_at(world, None), "USD")
    assert before["alerts"] == []
    assert [one["id"] for one in now["alerts"]] == [1]
