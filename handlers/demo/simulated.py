"""The simulated company's customers as files to be taken in: all that happened so far, and then day by day.

It must not know how they are taken in.
"""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from handlers.demo.company import Company, Customer, Entry
from rules.instants import DAY, Calendar, iso
from rules.money import decimal_text

_COLUMNS: Final = (
    *("external id", "name", "email", "segment", "owner", "country", "language", "created at"),
    *("plan", "subscription end"),
)


class Simulated:
    """The simulated company, laid so that the day of ``now`` is its today."""

    rules: Final = Path(__file__).with_name("company_rules.yaml")
    lifecycle: Final[tuple[str, Mapping[str, str]]] = (
        "retail",
        # It sells coffee, and subscriptions besides: whoever holds one is active, however silent.
        {
            "active": "days_since(purchase) <= 30 or days_until(attr.subscription_end) >= 0",
            "status.prospect": "never(purchase) and never(subscription_started)",
            "status.new": "active and tenure <= 30",
            "status.churned": "count(subscription_cancelled) >= 1 and never(purchase)",
            "stage.retain": "(count(purchase) >= 3 or count(subscription_renewed) >= 2) and not status = churned",
            "stage.develop": "(count(purchase) >= 1 or active) and not status = churned",
        },
    )
    channels: Final[Mapping[str, Mapping[str, str]]] = {
        # So little that every few days something waits for the digest.
        "#customer-care": {
            "budget": "5",
            "group": "2",
            "digest": "daily 16:00",
            "quiet": "20:00-08:00",
        },
        "#sales": {
            "budget": "4",
            "group": "2",
            "digest": "weekly mon 09:00",
            "quiet": "18:00-09:00",
            "weekend": "sat,sun",
            "zone": "Europe/Berlin",
        },
    }

    def __init__(
        self, calendar: Calendar, now: int, owners: Sequence[str], company: Company | None = None
    ) -> None:
        self._calendar = calendar
        self._today = calendar.date_of(now)
        self._midnight = calendar.midnight(self._today)
        self._company = company or Company(owners)
        self._written = float("-inf")
        self._files = 0

    def write(self, folder: Path, until: int) -> list[Path]:
        """Write what happened since the last time, up to the instant ``until``."""
        after, day = self._written, (until - self._midnight) / DAY
        self._written, self._files = day, self._files + 1
        customers, events = (folder / f"{name}-{self._files:03d}" for name in ("customers", "events"))
        customers, events = customers.with_suffix(".csv"), events.with_suffix(".jsonl")
        changed, happened = list(self._company.changed(after, day)), list(self._company.between(after, day))
        with customers.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(_COLUMNS)
            writer.writerows(self._row(customer, day) for customer in changed)
        with events.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(self._record(entry)) + "\n" for entry in happened)
        return [path for path, lines in ((customers, changed), (events, happened)) if lines]

    def _row(self, customer: Customer, day: float) -> list[str]:
        term = customer.term_at(day)
        end = "" if term is None else self._calendar.date_of(self._instant(term.end + 0.5)).isoformat()
        return [
            *(customer.id, customer.name, customer.email, customer.segment, customer.owner),
            *(customer.country, customer.language, iso(self._instant(customer.life.joined))),
            *("" if term is None else term.plan, end),
        ]

    def _record(self, entry: Entry) -> dict[str, object]:
        happening = entry.happening
        said: dict[str, object] = {
            "customer": entry.customer.id,
            "kind": happening.kind,
            "occurred_at": iso(self._instant(happening.day)),
            "external_id": f"{entry.customer.id}-{entry.nth}",
        }
        if happening.cents is not None:
            said |= {"amount": decimal_text(happening.cents, "USD"), "currency": "USD"}
        return {**said, "properties": dict(happening.properties)} if happening.properties else said

    def _instant(self, day: float) -> int:
        return self._midnight + round(day * DAY)
