"""What is logged says where and what kind, and never a secret nor a customer's data."""

import io
import json
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from slack_bolt import App
from slack_sdk import WebClient
from sqlalchemy.exc import SQLAlchemyError

from handlers import logs
from rules.errors import WarmlineError
from storage.database import Database
from tests.handlers.logged import logged

HOSTILE = 'Ann <!channel> "O\'Brien"\nann@example.com'
BOT_TOKEN = "xoxb-1111-2222-abcDEF"
SECRETS = (
    BOT_TOKEN,
    "xapp-1-A1-2-deadbeef",
    "https://hooks.slack.com/commands/T1/22/secretpart",
    "http://127.0.0.1:9999/response/abc123",
    "wss://wss-primary.slack.com/link/?ticket=abc",
    "8f742231b10e8888abcd99yyyzzz85a5",
    "ingest-key-of-the-shop",
)


LITERAL = ("8f742231b10e8888abcd99yyyzzz85a5", "ingest-key-of-the-shop", "")


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(params=[io.StringIO, _Terminal], ids=["json", "terminal"])
def written(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    with logged(request.param(), secrets=LITERAL) as stream:
        yield stream


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    with logged(secrets=LITERAL) as stream:
        yield stream


def _records(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_a_json_object_with_its_name_level_and_time(lines: io.StringIO) -> None:
    structlog.get_logger("handlers.sweep").info("swept", candidates=3, rule="lapsing")
    (record,) = _records(lines)
    assert record.pop("timestamp").endswith("Z")
    assert record == {
        "event": "swept",
        "logger": "handlers.sweep",
        "level": "info",
        "candidates": 3,
        "rule": "lapsing",
    }


def test_a_terminal_gets_columns_that_say_the_same() -> None:
    with logged(_Terminal()) as stream:
        structlog.get_logger("handlers.sweep").info("swept", candidates=3)
        assert "swept" in stream.getvalue()
        assert "candidates" in stream.getvalue()
        assert not stream.getvalue().startswith("{")


@pytest.mark.parametrize("secret", SECRETS)
def test_secrets_are_masked_wherever_they_stand(written: io.StringIO, secret: str) -> None:
    said = "called with " + secret
    structlog.get_logger("x").info(
        said, plain=secret, deep={"a": [secret]}, several={secret}, data=secret.encode()
    )
    logging.getLogger("uvicorn.error").warning("saw %s", secret)
    assert logs.MASK in written.getvalue()
    assert secret not in written.getvalue()
    assert secret.rsplit("/", 1)[-1] not in written.getvalue()


@pytest.mark.parametrize(
    "name",
    ["authorization", "Authorization", "token", "bot_token", "signing_secret", "response_url", "api_key"],
)
def test_what_stands_under_a_secret_name_is_masked(written: io.StringIO, name: str) -> None:
    structlog.get_logger("x").info("called", **{name: "Bearer hush"}, headers={name: "hush"})
    assert "hush" not in written.getvalue()


def test_a_bearer_and_a_password_in_a_url_are_masked_inside_text(written: io.StringIO) -> None:
    structlog.get_logger("x").info("sent Bearer hush1 to postgresql://me:hush2@db/warmline")
    assert "hush" not in written.getvalue()
    assert "@db/warmline" in written.getvalue()


def _crash() -> None:
    raise ValueError(HOSTILE)


class _OddError(WarmlineError):
    code = "odd"


def test_an_exception_is_told_by_kind_code_and_place_without_its_message(written: io.StringIO) -> None:
    customer = HOSTILE
    try:
        try:
            {"Bob": 1}[customer]
        except KeyError as error:
            raise _OddError(customer=customer, token=BOT_TOKEN) from error
    except _OddError:
        structlog.get_logger("x").exception("failed")
    text = written.getvalue()
    assert "_OddError(odd)" in text
    assert "KeyError" in text
    assert "test_logs.py" in text
    for part in ("Ann", "example.com", BOT_TOKEN):
        assert part not in text


def test_a_library_s_exception_and_warning_say_where_and_not_what(lines: io.StringIO) -> None:
    try:
        _crash()
    except ValueError as error:
        logging.getLogger("slack_bolt.App").exception("Failed to run listener (error: %s)", error)  # noqa: TRY401
    logging.getLogger("slack_sdk.socket_mode").error("on_error invoked (message: %s)", HOSTILE)
    logging.getLogger("act_on_button").error(HOSTILE)
    first, second, third = _records(lines)
    assert first["raised"] == ["ValueError"]
    assert first["logger"] == "slack_bolt.App"
    assert "test_logs.py" in second["at"][0]
    assert "test_logs.py" in third["at"][0]
    assert "Ann" not in lines.getvalue()


def test_libraries_are_quiet_below_a_warning_even_when_we_are_not(lines: io.StringIO) -> None:
    for name in (
        "slack_sdk.web",
        "slack_bolt.App",
        "sqlalchemy.engine.Engine",
        "apscheduler.scheduler",
        "uvicorn",
    ):
        logging.getLogger(name).info("chatter")
    structlog.get_logger("x").debug("ours")
    assert [record["event"] for record in _records(lines)] == ["ours"]


def test_a_failing_statement_shows_no_parameters(database: Database, written: io.StringIO) -> None:
    with pytest.raises(SQLAlchemyError) as caught:
        _insert_twice(database)
    assert "INSERT INTO inbox" in str(caught.value)
    statement_part = str(caught.value).split("[SQL", 1)[1]
    assert "Ann" not in statement_part
    structlog.get_logger("x").error("failed", exc_info=caught.value)
    assert "IntegrityError" in written.getvalue()
    assert "Ann" not in written.getvalue()


def test_a_crash_in_a_thread_is_logged_without_its_message(
    lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.excepthook", None)
    monkeypatch.setattr("threading.excepthook", threading.excepthook)
    logs.catch_crashes()

    thread = threading.Thread(target=_crash, name="worker")
    thread.start()
    thread.join()
    (record,) = _records(lines)
    assert record["event"] == "thread_crashed"
    assert record["thread"] == "worker"
    assert record["raised"] == ["ValueError"]


def test_configuring_twice_writes_each_line_once(lines: io.StringIO) -> None:
    logs.configure(stream=lines)
    structlog.get_logger("x").info("once")
    assert [record["event"] for record in _records(lines)] == ["once"]


def _insert_twice(database: Database) -> None:
    with database.writing() as tx:
        mark = "?" if tx.dialect == "sqlite" else "%s"
        for _ in range(2):
            tx.connection.exec_driver_sql(
                f"INSERT INTO inbox (key, received_at) VALUES ({mark}, 1)", (HOSTILE,)
            )


def test_what_bolt_says_at_every_start_is_no_news(
    lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", BOT_TOKEN)
    logger = logging.getLogger("slack_bolt")
    App(client=WebClient(token=BOT_TOKEN), logger=logger, token_verification_enabled=False)
    assert _records(lines) == []
    logger.warning("something else")
    assert [record["event"] for record in _records(lines)] == ["library_message"]


def test_what_slack_s_client_raises_is_left_to_whoever_catches_it(lines: io.StringIO) -> None:
    with pytest.raises(OSError, match="refused"):
        WebClient(token=BOT_TOKEN, base_url="http://127.0.0.1:9/", retry_handlers=[]).api_test()
    assert _records(lines) == []
