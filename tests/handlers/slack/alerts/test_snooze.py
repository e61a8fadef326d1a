"""Snoozes: until a day, until it worsens, with a reason; by the menu's dialog and by a command."""

import pytest

from handlers.sweep import sweep
from handlers.tell import render
from rules.alerts.states import Reason, Resolution, Verb
from rules.instants import DAY, HOUR
from storage import alerts
from templates.codec import Press
from tests.handlers.slack.world import AIKO, MANAGER, NOW, TOM, World, everything
from tests.histories import purchases, rule

HOSTILE = "<!channel> *bold* `code` <https://evil.example|click> & more"


def last_message(world: World) -> str:
    with world.ctx.database.reading() as tx:
        return everything(render(tx, world.messages()[-1], world.ctx))


@pytest.mark.parametrize(
    ("typed", "until"),
    [
        ("1h", NOW + HOUR),
        ("tomorrow", NOW + DAY + 9 * HOUR),
        ("1w", NOW + 7 * DAY),
        ("3d", NOW + 3 * DAY),
        ("2024-10-15", NOW + 11 * DAY + 9 * HOUR),
        ("2024-10-15T15:00", NOW + 11 * DAY + 15 * HOUR),
    ],
)
def test_a_command_puts_an_alert_to_sleep_with_a_reason(world: World, typed: str, until: int) -> None:
    said = world.said(f"/alerts snooze 1 {typed} waiting for their budget")
    alert = world.alert()
    assert (alert.snoozed_until, alert.snoozed_by) == (until, TOM)
    assert alert.snooze_reason == "waiting for their budget"
    assert "Alert 1, Lapsing: Ann Bell." in said
    assert "Reason: waiting for their budget" in said
    assert "Reason: waiting for their budget" in last_message(world)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("1 2020-01-01", "A snooze must end in the future, 90 days from now at the latest"),
        ("1 2034-10-04", "A snooze must end in the future, 90 days"),
        ("1 520w", "A snooze must end in the future, 90 days"),
        ("1 soon", "“soon” is no end that I can read"),
        ("1", "Something is missing"),
        ("Ann 3d", "“Ann” is no number of an alert"),
        ("99 3d", "does not lead anywhere any more"),
    ],
)
def test_an_end_that_cannot_be_is_explained_and_changes_nothing(world: World, typed: str, said: str) -> None:
    assert said in world.said(f"/alerts snooze {typed}")
    assert world.alert().snoozed_until is None


@pytest.mark.parametrize(("reason", "kept"), [("😀", "😀"), ("x" * 3_000, "x" * 499 + "…"), ("", "")])
def test_whatever_reason_is_given_is_kept_as_it_can_be(world: World, reason: str, kept: str) -> None:
    world.said(f"/alerts snooze 1 3d {reason}")
    assert world.alert().snooze_reason == kept
    assert (f"Reason: {kept[:50]}" in last_message(world)) == bool(kept)


def test_a_hostile_reason_is_shown_and_does_nothing(world: World) -> None:
    world.press(Press.SNOOZE, 1, "date", menu=True)
    assert world.submit(world.modals[-1], day="2024-10-15", reason=HOSTILE) is None
    assert world.alert().snooze_reason == HOSTILE
    for said in (last_message(world), world.said("/alerts why 1")):
        assert "&lt;!channel&gt; ∗bold∗" in said
        assert "<!channel>" not in said
        assert "<https://evil" not in said


def test_the_menu_opens_a_dialog_and_what_is_submitted_acts_once(world: World) -> None:
    assert world.press(Press.SNOOZE, 1, "date", menu=True) is None
    assert world.alert().snoozed_until is None
    [modal] = world.modals
    assert "*Lapsing*: Ann Bell" in str(modal)
    for _ in range(2):
        # Slack may deliver it twice.
        assert world.submit(modal, trigger="same", day="2024-10-15", reason="budget") is None
    assert world.alert().snoozed_until == NOW + 11 * DAY + 9 * HOUR
    assert world.alert().steps == 2


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2020-01-01", "A snooze must end in the future"),
        ("2034-10-04", "A snooze must end in the future, 90 days"),
        ("", "Choose a day"),
        ("2024-02-31", "Choose a day"),
        ("tomorrow!!", "Choose a day"),
    ],
)
def test_a_dialog_says_at_its_field_what_is_wrong_and_stays_open(world: World, day: str, said: str) -> None:
    world.press(Press.SNOOZE, 1, "date", menu=True)
    wrong = world.submit(world.modals[-1], day=day)
    assert wrong is not None
    assert said in wrong["day"]
    # What was wrong is written anew in the same dialog.
    assert world.submit(world.modals[-1], day="2024-10-15") is None


