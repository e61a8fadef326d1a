"""A request's worth of events is taken in at once."""

import json

import pytest

from handlers import receive
from handlers.ingest import Counts
from handlers.intake.errors import Reason
from handlers.receive import NotEventsError, Receiver, TooManyEventsError
from storage import recent
from storage.database import Database
from tests import contexts
from tests.handlers import stored

EVENT = {
    "customer": "C-1",
    "kind": "purchase",
    "occurred_at": "2026-11-22",
    "amount": 5,
    "external_id": "o-1",
}


def body(*events: object) -> bytes:
    return json.dumps(list(events)).encode()


def test_good_and_bad_events_of_one_request(database: Database) -> None:
    receiver = Receiver(contexts.context(database))
    bad = {**EVENT, "external_id": "o-2", "amount": "NaN"}
    received = receiver.receive(body(EVENT, bad, 7, EVENT, {**EVENT, "amount": 6}))
    assert received.counts == Counts(read=5, inserted=1, duplicate=1, quarantined=3)
    assert received.problems == (
        (1, Reason("not_finite", {"text": "NaN"})),
        (2, Reason("not_an_object", {"found": "7"})),
        (4, Reason("other_body", {"id": "o-1"})),
    )
    kept = stored.rows(database, "SELECT record, source, format, origin, line FROM quarantine")
    assert [(bytes(row[0]), *row[1:]) for row in kept] == sorted(
        [
            (json.dumps(bad).encode(), "http", "http", "/v1/events", None),
            (b"7", "http", "http", "/v1/events", None),
            (json.dumps({**EVENT, "amount": 6}).encode(), "http", "http", "/v1/events", None),
        ],
        key=repr,
    )
    before = stored.everything(database)
    assert receiver.receive(body(EVENT, bad)).counts == Counts(read=2, duplicate=1, quarantined=1)
    assert stored.everything(database) == before


def test_one_event_or_none(database: Database) -> None:
    receiver = Receiver(contexts.context(database))
    assert receiver.receive(json.dumps(EVENT).encode()).counts == Counts(read=1, inserted=1)
    assert receiver.receive(b" [] ").counts == Counts()


def test_equal_events_without_an_id_are_one_event(database: Database) -> None:
    event = {name: EVENT[name] for name in ("customer", "kind", "occurred_at")}
    received = Receiver(contexts.context(database)).receive(body(event, event))
    assert received.counts == Counts(read=2, inserted=1, duplicate=1)


@pytest.mark.parametrize(
    "raw", [b"", b"7", b'"x"', b"{", b"\xff", b"[" * 200_000, b'{"a": NaN}', b'{"a":1,"a":2}']
)
def test_a_body_that_holds_no_events(database: Database, raw: bytes) -> None:
    with pytest.raises(NotEventsError):
        Receiver(contexts.context(database)).receive(raw)


def test_a_thousand_events_and_no_more(database: Database) -> None:
    receiver = Receiver(contexts.context(database))
    many = [{**EVENT, "external_id": f"o-{n}"} for n in range(1_001)]
    with pytest.raises(TooManyEventsError):
        receiver.receive(body(*many))
    assert receiver.receive(body(*many[:1_000])).counts == Counts(read=1_000, inserted=1_000)


def test_old_ids_are_forgotten_now_and_then(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    pruned: list[int] = []
    monkeypatch.setattr(receive, "_PRUNE_EVERY", 3)
    monkeypatch.setattr(recent, "prune", lambda _tx: pruned.append(1))
    receiver = Receiver(contexts.context(database))
    for _ in range(7):
        receiver.receive(json.dumps(EVENT).encode())
    assert len(pruned) == 3
