"""``POST /v1/events`` over a real server: whoever has a key, within bounds, and never on the event loop."""

import contextlib
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import FastAPI

from handlers import receive
from handlers.http.events import MAX_BODY, router
from storage.database import Database
from tests import contexts
from tests.conftest import DatabaseUrls
from tests.handlers import stored
from tests.handlers.http.serving import serving

KEY = "a-long-key-of-the-shop"
EVENT = {
    "customer": "C-1",
    "kind": "purchase",
    "occurred_at": "2026-11-22",
    "amount": 5,
    "external_id": "o-1",
}


@contextlib.contextmanager
def served(database: Database, *keys: str, **options: Any) -> Iterator[str]:
    app = FastAPI()
    app.include_router(router(contexts.context(database), keys, **options))
    with serving(app) as url:
        yield url + "/v1/events"


@pytest.fixture
def sqlite(new_database_url: DatabaseUrls) -> Iterator[Database]:
    database = Database(new_database_url("sqlite"))
    yield database
    database.close()


def post(url: str, content: Any, key: str = f"Bearer {KEY}") -> httpx.Response:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return httpx.post(url, content=raw, headers={"Authorization": key}, timeout=20)


def test_events_are_taken_in_and_counted(database: Database) -> None:
    with served(database, "other-key", KEY) as url:
        answered = post(url, [EVENT, {**EVENT, "external_id": "o-2", "amount": "1.999"}])
        assert answered.status_code == 200
        assert answered.json() == {
            "read": 2,
            "inserted": 1,
            "duplicate": 0,
            "quarantined": 1,
            "problems": [
                {
                    "index": 1,
                    "reason": "too_many_decimals",
                    "words": "The amount 1.999 has more decimals than USD has (2).",
                }
            ],
        }
        assert post(url, EVENT, key=KEY).json()["duplicate"] == 1
        assert post(url, EVENT, key=f"bearer  {KEY}").json()["duplicate"] == 1
    assert len(stored.events(database)) == 1


def test_each_request_that_is_taken_is_counted_once(database: Database) -> None:
    told: list[dict[str, int]] = []
    with served(database, KEY, count=lambda **counts: told.append(counts)) as url:
        post(url, [EVENT, {**EVENT, "external_id": "o-2"}, {**EVENT, "external_id": "o-3", "amount": "x"}])
        post(url, [EVENT, EVENT, EVENT])
        for refused in (post(url, EVENT, key="wrong"), post(url, b"nonsense"), post(url, [EVENT] * 1_001)):
            assert refused.status_code >= 400
    assert told == [
        {"inserted": 2, "duplicate": 0, "quarantined": 1},
        {"inserted": 0, "duplicate": 3, "quarantined": 0},
    ]


@pytest.mark.parametrize(
    "key", ["", "Bearer", "Bearer wrong", KEY[:-1], f"Basic {KEY}", f"Bearer {KEY}x", "Bearer é"]
)
def test_without_a_key_nothing_is_taken(sqlite: Database, key: str) -> None:
    with served(sqlite, KEY) as url:
        answered = httpx.post(url, json=EVENT, headers={b"Authorization": key.encode()})
        assert answered.status_code == 401
        assert answered.headers["WWW-Authenticate"] == "Bearer"
        assert answered.json()["error"] == "no_key"
        assert httpx.post(url, json=EVENT).status_code == 401
    assert stored.events(sqlite) == []


@pytest.mark.parametrize("keys", [(), ("",)])
def test_with_no_keys_set_nobody_has_one(sqlite: Database, keys: tuple[str, ...]) -> None:
    with served(sqlite, *keys) as url:
        for key in ("", "Bearer", "Bearer x"):
            assert post(url, EVENT, key=key).status_code == 401


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"nonsense",
        b"7",
        b"\xff\xfe",
        b'{"a": NaN}',
        b'{"a": 1, "a": 2}',
        b"[" * 500_000,
        b'{"a":' * 150_000,
    ],
)
def test_a_body_that_is_no_json_is_422(sqlite: Database, raw: bytes) -> None:
    with served(sqlite, KEY) as url:
        answered = post(url, raw)
        assert (answered.status_code, answered.json()["error"]) == (422, "not_events")
        assert post(url, EVENT).status_code == 200


