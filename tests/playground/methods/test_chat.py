from typing import Any

import pytest
from slack_sdk import WebClient

from playground import Playground
from playground.people import AIKO, BOT_USER_ID, CUSTOMER_CARE, MAYA
from tests.playground.conftest import client_of
from tests.playground.sample import alert_blocks, plain
from tests.playground.test_api import error_of

JSON = dict[str, Any]
METADATA = {"event_type": "warmline_alert", "event_payload": {"key": "k1"}}


def test_a_message_is_stored_as_it_was_sent(slack: Playground, client: WebClient) -> None:
    sent = alert_blocks("Claudia Reyes")
    answer = client.chat_postMessage(channel="#customer-care", text="Claudia", blocks=sent, metadata=METADATA)
    assert answer["channel"] == CUSTOMER_CARE
    (message,) = slack.workspace.messages(CUSTOMER_CARE)
    assert (message.ts, message.text, message.metadata) == (answer["ts"], "Claudia", METADATA)
    assert [block["type"] for block in message.blocks] == [block["type"] for block in sent]
    wire = answer["message"]
    assert (wire["user"], wire["bot_id"], wire["app_id"]) == (BOT_USER_ID, "B08WARMLINE", "A08WARMLINE")
    assert wire["metadata"] == METADATA


def test_stamps_only_grow(client: WebClient) -> None:
    stamps = [client.chat_postMessage(channel=CUSTOMER_CARE, text=str(n))["ts"] for n in range(20)]
    assert stamps == sorted(set(stamps))


def test_a_users_id_is_their_direct_message(slack: Playground, client: WebClient) -> None:
    direct = slack.workspace.direct_message(MAYA)
    assert direct
    assert client.chat_postMessage(channel=MAYA, text="hello")["channel"] == direct.id


def test_a_channels_name_serves_to_post_and_for_nothing_else(slack: Playground, client: WebClient) -> None:
    named = ("#customer-care", "customer-care")
    posted = [client.chat_postMessage(channel=name, text="x") for name in named]
    assert [answer["channel"] for answer in posted] == [CUSTOMER_CARE, CUSTOMER_CARE]
    assert all(client.chat_postEphemeral(channel=name, user=MAYA, text="x")["ok"] for name in named)
    ts = posted[0]["ts"]
    for given in (*named, MAYA, ""):
        for call, args in (
            (client.chat_update, {"ts": ts, "text": "y"}),
            (client.chat_delete, {"ts": ts}),
            (client.chat_getPermalink, {"message_ts": ts}),
            (client.conversations_history, {}),
            (client.conversations_replies, {"ts": ts}),
            (client.conversations_info, {}),
        ):
            assert error_of(call, channel=given, **args)["error"] == "channel_not_found"
    assert (
        error_of(client.chat_postEphemeral, channel=MAYA, user=MAYA, text="x")["error"] == "channel_not_found"
    )
    assert [m.text for m in slack.workspace.messages(CUSTOMER_CARE)] == ["x", "x"]


def test_replies_stand_under_the_root_even_when_a_reply_is_named(
    slack: Playground, client: WebClient
) -> None:
    root = client.chat_postMessage(channel=CUSTOMER_CARE, text="root")["ts"]
    reply = client.chat_postMessage(channel=CUSTOMER_CARE, text="a", thread_ts=root)["ts"]
    client.chat_postMessage(channel=CUSTOMER_CARE, text="b", thread_ts=reply)
    assert [m.text for m in slack.workspace.replies(CUSTOMER_CARE, root)] == ["a", "b"]
    assert (
        error_of(client.chat_postMessage, channel=CUSTOMER_CARE, text="x", thread_ts="1.2")["error"]
        == "thread_not_found"
    )
    assert (
        error_of(client.chat_postMessage, channel=CUSTOMER_CARE, text="x", thread_ts="x")["error"]
        == "invalid_thread_ts"
    )


def test_channels_that_cannot_be_posted_to(slack: Playground, client: WebClient) -> None:
    assert error_of(client.chat_postMessage, channel="C0NOWHERE", text="x")["error"] == "channel_not_found"
    slack.workspace.change_channel(CUSTOMER_CARE, app_is_member=False)
    assert error_of(client.chat_postMessage, channel=CUSTOMER_CARE, text="x")["error"] == "not_in_channel"
    slack.workspace.change_channel(CUSTOMER_CARE, app_is_member=True, archived=True)
    assert error_of(client.chat_postMessage, channel=CUSTOMER_CARE, text="x")["error"] == "is_archived"
    slack.workspace.change_channel(CUSTOMER_CARE, archived=False)
    assert client.chat_postMessage(channel=CUSTOMER_CARE, text="x")["ok"]
    slack.workspace.remove_channel(CUSTOMER_CARE)
    assert error_of(client.chat_postMessage, channel=CUSTOMER_CARE, text="x")["error"] == "channel_not_found"


