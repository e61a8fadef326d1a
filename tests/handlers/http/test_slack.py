"""What is not Slack's gets no further than the guard; what is runs in the pool, off the event loop."""

import hashlib
import hmac
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import pytest
from slack_bolt import Ack, App, BoltRequest, BoltResponse
from slack_bolt.authorization import AuthorizeResult

from handlers.http.app import build
from handlers.http.health import Part
from handlers.http.metrics import Metrics
from handlers.http.slack import MAX_BODY, SlackReceiver
from tests.handlers.http.serving import serving
from tests.handlers.logged import logged

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
NOW = 1_700_000_000_000
COMMAND = {
    "command": "/customer",
    "text": "status 1",
    "user_id": "U1",
    "team_id": "T1",
    "channel_id": "C1",
    "trigger_id": "1.2",
    "response_url": "http://127.0.0.1:9/",
}
FORM = "application/x-www-form-urlencoded"


@dataclass
class Slack:
    """A bot served over HTTP, and what reached its listeners."""

    url: str = ""
    calls: list[str] = field(default_factory=list)
    threads: set[str] = field(default_factory=set)

    def post(self, body: bytes, headers: dict[str, str]) -> httpx.Response:
        return httpx.post(self.url + "/slack/events", content=body, headers=headers, timeout=20)


def signed(body: bytes, *, at: int = NOW // 1000, secret: str = SECRET, kind: str = FORM) -> dict[str, str]:
    base = f"v0:{at}:".encode() + body
    return {
        "Content-Type": kind,
        "X-Slack-Request-Timestamp": str(at),
        "X-Slack-Signature": "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest(),
    }


def command(text: str = "status 1") -> bytes:
    return urlencode({**COMMAND, "text": text}).encode()


def _bolt(reached: Slack) -> App:
    app = App(
        signing_secret=SECRET,
        request_verification_enabled=False,
        authorize=lambda: AuthorizeResult(
            enterprise_id=None, team_id="T1", bot_token="xoxb-1", bot_user_id="UB"
        ),
    )

    def note(ack: Ack, body: dict[str, Any]) -> None:
        reached.calls.append(str(body.get("text", body.get("type"))))
        reached.threads.add(threading.current_thread().name)
        ack(text="done")

    app.command("/customer")(note)
    app.action("claim")(note)

    @app.event("app_mention")
    def mention(body: dict[str, Any]) -> None:
        reached.calls.append(body["event"]["type"])

    return app


@pytest.fixture(scope="module")
def served() -> Iterator[Slack]:
    reached = Slack()
    receiver = SlackReceiver(dispatch=_bolt(reached).dispatch, signing_secret=SECRET, elapsed=lambda: NOW)
    app = build(probes={"database": lambda: Part(True, {})}, metrics=Metrics(), slack=receiver)
    with serving(app) as url:
        reached.url = url
        yield reached
    receiver.stop()


@pytest.fixture
def slack(served: Slack) -> Slack:
    served.calls.clear()
    return served


def test_a_signed_command_runs_and_its_ack_is_the_answer(slack: Slack) -> None:
    body = command("status ann")
    answer = slack.post(body, signed(body))
    assert answer.status_code == 200
    assert "done" in answer.text
    assert slack.calls == ["status ann"]
    assert all(not name.startswith("http") for name in slack.threads)


def test_a_click_and_an_event_run_too(slack: Slack) -> None:
    click = {
        "type": "block_actions",
        "team": {"id": "T1"},
        "user": {"id": "U1"},
        "actions": [{"type": "button", "action_id": "claim", "block_id": "b", "value": "1"}],
    }
    body = urlencode({"payload": json.dumps(click)}).encode()
    assert slack.post(body, signed(body)).status_code == 200
    event = {
        "type": "event_callback",
        "team_id": "T1",
        "event": {"type": "app_mention", "user": "U1", "text": "hi"},
    }
    body = json.dumps(event).encode()
    assert slack.post(body, signed(body, kind="application/json")).status_code == 200
    _until(lambda: len(slack.calls) == 2)
    assert slack.calls == ["block_actions", "app_mention"]


def test_slack_s_question_whether_the_url_is_ours_is_answered(slack: Slack) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "3eZbrw1a"}).encode()
    answer = slack.post(body, signed(body, kind="application/json"))
    assert answer.status_code == 200
    assert "3eZbrw1a" in answer.text


