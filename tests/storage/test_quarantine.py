"""Quarantine keeps the very bytes, once."""

from dataclasses import replace

from storage import quarantine
from storage.database import Database
from storage.quarantine import Refused

BAD = Refused(
    source="shop",
    format="events-csv",
    origin="a.csv",
    line=7,
    reason="nul",
    params={"field": "kind"},
    record=b"\xff\0bytes",
    header=b"customer,kind",
    ordinal=2,
)


def test_the_same_trouble_again_is_the_same_record(database: Database) -> None:
    with database.writing() as tx:
        quarantine.add(tx, [BAD, BAD], now=5)
        quarantine.add(tx, [replace(BAD, reason="not_utf8", params={"position": 1})], now=9)
        quarantine.add(tx, [], now=9)
        assert quarantine.count(tx) == 1
        kept = quarantine.newest(tx, limit=9)[0]
        assert (kept.id, kept.received_at) == (BAD.id, 5)
        assert kept.refused == replace(BAD, reason="not_utf8", params={"position": 1})


def test_another_line_or_place_is_another_record(database: Database) -> None:
    others = [
        BAD,
        replace(BAD, line=8),
        replace(BAD, origin="b.csv"),
        replace(BAD, source="crm"),
        replace(BAD, ordinal=1),
        replace(BAD, record=b"other"),
    ]
    with database.writing() as tx:
        quarantine.add(tx, others, now=5)
        assert quarantine.count(tx) == len(others)
        first = quarantine.listing(tx, limit=4)
        rest = quarantine.listing(tx, limit=4, after=first[-1].id)
        assert {kept.id for kept in first + rest} == {one.id for one in others}
        assert quarantine.remove(tx, [BAD.id, "nothing"]) == 1
        assert [kept.id for kept in quarantine.by_ids(tx, [BAD.id, others[1].id])] == [others[1].id]
        assert quarantine.clear(tx) == len(others) - 1


def test_the_newest_come_first_and_lines_in_their_order(database: Database) -> None:
    with database.writing() as tx:
        quarantine.add(tx, [replace(BAD, line=n) for n in (9, 1, 5)], now=5)
        quarantine.add(tx, [replace(BAD, line=100)], now=6)
        assert [kept.refused.line for kept in quarantine.newest(tx, limit=3)] == [100, 1, 5]
