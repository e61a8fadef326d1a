"""Buttons: each press acts once, is told in the message, and is refused in words where it cannot be."""

import re

import pytest

from handlers import answer
from handlers.tell import render
from rules.alerts.states import AlertState, Reason, Resolution, Verb
from rules.instants import DAY, HOUR
from storage import alerts
from storage.outbox import Call, Subject
from templates.codec import Press
from tests.handlers.slack.world import AIKO, MANAGER, NOW, TOM, World, everything


def told(world: World) -> list[tuple[Call, Subject, str]]:
    """Every message after the first sweep's, as it would be sent."""
    with world.ctx.database.reading() as tx:
        return [
            (one.call, one.subject, everything(render(tx, one, world.ctx))) for one in world.messages()[1:]
        ]


def test_a_claim_is_told_in_the_message_and_in_its_thread(world: World) -> None:
    assert world.press(Press.CLAIM, 1) is None
    assert world.alert().claimed_by == TOM
    (_, reply_subject, reply), (edit_call, _, edit) = told(world)
    assert reply_subject is Subject.STEPS
    assert f"<@{TOM}> claimed Ann Bell." in reply
    assert edit_call is Call.UPDATE
    assert f"*Claimed* by <@{TOM}>" in edit


def test_the_same_press_delivered_twice_acts_once(world: World) -> None:
    world.press(Press.CLAIM, 1, trigger="same")
    assert world.press(Press.CLAIM, 1, trigger="same") is None
    # Also by another process, which has not seen the first.
    other = World(world.ctx, world.clock)
    assert other.press(Press.CLAIM, 1, trigger="same") is None
    assert world.alert().steps == 2


def test_of_two_who_claim_the_second_is_told_who_has_it(world: World) -> None:
    world.press(Press.CLAIM, 1, user=AIKO)
    answer = world.press(Press.CLAIM, 1, user=TOM)
    assert answer is not None
    assert f"<@{AIKO}> was faster" in answer[0].text
    assert world.alert().claimed_by == AIKO
    again = world.press(Press.CLAIM, 1, user=AIKO)
    assert again is not None
    assert "You have this alert already" in again[0].text


def test_only_the_claimant_or_a_manager_gives_it_back_and_a_refusal_is_audited(world: World) -> None:
    world.press(Press.CLAIM, 1, user=AIKO)
    refused = world.press(Press.UNCLAIM, 1, user=TOM)
    assert refused is not None
    assert (
        "“Give back” is for whoever claimed the alert, and for managers; nothing was changed. The manager"
        in refused[0].text
    )
    assert [(one.actor, one.action) for one in world.audited("alert:1")] == [(TOM, "refused:unclaim")]
    assert world.press(Press.UNCLAIM, 1, user=MANAGER) is None
    assert world.alert().claimed_by is None
    nobody = world.press(Press.UNCLAIM, 1, user=TOM)
    assert nobody is not None
    assert "Nobody has this alert" in nobody[0].text


@pytest.mark.parametrize(
    ("choice", "until"), [("hour", NOW + HOUR), ("morning", NOW + DAY + 9 * HOUR), ("week", NOW + 7 * DAY)]
)
def test_a_snooze_ends_when_it_says(world: World, choice: str, until: int) -> None:
    world.press(Press.SNOOZE, 1, choice, menu=True)
    alert = world.alert()
    assert (alert.snoozed_until, alert.snoozed_by) == (until, TOM)
    assert "*Snoozed* until <!date^" in told(world)[-1][2]


def test_a_snoozed_alert_can_be_woken(world: World) -> None:
    world.press(Press.SNOOZE, 1, "week", menu=True)
    assert world.press(Press.SNOOZE, 1, "wake", user=AIKO, menu=True) is None
    assert world.alert().snoozed_until is None
    awake = world.press(Press.SNOOZE, 1, "wake", menu=True)
    assert awake is not None
    assert "awake already" in awake[0].text


@pytest.mark.parametrize("end", ["recovered", "lost", "not_an_issue"])
def test_an_alert_ends_as_a_person_says_and_nothing_follows(world: World, end: str) -> None:
    world.press(Press.RESOLVE, 1, end, menu=True)
    alert = world.alert()
    assert (alert.state, alert.resolution, alert.resolved_by) == (AlertState.RESOLVED, Resolution(end), TOM)
    after = world.press(Press.CLAIM, 1, user=AIKO)
    assert after is not None
    assert f"has ended already ({end.replace('_', ' ')}, says <@{TOM}>)" in after[0].text
    with world.ctx.database.reading() as tx:
        steps = alerts.transitions(tx, alert)
    assert [(one.verb, one.reason, one.actor) for one in steps] == [
        (Verb.OPEN, Reason.ENTERED, None),
        (Verb.RESOLVE, Reason.BY_PERSON, TOM),
    ]


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "1:claim:999",
        "1:claim:1:extra",
        "2:claim:1",
        "1:claim:-1",
        "1:claim:01",
        "1:drop:1",
        "1:resolve:1:rule_changed",
        "1:snooze:1:forever",
        "1:claim:1\n",
        "1:claim:99999999999999999999",
        "1:claim:" + "1" * 5_000,
        "1:digest:1:-1",
        "1:card:77",
        "1:card:999999999999999999",
        "1:alert:999999999999999999",
        "1:customer:999999999999999999",
        "1:timeline:999999999999999999:999999",
        "1:timeline:1:999999",
        "1:digest:999999999999999999:999999",
        "1:digest:1:999999",
        "1:open:999999999999999999",
        "1:mine:999999999999999999",
        "1:needy:999999999999999999",
        "1:my_needy:999999999999999999",
        "1:snooze:999999999999999999:hour",
        "1:customer:77",
    ],
)
def test_a_forged_value_is_explained_and_changes_nothing(world: World, forged: str) -> None:
    before = len(world.messages())
    answer = world.press(forged)
    assert answer is not None
    assert not answer[1]
    assert answer[0].text
    assert "Something went wrong" not in answer[0].text
    assert (len(world.messages()), world.alert().steps) == (before, 1)


def test_a_press_in_an_ephemeral_card_replaces_the_card(world: World) -> None:
    shown = world.press(Press.ALERT, 1)
    assert shown is not None
    assert "📉 Lapsing: Ann Bell" in everything(shown[0])
    claimed = world.press(Press.CLAIM, 1, ephemeral=True)
    assert claimed is not None
    answer, replace = claimed
    assert replace
    assert f"*Claimed* by <@{TOM}>" in everything(answer)


def test_the_customer_button_shows_the_card_to_the_presser_alone(world: World) -> None:
    shown = world.press(Press.CUSTOMER, 1)
    assert shown is not None
    assert "Ann Bell" in everything(shown[0])
    assert "2 times" in everything(shown[0])
    timeline = world.press(Press.TIMELINE, 1, "0")
    assert timeline is not None
    assert "purchase  ·  $10.00" in everything(timeline[0])


def test_a_failure_nobody_foresaw_is_answered_with_a_reference(
    world: World, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret of Ann Bell")

    monkeypatch.setattr(answer, "card_of_alert", broken)
    shown = world.press(Press.CUSTOMER, 1)
    assert shown is not None
    found = re.search(r"tell your administrator the reference ([0-9a-f]{8})", shown[0].text)
    assert found
    assert "secret" not in shown[0].text
    assert found[1] in capfd.readouterr().out
