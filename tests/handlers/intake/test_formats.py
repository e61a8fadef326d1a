"""What a file is in is told by its first line; each format reads its own."""

import re
from pathlib import Path

import pytest

from handlers.intake.errors import RefusedError, UnknownFormatError
from handlers.intake.events import World
from handlers.intake.format import Format
from handlers.intake.formats import FORMATS, detect
from handlers.intake.lines import Lines
from rules.instants import Calendar
from storage.incoming import EventIn
from templates.words import Words
from tests import cdnow

WORLD = World(source="cdnow", calendar=Calendar.of("America/New_York"), currency="EUR")


def _detect(tmp_path: Path, content: bytes) -> str:
    path = tmp_path / "file"
    path.write_bytes(content)
    with Lines(path) as lines:
        return detect(lines).name


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (b" customer_id  date number_of_cds  dollar_value\r\n", "cdnow"),
        (b" 00001 19970101  1   11.77\r\n", "cdnow"),
        (b" 00004 0001 19970101  2   29.33\r\n", "cdnow"),
        (b'{"customer": "C"}\n', "events-jsonl"),
        (b"\xef\xbb\xbfCustomer,Kind,Occurred At,amount\n", "events-csv"),
        (b"customer_id;kind;occurred_at\n", "events-csv"),
        (b"customer_id,date,name\n", "customers-csv"),
        (b"External ID,Name,Email\n", "customers-csv"),
    ],
)
def test_a_file_tells_its_format(tmp_path: Path, first: bytes, expected: str) -> None:
    assert _detect(tmp_path, first) == expected


@pytest.mark.parametrize("first", [b"C-1,purchase,2026-01-01\n", b"\x89PNG\r\n", b"hello\n", b"[1]\n"])
def test_a_file_that_does_not_is_refused(tmp_path: Path, first: bytes) -> None:
    with pytest.raises(UnknownFormatError):
        _detect(tmp_path, first)


def _line(raw: bytes) -> EventIn:
    cdnow_format: Format = FORMATS["cdnow"]
    draft = cdnow_format.numbered(cdnow_format.draft(cdnow_format.again(raw, None), WORLD), 2)
    assert isinstance(draft, EventIn)
    return draft


def test_a_line_of_cdnow() -> None:
    whole = _line(b" 00001 19970101  1   11.77")
    assert whole == EventIn(
        source="cdnow",
        customer="00001",
        kind="purchase",
        occurred_at=852_094_800_000,
        amount=1177,
        currency="USD",
        external_id="00001-19970101-2",
        properties='{"cds":1}',
    )
    assert _line(b" 00001 0001 19970101  1   11.77") == whole


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"00001 19970101 1", "wrong_width"),
        (b"a 19970101 1 1.00", "bad_customer_number"),
        (b"00001 19970231 1 1.00", "bad_instant"),
        (b"00001 999990101 1 1.00", "year_out_of_range"),
        (b"00001 00000101 1 1.00", "year_out_of_range"),
        (b"00001 19970101 x 1.00", "bad_count"),
        (b"00001 19970101 1 1.001", "too_many_decimals"),
        (b"00001 19970101 1 nan", "not_finite"),
        (b"00001 19970101 1 1e999", "amount_out_of_range"),
        (b"00001 19970101 1 \xff", "not_utf8"),
        (b"00001 19970101 1 \x00", "nul"),
    ],
)
def test_a_bad_line_of_cdnow(raw: bytes, expected: str) -> None:
    with pytest.raises(RefusedError) as refused:
        _line(raw)
    assert refused.value.reason.code == expected


def test_every_reason_has_words() -> None:
    root = Path(__file__).parents[3]
    sources = [*(root / "handlers" / "intake").glob("*.py"), *(root / "handlers").glob("*.py")]
    codes = {
        code
        for source in sources
        for code in re.findall(r'(?:RefusedError|Reason|__init__)\(\s*"(\w+)"', source.read_text())
    }
    codes |= {"other_customer", "other_kind", "other_time"}
    codes |= {"bad_amount", "too_many_decimals", "amount_out_of_range", "unknown_currency"}
    assert len(codes) > 30
    words = Words()
    assert [code for code in sorted(codes) if not words.has("intake", code)] == []


def test_both_files_of_cdnow_are_there_to_be_read() -> None:
    for name, first in (("CDNOW_master.txt", b"00001"), ("CDNOW_sample.txt", b"00004")):
        with Lines(cdnow.path(name)) as lines:
            record = next(FORMATS["cdnow"].records(lines))
            assert record.raw.split()[0] == first
