"""Health says what is wrong, and is held up by nothing."""

import threading
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from handlers.context import Context
from handlers.http import health
from handlers.http.health import Part
from rules.instants import Calendar
from storage import outbox
from storage.database import Database
from storage.outbox import Call, New, Subject
from templates.words import Words
from tests.handlers.http.serving import serving

NOW = 1_700_000_000_000


def _context(database: Database) -> Context:
    return Context(
        database=database,
        now=lambda: NOW,
        elapsed=lambda: NOW,
        calendar=Calendar.of("UTC"),
        currency="USD",
        words=Words(),
    )


def _app(**probes: health.Probe) -> FastAPI:
    app = FastAPI()
    app.include_router(health.router(probes))
    return app


def test_ready_when_every_part_is() -> None:
    with serving(
        _app(database=lambda: Part(True, {"engine": "sqlite"}), socket=lambda: Part(True, {}))
    ) as url:
        assert httpx.get(url + "/healthz").json() == {"status": "ok"}
        answer = httpx.get(url + "/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "parts": {"database": {"ok": True, "engine": "sqlite"}, "socket": {"ok": True}},
    }


def test_one_part_out_of_order_makes_503_and_says_which_while_the_process_is_healthy() -> None:
    def broken() -> Part:
        raise RuntimeError("Ann Smith, xoxb-123")

    with serving(_app(database=broken, socket=lambda: Part(True, {}))) as url:
        answer = httpx.get(url + "/readyz")
        assert httpx.get(url + "/healthz").status_code == 200
    assert answer.status_code == 503
    assert answer.json()["parts"] == {
        "database": {"ok": False, "problem": "RuntimeError"},
        "socket": {"ok": True},
    }
    assert "Ann" not in answer.text


def test_a_part_that_hangs_holds_nobody_up_and_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_ANSWER_WITHIN", 0.05)
    release, asked = threading.Event(), []

    def hangs() -> Part:
        asked.append(1)
        release.wait(10)
        return Part(True, {})

    with serving(_app(database=hangs)) as url:
        for _ in range(3):
            answer = httpx.get(url + "/readyz")
            assert answer.status_code == 503
            assert answer.json()["parts"]["database"] == {"ok": False, "problem": "no answer yet"}
        assert len(asked) == 1
        release.set()
        monkeypatch.setattr(health, "_ANSWER_WITHIN", 5.0)
        assert httpx.get(url + "/readyz").status_code in (200, 503)
        assert httpx.get(url + "/readyz").status_code == 200


def test_the_database_of_this_version_is_in_order(database: Database) -> None:
    part = health.database_probe(_context(database))()
    assert part.ok
    assert part.facts["engine"] == database.dialect


def test_an_empty_database_is_not(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    assert not health.database_probe(_context(database))().ok
    database.close()


def test_the_oldest_message_that_waits_counts(database: Database) -> None:
    ctx = _context(database)
    probe = health.unsent_probe(ctx, limit=60_000)
    assert probe() == Part(True, {"oldest_seconds": None})
    with database.writing() as tx:
        outbox.add(tx, New(call=Call.POST, subject=Subject.NOTICE, channel="C1"), now=NOW - 60_000)
        outbox.add(tx, New(call=Call.POST, subject=Subject.NOTICE, channel="C1"), now=NOW - 1_000)
    assert probe() == Part(True, {"oldest_seconds": 60.0})
    with database.writing() as tx:
        outbox.add(tx, New(call=Call.POST, subject=Subject.NOTICE, channel="C1"), now=NOW - 60_001)
    assert not probe().ok


def test_a_message_that_a_sweep_still_adds_to_does_not_count(database: Database) -> None:
    with database.writing() as tx:
        outbox.add(
            tx, New(call=Call.POST, subject=Subject.GROUP, channel="C1", rule_id=1, forming=True), now=1
        )
    assert health.unsent_probe(_context(database))() == Part(True, {"oldest_seconds": None})


@pytest.mark.parametrize(
    ("ticked", "ok"), [(None, False), (NOW, True), (NOW - 5_000, True), (NOW - 5_001, False)]
)
def test_the_scheduler_must_have_ticked_lately(ticked: int | None, ok: bool) -> None:
    assert health.scheduler_probe(lambda: ticked, lambda: NOW, limit=5_000)().ok is ok


def test_the_socket_is_as_it_says() -> None:
    assert health.socket_probe(lambda: True)().ok
    assert not health.socket_probe(lambda: False)().ok
