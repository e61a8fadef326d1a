import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from playground import Playground
from playground.api import METHODS
from playground.people import CUSTOMER_CARE, DEFAULT_SCOPES
from tests.playground.conftest import client_of

JSON = dict[str, Any]


def raw(
    slack: Playground,
    method: str,
    body: bytes | None = None,
    *,
    token: str | None = None,
    kind: str | None = None,
) -> tuple[int, JSON, dict[str, str]]:
    """Call without Slack's client, to send what it would not."""
    headers = {}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if kind:
        headers["Content-Type"] = kind
    request = urllib.request.Request(slack.api_url + method, body, headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, json.loads(answer.read()), dict(answer.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read()), dict(error.headers)


def error_of(call: Any, **args: Any) -> JSON:
    with pytest.raises(SlackApiError) as refused:
        call(**args)
    body: JSON = refused.value.response.data
    return body


def test_auth_test_tells_who_the_app_is(slack: Playground, client: WebClient) -> None:
    answer = client.auth_test()
    assert answer["user_id"] == slack.workspace.installation.bot_user
    assert answer["team"] == "Northwind Goods"
    assert "chat:write" in answer.headers["x-oauth-scopes"].split(",")


def test_tokens_are_checked(slack: Playground, client: WebClient) -> None:
    assert raw(slack, "auth.test")[1] == {"ok": False, "error": "not_authed"}
    assert raw(slack, "auth.test", token="xoxb-wrong")[1]["error"] == "invalid_auth"
    assert raw(slack, "auth.test", f"token={slack.bot_token}".encode())[1]["ok"] is True
    assert (
        raw(slack, "chat.postMessage", b"{}", token=slack.app_token)[1]["error"] == "not_allowed_token_type"
    )
    assert (
        error_of(client.apps_connections_open, app_token=slack.bot_token)["error"] == "not_allowed_token_type"
    )
    slack.change_installation(token_error="token_revoked")
    assert error_of(client.auth_test)["error"] == "token_revoked"
    slack.change_installation()
    assert client.auth_test()["ok"]


def test_bodies_are_json_or_forms_and_nothing_else(slack: Playground) -> None:
    token = slack.bot_token
    form, js = "application/x-www-form-urlencoded", "application/json; charset=utf-8"
    assert raw(slack, "chat.postMessage", b"channel=general&text=hi", token=token, kind=form)[1]["ok"]
    sent = json.dumps({"channel": "general", "text": "hi"}).encode()
    assert raw(slack, "chat.postMessage", sent, token=token, kind=js)[1]["ok"]
    assert raw(slack, "chat.postMessage", b"{", token=token, kind=js)[1]["error"] == "invalid_json"
    assert raw(slack, "chat.postMessage", b"[]", token=token, kind=js)[1]["error"] == "json_not_object"
    assert raw(slack, "chat.postMessage", b"\xff", token=token, kind=js)[1]["error"] == "invalid_charset"
    assert (
        raw(slack, "chat.postMessage", b"x", token=token, kind="image/png")[1]["error"] == "invalid_post_type"
    )
    assert (
        raw(slack, "chat.postMessage", b"x" * 1_000_001, token=token, kind=js)[1]["error"]
        == "request_too_large"
    )
    assert raw(slack, "no.such", b"", token=token)[1] == {
        "ok": False,
        "error": "unknown_method",
        "req_method": "no.such",
    }


@pytest.mark.parametrize("name", sorted(name for name, method in METHODS.items() if method.scopes))
def test_every_method_asks_for_its_scope(name: str) -> None:
    needed = METHODS[name].scopes
    with Playground(scopes=DEFAULT_SCOPES - set(needed) | {"commands"}) as slack:
        answer = raw(slack, name, b"", token=slack.bot_token)[1]
    assert answer["error"] == "missing_scope"
    assert answer["needed"] == ",".join(needed)
    assert "commands" in answer["provided"].split(",")


def test_the_kind_of_channel_decides_on_the_scope() -> None:
    with Playground(scopes=frozenset({"im:history", "channels:read"})) as slack:
        client = client_of(slack)
        direct = slack.workspace.direct_message("U08MAYAORTZ")
        assert direct
        assert client.conversations_history(channel=direct.id)["messages"] == []
        refused = error_of(client.conversations_history, channel=CUSTOMER_CARE)
        assert (refused["error"], refused["needed"]) == ("missing_scope", "channels:history")
        assert error_of(client.conversations_list, types="im")["needed"] == "im:read"
        assert error_of(client.conversations_info, channel=direct.id)["needed"] == "im:read"


@pytest.fixture
def strict() -> Iterator[Playground]:
    with Playground(post_interval_s=1.0, post_burst=1) as running:
        yield running


def test_more_than_a_message_a_second_and_channel_is_429(strict: Playground) -> None:
    client = client_of(strict)
    client.chat_postMessage(channel=CUSTOMER_CARE, text="one")
    with pytest.raises(SlackApiError) as limited:
        client.chat_postMessage(channel=CUSTOMER_CARE, text="two")
    assert limited.value.response.status_code == 429
    assert limited.value.response.headers["Retry-After"] == "1"
    assert limited.value.response["error"] == "ratelimited"
    client.chat_postMessage(channel="sales", text="another channel")
    assert [m.text for m in strict.workspace.messages(CUSTOMER_CARE)] == ["one"]


def test_a_refused_message_costs_no_time(strict: Playground) -> None:
    client = client_of(strict)
    assert (
        error_of(client.api_call, api_method="chat.postMessage", json={"channel": "sales"})["error"]
        == "no_text"
    )
    assert client.chat_postMessage(channel="sales", text="one")["ok"]


def test_calls_are_kept_without_tokens(slack: Playground, client: WebClient) -> None:
    client.chat_postMessage(channel=CUSTOMER_CARE, text="one")
    error_of(client.chat_postMessage, channel="nowhere", text="x")
    raw(slack, "auth.test", f"token={slack.bot_token}".encode())
    posted = slack.api.calls("chat.postMessage")
    assert [(call.accepted, call.outcome) for call in posted] == [(True, "ok"), (False, "channel_not_found")]
    assert slack.bot_token not in repr(slack.api.calls())
