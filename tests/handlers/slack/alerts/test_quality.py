"""How good rules are, and old alerts that are ended together."""

from handlers.sweep import sweep
from rules.alerts.states import Reason, Resolution
from rules.instants import DAY, HOUR
from storage import alerts
from templates.codec import Press
from tests.handlers.slack.world import AIKO, MANAGER, NOW, TOM, World, button, everything
from tests.histories import customer, purchases


def test_a_vote_is_asked_for_after_a_claim_counts_once_each_and_may_change(world: World) -> None:
    shown = world.press(Press.ALERT, 1)
    assert shown is not None
    assert "Was this useful?" not in everything(shown[0])
    early = world.press(Press.VOTE, 1, "up")
    assert early is not None
    assert "does not lead anywhere" in early[0].text
    world.clock.at = NOW + 2 * HOUR
    world.press(Press.CLAIM, 1)
    shown = world.press(Press.ALERT, 1)
    assert shown is not None
    assert "Was this useful?" in everything(shown[0])
    for user, choice in ((TOM, "up"), (TOM, "down"), (AIKO, "up")):
        thanked = world.press(Press.VOTE, 1, choice, user=user)
        assert thanked is not None
        assert "Thank you" in thanked[0].text
    said = world.said("/alerts quality")
    for piece in (
        "📉 *Lapsing*",
        "Alerts told, of those opened\n*1 of 1*",
        "Claimed\n*1 (100%)*",
        "Ended by themselves\n*0 (0%)*",
        "Median time to a claim\n*2 h*",
        "Useful?\n*👍 1  👎 1*",
    ):
        assert piece in said
    assert "promised" not in said
    assert "There is no rule “x”" in world.said("/alerts quality x")


def test_what_the_preview_promised_stands_beside_what_came(world: World) -> None:
    world.saved("/rules add quiet silent(purchase, 20d)")
    said = world.said("/alerts quality quiet")
    assert "the preview had promised" in said
    assert "Lapsing" not in said


def test_old_alerts_are_counted_and_ended_once_a_manager_confirms(world: World) -> None:
    world.clock.at = NOW + 80 * DAY
    customer(world.ctx.database, 9, known_since=NOW)
    purchases(world.ctx.database, 9, [NOW + 45 * DAY])
    sweep(world.ctx)
    asked = world.command("/alerts resolve --rule lapsing --older 60d", user=MANAGER)
    assert asked is not None
    assert "*1 alert* of Lapsing, of 3 that are open" in asked.text
    value = button(asked, "End them")
    refused = world.press(value, user=TOM, ephemeral=True)
    assert refused is not None
    assert "Only managers end many alerts at once" in refused[0].text
    done = world.press(value, user=MANAGER, ephemeral=True)
    assert done is not None
    assert "1 old alert of Lapsing was ended" in done[0].text
    alert = world.alert()
    assert (alert.resolution, alert.resolved_by) == (Resolution.EXPIRED, MANAGER)
    with world.ctx.database.reading() as tx:
        assert alerts.transitions(tx, alert)[-1].reason is Reason.TOO_OLD
    again = world.press(value, user=MANAGER, ephemeral=True)
    assert again is not None
    assert "does not lead anywhere" in again[0].text
    assert "No alert of lapsing has been open for that long" in world.said(
        "/alerts resolve --rule lapsing --older 85d", user=MANAGER
    )


def test_what_cannot_be_ended_together_is_explained(world: World) -> None:
    assert "Something is missing" in world.said("/alerts resolve --rule lapsing", user=MANAGER)
    assert "“old” is no length of time" in world.said(
        "/alerts resolve --rule lapsing --older old", user=MANAGER
    )
    assert "Only managers" in world.said("/alerts resolve --rule lapsing --older 60d", user=TOM)
