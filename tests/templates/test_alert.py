import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.limits import message_content
from rules.alerts.evidence import Evidence
from rules.alerts.states import Resolution
from templates.alert import alert_message, customer_message
from templates.blocks import Rendered
from templates.codec import Press, Value, decode
from templates.views import AlertView, Person, Standing
from tests.templates.given import ALERT, HOSTILE, NOW, VOICE, alerts


def shown(message: Rendered) -> str:
    return json.dumps([message.text, message.blocks], ensure_ascii=False)


def elements(message: Rendered) -> list[dict[str, object]]:
    return [
        element for block in message.blocks if block["type"] == "actions" for element in block["elements"]
    ]


def test_tells_what_happened_in_numbers_whose_customer_it_is_and_what_to_do() -> None:
    message = alert_message(ALERT, VOICE)
    assert message.text == ("Lapsing: Ann Bell (Last purchase: 34 days ago). ⚪ *Open.* Nobody has it yet.")
    assert message.blocks[0]["text"]["text"] == "📉 Lapsing: Ann Bell"
    everything = shown(message)
    for piece in (
        "Last purchase\\n*34 days ago*",
        "Purchase count, in all\\n*12*",
        "Spent so far\\n*$840.20*",
        "Call them and ask what changed.",
        "vip",
        "owner <@U08TOMBECKR>",
        "id C-17",
        "<https://crm.example/c/C-17|open in the CRM>",
        "●●● high",
        "Because: no purchase for 30 days, and the count of purchase ever is at least 3",
    ):
        assert piece in everything


def test_has_buttons_whose_values_name_the_alert() -> None:
    found = elements(alert_message(ALERT, VOICE))
    assert [one["type"] for one in found] == ["button", "static_select", "static_select", "button"]
    assert decode(found[0]["value"]) == Value(Press.CLAIM, 812)
    snooze = [option["value"] for option in found[1]["options"]]  # type: ignore[attr-defined]
    assert [decode(value).choice for value in snooze] == ["hour", "morning", "week", "date", "worse"]
    resolve = [option["value"] for option in found[2]["options"]]  # type: ignore[attr-defined]
    assert [decode(value).choice for value in resolve] == ["recovered", "lost", "not_an_issue"]


@pytest.mark.parametrize(
    ("standing", "said"),
    [
        (Standing(claimed_by="U08TOMBECKR"), "👀 *Claimed* by <@U08TOMBECKR>."),
        (
            Standing(claimed_by="U08TOMBECKR", snoozed_until=NOW, snoozed_by="U08AIKOTNKA"),
            "💤 *Snoozed* until <!date^1795343400^{date_short}, {time}|Nov 22, 2026, 11:30\u202fAM> by <@U08AIKOTNKA>.",
        ),
    ],
)
def test_says_where_it_stands(standing: Standing, said: str) -> None:
    message = alert_message(replace(ALERT, standing=standing), VOICE)
    assert message.blocks[1]["text"]["text"] == said
    assert message.text.endswith(said)
    assert elements(message)


@pytest.mark.parametrize("resolution", Resolution)
@pytest.mark.parametrize("who", [None, "U08TOMBECKR"])
def test_an_alert_that_ended_says_how_and_asks_no_more_than_whether_it_was_useful(
    resolution: Resolution, who: str | None
) -> None:
    standing = Standing(resolution=resolution, resolved_by=who, resolved_at=NOW, claimed_by="U08AIKOTNKA")
    message = alert_message(replace(ALERT, standing=standing), VOICE)
    assert [element["value"] for element in elements(message)] == [
        f"1:customer:{ALERT.id}",
        f"1:vote:{ALERT.id}:up",
        f"1:vote:{ALERT.id}:down",
    ]
    assert "Call them" not in shown(message)
    assert message.blocks[0]["text"]["text"][0] in "✅🚪👌⌛📝"


def test_what_never_happened_is_said_so() -> None:
    facts = (Evidence("days_since(purchase)", None), Evidence("attr.plan", None))
    message = shown(alert_message(replace(ALERT, facts=facts), VOICE))
    assert r"Last purchase\n*never*" in message
    assert r"Plan\n*unknown*" in message


def test_a_hostile_name_mentions_nobody_and_breaks_nothing() -> None:
    who = Person(external_id=HOSTILE, name=HOSTILE, segment=HOSTILE, owner=HOSTILE)
    message = alert_message(replace(ALERT, customer=who), VOICE)
    header, *rest = message.blocks
    assert header["text"]["type"] == "plain_text"
    assert header["text"]["emoji"] is False
    assert "\n" not in header["text"]["text"]
    for text in (message.text, json.dumps(rest, ensure_ascii=False)):
        assert "<!channel>" not in text
        assert "<@U1>" not in text
        assert "&lt;!channel&gt; &amp; &lt;@U1&gt;" in text
    assert not {"\u202e", "\x00"} & set(shown(message))


def test_the_content_changes_with_what_is_shown_and_only_then() -> None:
    first = alert_message(ALERT, VOICE)
    assert alert_message(ALERT, VOICE).content == first.content
    claimed = alert_message(replace(ALERT, standing=Standing(claimed_by="U1ABCD")), VOICE)
    assert claimed.content != first.content


@settings(max_examples=80, deadline=None)
@given(alerts)
def test_slack_takes_whatever_it_is_made_of(view: AlertView) -> None:
    message = alert_message(view, VOICE)
    message_content({"text": message.text, "blocks": message.blocks}, is_update=True)
    ended, claimed = view.standing.resolution is not None, view.standing.claimed_by is not None
    assert len(elements(message)) == (1 if ended else 4) + (2 if ended or claimed else 0)


def test_several_alerts_of_a_customer_name_the_customer_once() -> None:
    drop = replace(
        ALERT,
        id=813,
        rule=replace(ALERT.rule, name="usage_drop", action=""),
        standing=Standing(claimed_by="U1ABCD"),
    )
    over = replace(
        ALERT,
        id=814,
        rule=replace(ALERT.rule, name="big_tickets"),
        standing=Standing(resolution=Resolution.LOST),
    )
    message = customer_message([ALERT, drop, over], VOICE)
    assert message.text == "3 alerts about Ann Bell: Lapsing, Usage drop and Big tickets. 2 still open."
    told = shown(message)
    assert message.blocks[0]["text"]["text"] == "📉 Ann Bell: 3 alerts at once"
    assert told.count("Ann Bell") == 2, "in the headline and in the sentence"
    assert told.count("owner <@U08TOMBECKR>") == 1
    assert told.count("Spent so far: $840.20") == 1
    for piece in (
        "*📉 Lapsing*\\n⚪ *Open.*",
        "*📉 Usage drop*\\n👀 *Claimed* by <@U1ABCD>",
        "*🚪 Big tickets*",
        "alert 813",
    ):
        assert piece in told, piece
    pressed = [decode(one["value"]) for one in elements(message) if one["type"] == "button"]
    assert pressed == [Value(Press.CLAIM, 812), Value(Press.UNCLAIM, 813), Value(Press.CUSTOMER, 812)]


@settings(max_examples=40, deadline=None)
@given(st.lists(alerts, min_size=2, max_size=4, unique_by=lambda one: one.id))
def test_slack_takes_whatever_alerts_of_a_customer(views: list[AlertView]) -> None:
    message = customer_message(views, VOICE)
    message_content({"text": message.text, "blocks": message.blocks}, is_update=True)