def test_a_scope_lets_the_app_post_where_it_is_not() -> None:
    with Playground(scopes=frozenset({"chat:write", "chat:write.public"})) as slack:
        slack.workspace.change_channel(CUSTOMER_CARE, app_is_member=False)
        assert client_of(slack).chat_postMessage(channel=CUSTOMER_CARE, text="x")["ok"]


def test_refused_payloads_come_back_with_their_place(slack: Playground, client: WebClient) -> None:
    header = {"type": "header", "text": plain("x" * 151)}
    body = error_of(client.chat_postMessage, channel=CUSTOMER_CARE, text="x", blocks=[header])
    assert body["error"] == "invalid_blocks"
    assert body["response_metadata"]["messages"] == [
        "[ERROR] must be less than 151 characters [json-pointer:/blocks/0/text/text]"
    ]
    assert slack.workspace.messages(CUSTOMER_CARE) == ()


def test_long_text_is_cut_with_a_warning(client: WebClient) -> None:
    answer = client.chat_postMessage(channel=CUSTOMER_CARE, text="x" * 40_001)
    assert answer["response_metadata"]["warnings"] == ["message_truncated"]
    assert len(answer["message"]["text"]) == 40_000


def test_an_update_keeps_what_it_does_not_name(slack: Playground, client: WebClient) -> None:
    ts = client.chat_postMessage(
        channel=CUSTOMER_CARE, text="old", blocks=alert_blocks("A"), metadata=METADATA
    )["ts"]
    answer = client.chat_update(channel=CUSTOMER_CARE, ts=ts, text="new")
    assert answer["text"] == "new"
    message = slack.workspace.message(CUSTOMER_CARE, ts)
    assert message
    assert message.blocks
    assert message.metadata == METADATA
    assert message.edited_ts
    client.chat_update(channel=CUSTOMER_CARE, ts=ts, text="new", blocks=[], metadata={})
    message = slack.workspace.message(CUSTOMER_CARE, ts)
    assert message
    assert (message.blocks, message.metadata) == ((), None)


def test_what_cannot_be_updated_or_deleted(slack: Playground, client: WebClient) -> None:
    theirs = slack.interactions.say(MAYA, CUSTOMER_CARE, "mine")
    mine = client.chat_postMessage(channel=CUSTOMER_CARE, text="x")["ts"]
    args: JSON = {"channel": CUSTOMER_CARE, "text": "y"}
    assert error_of(client.chat_update, **args, ts=theirs.ts)["error"] == "cant_update_message"
    assert error_of(client.chat_update, **args, ts="1.000001")["error"] == "message_not_found"
    assert (
        error_of(client.chat_update, channel=CUSTOMER_CARE, ts=mine, text="x" * 4001)["error"]
        == "msg_too_long"
    )
    assert error_of(client.chat_delete, channel=CUSTOMER_CARE, ts=theirs.ts)["error"] == "cant_delete_message"
    slack.workspace.change_channel(CUSTOMER_CARE, archived=True)
    assert error_of(client.chat_update, **args, ts=mine)["error"] == "is_inactive"


def test_a_deleted_message_is_gone_for_readers_and_kept_for_tests(
    slack: Playground, client: WebClient
) -> None:
    ts = client.chat_postMessage(channel=CUSTOMER_CARE, text="x", metadata=METADATA)["ts"]
    client.chat_delete(channel=CUSTOMER_CARE, ts=ts)
    assert error_of(client.chat_delete, channel=CUSTOMER_CARE, ts=ts)["error"] == "message_not_found"
    assert client.conversations_history(channel=CUSTOMER_CARE)["messages"] == []
    (kept,) = slack.workspace.everything()
    assert (kept.deleted, kept.metadata) == (True, METADATA)


def test_only_its_reader_sees_an_ephemeral_message(slack: Playground, client: WebClient) -> None:
    answer = client.chat_postEphemeral(channel=CUSTOMER_CARE, user=MAYA, text="psst")
    assert [m.ts for m in slack.workspace.ephemerals(MAYA)] == [answer["message_ts"]]
    assert slack.workspace.ephemerals(AIKO) == ()
    assert client.conversations_history(channel=CUSTOMER_CARE)["messages"] == []
    assert (
        error_of(client.chat_update, channel=CUSTOMER_CARE, ts=answer["message_ts"], text="x")["error"]
        == "message_not_found"
    )
    error = error_of(client.chat_postEphemeral, channel=CUSTOMER_CARE, user="U0NOBODY", text="x")
    assert error["error"] == "user_not_in_channel"


@pytest.mark.parametrize("known", [True, False])
def test_a_permalink_for_a_message_that_is_there(client: WebClient, *, known: bool) -> None:
    ts = client.chat_postMessage(channel=CUSTOMER_CARE, text="x")["ts"]
    if known:
        assert (
            ts.replace(".", "") in client.chat_getPermalink(channel=CUSTOMER_CARE, message_ts=ts)["permalink"]
        )
    else:
        refused = error_of(client.chat_getPermalink, channel=CUSTOMER_CARE, message_ts="1.1")
        assert refused["error"] == "message_not_found"
