"""The format ``cdnow``: purchases of an online shop in 1997 and 1998, the whole and a sample of it.

The whole has four columns: customer, date, number of CDs, dollars; the sample a number of its own after the customer.
Both name the same customers and the same events: the n-th line of a customer on a day is its external id. Amounts are
US dollars, whatever the business's currency.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from handlers.intake.errors import RefusedError, shown
from handlers.intake.events import World, amount_of
from handlers.intake.format import Draft, Record, one_a_line
from handlers.intake.lines import Lines
from storage.incoming import EventIn, key_of

NAME: Final = "cdnow"
KIND: Final = "purchase"
CURRENCY: Final = "USD"
_CUSTOMER: Final = re.compile(r"[0-9]{1,10}")
_DATE: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_CDS: Final = re.compile(r"[0-9]{1,9}")


def is_header(raw: bytes) -> bool:
    """Whether a line is the header that some copies of the file begin with."""
    return raw.split()[:1] == [b"customer_id"]


def looks_like(raw: bytes) -> bool:
    """Whether a line is one of this format's."""
    cells = raw.split()
    return len(cells) in (4, 5) and all(cell.isdigit() for cell in cells[:-1]) and len(cells[-3]) == 8


class Cdnow:
    """CDNOW's lines of columns with space between."""

    name = NAME

    def records(self, lines: Lines) -> Iterator[Record]:
        """Read a file."""
        if is_header(lines.peek().raw):
            lines.next()
        return one_a_line(lines, lambda raw: self.again(raw, None))

    def again(self, raw: bytes, header: bytes | None) -> Mapping[str, Any]:  # noqa: ARG002  there is none
        """Read one line."""
        if b"\0" in raw:
            raise RefusedError("nul", field="")
        try:
            cells = raw.decode("utf-8").split()
        except UnicodeDecodeError as error:
            raise RefusedError("not_utf8", position=error.start + 1) from error
        if len(cells) not in (4, 5):
            raise RefusedError("wrong_width", found=len(cells), expected=4)
        return {"customer": cells[0], "date": cells[-3], "cds": cells[-2], "dollars": cells[-1]}

    def draft(self, fields: Mapping[str, Any], world: World) -> Draft:
        """Make a purchase of a line; its id lacks the number that only the file tells."""
        customer, day, cds = fields["customer"], fields["date"], fields["cds"]
        if not _CUSTOMER.fullmatch(customer):
            raise RefusedError("bad_customer_number", text=shown(customer))
        if not _CDS.fullmatch(cds):
            raise RefusedError("bad_count", text=shown(cds))
        return EventIn(
            source=world.source,
            customer=customer,
            kind=KIND,
            occurred_at=world.calendar.midnight(_day(day)),
            amount=amount_of(fields["dollars"], CURRENCY),
            currency=CURRENCY,
            external_id=f"{customer}-{day}-",
            properties=f'{{"cds":{int(cds)}}}',
        )

    def equal_to(self, fields: Mapping[str, Any], draft: Draft | None) -> int | None:  # noqa: ARG002
        """Count the lines of a customer on a day, those with a fault too: the numbers of the others stay."""
        return key_of(self.name, fields["customer"], fields["date"])

    def numbered(self, draft: Draft, ordinal: int) -> Draft:
        """Complete the id."""
        if not isinstance(draft, EventIn):
            raise TypeError("a line of CDNOW is an event")
        return EventIn(
            source=draft.source,
            customer=draft.customer,
            kind=draft.kind,
            occurred_at=draft.occurred_at,
            amount=draft.amount,
            currency=draft.currency,
            external_id=f"{draft.external_id}{ordinal}",
            properties=draft.properties,
        )


def _day(text: str) -> date:
    match = _DATE.fullmatch(text)
    try:
        if match:
            return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        pass
    if text.isdigit() and (len(text) > 8 or text.startswith("0000")):
        raise RefusedError("year_out_of_range", field="date", text=shown(text))
    raise RefusedError("bad_instant", field="date", text=shown(text))