def test_a_number_beyond_all_bounds_is_quarantined(sqlite: Database) -> None:
    with served(sqlite, KEY) as url:
        raw = json.dumps(EVENT).encode().replace(b": 5", b": 1e999")
        assert post(url, raw).json()["problems"][0]["reason"] == "amount_out_of_range"


def test_too_much_is_413(sqlite: Database) -> None:
    with served(sqlite, KEY) as url:
        assert post(url, b" " * MAX_BODY + b"x").status_code == 413
        assert post(url, [EVENT] * 1_001).status_code == 413
        assert post(url, json.dumps(EVENT).encode().ljust(MAX_BODY)).status_code == 200
        assert post(url, b" " * 20_000_000).status_code == 413
        # A stranger learns no more than that he is one.
        assert post(url, b" " * (MAX_BODY + 1), key="x").status_code == 401


def test_bytes_are_counted_whatever_the_headers_say(sqlite: Database) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(30):
            yield b" " * 100_000

    with served(sqlite, KEY) as url:
        assert httpx.post(url, content=chunks(), headers={"Authorization": KEY}).status_code == 413


def test_one_that_leaves_in_mid_body_disturbs_nobody(sqlite: Database) -> None:
    with served(sqlite, KEY) as url:
        where = urlsplit(url)
        assert where.hostname
        assert where.port
        with socket.create_connection((where.hostname, where.port)) as connection:
            head = f"POST {where.path} HTTP/1.1\r\nHost: x\r\nAuthorization: {KEY}\r\nContent-Length: 900\r\n\r\n["
            connection.sendall(head.encode())
        assert post(url, EVENT).status_code == 200


def test_when_too_many_wait_the_next_is_told_to_come_again(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, inside = threading.Event(), threading.Semaphore(0)
    real = receive.Receiver.receive

    def slow(self: receive.Receiver, body: bytes) -> receive.Received:
        assert not threading.current_thread().name.startswith("http")
        inside.release()
        go.wait(20)
        return real(self, body)

    monkeypatch.setattr(receive.Receiver, "receive", slow)
    with served(sqlite, KEY, workers=2, waiting=0) as url, ThreadPoolExecutor(2) as pool:
        running = [pool.submit(post, url, {**EVENT, "external_id": f"o-{n}"}) for n in range(2)]
        assert inside.acquire(timeout=20)
        assert inside.acquire(timeout=20)
        refused = post(url, EVENT)
        go.set()
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
        assert [one.result().status_code for one in running] == [200, 200]
        assert post(url, EVENT).status_code == 200


def test_a_busy_database_is_503_and_the_same_may_come_again(
    new_database_url: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.database._BUSY_TIMEOUT_MS", 50)
    url = new_database_url("sqlite")
    database, stranger = Database(url), Database(url)
    with served(database, KEY) as where:
        with stranger._writing_engine().connect() as connection, connection.begin():
            refused = post(where, EVENT)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
        assert post(where, EVENT).json()["inserted"] == 1
    database.close()
    stranger.close()


def test_a_database_that_another_process_writes_or_that_is_away_is_503(
    new_database_url: DatabaseUrls,
) -> None:
    url = new_database_url("sqlite")
    writer, database = Database(url), Database(url)
    writer.acquire_writer()
    with served(database, KEY) as where:
        assert post(where, EVENT).status_code == 503
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        away = Database(f"postgresql://x@127.0.0.1:{nobody.getsockname()[1]}/x")
        with served(away, KEY) as where:
            assert post(where, EVENT).status_code == 503
        away.close()
    writer.close()
    database.close()


def test_only_post_is_served(sqlite: Database) -> None:
    with served(sqlite, KEY) as url:
        where = urlsplit(url)
        connection = http.client.HTTPConnection(str(where.hostname), where.port, timeout=20)
        connection.request("GET", where.path)
        assert connection.getresponse().status == 405
        connection.close()