def test_a_dialog_of_an_alert_that_has_ended_is_refused(world: World) -> None:
    world.press(Press.SNOOZE, 1, "date", menu=True)
    world.press(Press.RESOLVE, 1, "lost", user=AIKO, menu=True)
    wrong = world.submit(world.modals[-1], day="2024-10-15")
    assert wrong is not None
    assert "has ended already (lost" in wrong["day"]
    stale = world.press(Press.SNOOZE, 1, "date", menu=True)
    assert stale is not None
    assert "has ended already (lost" in stale[0].text
    assert len(world.modals) == 1


@pytest.mark.parametrize(
    "forged", ["", "1:snooze:1:forever", "1:resolve:1:lost", "1:snooze:99:date", "nonsense"]
)
def test_a_forged_dialog_changes_nothing(world: World, forged: str) -> None:
    world.press(Press.SNOOZE, 1, "date", menu=True)
    wrong = world.submit({**world.modals[-1], "private_metadata": forged}, day="2024-10-15")
    assert wrong is not None
    assert "does not lead anywhere" in wrong["day"]
    assert world.alert().steps == 1


def test_a_dialog_that_slack_does_not_open_is_made_up_for_by_a_command(world: World) -> None:
    answer = world.press(Press.SNOOZE, 1, "date", menu=True, trigger="expired")
    assert answer is not None
    assert "`/alerts snooze 1 2026-12-24`" in answer[0].text


def test_a_press_from_another_workspace_is_refused(world: World) -> None:
    answer = world.press(Press.CLAIM, 1, team="T0OTHERS")
    assert answer is not None
    assert "from another workspace" in answer[0].text
    assert world.alert().claimed_by is None


def test_until_it_worsens_it_sleeps_and_wakes_by_its_numbers(world: World) -> None:
    world.press(Press.SNOOZE, 1, "worse", menu=True)
    alert = world.alert()
    assert alert.snoozed_until == NOW + 90 * DAY
    assert alert.worse_than is not None
    assert "until it worsens" in last_message(world)
    # 34 days by now; a quarter more is 42.5.
    sweep(world.ctx, as_of=NOW + 8 * DAY)
    assert world.alert().snoozed_until is not None
    sweep(world.ctx, as_of=NOW + 9 * DAY)
    woken = world.alert()
    assert (woken.snoozed_until, woken.worse_than) == (None, None)
    with world.ctx.database.reading() as tx:
        last = alerts.transitions(tx, woken)[-1]
    assert (last.verb, last.reason, last.at) == (Verb.WAKE, Reason.WORSENED, NOW + 9 * DAY)
    told = "Ann Bell got worse and is awake. Last purchase: 34 days ago → 43 days ago."
    with world.ctx.database.reading() as tx:
        assert any(told in everything(render(tx, one, world.ctx)) for one in world.messages())


def test_a_graver_rule_wakes_it_and_a_milder_one_does_not(world: World) -> None:
    world.said("/alerts snooze 1 worse")
    rule(world.ctx.database, "mild", "silent(purchase, 31d)", severity="low")
    sweep(world.ctx, as_of=NOW + DAY)
    assert world.alert().snoozed_until is not None
    rule(world.ctx.database, "grave", "silent(purchase, 32d)", severity="high")
    sweep(world.ctx, as_of=NOW + 2 * DAY)
    assert world.alert().snoozed_until is None
    assert "Ann Bell got worse and is awake: Grave opened as well." in world.said("/alerts why 1")


def test_who_recovers_while_it_sleeps_until_worse_ends_as_ever(world: World) -> None:
    world.said("/alerts snooze 1 worse")
    purchases(world.ctx.database, 1, [NOW + DAY // 2])
    sweep(world.ctx, as_of=NOW + DAY)
    alert = world.alert()
    assert (alert.resolution, alert.worse_than) == (Resolution.RECOVERED, None)


def test_a_command_wakes_it(world: World) -> None:
    world.said("/alerts snooze 1 3d")
    assert "*Open.*" in world.said("/alerts snooze 1 wake")
    assert world.alert().snoozed_until is None
    assert "awake already" in world.said("/alerts snooze 1 wake")


def test_what_was_snoozed_before_anybody_was_told_is_told_when_it_wakes(world: World) -> None:
    world.said("/alerts silence segment = vip --until 2d", user=MANAGER)
    rule(world.ctx.database, "gone", "silent(purchase, 35d)")
    sweep(world.ctx, as_of=NOW + 2 * DAY - 1)
    world.clock.at = NOW + 2 * DAY - 1
    world.said("/alerts snooze 2 3d a holiday")
    sweep(world.ctx, as_of=NOW + 3 * DAY)
    alert = world.alert(2)
    assert (alert.root, alert.held_by) == (None, "snooze")
    world.clock.at = NOW + 3 * DAY
    assert f"🔕 *Not told,* because <@{TOM}> snoozed it until" in world.said("/alerts why Ann Bell gone")
    sweep(world.ctx, as_of=NOW + 5 * DAY)
    assert world.alert(2).root is not None
