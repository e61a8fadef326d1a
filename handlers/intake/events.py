"""The check that makes a raw record an event: pure, exact, and with a reason for every refusal.

It must not know files or requests; what a record looked like there is a format's business.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from handlers.intake import json_text
from handlers.intake.errors import RefusedError, shown
from handlers.intake.texts import cell, scalar
from rules.conditions.names import BadNameError, name_of
from rules.errors import WarmlineError
from rules.instants import EARLIEST, LATEST, Calendar, InstantError
from rules.money import (
    AmountOutOfRangeError,
    BadAmountError,
    TooManyDecimalsError,
    UnknownCurrencyError,
    minor_units,
)
from storage.incoming import EventIn

LONGEST_ID: Final = 256
"""Characters of an external id, a customer's or an event's."""
LONGEST_KIND: Final = 200
"""Characters of a kind as a source writes it; its canonical name may be shorter still, see `names.LONGEST_NAME`."""
LONGEST_INSTANT: Final = 64
LONGEST_AMOUNT: Final = 60
LONGEST_PROPERTIES: Final = 16_000
"""Characters of all properties of an event as JSON."""
MOST_PROPERTIES: Final = 100

REQUIRED: Final = ("customer", "kind", "occurred_at")
OPTIONAL: Final = ("amount", "currency", "external_id", "properties")
FIELDS: Final = frozenset(REQUIRED + OPTIONAL)
"""What a record of an event may say; whatever else it says is a property of the event."""

_YEAR_OUT_OF_RANGE: Final = re.compile(r"[+-]\d|\d{5,}-|0000-")
_NOT_FINITE: Final = re.compile(r"[+-]?(?:s?nan\d*|inf(?:inity)?)", re.IGNORECASE)
_LARGEST_EXPONENT: Final = 30
_MONEY_ERRORS: Final = (BadAmountError, TooManyDecimalsError, AmountOutOfRangeError, UnknownCurrencyError)


@dataclass(frozen=True, slots=True)
class World:
    """What a record is read with: the name of its source, the business's calendar and currency."""

    source: str
    calendar: Calendar
    currency: str


def event_of(raw: Mapping[str, Any], world: World) -> EventIn:
    """Make an event of a record whose fields are texts, or what JSON has. Raises `RefusedError`.

    A time without a zone is in the business's; an amount without a currency is in the business's.
    """
    amount, currency = _money(raw.get("amount"), raw.get("currency"), world.currency)
    return EventIn(
        source=world.source,
        customer=_required(raw, "customer", LONGEST_ID),
        kind=_kind(_required(raw, "kind", LONGEST_KIND)),
        occurred_at=instant_of(_required(raw, "occurred_at", LONGEST_INSTANT), world.calendar),
        amount=amount,
        currency=currency,
        external_id=scalar(raw.get("external_id"), "external_id", limit=LONGEST_ID),
        properties=_properties(raw),
    )


def instant_of(text: str, calendar: Calendar, field: str = "occurred_at") -> int:
    """Read an instant. Raises `RefusedError` with ``year_out_of_range`` or ``bad_instant``."""
    if _YEAR_OUT_OF_RANGE.match(text):
        raise RefusedError("year_out_of_range", field=field, text=shown(text))
    try:
        instant = calendar.parse(text)
    except InstantError as error:
        raise RefusedError("bad_instant", field=field, text=shown(text)) from error
    if not EARLIEST <= instant <= LATEST:
        raise RefusedError("year_out_of_range", field=field, text=shown(text))
    return instant


def amount_of(written: str | Decimal, currency: str) -> int:
    """Read an amount in the main unit as minor units of ``currency``. Raises `RefusedError` with a reason of its own."""
    text = str(written)
    if _NOT_FINITE.fullmatch(text):
        raise RefusedError("not_finite", text=shown(text))
    try:
        return minor_units(_plain(text, currency), currency)
    except _MONEY_ERRORS as error:
        raise _refused(error) from error


def _plain(text: str, currency: str) -> str:
    """Write a number that has an exponent without one; leave everything else to `minor_units`."""
    if "e" not in text and "E" not in text:
        return text
    try:
        number = Decimal(text) if len(text) <= LONGEST_AMOUNT else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite():
        raise RefusedError("bad_amount", text=shown(text))
    if number and number.adjusted() > _LARGEST_EXPONENT:
        raise RefusedError("amount_out_of_range", text=shown(text), currency=currency)
    if number and number.adjusted() < -_LARGEST_EXPONENT:
        raise RefusedError("bad_amount", text=shown(text))
    return format(number, "f") if number else "0"


def _money(amount: Any, currency: Any, usual: str) -> tuple[int | None, str | None]:
    code = scalar(currency, "currency", limit=LONGEST_AMOUNT)
    if isinstance(amount, str):
        amount = scalar(amount, "amount", limit=LONGEST_AMOUNT)
    if amount is None:
        return None, None
    if not isinstance(amount, str | Decimal):
        raise RefusedError("wrong_type", field="amount", found=shown(amount))
    code = (code or usual).upper()
    return amount_of(amount, code), code


def _required(raw: Mapping[str, Any], field: str, limit: int) -> str:
    value = scalar(raw.get(field), field, limit=limit)
    if value is None:
        raise RefusedError("missing", field=field)
    return value


@lru_cache(maxsize=4_096)
def _canonical_kind(text: str) -> str:
    return name_of(text)


def _kind(text: str) -> str:
    try:
        return _canonical_kind(text)
    except BadNameError as error:
        raise RefusedError("bad_kind", text=shown(text)) from error


def _properties(raw: Mapping[str, Any]) -> str | None:
    given = raw.get("properties")
    if isinstance(given, str):
        # A cell of a table: it holds JSON.
        given = json_text.record(given) if given.strip() else None
    if given is not None and not isinstance(given, dict):
        raise RefusedError("properties_no_object", found=shown(given))
    if not given and raw.keys() <= FIELDS:
        return None
    found: dict[str, Any] = {}
    for source in (given or {}, {name: value for name, value in raw.items() if name not in FIELDS}):
        for name, value in source.items():
            canonical = _property_name(name)
            if canonical in found:
                raise RefusedError("property_twice", name=canonical)
            if value is not None:
                found[canonical] = value
    if len(found) > MOST_PROPERTIES:
        raise RefusedError("too_many_properties", found=len(found), limit=MOST_PROPERTIES)
    text = json_text.dumps(found)
    if len(text) > LONGEST_PROPERTIES:
        raise RefusedError("too_long", field="properties", length=len(text), limit=LONGEST_PROPERTIES)
    return text if found else None


def _property_name(name: str) -> str:
    try:
        return name_of(name)
    except BadNameError as error:
        raise RefusedError("bad_property_name", text=shown(name)) from error


def _refused(error: WarmlineError) -> RefusedError:
    params = {name: value if isinstance(value, int) else shown(value) for name, value in error.params.items()}
    return RefusedError(error.code, **params)


def cells_of(raw: Mapping[str, str]) -> Mapping[str, Any]:
    """Give a row of a table as a record: what is a property is a number where it is written as one."""
    if raw.keys() <= FIELDS:
        return raw
    return MappingProxyType(
        {
            name: text if name in FIELDS else cell(text, name, limit=json_text.LONGEST_TEXT)
            for name, text in raw.items()
        }
    )
