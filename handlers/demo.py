"""The demo's company: CDNOW's real purchases, moved so that they end today, by customers with plausible names.

Deterministic: the same customers have the same names on every machine. It must not know the playground.
"""

import csv
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from importlib import metadata
from pathlib import Path
from typing import ClassVar, Final, TextIO

from rich.console import Console
from rich.progress import Progress

from handlers import rulebook
from handlers.context import Context
from handlers.import_file import import_file
from handlers.rulebook import Request
from handlers.sweep import sweep
from rules.access import Actor
from rules.alerts.typed import Options
from rules.errors import WarmlineError
from rules.instants import DAY

_FILE: Final = "lifetimes/datasets/CDNOW_master.txt"
_LAST_DAY: Final = date(1998, 6, 30)
_NAMES: Final = Path(__file__).with_name("demo_names.txt")
_COUNTRIES: Final = ("US", "US", "US", "US", "CA", "GB", "DE", "FR", "MX", "AU")


class DemoDataMissingError(WarmlineError):
    """The package that carries CDNOW's purchases is not installed."""

    code: ClassVar[str] = "demo_data_missing"


HISTORY_DAYS: Final = 5
"""So many days before today the rules begin, so that the channel has a past when the page opens."""
RULES: Final = {
    "big_spender_silent": Options(),
    "growing": Options(channel="#sales"),
}
"""What the demo watches, of the rules that ship; chosen so that some days pass without an alert and none with many."""


def clear(folder: Path) -> None:
    """Forget an earlier demo: its messages went with its workspace. To be called by who holds the writer's lock.

    The lock's own file stays: who removes one that is held lets a second process write.
    """
    for name in ("warmline.db", "warmline.db-wal", "warmline.db-shm"):
        (folder / name).unlink(missing_ok=True)


def furnish(ctx: Context, folder: Path, *, manager: str, owners: Sequence[str], console: Console) -> None:
    """Fill an empty database: purchases and customers, rules, and the sweeps of the last days."""
    now = ctx.now()
    today = ctx.calendar.date_of(now)
    events, customers = folder / "purchases.jsonl", folder / "customers.csv"
    with events.open("w", encoding="utf-8") as file:
        write_events(file, today=today)
    with customers.open("w", encoding="utf-8", newline="") as file:
        write_customers(file, owners=owners)
    with Progress(console=console, transient=True) as progress:
        for path, name in ((events, "purchases"), (customers, "customers")):
            task = progress.add_task(f"taking in {name}", total=None)
            import_file(
                ctx,
                path,
                progress=lambda read, whole, task=task: progress.update(task, completed=read, total=whole),  # type: ignore[misc]
            )
        request = Request(Actor(manager, manager=True))
        for name, options in RULES.items():
            rulebook.add(ctx, request, name=name, options=options)
        task = progress.add_task("sweeping the last days", total=HISTORY_DAYS + 1)
        for days in range(HISTORY_DAYS, -1, -1):
            sweep(ctx, as_of=now - days * DAY)
            progress.advance(task)


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
    first_names, last_names = _names()
    spent: dict[str, float] = defaultdict(float)
    for customer, _, _, dollars in _lines():
        spent[customer] += float(dollars)
    ranked = sorted(spent, key=lambda customer: -spent[customer])
    vip, regular = set(ranked[: len(ranked) // 50]), set(ranked[: len(ranked) // 5])
    writer = csv.writer(out)
    writer.writerow(["external id", "name", "email", "segment", "owner", "country"])
    for customer in sorted(spent):
        number = _number(customer)
        first = first_names[number % len(first_names)]
        last = last_names[number // len(first_names) % len(last_names)]
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


def _names() -> tuple[list[str], list[str]]:
    lines = _NAMES.read_text(encoding="utf-8").splitlines()
    first, last = "\n".join(lines[1:]).split("\n\n")
    return first.split(), last.split()
