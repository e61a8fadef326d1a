"""CSV: one broken quote costs one line, and nothing is swallowed."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.intake import table
from handlers.intake.errors import DuplicateColumnError, MissingColumnsError
from handlers.intake.format import Record
from handlers.intake.lines import Lines
from handlers.intake.records import COLUMNS

WANTED = table.Columns(format_name="t", required=("a", "b"), expected=("a", "b", "c"), aliases={"alpha": "a"})


def read(tmp_path: Path, content: str | bytes) -> list[Record]:
    path = tmp_path / "t.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with Lines(path) as lines:
        header = table.header_of(lines.peek().raw, WANTED)
        lines.next()
        return list(table.records(lines, header))


def outcome(records: list[Record]) -> list[tuple[int, object]]:
    return [
        (one.line, one.reason.code if one.reason else tuple((one.fields or {}).values())) for one in records
    ]


@pytest.mark.parametrize("header", ["a,b,c", "A , B,C", "b;a;c", "Alpha\tB\tC", '"a","b","c"'])
def test_names_of_columns_are_read_with_goodwill(header: str) -> None:
    assert set(table.header_of(header.encode(), WANTED).columns) == {"a", "b", "c"}


def test_occurred_at_may_be_written_in_many_ways() -> None:
    for name in ("occurred_at", "Occurred At", "OCCURRED-AT"):
        assert "occurred_at" in table.header_of(f"customer,kind,{name}".encode(), COLUMNS).columns


@pytest.mark.parametrize("header", ["", "1,2,3", "a", '"a,b', "\0", "a b"])
def test_a_line_that_is_no_header(header: str) -> None:
    with pytest.raises(MissingColumnsError) as refused:
        table.header_of(header.encode(), WANTED)
    assert refused.value.params["expected"] == "a, b, c"


def test_two_columns_of_one_name() -> None:
    with pytest.raises(DuplicateColumnError):
        table.header_of(b"a,b,A", WANTED)


def test_quoted_fields_may_span_lines(tmp_path: Path) -> None:
    records = read(tmp_path, 'a,b\n1,"x\n\n""y"""\n2,z\n')
    assert outcome(records) == [(2, ("1", 'x\n\n"y"')), (5, ("2", "z"))]
    assert records[0].raw == b'1,"x\n\n""y"""'


def test_a_broken_quote_costs_its_own_line_only(tmp_path: Path) -> None:
    good = "".join(f"{n},fine\n" for n in range(500))
    found = outcome(read(tmp_path, 'a,b\n0,"broken\n' + good))
    assert found[0] == (2, "broken_quote")
    assert found[1:] == [(n + 3, (str(n), "fine")) for n in range(500)]


def test_a_broken_quote_among_quoted_lines_costs_its_own_line_only(tmp_path: Path) -> None:
    content = 'a,b\n"1","x"\n"2","broken\n"3","y"\n4,"z",\n"5","w"\n6,"open'
    assert outcome(read(tmp_path, content)) == [
        (2, ("1", "x")),
        (3, "bad_csv"),
        (4, ("3", "y")),
        (5, "wrong_width"),
        (6, ("5", "w")),
        (7, "broken_quote"),
    ]


def test_every_line_broken_is_read_in_good_time(tmp_path: Path) -> None:
    found = outcome(read(tmp_path, "a,b\n" + '1,"x\n' * 20_000))
    assert len(found) == 20_000
    assert {code for _, code in found} <= {"bad_csv", "broken_quote"}


def test_each_fault_has_a_reason_of_its_own(tmp_path: Path) -> None:
    content = b"a,b,\n1,2,\n1,2,3\n1\n\xff\xfe,2,\n1,\0,\n1,\xed\xa0\x80,\n1,2\r3,\n"
    assert outcome(read(tmp_path, content)) == [
        (2, ("1", "2")),
        (3, "unnamed_column"),
        (4, "wrong_width"),
        (5, "not_utf8"),
        (6, "nul"),
        (7, "not_utf8"),
        (8, "bad_csv"),
    ]


def test_the_bytes_of_a_bad_line_are_kept(tmp_path: Path) -> None:
    record = read(tmp_path, b"a,b\n\xff,2\n")[0]
    assert (record.raw, record.header) == (b"\xff,2", b"a,b")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(
            *[st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=8)] * 2
        ),
        max_size=8,
    )
)
def test_what_the_csv_module_writes_is_read(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    rows = [row for row in rows if row[0].strip()]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["a", "b"])
    writer.writerows(rows)
    assert [tuple((one.fields or {}).values()) for one in read(tmp_path, text.getvalue())] == rows


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200))
def test_any_bytes_are_read_without_loss(tmp_path: Path, content: bytes) -> None:
    records = read(tmp_path, b"a,b\n" + content)
    kept = b"".join(one.raw for one in records)
    for gap in (b"\r", b"\n", b" ", b"\t", b"\x0b", b"\x0c"):
        kept, content = kept.replace(gap, b""), content.replace(gap, b"")
    assert kept == content
