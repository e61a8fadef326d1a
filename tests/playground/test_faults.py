"""Each fault as Slack's client meets it, and what happened on the other side."""

import json
import logging
import socket
import struct
import time
from http.client import IncompleteRead
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookClient

from playground import Playground
from playground.faults import Fault, Faults, fault_from_json
from playground.people import CUSTOMER_CARE, MAYA, SALES
from tests.playground.conftest import client_of

POST = "chat.postMessage"


def post(client: WebClient, text: str = "x") -> Any:
    return client.chat_postMessage(channel=CUSTOMER_CARE, text=text)


def accepted(slack: Playground) -> int:
    return len(slack.workspace.messages(CUSTOMER_CARE))


@pytest.mark.parametrize(("when", "arrived"), [("before", 0), ("after", 1)])
def test_a_reset_is_a_real_one(slack: Playground, client: WebClient, when: Any, arrived: int) -> None:
    slack.faults.add(Fault("reset", POST, when, times=1))
    with pytest.raises(ConnectionResetError):
        post(client)
    assert accepted(slack) == arrived
    assert post(client)["ok"]
    assert [fault.kind for fault in slack.faults.struck()] == ["reset"]


@pytest.mark.parametrize(("when", "arrived"), [("before", 0), ("after", 1)])
def test_a_status_500_before_and_after(slack: Playground, client: WebClient, when: Any, arrived: int) -> None:
    slack.faults.add(Fault("status", POST, when, status=503, times=1))
    with pytest.raises(SlackApiError) as failed:
        post(client)
    assert failed.value.response.status_code == 503
    assert accepted(slack) == arrived


@pytest.mark.parametrize(("when", "arrived"), [("before", 0), ("after", 1)])
def test_an_error_before_and_after(slack: Playground, client: WebClient, when: Any, arrived: int) -> None:
    slack.faults.add(Fault("error", POST, when, error="fatal_error", times=1))
    with pytest.raises(SlackApiError) as failed:
        post(client)
    assert failed.value.response["error"] == "fatal_error"
    assert accepted(slack) == arrived


@pytest.mark.parametrize(("retry_after", "header"), [(7, "7"), (None, None)])
def test_429_with_and_without_retry_after(
    slack: Playground, client: WebClient, retry_after: int | None, header: str | None
) -> None:
    slack.faults.add(Fault("ratelimited", POST, retry_after=retry_after, times=1))
    with pytest.raises(SlackApiError) as limited:
        post(client)
    assert limited.value.response.status_code == 429
    assert limited.value.response.headers.get("Retry-After") == header
    assert accepted(slack) == 0


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_slow_call_outlasts_the_clients_patience_and_is_accepted(slack: Playground, when: Any) -> None:
    slack.faults.add(Fault("slow", POST, when, seconds=0.6, times=1))
    impatient = WebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[], timeout=1)
    begun = time.monotonic()
    assert post(impatient)["ok"]
    assert time.monotonic() - begun >= 0.6
    slack.faults.add(Fault("slow", POST, when, seconds=1.4, times=1))
    with pytest.raises(TimeoutError):
        post(impatient)
    time.sleep(0.7)
    assert accepted(slack) == 2


def test_a_truncated_answer_to_an_accepted_call(slack: Playground, client: WebClient) -> None:
    slack.faults.add(Fault("truncate", POST, "after", times=1))
    with pytest.raises(IncompleteRead):
        post(client)
    assert accepted(slack) == 1


