"""Silences: managers let nobody be told of some customers for a while."""

import pytest

from handlers.sweep import sweep
from rules.instants import DAY
from tests.handlers.slack.world import MANAGER, NOW, TOM, World
from tests.histories import rule


def silenced(world: World, typed: str = "segment = vip --until 3d the shop is closed") -> str:
    return world.said(f"/alerts silence {typed}", user=MANAGER)


def alert_of(world: World, name: str) -> str:
    return world.said(f"/alerts why Ann Bell {name}")


def test_a_silence_keeps_new_alerts_untold_until_it_ends_by_itself(world: World) -> None:
    said = silenced(world)
    assert "*Silence 1* is in force until" in said
    assert "It holds for 1 customer now." in said
    before = len(world.messages())
    rule(world.ctx.database, "gone", "silent(purchase, 35d)", severity="high")
    sweep(world.ctx, as_of=NOW + 2 * DAY)
    assert len(world.messages()) == before
    world.clock.at = NOW + 2 * DAY
    why = alert_of(world, "gone")
    assert f"🔕 *Not told,* because silence 1 of <@{MANAGER}> holds for this customer until <!date^" in why
    assert "*Last held back* by a silence on" in why
    assert "*What kept it from being told*\n• by a silence on" in world.said("/alerts why 2")
    # The message that stood there before goes on as ever.
    assert world.press("1:claim:1") is None
    sweep(world.ctx, as_of=NOW + 3 * DAY)
    assert world.alert(2).root is not None
    assert world.alert(2).held_by is None


def test_a_silence_that_is_ended_lets_all_be_told_at_the_next_tick(world: World) -> None:
    rule(world.ctx.database, "gone", "silent(purchase, 35d)")
    silenced(world, "segment = vip --until 2024-12-31 --rule gone for the move")
    sweep(world.ctx, as_of=NOW + 2 * DAY)
    assert world.alert(2).held_by == "silence"
    listed = world.said("/alerts silences")
    assert "only alerts of *Gone*" in listed
    assert "for the move" in listed
    assert "*Silence 1* is over" in world.said("/alerts unsilence 1", user=MANAGER)
    assert "No silence 1 is in force" in world.said("/alerts unsilence 1", user=MANAGER)
    sweep(world.ctx, as_of=NOW + 2 * DAY + 1)
    assert world.alert(2).root is not None
    assert "No silence is in force" in world.said("/alerts silences")
    assert [one.action for one in world.audited("silence:1")] == ["silence.end", "silence.add"]


def test_a_silence_of_everybody_says_so(world: World) -> None:
    assert "*That is everybody:* it holds for all 2 customers" in silenced(world, "tenure >= 0 --until 1d")


def test_who_is_no_manager_silences_nobody(world: World) -> None:
    assert "Only managers make and end silences" in world.said(
        "/alerts silence segment = vip --until 3d", user=TOM
    )
    silenced(world)
    assert "Only managers make and end silences" in world.said("/alerts unsilence 1", user=TOM)
    assert "*1 silence is in force*" in world.said("/alerts silences")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("segment = vip", "A silence needs an end"),
        ("segment = vip --until 2020-01-01", "A silence must end in the future"),
        ("segment = vip --until 2034-10-04", "A silence must end in the future, 366 days from now"),
        ("segment = vip --until whenever", "“whenever” is no end"),
        ("segmnt = vip --until 3d", "This condition does not work yet"),
        ("segment = vip --rule lapsin --until 3d", "Did you mean lapsing?"),
        ("segment = vip --rule overdue --until 3d", "The rule overdue ships with me and is not chosen"),
        ("--until 3d", "Something is missing"),
    ],
)
def test_what_cannot_be_silenced_is_explained(world: World, typed: str, said: str) -> None:
    assert said in silenced(world, typed)
    assert "No silence is in force" in world.said("/alerts silences")


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("segment = vip --rule “Lapsing” --until tomorrow a holiday", "a holiday"),
        ("segment = vip —until “1d” --rule lapsing a holiday", "a holiday"),
        ("segment = vip --until 1d a bank --rule lapsing holiday --reason of all", "a bank holiday of all"),
    ],
)
def test_quotes_and_the_order_of_options_do_not_matter(world: World, typed: str, reason: str) -> None:
    made = silenced(world, typed)
    assert "*Silence 1:* customers for whom segment is “vip”; only alerts of *Lapsing*" in made
    assert f"by <@{MANAGER}>: {reason}" in made


def test_a_word_that_is_no_number_of_a_silence_is_explained(world: World) -> None:
    assert "“three” is no number of a silence" in world.said("/alerts unsilence three", user=MANAGER)
