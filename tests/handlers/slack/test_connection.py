"""The socket to Slack opens when Slack is there, and closes at once."""

import logging
import socket
import time
from collections.abc import Callable

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from structlog.testing import capture_logs

from handlers.slack.connection import Connection
from playground.server import Playground


def _connection(slack: Playground, first_wait: float = 0.05) -> Connection:
    client = WebClient(token=slack.bot_token, base_url=slack.api_url, timeout=5, retry_handlers=[])
    app = App(client=client, request_verification_enabled=False, token_verification_enabled=False)
    handler = SocketModeHandler(
        app, slack.app_token, logging.getLogger("slack_bolt"), WebClient(base_url=slack.api_url, timeout=5)
    )
    return Connection(handler.client, first_wait=first_wait)


def _until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.01)


def test_it_is_tried_until_slack_is_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    slack = Playground(port)
    with capture_logs() as said:
        connection = _connection(slack)
        connection.start()
        _until(lambda: len(said) >= 2)
        assert not connection.is_open()
        with slack:
            _until(connection.is_open)
            connection.stop()
            assert not connection.is_open()
    assert {(one["event"], one["log_level"]) for one in said} == {("slack_not_connected", "warning")}
    waits = [one["retry_in_seconds"] for one in said]
    assert waits == [0.05 * 2**n for n in range(len(waits))]


def test_it_closes_without_waiting_for_what_slack_may_say_next() -> None:
    with Playground() as slack:
        connection = _connection(slack)
        connection.start()
        _until(connection.is_open)
        # Long enough for the thread that reads to be waiting.
        time.sleep(0.5)
        began = time.monotonic()
        connection.stop()
        assert time.monotonic() - began < 0.9


def test_it_ends_while_it_waits_to_try_again_and_before_it_was_begun() -> None:
    nobody = Playground(9)
    with capture_logs() as said:
        connection = _connection(nobody, first_wait=60)
        connection.start()
        _until(lambda: bool(said))
        began = time.monotonic()
        connection.stop()
        assert time.monotonic() - began < 0.9
    _connection(nobody).stop()
