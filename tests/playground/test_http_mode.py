"""HTTP mode against a real server that checks signatures with Slack's own verifier."""

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any, ClassVar
from urllib.parse import parse_qs

import pytest
from slack_sdk.signature import SignatureVerifier

from playground import Playground
from playground.http_mode import signature
from playground.people import CUSTOMER_CARE, MAYA
from tests.playground.sample import alert_blocks

SECRET = "a-secret"


class Received(BaseHTTPRequestHandler):
    """An app's request URL; ``answer`` is what it says."""

    got: ClassVar[list[tuple[bool, bytes]]] = []
    answer: ClassVar[tuple[int, str, bytes]] = (200, "text/plain", b"")
    delay: ClassVar[float] = 0.0

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        valid = SignatureVerifier(SECRET).is_valid_request(body, headers)
        self.got.append((valid, body))
        time.sleep(self.delay)
        status, kind, text = self.answer
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base class's name)
        pass


@pytest.fixture
def slack() -> Iterator[Playground]:
    Received.got.clear()
    Received.answer, Received.delay = (200, "text/plain", b""), 0.0
    server = HTTPServer(("127.0.0.1", 0), Received)
    Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/slack/events"
    with Playground(request_url=url, signing_secret=SECRET) as running:
        yield running
    server.shutdown()
    server.server_close()


def test_commands_are_signed_forms(slack: Playground) -> None:
    assert slack.command(MAYA, CUSTOMER_CARE, "/customer", "find Zoë & Co").ok
    ((valid, body),) = Received.got
    form = parse_qs(body.decode())
    assert valid
    assert form["command"] == ["/customer"]
    assert form["text"] == ["find Zoë &amp; Co"]
    assert form["response_url"][0].startswith(slack.url)


def test_clicks_are_signed_forms_with_a_payload(slack: Playground) -> None:
    message = slack.workspace.post(
        CUSTOMER_CARE, slack.workspace.installation.bot_user, "x", blocks=alert_blocks("A")
    )
    assert slack.click(MAYA, CUSTOMER_CARE, message.ts, "claim").ok
    ((valid, body),) = Received.got
    payload = json.loads(parse_qs(body.decode())["payload"][0])
    assert valid
    assert payload["actions"][0]["value"] == "1:claim"


@pytest.mark.parametrize(
    ("kind", "text", "payload"),
    [
        ("text/plain", b"Hello", {"text": "Hello"}),
        ("application/json", b'{"text": "Hello"}', {"text": "Hello"}),
        ("text/plain", b"", {}),
    ],
)
def test_the_answer_may_be_words_or_json(
    slack: Playground, kind: str, text: bytes, payload: dict[str, str]
) -> None:
    Received.answer = (200, kind, text)
    assert slack.command(MAYA, CUSTOMER_CARE, "/customer").payload == payload
    assert [m.text for m in slack.workspace.ephemerals(MAYA)] == ([payload["text"]] if payload else [])


def test_failures(slack: Playground) -> None:
    Received.answer = (401, "text/plain", b"no")
    assert slack.command(MAYA, CUSTOMER_CARE, "/customer").error == "http_status_401"
    Received.delay = 3.5
    assert slack.command(MAYA, CUSTOMER_CARE, "/customer").error == "operation_timeout"
    with Playground(request_url="http://127.0.0.1:9/none") as nowhere:
        assert nowhere.command(MAYA, CUSTOMER_CARE, "/customer").error == "dispatch_failed"
    with pytest.raises(ValueError, match="request URL"):
        Playground(request_url="file:///etc/passwd")


def test_redelivery_repeats_the_payload(slack: Playground) -> None:
    slack.command(MAYA, CUSTOMER_CARE, "/customer", "x")
    assert slack.interactions.delivery.redeliver().ok
    assert Received.got[0] == Received.got[1]


def test_the_signature_of_slacks_documentation() -> None:
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    signed = signature("8f742231b10e8888abcd99yyyzzz85a5", "1531420618", body)
    assert signed == "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
