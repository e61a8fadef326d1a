"""What people do, as an app made with Slack's SDK gets it."""

import pytest

from playground import Playground
from playground.interactions import NotPossibleError
from playground.people import AIKO, CUSTOMER_CARE, GENERAL, MAYA, SALES, TEAM_ID, TOM
from tests.playground.sample import SampleApp, alert_blocks, button, option, plain, wait_for


def test_a_command_and_its_answer(slack: Playground, app: SampleApp) -> None:
    assert slack.command(TOM, CUSTOMER_CARE, "/customer", " find <b> & co ").ok
    wait_for(lambda: slack.workspace.ephemerals(TOM))
    (command,) = app.commands
    assert command["text"] == "find &lt;b&gt; &amp; co"
    assert (command["user_id"], command["user_name"], command["team_id"]) == (TOM, "tom", TEAM_ID)
    assert (command["channel_id"], command["channel_name"]) == (CUSTOMER_CARE, "customer-care")
    assert "You asked: find" in slack.workspace.ephemerals(TOM)[0].text


def test_in_a_direct_message_the_channel_says_so(slack: Playground, app: SampleApp) -> None:
    direct = slack.workspace.direct_message(MAYA)
    assert direct
    assert slack.command(MAYA, direct.id, "/customer").ok
    assert app.commands[0]["channel_name"] == "directmessage"


def test_a_button_brings_the_message_and_its_value(slack: Playground, app: SampleApp) -> None:
    ts = app.alert("Claudia Reyes", metadata={"event_type": "alert", "event_payload": {"key": "1"}})
    assert slack.click(AIKO, CUSTOMER_CARE, ts, "claim").ok
    (body,) = app.actions
    assert body["type"] == "block_actions"
    assert body["user"] == {"id": AIKO, "username": "aiko", "name": "aiko", "team_id": TEAM_ID}
    assert body["container"] == {
        "type": "message",
        "message_ts": ts,
        "channel_id": CUSTOMER_CARE,
        "is_ephemeral": False,
    }
    assert body["message"]["metadata"]["event_payload"] == {"key": "1"}
    (action,) = body["actions"]
    assert (action["type"], action["action_id"], action["block_id"]) == ("button", "claim", "actions")
    assert action["value"] == "1:claim"
    assert action["text"]["text"] == "Claim"
    assert float(action["action_ts"]) > float(ts)
    wait_for(lambda: slack.workspace.replies(CUSTOMER_CARE, ts))
    message = slack.workspace.message(CUSTOMER_CARE, ts)
    assert message
    assert message.blocks[-1]["elements"][0]["text"] == "Claimed by aiko"


def test_menus_bring_the_chosen_option_and_the_state(slack: Playground, app: SampleApp) -> None:
    ts = app.alert("Claudia Reyes")
    assert slack.click(MAYA, CUSTOMER_CARE, ts, "snooze", option="7d").ok
    assert slack.click(MAYA, CUSTOMER_CARE, ts, "more", option="why").ok
    snooze, more = app.actions
    assert snooze["actions"][0]["selected_option"] == option("1 week", "7d")
    state = {"type": "static_select", "selected_option": option("1 week", "7d")}
    assert snooze["state"]["values"] == {"actions": {"snooze": state}}
    assert more["actions"][0]["selected_option"]["value"] == "why"
    assert more["state"]["values"] == {"actions": {"snooze": state}}
    with pytest.raises(NotPossibleError):
        slack.click(MAYA, CUSTOMER_CARE, ts, "snooze", option="never")


@pytest.mark.parametrize(
    ("kind", "field"),
    [("conversations_select", "selected_conversation"), ("channels_select", "selected_channel")],
)
def test_a_menu_of_channels_brings_the_chosen_one(
    slack: Playground, app: SampleApp, kind: str, field: str
) -> None:
    element = {"type": kind, "action_id": "snooze", "placeholder": plain("Choose")}
    if kind == "conversations_select":
        element["filter"] = {"include": ["public"]}
    blocks = [{"type": "actions", "block_id": "which", "elements": [element]}]
    ts = app.client.chat_postMessage(channel=CUSTOMER_CARE, text="x", blocks=blocks)["ts"]
    slack.workspace.change_channel(SALES, archived=True)
    for option_ in (SALES, "D08MAYAORTZ", "C0NOWHERE"):
        with pytest.raises(NotPossibleError, match="no such channel"):
            slack.click(MAYA, CUSTOMER_CARE, ts, "snooze", option=option_)
    assert slack.click(MAYA, CUSTOMER_CARE, ts, "snooze", option=GENERAL).ok
    [body] = app.actions
    [action] = body["actions"]
    assert (action["type"], action["block_id"], action[field]) == (kind, "which", GENERAL)
    assert body["state"]["values"] == {"which": {"snooze": {"type": kind, field: GENERAL}}}


