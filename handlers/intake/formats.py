"""Which formats there are, and which one a file is in."""

from types import MappingProxyType
from typing import Final

from handlers.intake import cdnow, customers_csv, records, table
from handlers.intake.cdnow import Cdnow
from handlers.intake.customers_csv import CustomersCsv
from handlers.intake.errors import MissingColumnsError, UnknownFormatError
from handlers.intake.format import Format
from handlers.intake.lines import Lines
from handlers.intake.records import EventsCsv, EventsJson

AUTO: Final = "auto"
FILES: Final = (cdnow.NAME, records.CSV, records.JSONL, customers_csv.NAME)
"""The formats of files, by name."""

FORMATS: Final = MappingProxyType[str, Format](
    {
        cdnow.NAME: Cdnow(),
        records.CSV: EventsCsv(),
        records.JSONL: EventsJson(records.JSONL),
        customers_csv.NAME: CustomersCsv(),
        records.HTTP: EventsJson(records.HTTP),
    }
)
"""Every format in which a record can lie in quarantine."""


def detect(lines: Lines) -> Format:
    """Tell the format of a file by its first line. Raises `UnknownFormatError`."""
    first = lines.peek().raw
    if cdnow.looks_like(first) or (cdnow.is_header(first) and b"," not in first):
        return FORMATS[cdnow.NAME]
    if first.lstrip().startswith(b"{"):
        return FORMATS[records.JSONL]
    for columns in (records.COLUMNS, customers_csv.COLUMNS):
        try:
            table.header_of(first, columns)
        except MissingColumnsError:
            continue
        return FORMATS[columns.format_name]
    raise UnknownFormatError(path=str(lines.path), formats=FILES)