def test_an_answer_that_comes_byte_by_byte_outlasts_a_timeout_for_each_read(
    slack: Playground, client: WebClient
) -> None:
    slack.faults.add(Fault("drip", POST, "after", seconds=1.2, times=1))
    impatient = WebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[], timeout=1)
    begun = time.monotonic()
    assert post(impatient)["ok"]
    assert time.monotonic() - begun >= 1.2
    slack.faults.add(Fault("drip", POST, "after", seconds=600, times=1))
    with socket.create_connection(("127.0.0.1", slack.port), timeout=5) as leaving:
        body = f"token={slack.bot_token}&channel={CUSTOMER_CARE}&text=x".encode()
        leaving.sendall(
            b"POST /api/chat.postMessage HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\n"
            + f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        assert leaving.recv(9).startswith(b"HTTP/1.1")
    assert post(client)["ok"], "who went away holds up nobody"


def test_history_and_threads_lag_behind(slack: Playground, client: WebClient) -> None:
    now = [1_000_000.0]
    slack.workspace.clock = lambda: now[0]
    slack.faults.add(
        Fault("lag", "conversations.history", seconds=30), Fault("lag", "conversations.replies", seconds=30)
    )
    root = post(client)["ts"]
    client.chat_postMessage(channel=CUSTOMER_CARE, text="y", thread_ts=root)

    def seen() -> tuple[int, int]:
        history = client.conversations_history(channel=CUSTOMER_CARE)["messages"]
        thread = client.conversations_replies(channel=CUSTOMER_CARE, ts=root)["messages"]
        return len(history), len(thread)

    assert seen() == (0, 1)
    now[0] += 29
    assert seen() == (0, 1)
    now[0] += 1
    assert seen() == (1, 2)


def test_a_reply_strays_from_its_thread(slack: Playground, client: WebClient) -> None:
    root = post(client)["ts"]
    slack.faults.add(Fault("stray", POST, times=1))
    said = client.chat_postMessage(channel=CUSTOMER_CARE, text="y", thread_ts=root)
    assert "thread_ts" not in said["message"]


@pytest.mark.parametrize("named", [SALES, "#sales", "sales"])
def test_a_fault_of_one_channel_strikes_no_other(slack: Playground, client: WebClient, named: str) -> None:
    slack.faults.add(Fault("error", error="is_archived", channel=SALES))
    assert post(client)["ok"]
    with pytest.raises(SlackApiError, match="is_archived"):
        client.chat_postMessage(channel=named, text="x")
    assert client.auth_test()["ok"]


def test_faults_queue_and_strike_the_method_they_name(slack: Playground, client: WebClient) -> None:
    slack.faults.add(
        Fault("error", POST, error="first", times=2), Fault("error", "*", error="second", times=1)
    )
    errors = []
    for _ in range(3):
        with pytest.raises(SlackApiError) as failed:
            post(client)
        errors.append(failed.value.response["error"])
    assert errors == ["first", "first", "second"]
    assert post(client)["ok"]
    assert slack.faults.active() == ()


def test_chances_are_the_same_for_the_same_seed() -> None:
    def struck(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.add(Fault("status", probability=0.5))
        return [faults.pick(POST) is not None for _ in range(200)]

    assert struck(1) == struck(1)
    assert struck(1) != struck(2)
    assert 70 < sum(struck(1)) < 130


def test_response_urls_have_faults_too(slack: Playground) -> None:
    key = slack.response_urls.issue(MAYA, CUSTOMER_CARE)
    hook = WebhookClient(f"{slack.url}/response/{key}", retry_handlers=[])
    slack.faults.add(
        Fault("reset", "response_url", "after", times=1), Fault("status", "response_url", times=1)
    )
    with pytest.raises(ConnectionResetError):
        hook.send(text="one")
    assert hook.send(text="two").status_code == 500
    assert [m.text for m in slack.workspace.ephemerals(MAYA)] == ["one"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "ratelimited", "when": "after"},
        {"kind": "truncate"},
        {"kind": "drip", "seconds": 1},
        {"kind": "flood"},
        {"kind": "reset", "when": "during"},
        {"kind": "reset", "probability": 2.0},
        {"kind": "reset", "colour": "red"},
    ],
)
def test_faults_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"unknown|before|answer|probability"):
        fault_from_json(json.loads(json.dumps(wrong)))


@pytest.mark.parametrize("fault", [None, "reset", "slow"])
@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("path", ["api/chat.postMessage", "response/none"])
def test_a_client_killed_in_mid_request_is_no_noise(
    slack: Playground, caplog: pytest.LogCaptureFixture, path: str, *, fault: Any, whole: bool
) -> None:
    # uvicorn keeps its records from the root logger.
    logging.getLogger("uvicorn.error").addHandler(caplog.handler)
    if fault:
        slack.faults.add(Fault(fault, method="*", when="after", seconds=0.1))
    body = json.dumps({"channel": CUSTOMER_CARE, "text": "x"}).encode()
    head = (
        f"POST /{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {slack.bot_token}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", slack.port), timeout=5) as dying:
        dying.sendall(head.encode() + (body if whole else body[:5]))
        # With RST, as the system closes for a process that it killed.
        dying.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        time.sleep(0.05)
    time.sleep(0.3)
    slack.faults.clear()
    assert client_of(slack).auth_test()["ok"]
    logging.getLogger("uvicorn.error").removeHandler(caplog.handler)
    assert [record.getMessage() for record in caplog.records if record.name.startswith("uvicorn")] == []


def test_a_fault_may_strike_those_calls_alone_that_bear_an_argument(
    slack: Playground, client: WebClient
) -> None:
    slack.faults.add(Fault("error", POST, error="invalid_blocks", argument="blocks"))
    assert post(client)["ok"]
    assert client.chat_postMessage(channel=CUSTOMER_CARE, text="x", blocks=[])["ok"]
    blocks = [{"type": "section", "text": {"type": "plain_text", "text": "x"}}]
    with pytest.raises(SlackApiError, match="invalid_blocks"):
        client.chat_postMessage(channel=CUSTOMER_CARE, text="x", blocks=blocks)
    assert accepted(slack) == 2
