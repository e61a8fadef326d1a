"""A call is over at its deadline, whatever the server does: answers in drops, never, or not at all."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from slack_sdk.errors import SlackApiError

from handlers.slack.punctual import PunctualClient
from handlers.slack.sender import Content, Sender
from playground.faults import Fault
from playground.people import CUSTOMER_CARE
from playground.server import Playground
from rules.alerts.retry import Answer, Refusal, Silence

DEADLINE_S = 0.5
LONG_S = 30.0
"""Far beyond the deadline: a call that has not ended by half of it knows none."""


@pytest.fixture(scope="module")
def slack() -> Iterator[Playground]:
    with Playground(post_interval_s=0) as made:
        yield made


def sender(base_url: str, deadline_s: float = DEADLINE_S) -> Sender:
    return Sender(PunctualClient(token="xoxb-playground", base_url=base_url, deadline_s=deadline_s))


@contextmanager
def serving(what: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that does ``what`` with the first connection."""

    def serve() -> None:
        # Once the client has gone, nothing is left to do.
        with suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                what(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/api/"


def said(made: Sender) -> Answer | Refusal | Silence:
    began = time.monotonic()
    answer = made.post(channel=CUSTOMER_CARE, content=Content("x", None), key="k")
    assert time.monotonic() - began < LONG_S / 2
    return answer


def test_what_comes_in_time_is_an_answer(slack: Playground) -> None:
    assert isinstance(said(sender(slack.api_url, 20)), Answer)
    client = PunctualClient(token="no", base_url=slack.api_url, deadline_s=20)
    with pytest.raises(SlackApiError, match="invalid_auth"):
        client.auth_test()


@pytest.mark.parametrize("kind", ["drip", "slow"])
def test_an_answer_in_drops_is_cut_off(slack: Playground, kind: str) -> None:
    slack.faults.add(Fault(kind, "chat.postMessage", "after", seconds=LONG_S, times=1))  # type: ignore[arg-type]
    assert isinstance(said(sender(slack.api_url)), Silence)


def test_a_body_of_an_error_that_comes_in_drops_is_cut_off_too() -> None:
    def drip(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 503 No\r\nContent-Length: 100000\r\n\r\n")
        for _ in range(int(LONG_S * 20)):
            connection.sendall(b"x")
            time.sleep(0.05)

    with serving(drip) as url:
        assert isinstance(said(sender(url)), Silence)


def test_headers_in_drops_and_a_body_without_a_length_are_cut_off() -> None:
    def drip(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(b'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{"ok": true, "channel": "C1", ')
        for _ in range(int(LONG_S * 20)):
            connection.sendall(b" ")
            time.sleep(0.05)

    with serving(drip) as url:
        assert isinstance(said(sender(url)), Silence)


def test_nothing_is_sent_once_the_deadline_has_passed(
    slack: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is looked up for so long that nobody waits any more: the message must not go out after all."""
    resolve = socket.getaddrinfo

    def slowly(*given: object, **named: object) -> object:
        time.sleep(2 * DEADLINE_S)
        return resolve(*given, **named)  # type: ignore[arg-type]

    before = len(slack.workspace.everything())
    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    assert isinstance(said(sender(slack.api_url)), Silence)
    monkeypatch.undo()
    assert len(slack.workspace.everything()) == before
