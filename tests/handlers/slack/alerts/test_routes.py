"""Routes: where alerts are told."""

from dataclasses import replace

import pytest

from handlers.sweep import sweep
from handlers.tell import render
from rules.alerts.colleague import Colleague, Found
from rules.instants import DAY, HOUR
from storage.outbox import Call, Message, Subject
from tests.handlers.slack.world import AIKO, MANAGER, NOW, TOM, World, everything, name
from tests.histories import rule


def whois(name: str) -> Colleague:
    return Colleague(Found.THERE, TOM) if name in ("tom@example.com", TOM) else Colleague(Found.GONE)


def silence(name: str) -> Colleague:
    return Colleague(Found.UNANSWERED)


@pytest.fixture
def found(world: World) -> World:
    """The same world, whose bot can ask Slack who bears an address."""
    return World(replace(world.ctx, whois=whois), world.clock)


def add(world: World, typed: str) -> str:
    return world.said(f"/alerts route add {typed}", user=MANAGER)


def told(world: World) -> list[Message]:
    """The messages of a new rule for Ann."""
    before = len(world.messages())
    rule(world.ctx.database, "gone", "silent(purchase, 35d)", channel="#gone", backlog="post")
    sweep(world.ctx, as_of=NOW + 2 * DAY)
    return world.messages()[before:]


def test_the_first_route_that_fits_wins_and_else_the_rules_channel(found: World) -> None:
    add(found, "trials segment = trial --to #trials")
    add(found, "vips segment = vip --to #vips --rule lapsing")
    add(found, "all tenure >= 0 --to #all")
    assert "*3 routes, the first that fits wins.*" in found.said("/alerts routes")
    assert "told in #vips, by the route vips" in found.said("/alerts route test Ann Bell lapsing")
    assert "told in #all, by the route all" in found.said("/alerts route test Bob Bellamy lapsing")
    assert [one.channel for one in told(found)] == ["#all"]
    assert "Route *all* is gone" in found.said("/alerts route remove all", user=MANAGER)
    assert "told in #gone, as no route fits" in found.said("/alerts route test Ann Bell gone")
    assert [one.action for one in found.audited("route:all")] == ["route.remove", "route.add"]


def test_the_owner_is_told_directly(found: World) -> None:
    add(found, "owners segment = vip --to owner")
    assert f"told to the owner <@{TOM}> directly" in found.said("/alerts route test Ann Bell lapsing")
    assert [one.channel for one in told(found)] == [TOM]


def test_an_owner_who_is_nobody_in_slack_is_said_in_the_fallback_channel(found: World) -> None:
    name(found.ctx.database, 1, owner="gone@example.com")
    add(found, "owners segment = vip --to owner")
    [message] = told(found)
    assert message.channel == "#customer-care"
    with found.ctx.database.reading() as tx:
        said = everything(render(tx, message, found.ctx))
    assert "meant for the owner, gone@example.com, whom I cannot find in Slack" in said
    # An edit of it says so as well.
    found.press(f"1:claim:{message.alert_id}")
    with found.ctx.database.reading() as tx:
        assert "whom I cannot find in Slack" in everything(render(tx, found.messages()[-1], found.ctx))


def test_whose_owner_slack_does_not_say_waits_untold_for_the_next_tick(world: World) -> None:
    silent = World(replace(world.ctx, whois=silence), world.clock)
    add(silent, "owners segment = vip --to owner")
    assert told(silent) == []
    assert "once Slack says who that is" in silent.said("/alerts route test Ann Bell lapsing")
    speaking = World(replace(world.ctx, whois=whois), world.clock)
    sweep(speaking.ctx, as_of=NOW + 2 * DAY + 1)
    assert speaking.messages()[-1].channel == TOM


def test_where_slack_never_says_who_the_owner_is_the_alert_is_told_in_the_default_channel(
    world: World,
) -> None:
    silent = World(replace(world.ctx, whois=silence), world.clock)
    add(silent, "owners segment = vip --to owner")
    assert told(silent) == []
    before = len(silent.messages())
    sweep(silent.ctx, as_of=NOW + 2 * DAY + HOUR - 1)
    assert len(silent.messages()) == before
    sweep(silent.ctx, as_of=NOW + 2 * DAY + HOUR)
    [message] = silent.messages()[before:]
    assert message.channel == silent.ctx.default_channel


def test_alerts_of_a_day_are_told_in_one_thread(found: World) -> None:
    add(found, 'vips segment = vip --to "thread of #vips"')
    head, alert = told(found)
    assert (head.call, head.subject, head.channel) == (Call.POST, Subject.THREAD, "#vips")
    assert (alert.call, alert.subject, alert.root) == (Call.REPLY, Subject.ALERT, head.id)
    with found.ctx.database.reading() as tx:
        assert "*Alerts of Oct 6*" in everything(render(tx, head, found.ctx))
    rule(found.ctx.database, "later", "silent(purchase, 36d)", backlog="post")
    sweep(found.ctx, as_of=NOW + 2 * DAY + 1)
    assert found.messages()[-1].root == head.id
    rule(found.ctx.database, "tomorrow", "silent(purchase, 37d)", backlog="post")
    sweep(found.ctx, as_of=NOW + 3 * DAY)
    assert found.messages()[-2].subject is Subject.THREAD


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("add vips segment = vip", "Something is missing"),
        ("add vips --to #c", "Something is missing"),
        ("add vips segment = vip --to nowhere", "“nowhere” is no place"),
        ("add vips segmnt = vip --to #c", "This condition does not work yet"),
        ("add taken segment = vip --to #c", "There is a route taken already"),
        ("remove vip", "There is no route “vip”"),
        ("remove takn", "Did you mean taken?"),
        ("ad", "Did you mean `/alerts route add`?"),
        ("test lapsing", "Something is missing"),
        ("test Ann Bell", "Something is missing"),
        ("test Ann Bell overdue", "The rule overdue ships with me and is not chosen"),
        ("add " + "x" * 61 + " segment = vip --to #c", "cannot be a name"),
    ],
)
def test_what_cannot_be_a_route_is_explained(world: World, typed: str, said: str) -> None:
    add(world, "taken segment = vip --to #c")
    assert said in world.said(f"/alerts route {typed}", user=MANAGER)
    assert "*1 route.*" in world.said("/alerts routes")


def test_who_is_no_manager_changes_no_route(world: World) -> None:
    assert "Only managers say where alerts are told" in world.said(
        "/alerts route add vips segment = vip --to owner", user=AIKO
    )
