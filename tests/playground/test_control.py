"""A playground in a process of its own, reached over its control endpoints only."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from playground.people import CUSTOMER_CARE, MAYA
from tests.playground.sample import alert_blocks

JSON = dict[str, Any]


class Process:
    """The running process and its addresses."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "playground", "--post-interval", "0", "--seed", "1"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.addresses: dict[str, str] = json.loads(self.process.stdout.readline())
        self.client = WebClient(
            token=self.addresses["bot_token"], base_url=self.addresses["api_url"], retry_handlers=[]
        )

    def control(self, path: str, body: JSON | None = None, method: str | None = None) -> JSON:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        url = f"{self.addresses['url']}/control/{path}"
        request = urllib.request.Request(url, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            read: JSON = json.loads(answer.read())
            return read


@pytest.fixture(scope="module")
def process() -> Iterator[Process]:
    running = Process()
    yield running
    running.process.terminate()
    assert running.process.wait(10) == 0
    assert running.process.stdout
    running.process.stdout.close()


@pytest.fixture(autouse=True)
def _fresh(process: Process) -> None:
    process.control("reset", {})


def test_messages_with_metadata_deleted_ones_too(process: Process) -> None:
    metadata = {"event_type": "alert", "event_payload": {"key": "k"}}
    first = process.client.chat_postMessage(channel=CUSTOMER_CARE, text="a", metadata=metadata)["ts"]
    process.client.chat_postMessage(channel="general", text="b")
    process.client.chat_delete(channel=CUSTOMER_CARE, ts=first)
    (found,) = process.control("messages?event_type=alert")["messages"]
    assert (found["ts"], found["deleted"], found["metadata"]) == (first, True, metadata)
    assert found["accepted_at"] == pytest.approx(float(first), abs=1)
    assert [m["text"] for m in process.control("messages")["messages"]] == ["a", "b"]
    assert [m["text"] for m in process.control("messages?channel=general")["messages"]] == ["b"]
    assert process.control("messages?channel=nowhere")["messages"] == []


def test_faults_are_switched_and_cleared(process: Process) -> None:
    fault = {"kind": "reset", "method": "chat.postMessage", "when": "after", "times": 1}
    assert process.control("faults", {"faults": [fault], "seed": 3})["active"][0]["kind"] == "reset"
    with pytest.raises(ConnectionResetError):
        process.client.chat_postMessage(channel=CUSTOMER_CARE, text="a")
    told = process.control("faults")
    assert (told["active"], len(told["struck"])) == ([], 1)
    assert len(process.control("messages")["messages"]) == 1
    process.control("faults", {"faults": [{"kind": "status"}]})
    process.control("faults", method="DELETE")
    assert process.client.auth_test()["ok"]
    with pytest.raises(urllib.error.HTTPError, match="422"):
        process.control("faults", {"faults": [{"kind": "flood"}]})


def test_the_channel_and_the_token_change_their_state(process: Process) -> None:
    process.control("channel", {"channel": "customer-care", "archived": True})
    process.control("installation", {"token_error": "account_inactive"})
    for expected in ("account_inactive", "is_archived", None):
        if expected is None:
            assert process.client.chat_postMessage(channel=CUSTOMER_CARE, text="a")["ok"]
            continue
        with pytest.raises(SlackApiError) as refused:
            process.client.chat_postMessage(channel=CUSTOMER_CARE, text="a")
        assert refused.value.response["error"] == expected
        process.control("installation", {"token_error": None})
        if expected == "is_archived":
            process.control("channel", {"channel": "customer-care", "archived": False})
    with pytest.raises(urllib.error.HTTPError, match="404"):
        process.control("channel", {"channel": "nowhere", "archived": True})


def test_people_act_without_an_app_that_listens(process: Process) -> None:
    assert process.control("connections") == {"connections": 0}
    acting: JSON = {"user": MAYA, "channel": CUSTOMER_CARE}
    assert process.control("command", {**acting, "command": "/customer"})["error"] == "dispatch_failed"
    ts = process.client.chat_postMessage(channel=CUSTOMER_CARE, text="a", blocks=alert_blocks("A"))["ts"]
    assert process.control("action", {**acting, "ts": ts, "action_id": "claim"})["error"] == "dispatch_failed"
    assert process.control("redeliver", {})["error"] == "dispatch_failed"
    assert process.control("message", {**acting, "text": "hello"})["ok"]
    process.client.chat_postEphemeral(channel=CUSTOMER_CARE, user=MAYA, text="psst")
    assert [m["text"] for m in process.control(f"ephemerals?user={MAYA}")["messages"]] == ["psst"]
    assert process.control("copies", {"copies": 2})["ok"]
    assert process.control("disconnect", {"reason": "warning"}) == {"connections": 0}
    with pytest.raises(urllib.error.HTTPError, match="400"):
        process.control("command", {**acting, "command": "/nosuch"})


def test_calls_are_counted(process: Process) -> None:
    process.client.auth_test()
    (call,) = process.control("calls?method=auth.test")["calls"]
    assert (call["accepted"], call["outcome"]) == (True, "ok")
