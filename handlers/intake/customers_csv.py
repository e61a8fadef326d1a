"""The format ``customers-csv``: a table of customers; columns of no name that Warmline knows are attributes."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from handlers.intake import table
from handlers.intake.events import World
from handlers.intake.format import Draft, Record
from handlers.intake.lines import Lines
from handlers.intake.profiles import customer_of
from storage.customers import OWN

NAME: Final = "customers-csv"
COLUMNS: Final = table.Columns(
    format_name=NAME,
    required=("external_id",),
    expected=("external_id", *OWN, "created_at"),
    aliases={"customer": "external_id", "customer_id": "external_id", "e_mail": "email"},
)


class CustomersCsv:
    """A table of customers with a header."""

    name = NAME

    def records(self, lines: Lines) -> Iterator[Record]:
        """Read a file. Raises `MissingColumnsError`, `DuplicateColumnError`."""
        header = table.header_of(lines.peek().raw, COLUMNS)
        lines.next()
        return table.records(lines, header)

    def again(self, raw: bytes, header: bytes | None) -> Mapping[str, Any]:
        """Read one record by itself."""
        return table.row_of(raw, table.header_of(header or b"", COLUMNS))

    def draft(self, fields: Mapping[str, Any], world: World) -> Draft:
        """Make a profile of a row."""
        return customer_of(fields, world)

    def equal_to(self, fields: Mapping[str, Any], draft: Draft | None) -> int | None:  # noqa: ARG002
        """Say that nothing counts: a profile said twice is one profile."""
        return None

    def numbered(self, draft: Draft, ordinal: int) -> Draft:  # noqa: ARG002  see `equal_to`
        """Leave it as it is."""
        return draft
