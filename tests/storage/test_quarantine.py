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
        rest = quarantine.listing(tx, limit=4, after=first[-1])
        assert {kept.id for kept in first + rest} == {one.id for one in others}
        assert quarantine.remove(tx, [BAD.id, "nothing"]) == 1
        assert [kept.id for kept in quarantine.by_ids(tx, [BAD.id, others[1].id])] == [others[1].id]
        assert quarantine.clear(tx) == len(others) - 1


def test_the_newest_come_first_and_lines_in_their_order(database: Database) -> None:
    with database.writing() as tx:
        quarantine.add(tx, [replace(BAD, line=n) for n in (9, 1, 5)], now=5)
        quarantine.add(tx, [replace(BAD, line=100)], now=6)
        assert [kept.refused.line for kept in quarantine.newest(tx, limit=3)] == [100, 1, 5]


def test_records_are_listed_as_they_came_page_by_page(database: Database) -> None:
    came = [
        (5, replace(BAD, origin="/v1/events", line=None)),
        *((5, replace(BAD, origin="a.csv", line=n)) for n in (2, 7, 10, 100)),
        *((5, replace(BAD, origin="b.csv", line=n)) for n in (1, 3)),
        *((6, replace(BAD, origin="a.csv", line=n)) for n in (1, 8, 9)),
    ]
    with database.writing() as tx:
        for at, one in reversed(came):
            quarantine.add(tx, [one], now=at)
        for limit in (1, 2, 3, 20):
            listed: list[quarantine.Kept] = []
            while page := quarantine.listing(tx, limit=limit, after=listed[-1] if listed else None):
                assert len(page) <= limit
                listed += page
            assert [(kept.received_at, kept.refused) for kept in listed] == came
        named = quarantine.by_ids(tx, sorted(one.id for _, one in came))
        assert [(kept.received_at, kept.refused) for kept in named] == came


def test_pages_end_where_records_have_no_line(database: Database) -> None:
    events = [replace(BAD, origin="/v1/events", line=None, record=b"%d" % n) for n in range(9)]
    with database.writing() as tx:
        quarantine.add(tx, events, now=5)
        first = quarantine.listing(tx, limit=4)
        second = quarantine.listing(tx, limit=4, after=first[-1])
        third = quarantine.listing(tx, limit=4, after=second[-1])
        assert [len(page) for page in (first, second, third)] == [4, 4, 1]
        assert {kept.id for kept in first + second + third} == {one.id for one in events}
