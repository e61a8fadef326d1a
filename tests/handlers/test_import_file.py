"""Files are taken in as streams: again without change, cut up at will, and with every bad line told."""

import json
import random
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers import import_file as import_file_module
from handlers.import_file import import_file
from handlers.ingest import Counts
from handlers.intake.errors import (
    DuplicateColumnError,
    EmptyFileError,
    MissingColumnsError,
    UnknownFormatError,
    WrongEncodingError,
)
from storage import customers, events
from storage.database import Database
from tests import cdnow, contexts
from tests.conftest import DatabaseUrls, clear
from tests.handlers import stored
from tests.storage.test_upkeep import statistics

HEADER = "customer,kind,occurred_at,amount,currency,external_id,properties\n"


def put(tmp_path: Path, content: str | bytes, name: str = "file.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def run(database: Database, path: Path, **options: Any) -> Counts:
    return import_file(contexts.context(database), path, **options)


def refused(database: Database) -> list[tuple[int, str]]:
    """(line, reason), by line."""
    found = stored.rows(database, "SELECT line, reason FROM quarantine")
    return sorted((line, reason) for line, reason in found)


def test_cdnow_whole_and_sample_name_the_same_events(database: Database) -> None:
    whole = run(database, cdnow.path())
    assert whole == Counts(read=69_659, inserted=69_659, customers=23_570)
    before = stored.everything(database)
    again = run(database, cdnow.path(), format_name="cdnow")
    assert again == Counts(read=69_659, duplicate=69_659, customers=23_570)
    sample = run(database, cdnow.path("CDNOW_sample.txt"))
    assert sample == Counts(read=6_919, duplicate=6_919, customers=2_357)
    assert stored.everything(database) == before
    with database.reading() as tx:
        assert events.kinds(tx) == {"purchase": 69_659}
        customer = customers.by_external_id(tx, "00002")
        assert customer
        summary = events.summary(tx, customer.id, contexts.START)[0]
        ids = [event.external_id for event in events.timeline(tx, customer.id, contexts.START, 9)]
    expected = cdnow.purchases()["00002"]
    assert summary.sums["USD"] == sum(int(purchase.dollars * 100) for purchase in expected)
    assert summary.last_at == cdnow.midnight(expected[-1].day)
    assert sorted(ids, key=str) == ["00002-19970112-1", "00002-19970112-2"]


def test_a_bad_line_of_cdnow_does_not_renumber_the_others(database: Database, tmp_path: Path) -> None:
    bad = put(tmp_path, " 00001 19970101 1 5.00\n 00001 19970101 1 NaN\n 00001 19970101 1 7.00\n")
    assert run(database, bad) == Counts(read=3, inserted=2, quarantined=1, customers=1)
    right = put(tmp_path, " 00001 19970101 1 5.00\n 00001 19970101 1 6.00\n 00001 19970101 1 7.00\n")
    assert run(database, right) == Counts(read=3, inserted=1, duplicate=2, customers=1)


def test_events_csv(database: Database, tmp_path: Path) -> None:
    path = put(
        tmp_path,
        "\ufeffCustomer,Kind,Occurred At,Amount,Currency,External ID,Properties,Plan\r\n"
        'C-1,Order Completed,2026-11-22 10:00,19.90,eur,o-1,"{""seats"": 2}",Gold\r\n'
        "\r\n"
        "C-2,login,2026-11-22,,,,,\r\n"
        "C-2,login,2026-11-22,,,,,\r\n",
    )
    assert run(database, path, source="shop") == Counts(read=3, inserted=3, customers=2)
    assert stored.events(database) == [
        ("C-1", "purchase", 1_795_341_600_000, 1990, "EUR", "shop", "o-1", '{"plan":"Gold","seats":2}'),
        ("C-2", "login", 1_795_305_600_000, None, None, None, None, None),
        ("C-2", "login", 1_795_305_600_000, None, None, None, None, None),
    ]
    assert run(database, path, source="shop") == Counts(read=3, duplicate=3, customers=2)


def test_events_jsonl(database: Database, tmp_path: Path) -> None:
    lines = [
        '{"customer": "C-1", "kind": "ticket", "occurred_at": "2026-11-22T10:00:00+01:00", "priority": "high"}',
        '{"customer": "C-1", "kind": "purchase", "occurred_at": "2026-11-22", "amount": 19.90, "external_id": 7}',
        '{"customer": "C-1", "kind": "purchase", "occurred_at": "2026-11-22", "amount": NaN}',
        '{"customer": "C-1", "kind": "purchase", "occurred_at": "2026-11-22", "amount": 1e999}',
        '{"customer": "C-1", "customer": "C-2", "kind": "purchase", "occurred_at": "2026-11-22"}',
        '{"customer": "C\\u0000", "kind": "purchase", "occurred_at": "2026-11-22"}',
        '{"customer": "C\\ud800", "kind": "purchase", "occurred_at": "2026-11-22"}',
        "[1]",
        "[" * 100_000,
    ]
    path = put(tmp_path, "\n".join(lines), "file.jsonl")
    assert run(database, path) == Counts(read=9, inserted=2, quarantined=7, customers=1)
    assert refused(database) == [
        (3, "not_json"),
        (4, "amount_out_of_range"),
        (5, "not_json"),
        (6, "nul"),
        (7, "half_character"),
        (8, "not_an_object"),
        (9, "not_json"),
    ]
    assert [row[3:5] for row in stored.events(database)] == [(1990, "USD"), (None, None)]


def test_each_bad_line_of_csv_is_told_and_the_rest_goes_in(database: Database, tmp_path: Path) -> None:
    bad = {
        2: (b'C-1,"purchase,2026-11-22,,,,', "broken_quote"),
        4: (b"C-\xff,purchase,2026-11-22,,,,", "not_utf8"),
        6: (b"C-\0,purchase,2026-11-22,,,,", "nul"),
        8: (b"C-1,purchase,2026-11-22,1e999,,,", "amount_out_of_range"),
        10: (b"C-1,purchase,2026-11-22,NaN,,,", "not_finite"),
        12: (b"C-1,purchase,2026-11-22,Infinity,,,", "not_finite"),
        14: (b"C-1,purchase,99999-01-01,1,,,", "year_out_of_range"),
        16: (b"C-1,purchase,2026-11-22,1.999,,,", "too_many_decimals"),
        18: (b"C-1,purchase,2026-11-22", "wrong_width"),
        20: (b",purchase,2026-11-22,,,,", "missing"),
        22: (b"C" * 300 + b",purchase,2026-11-22,,,,", "too_long"),
    }
    content = HEADER.encode()
    for line, (raw, _) in bad.items():
        content += raw + f"\nC-{line},login,2026-11-22,,,,\n".encode()
    path = put(tmp_path, content)
    counts = run(database, path, format_name="events-csv")
    assert counts == Counts(read=22, inserted=11, quarantined=11, customers=11)
    assert refused(database) == [(line, reason) for line, (_, reason) in bad.items()]
    kept = {row[0]: bytes(row[1]) for row in stored.rows(database, "SELECT line, record FROM quarantine")}
    assert kept == {line: raw for line, (raw, _) in bad.items()}
    before = stored.everything(database)
    assert run(database, path) == Counts(read=22, duplicate=11, quarantined=11, customers=11)
    assert stored.everything(database) == before


@pytest.mark.parametrize(
    ("content", "format_name", "error"),
    [
        ("C-1,purchase,2026-11-22,5\n", "events-csv", MissingColumnsError),
        ("customer,kind\nC-1,purchase\n", "events-csv", MissingColumnsError),
        ("customer,kind,kind,occurred_at\n", "events-csv", DuplicateColumnError),
        ("Ann,ann@x.org\n", "customers-csv", MissingColumnsError),
        ("C-1,purchase,2026-11-22,5\n", "auto", UnknownFormatError),
        (HEADER.encode("utf-16"), "events-csv", WrongEncodingError),
        ("", "events-csv", EmptyFileError),
        ("\n\n", "events-jsonl", EmptyFileError),
        ("", "cdnow", EmptyFileError),
        ("", "auto", EmptyFileError),
    ],
)
def test_a_file_that_is_wrong_as_a_whole_leaves_nothing(
    database: Database, tmp_path: Path, content: str | bytes, format_name: str, error: type[Exception]
) -> None:
    before = stored.everything(database)
    with pytest.raises(error):
        run(database, put(tmp_path, content), format_name=format_name)
    assert stored.everything(database) == before


def test_a_header_alone_is_a_file_of_nothing(database: Database, tmp_path: Path) -> None:
    assert run(database, put(tmp_path, HEADER)) == Counts()


def test_customers_csv(database: Database, tmp_path: Path) -> None:
    hostile = ("<!channel> & <@U1> *x* _y_ \u202e👩‍👩‍👧 " * 400)[:10_000].strip()
    rows = (
        "External ID;Name;E-Mail;Segment;Owner;Country;Language;Created At;Plan;Seats\n"
        f"C-1;{hostile};a@x.org;vip;U1;DE;de;2026-01-01;Gold;12\n"
        "C-2;;;;;;;;;\n"
        "C-3;a\0b;;;;;;;;\n"
    )
    path = put(tmp_path, rows)
    assert run(database, path) == Counts(read=3, inserted=2, quarantined=1, customers=2)
    with database.reading() as tx:
        found = customers.by_external_id(tx, "C-1")
    assert found
    assert (found.name, found.created_at) == (hostile, 1_767_225_600_000)
    assert {name: str(value) for name, value in found.attributes.items()} == {"plan": "Gold", "seats": "12"}
    before = stored.everything(database)
    assert run(database, path) == Counts(read=3, duplicate=2, quarantined=1, customers=2)
    assert stored.everything(database) == before
    with database.writing() as tx:
        tx.connection.exec_driver_sql("DELETE FROM dirty")
    put(tmp_path, rows.replace("Gold", "Silver"))
    assert run(database, path) == Counts(read=3, inserted=1, duplicate=1, quarantined=1, customers=2)
    assert stored.dirty(database) == [("C-1", None)]


LINES = st.lists(
    st.tuples(
        st.sampled_from(["C-1", "C-2", "ü"]),
        st.sampled_from(["login", "Order Completed", "x\x01"]),
        st.sampled_from(["2026-11-22", "2026-11-21T10:00", "never"]),
        st.sampled_from(["", "5", "-1.50", "NaN"]),
    ),
    max_size=15,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=LINES, named=st.booleans(), cut=st.integers(0, 15))
def test_twice_is_once_and_files_are_cut_up_at_will(
    database: Database, tmp_path: Path, lines: list[tuple[str, ...]], named: bool, cut: int
) -> None:
    # Without ids, equal lines are events of their own in one file only: there they stay together.
    rows = [
        (*line, f"o-{n}" if named else "") for n, line in enumerate(lines if named else sorted(set(lines)))
    ]
    names = ("customer", "kind", "occurred_at", "amount", "external_id")
    content = [json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in rows]
    clear(database)
    one = put(tmp_path, "".join(content) or "{}", "one.jsonl")
    counts = run(database, one)
    taken = stored.everything(database)
    again = run(database, one)
    assert (again.inserted, again.duplicate) == (0, counts.inserted + counts.duplicate)
    assert stored.everything(database) == taken
    clear(database)
    for part in (content[cut:], content[:cut]):
        run(database, put(tmp_path, "".join(part) or "{}", "part.jsonl"))
    parts = stored.everything(database)
    assert (parts["events"], parts["customers"]) == (taken["events"], taken["customers"])


def test_progress_ends_at_the_end(database: Database, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    content = HEADER + "".join(f"C-{n},login,2026-11-22,,,,\n" for n in range(2_500))
    run(database, put(tmp_path, content), progress=lambda read, whole: told.append((read, whole)))
    assert len(told) == 3
    assert told == sorted(told)
    assert told[-1] == (len(content), len(content))


def test_an_import_cut_short_goes_on_where_it_was(database: Database, tmp_path: Path) -> None:
    class StoppedError(Exception):
        """As when the process is killed."""

    def stop(read: int, whole: int) -> None:
        raise StoppedError

    path = put(tmp_path, HEADER + "".join(f"C-{n % 7},login,2026-11-22,,,,\n" for n in range(2_500)))
    with pytest.raises(StoppedError):
        run(database, path, progress=stop)
    assert len(stored.events(database)) == 1_000
    assert run(database, path) == Counts(read=2_500, inserted=1_500, duplicate=1_000, customers=7)


def test_memory_does_not_grow_with_the_file(new_database_url: DatabaseUrls, tmp_path: Path) -> None:
    random.seed(7)

    def peak(lines: int) -> int:
        path = tmp_path / f"{lines}.csv"
        with path.open("w") as file:
            file.write(HEADER)
            for n in range(lines):
                file.write(f"C-{random.randrange(10**9)},login,2026-11-22,{n}.00,,,\n")
        database = Database(new_database_url("sqlite"))
        tracemalloc.start()
        try:
            run(database, path)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            database.close()

    peak(1_000)  # what is made once
    assert peak(20_000) < 1.25 * peak(4_000)


def test_after_many_records_the_planner_looks_anew(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_file_module, "_MANY", 3)
    line = "C-{},buy,2026-11-22,1,USD,,\n"
    run(database, put(tmp_path, HEADER + line.format(1) + line.format(2)))
    assert statistics(database) <= 0
    run(database, put(tmp_path, HEADER + "".join(line.format(number) for number in range(1, 6))))
    assert statistics(database) == 5
