"""CDNOW's customers: real purchases of a shop for music, moved so that they end today, by people with plausible names.

Deterministic: the same customers have the same names on every machine. It must not know how they are taken in.
"""

import csv
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Final, TextIO

from handlers.demo.names import Names
from rules.errors import WarmlineError
from rules.instants import Calendar

_FILE: Final = "lifetimes/datasets/CDNOW_master.txt"
_LAST_DAY: Final = date(1998, 6, 30)
_COUNTRIES: Final = ("US", "US", "US", "US", "CA", "GB", "DE", "FR", "MX", "AU")


class DemoDataMissingError(WarmlineError):
    """The package that carries CDNOW's purchases is not installed."""

    code: ClassVar[str] = "demo_data_missing"


class Cdnow:
    """The purchases and customers of CDNOW, all of them from before ``now``: nothing comes in later."""

    rules: Final = Path(__file__).with_name("cdnow_rules.yaml")
    lifecycle: Final[tuple[str, Mapping[str, str]]] = ("retail", MappingProxyType({}))
    channels: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
        {"#customer-care": {"budget": "6", "group": "3", "quiet": "20:00-08:00"}}
    )

    def __init__(self, calendar: Calendar, now: int, owners: Sequence[str]) -> None:
        self._today = calendar.date_of(now)
        self._owners = owners
        self._written = False

    def write(self, folder: Path, until: int) -> list[Path]:  # noqa: ARG002  it is all there from the beginning
        """Write what is to be taken in, once."""
        if self._written:
            return []
        self._written = True
        events, customers = folder / "purchases.jsonl", folder / "customers.csv"
        with events.open("w", encoding="utf-8") as file:
            write_events(file, today=self._today)
        with customers.open("w", encoding="utf-8", newline="") as file:
            write_customers(file, owners=self._owners)
        return [events, customers]


def purchases_path() -> Path:
    """Give where CDNOW's purchases lie; raises `DemoDataMissingError`."""
    try:
        path = Path(str(metadata.distribution("lifetimes").locate_file(_FILE)))
    except metadata.PackageNotFoundError as error:
        raise DemoDataMissingError from error
    if not path.is_file():
        raise DemoDataMissingError
    return path


def write_events(out: TextIO, *, today: date) -> None:
    """Write every purchase as a line of JSON, moved by whole days so that the last falls on ``today``.

    Each gets an hour of the shop's day, so that a customer's line tells more than midnights.
    """
    moved = today - _LAST_DAY
    for number, (customer, day, cds, dollars) in enumerate(_lines()):
        seconds = 8 * 3600 + _number(f"{customer} {number}") % (13 * 3600)
        # The last day's purchases must not lie ahead of now, whenever today the demo begins.
        moment = datetime.combine(day + moved, datetime.min.time()) + timedelta(
            seconds=seconds if day < _LAST_DAY else 0
        )
        event = {
            "customer": customer,
            "kind": "purchase",
            "occurred_at": moment.isoformat(),
            "amount": dollars,
            "currency": "USD",
            "external_id": f"order-{number:05d}",
            "properties": {"cds": cds},
        }
        out.write(json.dumps(event) + "\n")


def write_customers(out: TextIO, *, owners: Sequence[str]) -> None:
    """Write every customer as a line of CSV: name, e-mail, segment by what was spent, an owner, a country."""
    names = Names()
    spent: dict[str, float] = defaultdict(float)
    for customer, _, _, dollars in _lines():
        spent[customer] += float(dollars)
    ranked = sorted(spent, key=lambda customer: -spent[customer])
    vip, regular = set(ranked[: len(ranked) // 50]), set(ranked[: len(ranked) // 5])
    writer = csv.writer(out)
    writer.writerow(["external id", "name", "email", "segment", "owner", "country"])
    for customer in sorted(spent):
        number = _number(customer)
        first, last = names.numbered(number)
        segment = "vip" if customer in vip else "regular" if customer in regular else "occasional"
        # Only those worth a call have somebody of their own.
        owner = owners[number % len(owners)] if customer in regular and owners else ""
        email = f"{first}.{last}.{customer.lstrip('0')}@example.com".lower()
        country = _COUNTRIES[number // 7 % len(_COUNTRIES)]
        writer.writerow([customer, f"{first} {last}", email, segment, owner, country])


def _lines() -> Iterator[tuple[str, date, int, str]]:
    with purchases_path().open(encoding="ascii") as file:
        for line in file:
            parts = line.split()
            if len(parts) == 4 and parts[0].isdigit():
                customer, day, cds, dollars = parts
                yield customer, datetime.strptime(day, "%Y%m%d").date(), int(cds), dollars  # noqa: DTZ007  a date


def _number(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest(), "big")