def _tampered(headers: dict[str, str], name: str, value: str | None) -> dict[str, str]:
    changed = {key: kept for key, kept in headers.items() if key != name}
    return changed if value is None else {**changed, name: value}


BODY = command("should not run")
GOOD = signed(BODY)


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"Content-Type": FORM}, "unsigned"),
        (_tampered(GOOD, "X-Slack-Signature", None), "unsigned"),
        (_tampered(GOOD, "X-Slack-Request-Timestamp", None), "unsigned"),
        (signed(BODY, secret="another secret"), "wrong_signature"),
        (signed(BODY + b"x"), "wrong_signature"),
        (_tampered(GOOD, "X-Slack-Signature", "v0="), "wrong_signature"),
        (_tampered(GOOD, "X-Slack-Signature", "v1" + GOOD["X-Slack-Signature"][2:]), "wrong_signature"),
        (_tampered(GOOD, "X-Slack-Signature", GOOD["X-Slack-Signature"].upper()), "wrong_signature"),
        (_tampered(GOOD, "X-Slack-Signature", "v0=\xe9\xff"), "wrong_signature"),
        (signed(BODY, at=NOW // 1000 - 301), "stale"),
        (signed(BODY, at=NOW // 1000 + 301), "stale"),
        (_tampered(GOOD, "X-Slack-Request-Timestamp", "yesterday"), "bad_timestamp"),
        (_tampered(GOOD, "X-Slack-Request-Timestamp", "1e9"), "bad_timestamp"),
        (_tampered(GOOD, "X-Slack-Request-Timestamp", "-1"), "bad_timestamp"),
        (_tampered(GOOD, "X-Slack-Request-Timestamp", "NaN"), "bad_timestamp"),
        (_tampered(GOOD, "X-Slack-Request-Timestamp", "9" * 40), "bad_timestamp"),
        (_tampered(GOOD, "X-Slack-Request-Timestamp", "\u0661".encode().decode("latin-1")), "bad_timestamp"),
    ],
)
def test_what_is_not_proven_is_refused_and_runs_nothing(
    slack: Slack, headers: dict[str, str], why: str
) -> None:
    raw = {name: value.encode("latin-1") for name, value in headers.items()}
    answer = httpx.post(slack.url + "/slack/events", content=BODY, headers=raw)  # type: ignore[arg-type]
    assert (answer.status_code, answer.text) == (401, why)
    assert slack.calls == []


def test_a_request_300_seconds_old_is_young_enough(slack: Slack) -> None:
    body = command("old enough")
    assert slack.post(body, signed(body, at=NOW // 1000 - 300)).status_code == 200
    assert slack.calls == ["old enough"]


def test_a_replay_is_refused_and_slack_s_own_repetition_is_not(slack: Slack) -> None:
    body = command("again")
    headers = signed(body)
    assert slack.post(body, headers).status_code == 200
    for _ in range(2):
        answer = slack.post(body, headers)
        assert (answer.status_code, answer.text) == (401, "replayed")
    repeated = {**signed(body, at=NOW // 1000 + 2), "X-Slack-Retry-Num": "1"}
    assert slack.post(body, repeated).status_code == 200
    assert slack.calls == ["again", "again"]


def test_a_replay_is_refused_up_to_the_last_instant_at_which_it_would_be_young_enough() -> None:
    clock = [NOW]
    receiver = SlackReceiver(
        dispatch=lambda _: BoltResponse(status=200), signing_secret=SECRET, elapsed=lambda: clock[0]
    )
    body, other = command("late"), command("other")
    with serving(build(probes={}, metrics=Metrics(), slack=receiver)) as url:

        def send(content: bytes, at: int) -> tuple[int, str]:
            answer = httpx.post(url + "/slack/events", content=content, headers=signed(content, at=at))
            return answer.status_code, answer.text

        assert send(body, NOW // 1000) == (200, "")
        clock[0] = NOW + 300_000
        assert send(body, NOW // 1000) == (401, "replayed")
        clock[0] += 1
        assert send(body, NOW // 1000) == (401, "stale")
        # What is too old to be accepted is not remembered either.
        assert send(other, NOW // 1000 + 300) == (200, "")
        assert len(receiver._seen._until) == 1
    receiver.stop()


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"type": "event_callback", ', "application/json"),
        (b"", "application/json"),
        (b"null", "application/json"),
        (b"[1]", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b'{"a":' * 100_000, "application/json"),
        (b"{broken", FORM),
        (b"payload=%7Bbroken", FORM),
        (b"payload=5", FORM),
        (b"payload=", FORM),
        (b"no form at all", FORM),
        (b"text=\xff\xfe", FORM),
        (b'{"type": "\xff"}', "application/json"),
        (b"&".join(b"a=1" for _ in range(300)), FORM),
    ],
    ids=range(14),
)
def test_what_is_signed_but_cannot_be_read_is_refused(slack: Slack, body: bytes, kind: str) -> None:
    answer = slack.post(body, signed(body, kind=kind))
    assert (answer.status_code, answer.text) == (401, "unreadable")
    assert slack.calls == []


@pytest.mark.parametrize("proven", [True, False])
def test_twenty_megabytes_are_refused_by_counting(slack: Slack, proven: bool) -> None:
    body = b"text=" + b"x" * 20_000_000
    headers = signed(body) if proven else {"Content-Type": FORM}
    assert slack.post(body, headers).status_code == 413

    def chunks() -> Iterator[bytes]:
        for _ in range(200):
            yield b"x" * 100_000

    streamed = httpx.post(slack.url + "/slack/events", content=chunks(), headers=headers, timeout=20)
    assert streamed.status_code == 413
    assert slack.calls == []


def test_the_bound_is_exact(slack: Slack) -> None:
    start = command("") + b"&filler="
    body = start + b"x" * (MAX_BODY - len(start))
    assert slack.post(body, signed(body)).status_code == 200
    body += b"x"
    assert slack.post(body, signed(body)).status_code == 413


def test_a_content_length_that_lies_gets_nothing_run(slack: Slack) -> None:
    body = command("lie")
    host = urlsplit(slack.url)
    connection = http.client.HTTPConnection(str(host.hostname), host.port, timeout=10)
    connection.putrequest("POST", "/slack/events")
    for name, value in {**signed(body), "Content-Length": str(len(body) - 3)}.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    assert connection.getresponse().status == 401
    connection.close()
    assert slack.calls == []


def test_a_sender_that_never_ends_is_let_go(slack: Slack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handlers.http.slack._READ_WITHIN", 0.2)
    host = urlsplit(slack.url)
    with socket.create_connection((str(host.hostname), int(host.port or 0)), timeout=10) as raw:
        raw.sendall(b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
        assert raw.recv(200).startswith(b"HTTP/1.1 408")
    assert slack.calls == []


def test_bolt_is_not_told_what_the_signature_does_not_cover(slack: Slack) -> None:
    body = command("lazy")
    headers = {**signed(body), "X-Slack-Bolt-Lazy-Only": "1", "X-Slack-Bolt-Lazy-Function-Name": "note"}
    assert slack.post(body, headers).status_code == 200
    assert slack.calls == ["lazy"]


def test_other_methods_and_pages_of_documentation_are_not_there(slack: Slack) -> None:
    assert httpx.get(slack.url + "/slack/events").status_code == 405
    for page in ("/docs", "/redoc", "/openapi.json", "/internal/command", "/"):
        assert httpx.get(slack.url + page).status_code == 404


def test_a_secret_is_needed() -> None:
    with pytest.raises(ValueError, match="secret"):
        SlackReceiver(dispatch=lambda _: BoltResponse(status=200), signing_secret="", elapsed=lambda: NOW)


def test_a_full_pool_answers_503_at_once_and_the_loop_stays_free() -> None:
    release, begun = threading.Event(), threading.Semaphore(0)

    def slow(_request: BoltRequest) -> BoltResponse:
        begun.release()
        release.wait(20)
        return BoltResponse(status=200, body="late")

    receiver = SlackReceiver(dispatch=slow, signing_secret=SECRET, elapsed=lambda: NOW, workers=1, queue=1)
    app = build(probes={}, metrics=Metrics(), slack=receiver)
    bodies = [command(f"n{n}") for n in range(3)]
    with serving(app) as url, ThreadPoolExecutor(2) as senders:

        def send(body: bytes) -> httpx.Response:
            return httpx.post(url + "/slack/events", content=body, headers=signed(body), timeout=30)

        first = senders.submit(send, bodies[0])
        assert begun.acquire(timeout=10)
        second = senders.submit(send, bodies[1])
        # The second waits for a thread; until it does, a third could still find room.
        _until(lambda: receiver._places._value == 0)
        refused = send(bodies[2])
        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) >= 1
        assert httpx.get(url + "/healthz").status_code == 200
        release.set()
        assert [first.result().status_code, second.result().status_code] == [200, 200]
        # The same request may come again, as nothing of it has run.
        assert send(bodies[2]).status_code == 200
    receiver.stop()


def test_a_failure_below_bolt_is_500_with_a_reference_that_stands_in_the_log() -> None:
    def fails(request: BoltRequest) -> BoltResponse:
        raise RuntimeError(f"{request.raw_body} {SECRET}")

    metrics = Metrics()
    receiver = SlackReceiver(dispatch=fails, signing_secret=SECRET, elapsed=lambda: NOW)
    body = command("Ann Smith")
    with logged() as written, serving(build(probes={}, metrics=metrics, slack=receiver)) as url:
        answer = httpx.post(url + "/slack/events", content=body, headers=signed(body))
        scraped = httpx.get(url + "/metrics").text
    receiver.stop()
    assert answer.status_code == 500
    assert answer.json()["error"] == "internal"
    assert answer.json()["reference"] in written.getvalue()
    assert "RuntimeError" in written.getvalue()
    assert 'warmline_http_requests_total{route="/slack/events",status="500"} 1.0' in scraped
    for secret in ("Smith", SECRET):
        assert secret not in answer.text + written.getvalue()


def test_a_listener_that_crashes_logs_neither_data_nor_secrets() -> None:
    bolt = _bolt(Slack())

    def crashes(body: dict[str, Any]) -> None:
        raise RuntimeError(f"{body['text']} {body['response_url']} {SECRET}")

    bolt.command("/alerts")(crashes)
    receiver = SlackReceiver(dispatch=bolt.dispatch, signing_secret=SECRET, elapsed=lambda: NOW)
    body = urlencode({**COMMAND, "command": "/alerts", "text": "Ann Smith"}).encode()
    with logged() as written, serving(build(probes={}, metrics=Metrics(), slack=receiver)) as url:
        answer = httpx.post(url + "/slack/events", content=body, headers=signed(body))
    receiver.stop()
    assert answer.status_code == 500
    assert "RuntimeError" in written.getvalue()
    for secret in ("Smith", COMMAND["response_url"], SECRET):
        assert secret not in answer.text + written.getvalue()


def _until(true: Any) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)
