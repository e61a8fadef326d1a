from typing import Any

import pytest
from slack_sdk import WebClient

from playground import Playground
from playground.people import BOT_USER_ID, CUSTOMER_CARE, DEFAULT_SCOPES, GENERAL, MAYA, SALES
from tests.playground.test_api import error_of

JSON = dict[str, Any]


def post(client: WebClient, text: str, **more: Any) -> str:
    return str(client.chat_postMessage(channel=CUSTOMER_CARE, text=text, **more)["ts"])


def texts(answer: Any) -> list[str]:
    return [message["text"] for message in answer["messages"]]


def test_history_is_newest_first_and_has_no_replies(slack: Playground, client: WebClient) -> None:
    root = post(client, "root")
    post(client, "reply", thread_ts=root)
    post(client, "shown", thread_ts=root, reply_broadcast=True)
    slack.interactions.say(MAYA, CUSTOMER_CARE, "a person")
    answer = client.conversations_history(channel=CUSTOMER_CARE)
    assert texts(answer) == ["a person", "shown", "root"]
    assert answer["messages"][1]["subtype"] == "thread_broadcast"
    told = answer["messages"][2]
    assert (told["reply_count"], told["thread_ts"], told["reply_users"]) == (2, root, [BOT_USER_ID])
    assert answer["has_more"] is False


def test_metadata_comes_whole_only_when_asked_for(client: WebClient) -> None:
    metadata = {"event_type": "warmline_alert", "event_payload": {"key": "k1"}}
    post(client, "x", metadata=metadata)
    (with_all,) = client.conversations_history(channel=CUSTOMER_CARE, include_all_metadata=True)["messages"]
    assert with_all["metadata"] == metadata
    (without,) = client.conversations_history(channel=CUSTOMER_CARE)["messages"]
    assert without["metadata"] == {"event_type": "warmline_alert", "event_payload": {}}


def test_paging_meets_every_message_once_though_others_arrive(client: WebClient) -> None:
    expected = [
        post(client, str(n), metadata={"event_type": "e", "event_payload": {"n": n}}) for n in range(25)
    ]
    met: list[JSON] = []
    cursor = None
    while True:
        page = client.conversations_history(
            channel=CUSTOMER_CARE, limit=10, cursor=cursor, include_all_metadata=True
        )
        met += page["messages"]
        post(client, "in between")
        cursor = page["response_metadata"]["next_cursor"]
        assert page["has_more"] is bool(cursor)
        if not cursor:
            break
    assert [m["ts"] for m in met] == expected[::-1]
    assert [m["metadata"]["event_payload"]["n"] for m in met] == list(range(25))[::-1]


def test_oldest_latest_and_inclusive(client: WebClient) -> None:
    ts = [post(client, str(n)) for n in range(5)]

    def between(**args: Any) -> list[str]:
        return texts(client.conversations_history(channel=CUSTOMER_CARE, **args))

    assert between(oldest=ts[1]) == ["4", "3", "2"]
    assert between(latest=ts[3]) == ["2", "1", "0"]
    assert between(oldest=ts[1], latest=ts[3]) == ["2"]
    assert between(oldest=ts[1], latest=ts[3], inclusive=True) == ["3", "2", "1"]
    assert between(oldest="0") == ["4", "3", "2", "1", "0"]


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ({"limit": "x"}, "invalid_limit"),
        ({"limit": 0}, "invalid_limit"),
        ({"cursor": "%%"}, "invalid_cursor"),
        ({"cursor": "bmV4dDox"}, "invalid_cursor"),
        ({"oldest": "x"}, "invalid_ts_oldest"),
        ({"latest": "1.x"}, "invalid_ts_latest"),
        ({"channel": "C0"}, "channel_not_found"),
    ],
)
def test_bad_arguments(client: WebClient, args: JSON, error: str) -> None:
    assert error_of(client.conversations_history, **{"channel": CUSTOMER_CARE, **args})["error"] == error


def test_a_channel_the_app_is_not_in_cannot_be_read(slack: Playground, client: WebClient) -> None:
    slack.workspace.change_channel(CUSTOMER_CARE, app_is_member=False)
    assert error_of(client.conversations_history, channel=CUSTOMER_CARE)["error"] == "not_in_channel"