def test_an_ephemeral_message_is_not_in_the_payload(slack: Playground, app: SampleApp) -> None:
    shown = app.client.chat_postEphemeral(
        channel=CUSTOMER_CARE, user=MAYA, text="x", blocks=alert_blocks("Claudia Reyes")
    )
    assert slack.click(MAYA, CUSTOMER_CARE, shown["message_ts"], "resolve").ok
    (body,) = app.actions
    assert body["container"]["is_ephemeral"] is True
    assert "message" not in body
    with pytest.raises(NotPossibleError):
        slack.click(TOM, CUSTOMER_CARE, shown["message_ts"], "resolve")


def test_a_modal_opens_refuses_and_closes(slack: Playground, app: SampleApp) -> None:
    assert slack.command(MAYA, CUSTOMER_CARE, "/rules", "add").ok
    view = slack.views.top(MAYA)
    assert view
    assert view.sent["callback_id"] == "rule"

    def values(text: str) -> dict[str, object]:
        return {"condition": {"text": {"type": "plain_text_input", "value": text}}}

    refused = slack.interactions.submit(MAYA, values("silnt"))
    assert refused.payload
    assert refused.payload["errors"] == {"condition": "Did you mean silent(purchase, 30d)?"}
    assert slack.views.top(MAYA)
    assert slack.interactions.submit(MAYA, values("silent(purchase, 30d)")).ok
    assert slack.views.top(MAYA) is None
    assert app.submissions[1]["state"]["values"]["condition"]["text"]["value"] == "silent(purchase, 30d)"


def test_an_immediate_answer_is_shown_only_to_the_one_who_asked(slack: Playground, app: SampleApp) -> None:
    assert slack.command(MAYA, CUSTOMER_CARE, "/rules", "list").payload
    assert [m.text for m in slack.workspace.ephemerals(MAYA)] == ["There are no rules yet."]
    assert slack.workspace.messages(CUSTOMER_CARE) == ()
    assert app.commands


@pytest.mark.parametrize(
    ("user", "channel", "command"),
    [
        ("U0NOBODY", CUSTOMER_CARE, "/customer"),
        (MAYA, "C0NOWHERE", "/customer"),
        (MAYA, CUSTOMER_CARE, "/nosuch"),
    ],
)
def test_what_slacks_client_would_not_send(slack: Playground, user: str, channel: str, command: str) -> None:
    with pytest.raises(NotPossibleError):
        slack.command(user, channel, command)


def test_without_the_commands_scope_there_are_no_commands() -> None:
    with (
        Playground(scopes=frozenset({"chat:write"})) as slack,
        pytest.raises(NotPossibleError, match="not a valid command"),
    ):
        slack.command(MAYA, CUSTOMER_CARE, "/customer")


def test_people_talk_and_what_they_type_is_escaped(slack: Playground) -> None:
    said = slack.interactions.say(MAYA, SALES, "5 < 6 & <!channel>")
    assert said.text == "5 &lt; 6 &amp; &lt;!channel&gt;"
    slack.workspace.change_channel(SALES, archived=True)
    for text, channel in (("x", SALES), ("  ", CUSTOMER_CARE)):
        with pytest.raises(NotPossibleError):
            slack.interactions.say(MAYA, channel, text)


def test_an_action_id_in_two_blocks_is_told_apart_by_the_block(slack: Playground, app: SampleApp) -> None:
    blocks = [
        {"type": "actions", "block_id": b, "elements": [button("claim", b, value=b)]} for b in ("one", "two")
    ]
    ts = app.client.chat_postMessage(channel=CUSTOMER_CARE, text="x", blocks=blocks)["ts"]
    assert slack.click(MAYA, CUSTOMER_CARE, ts, "claim", block_id="two").ok
    assert app.actions[0]["actions"][0]["value"] == "two"
    assert plain("two") == app.actions[0]["actions"][0]["text"]
