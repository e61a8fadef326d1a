"""Socket Mode with Slack's own client."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from handlers.slack.connection import Connection
from playground import Playground
from playground.people import CUSTOMER_CARE, MAYA
from tests.playground.conftest import client_of
from tests.playground.sample import SampleApp, wait_for


class Listener:
    """A bare client: keeps what it gets, and acknowledges it while ``acks`` holds."""

    def __init__(self, slack: Playground) -> None:
        self.got: list[SocketModeRequest] = []
        self.acks = True
        self.payload: dict[str, str] | None = None
        self.client = SocketModeClient(slack.app_token, web_client=client_of(slack), ping_interval=0.5)
        self.client.socket_mode_request_listeners.append(self._take)  # type: ignore[arg-type]
        self.client.connect()

    def _take(self, client: SocketModeClient, request: SocketModeRequest) -> None:
        self.got.append(request)
        if self.acks:
            client.send_socket_mode_response(SocketModeResponse(request.envelope_id, self.payload))


@pytest.fixture
def listener(slack: Playground) -> Iterator[Listener]:
    made = Listener(slack)
    wait_for(lambda: slack.socket.count() == 1)
    yield made
    Connection(made.client).stop()


def test_an_envelope_is_acknowledged(slack: Playground, listener: Listener) -> None:
    answer = slack.command(MAYA, CUSTOMER_CARE, "/customer", "status 00001")
    assert answer.ok
    (request,) = listener.got
    assert (request.type, request.accepts_response_payload) == ("slash_commands", True)
    assert request.payload["text"] == "status 00001"


def test_an_acknowledgement_may_carry_an_answer(slack: Playground, listener: Listener) -> None:
    listener.payload = {"text": "There are no rules yet."}
    assert slack.command(MAYA, CUSTOMER_CARE, "/rules").payload == listener.payload
    assert [m.text for m in slack.workspace.ephemerals(MAYA)] == ["There are no rules yet."]


def test_silence_is_a_timeout_and_nobody_a_failed_dispatch(slack: Playground) -> None:
    assert slack.command(MAYA, CUSTOMER_CARE, "/customer").error == "dispatch_failed"
    listener = Listener(slack)
    wait_for(lambda: slack.socket.count() == 1)
    listener.acks = False
    assert slack.command(MAYA, CUSTOMER_CARE, "/customer").error == "operation_timeout"
    Connection(listener.client).stop()
    wait_for(lambda: slack.socket.count() == 0)


def test_copies_of_an_envelope_and_redelivery(slack: Playground, listener: Listener) -> None:
    slack.socket.copies = 2
    slack.command(MAYA, CUSTOMER_CARE, "/customer", "x")
    wait_for(lambda: len(listener.got) == 2)
    assert listener.got[0].envelope_id == listener.got[1].envelope_id
    slack.socket.copies = 1
    assert slack.interactions.delivery.redeliver().ok
    wait_for(lambda: len(listener.got) == 3)
    assert listener.got[2].payload == listener.got[0].payload
    assert listener.got[2].envelope_id != listener.got[0].envelope_id


def test_each_envelope_goes_to_one_of_several_connections(slack: Playground, listener: Listener) -> None:
    other = Listener(slack)
    wait_for(lambda: slack.socket.count() == 2)
    for n in range(6):
        assert slack.command(MAYA, CUSTOMER_CARE, "/customer", str(n)).ok
    texts = [r.payload["text"] for r in [*listener.got, *other.got]]
    assert sorted(texts) == [str(n) for n in range(6)]
    assert listener.got
    assert other.got
    Connection(other.client).stop()


@pytest.mark.parametrize("abruptly", [False, True])
def test_the_app_comes_back_after_a_disconnect(slack: Playground, app: SampleApp, *, abruptly: bool) -> None:
    wait_for(lambda: slack.socket.count() == 1)
    before = len(slack.api.calls("apps.connections.open"))
    assert slack.socket.disconnect(abruptly=abruptly) == 1
    wait_for(lambda: len(slack.api.calls("apps.connections.open")) > before, seconds=15)
    wait_for(lambda: slack.command(MAYA, CUSTOMER_CARE, "/customer", "back").ok, seconds=15)
    assert app.commands[-1]["text"] == "back"


def test_a_ticket_opens_one_connection_and_ten_are_enough(slack: Playground) -> None:
    link = client_of(slack).apps_connections_open(app_token=slack.app_token)["url"]
    with ExitStack() as opened:
        first = opened.enter_context(connect(link, proxy=None))
        hello = str(first.recv())
        assert '"type": "hello"' in hello
        assert '"num_connections": 1' in hello
        with pytest.raises(InvalidStatus), connect(link, proxy=None):
            pass
        links = [client_of(slack).apps_connections_open(app_token=slack.app_token)["url"] for _ in range(10)]
        others = [opened.enter_context(connect(address, proxy=None)) for address in links]
        assert ["hello" in str(other.recv()) for other in others] == [True] * 9 + [False]
        with pytest.raises(ConnectionClosed):
            others[-1].recv()
        first.send("not json")
        first.send('{"envelope_id": "unknown"}')
        assert slack.socket.count() == 10
    wait_for(lambda: slack.socket.count() == 0)


def test_stopping_ends_connections_and_those_who_wait(listener: Listener, slack: Playground) -> None:
    listener.acks = False
    errors: list[str | None] = []
    waiting = threading.Thread(
        target=lambda: errors.append(slack.command(MAYA, CUSTOMER_CARE, "/customer").error)
    )
    waiting.start()
    wait_for(lambda: listener.got)
    slack.stop()
    waiting.join(5)
    assert errors == ["dispatch_failed"]
