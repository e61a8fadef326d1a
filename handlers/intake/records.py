"""The formats whose records are events by name of field: ``events-csv``, ``events-jsonl``, and what comes by HTTP."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from handlers.intake import json_text, table
from handlers.intake.errors import RefusedError
from handlers.intake.events import OPTIONAL, REQUIRED, World, cells_of, event_of
from handlers.intake.format import Draft, Record, one_a_line
from handlers.intake.lines import Lines
from storage.incoming import EventIn

CSV: Final = "events-csv"
JSONL: Final = "events-jsonl"
HTTP: Final = "http"

COLUMNS: Final = table.Columns(
    format_name=CSV,
    required=REQUIRED,
    expected=(*REQUIRED, *OPTIONAL),
    aliases={"customer_id": "customer"},
)


class _Events:
    """What all of them share: an event without an id is told from its equals by its place among them."""

    def equal_to(self, fields: Mapping[str, Any], draft: Draft | None) -> int | None:  # noqa: ARG002
        """Count equal events without an id."""
        return draft.key if isinstance(draft, EventIn) and draft.external_id is None else None

    def numbered(self, draft: Draft, ordinal: int) -> Draft:
        """Make the second of two equal events an event of its own."""
        if isinstance(draft, EventIn) and draft.external_id is None and ordinal > 1:
            return replace(draft, ordinal=ordinal)
        return draft


class EventsCsv(_Events):
    """A table with a header; columns that are no field of an event are properties of it."""

    name = CSV

    def records(self, lines: Lines) -> Iterator[Record]:
        """Read a file. Raises `MissingColumnsError`, `DuplicateColumnError`."""
        header = table.header_of(lines.peek().raw, COLUMNS)
        lines.next()
        return table.records(lines, header)

    def again(self, raw: bytes, header: bytes | None) -> Mapping[str, Any]:
        """Read one record by itself."""
        return table.row_of(raw, table.header_of(header or b"", COLUMNS))

    def draft(self, fields: Mapping[str, Any], world: World) -> Draft:
        """Make an event of a row."""
        return event_of(cells_of(fields), world)


class EventsJson(_Events):
    """One JSON object an event: a line of a file, or an item of a request."""

    def __init__(self, name: str) -> None:
        self.name = name

    def records(self, lines: Lines) -> Iterator[Record]:
        """Read a file of lines."""
        return one_a_line(lines, lambda raw: self.again(raw, None))

    def again(self, raw: bytes, header: bytes | None) -> Mapping[str, Any]:  # noqa: ARG002  there is none
        """Read one object."""
        if b"\0" in raw:
            raise RefusedError("nul", field="")
        try:
            return json_text.record(raw.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise RefusedError("not_utf8", position=error.start + 1) from error

    def draft(self, fields: Mapping[str, Any], world: World) -> Draft:
        """Make an event of an object."""
        return event_of(fields, world)
