"""What lies in quarantine goes in once it can, and leaves for ever only when told to."""

from dataclasses import replace
from pathlib import Path

import pytest

from handlers import quarantine
from handlers.context import Context
from handlers.import_file import import_file
from handlers.ingest import Counts
from handlers.quarantine import NotInQuarantineError
from handlers.receive import Receiver
from storage import customers
from storage import quarantine as kept
from storage.database import Database
from storage.quarantine import Refused
from tests import contexts
from tests.handlers import stored

HEADER = "customer,kind,occurred_at,amount,note\n"


def fill(context: Context, tmp_path: Path, content: str, name: str = "file.csv") -> Counts:
    path = tmp_path / name
    path.write_text(content)
    return import_file(context, path, source="shop")


def ids(context: Context, limit: int = 100) -> list[str]:
    with context.database.reading() as tx:
        return [one.id for one in kept.newest(tx, limit=limit)]


def test_what_can_be_taken_in_by_now_leaves(database: Database, tmp_path: Path) -> None:
    yen = contexts.context(database, currency="JPY")
    euro = replace(yen, currency="EUR")
    content = (
        HEADER
        + 'C-1,buy,2026-11-22,1.50,"two\nlines"\nC-1,buy,2026-11-22,1.50,"two\nlines"\nC-2,buy,never,1,\n'
    )
    assert fill(yen, tmp_path, content).quarantined == 3
    assert quarantine.try_again(yen) == Counts(read=3, quarantined=3)
    assert len(ids(yen)) == 3
    # The business's currency was set wrong; now the amounts have no decimals too many.
    assert quarantine.try_again(euro) == Counts(read=3, inserted=2, quarantined=1)
    assert [row[3:6] for row in stored.events(database)] == [(150, "EUR", "shop")] * 2
    assert len(ids(euro)) == 1
    # It is as if they had gone in at once.
    assert fill(euro, tmp_path, content) == Counts(read=3, duplicate=2, quarantined=1, customers=1)


def test_records_of_every_format_are_read_again(database: Database, tmp_path: Path) -> None:
    yen = contexts.context(database, currency="JPY")
    fill(
        yen,
        tmp_path,
        '{"customer": "C-1", "kind": "buy", "occurred_at": "2026-11-22", "amount": 1.5}\n',
        "a.jsonl",
    )
    fill(yen, tmp_path, " 00001 19970101 1 1.999\n", "cdnow.txt")
    fill(yen, tmp_path, "external_id,created_at\nC-9,never\n", "customers.csv")
    Receiver(yen).receive(b'{"customer": "C-2", "kind": "buy", "occurred_at": "2026-11-22", "amount": 1.5}')
    assert len(ids(yen)) == 4
    euro = replace(yen, currency="EUR")
    assert quarantine.try_again(euro) == Counts(read=4, inserted=2, quarantined=2)
    assert [row[0] for row in stored.events(database)] == ["C-1", "C-2"]
    with database.reading() as tx:
        assert sorted(one.refused.reason for one in kept.newest(tx, limit=9)) == [
            "bad_instant",
            "too_many_decimals",
        ]


def test_an_event_refused_for_its_id_stays_refused(database: Database) -> None:
    context = contexts.context(database)
    body = b'{"customer": "C-1", "kind": "buy", "occurred_at": "%s", "external_id": "o-1"}'
    receiver = Receiver(context)
    receiver.receive(body % b"2026-11-22")
    receiver.receive(body % b"2026-11-23")
    assert quarantine.try_again(context) == Counts(read=1, quarantined=1)
    assert len(stored.events(database)) == 1


def test_more_than_one_batch_is_tried_once_each(database: Database, tmp_path: Path) -> None:
    context = contexts.context(database)
    fill(context, tmp_path, HEADER + "C-1,buy,never,1,\n" * 250)
    assert quarantine.try_again(context) == Counts(read=250, quarantined=250)


@pytest.mark.parametrize("named", [False, True])
def test_of_lines_on_one_customer_the_last_holds(database: Database, named: bool) -> None:
    context = contexts.context(database)
    people = [f"C-{n}" for n in range(60)]
    with database.writing() as tx:
        # Of the two files the one whose name comes first came last, and so did line 100 after line 99.
        for now, origin, names in ((5, "b.csv", "abc"), (6, "a.csv", "xyz")):
            lines = [(one, name) for name in names for one in people]
            kept.add(
                tx,
                [_unread(one, name, origin=origin, line=line) for line, (one, name) in enumerate(lines, 2)],
                now=now,
            )
    tried = quarantine.try_again(context, sorted(ids(context, 360)) if named else ())
    assert tried == Counts(read=360, inserted=360)
    with database.reading() as tx:
        found = [customers.by_external_id(tx, one) for one in people]
    assert [one and one.name for one in found] == ["z"] * len(people)


def _unread(customer: str, name: str, *, origin: str, line: int) -> Refused:
    """Give a line that could not be read when it came, and can by now."""
    return Refused(
        source="crm",
        format="customers-csv",
        origin=origin,
        line=line,
        reason="not_utf8",
        params={"position": 1},
        record=f"{customer},{name}\n".encode(),
        header=b"external_id,name\n",
    )


def test_named_records_alone_are_tried_or_dropped(database: Database, tmp_path: Path) -> None:
    context = contexts.context(database)
    fill(context, tmp_path, HEADER + "C-1,buy,never,1,\nC-2,buy,never,1,\nC-3,buy,never,1,\n")
    first, second, third = ids(context)
    assert quarantine.try_again(context, [first]) == Counts(read=1, quarantined=1)
    with pytest.raises(NotInQuarantineError):
        quarantine.try_again(context, [first, "nothing"])
    with pytest.raises(NotInQuarantineError):
        quarantine.drop(context, [first, "nothing"])
    assert quarantine.drop(context, [second]) == 1
    assert ids(context) == [first, third]
    assert quarantine.drop_all(context) == 2
    assert ids(context) == []