def test_what_was_sent_to_a_person_cannot_be_read_without_its_scope(
    slack: Playground, client: WebClient
) -> None:
    sent = client.chat_postMessage(channel=MAYA, text="root")
    for call, args in (
        (client.conversations_history, {}),
        (client.conversations_replies, {"ts": sent["ts"]}),
    ):
        refused = error_of(call, channel=sent["channel"], **args)
        assert (refused["error"], refused["needed"]) == ("missing_scope", "im:history")
    slack.change_installation(scopes=DEFAULT_SCOPES | {"im:history"})
    assert texts(client.conversations_history(channel=sent["channel"])) == ["root"]


def test_a_thread_is_its_root_and_its_replies_oldest_first(client: WebClient) -> None:
    root = post(client, "root")
    replies = [
        post(client, f"r{n}", thread_ts=root, metadata={"event_type": "e", "event_payload": {"n": n}})
        for n in range(5)
    ]
    post(client, "elsewhere")
    answer = client.conversations_replies(channel=CUSTOMER_CARE, ts=root, include_all_metadata=True)
    assert [m["ts"] for m in answer["messages"]] == [root, *replies]
    assert [m["metadata"]["event_payload"]["n"] for m in answer["messages"][1:]] == list(range(5))
    assert answer["messages"][1]["parent_user_id"] == BOT_USER_ID
    first = client.conversations_replies(channel=CUSTOMER_CARE, ts=root, limit=4)
    second = client.conversations_replies(
        channel=CUSTOMER_CARE, ts=root, limit=4, cursor=first["response_metadata"]["next_cursor"]
    )
    assert texts(first) + texts(second) == ["root", "r0", "r1", "r2", "r3", "r4"]
    assert (
        error_of(client.conversations_replies, channel=CUSTOMER_CARE, ts="1.1")["error"] == "thread_not_found"
    )


def test_listing_and_looking_at_channels(slack: Playground, client: WebClient) -> None:
    slack.workspace.change_channel(SALES, archived=True)
    listed = client.conversations_list()["channels"]
    assert [(c["name"], c["is_member"], c["is_archived"]) for c in listed] == [
        ("customer-care", True, False),
        ("sales", True, True),
        ("general", True, False),
    ]
    assert [c["id"] for c in client.conversations_list(exclude_archived=True)["channels"]] == [
        CUSTOMER_CARE,
        GENERAL,
    ]
    assert error_of(client.conversations_list, types="im")["needed"] == "im:read"
    slack.change_installation(scopes=DEFAULT_SCOPES | {"im:read"})
    assert client.conversations_list(types="im")["channels"][0]["user"] == MAYA
    page = client.conversations_list(limit=2)
    rest = client.conversations_list(limit=2, cursor=page["response_metadata"]["next_cursor"])
    assert len(page["channels"]) == 2
    assert [c["name"] for c in rest["channels"]] == ["general"]
    assert client.conversations_info(channel=CUSTOMER_CARE)["channel"]["name"] == "customer-care"
    assert error_of(client.conversations_list, types="nonsense")["error"] == "invalid_types"


def test_opening_a_direct_message(slack: Playground, client: WebClient) -> None:
    direct = slack.workspace.direct_message(MAYA)
    assert direct
    assert error_of(client.conversations_open, users=MAYA)["needed"] == "im:write,mpim:write"
    slack.change_installation(scopes=DEFAULT_SCOPES | {"im:write"})
    assert client.conversations_open(users=MAYA)["channel"]["id"] == direct.id
    assert error_of(client.conversations_open, users="U0NOBODY")["error"] == "user_not_found"
    assert error_of(client.conversations_open, users="")["error"] == "users_list_not_supplied"
    assert error_of(client.conversations_open, users=f"{MAYA},U08TOMBECKR")["needed"] == "mpim:write"


def test_joining_needs_its_scope_and_an_open_channel(slack: Playground, client: WebClient) -> None:
    assert error_of(client.conversations_join, channel=SALES)["needed"] == "channels:join"
    slack.change_installation(scopes=slack.workspace.installation.scopes | {"channels:join"})
    slack.workspace.change_channel(SALES, app_is_member=False)
    assert client.conversations_join(channel=SALES)["channel"]["is_member"]
    slack.workspace.change_channel(SALES, archived=True)
    assert error_of(client.conversations_join, channel=SALES)["error"] == "is_archived"
