"""One customer as a loop in Python has it at hand: plain lists, and what a programmer would work out from them."""

import statistics
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Final

from bench.company.shape import END
from rules.instants import DAY

Value = int | float | str | bool
AGO: Final = (30, 60, 90, 180, 365)
"""Days back from the end, for whose instants rules have a name."""


@dataclass(slots=True)
class Past:
    """One customer as the loop has it at hand: events by kind in the order of time, and the customer's own data."""

    segment: str | None
    known_since: int
    renewal_date: str | None
    at: dict[str, list[int]] = field(default_factory=dict)
    amount: dict[str, list[int | None]] = field(default_factory=dict)
    """In minor units of the account's currency; None for another currency, or where there is no amount."""
    priority: dict[str, list[str | None]] = field(default_factory=dict)

    def since(self, kind: str, days: int) -> int:
        """Give the place of the first event of the last so many days."""
        return bisect_right(self.at.get(kind, ()), END - days * DAY)

    def count(self, kind: str, days: int) -> int:
        """Count the events of the last so many days."""
        return len(self.at.get(kind, ())) - self.since(kind, days)

    def amounts(self, kind: str, since: int = 0, until: int | None = None) -> list[int]:
        """Give the amounts of the events from a place on."""
        return [one for one in self.amount.get(kind, [])[since:until] if one is not None]

    def days_since(self, kind: str, place: int = -1) -> int:
        """Give whole days since an event, the last if not said; -1 where there is none."""
        at = self.at.get(kind)
        return (END - at[place]) // DAY if at else -1

    def median_gap(self, kind: str) -> float:
        """Give the median of the last 12 gaps between days with an event; -1 where there are fewer than 3."""
        days = sorted({at // DAY for at in self.at.get(kind, ())})[-13:]
        gaps = [later - earlier for earlier, later in pairwise(days)]
        return statistics.median(gaps) if len(gaps) >= 3 else -1

    def as_thing(self) -> dict[str, object]:
        """Give the customer as the engine's language can look at it; what that cannot say is worked out here."""
        kinds = ("login", "purchase", "ticket")
        return {
            **{kind: self._events(kind) for kind in kinds},
            **{f"ago_{days}": END - days * DAY for days in AGO},
            "now": END,
            "day": DAY,
            "known_since": self.known_since,
            "segment": self.segment or "",
            "gap": self.median_gap("purchase"),
            "last_ticket": max(self.at.get("ticket", [0])),
            "days_left": self.days_left(),
        }

    def _events(self, kind: str) -> list[dict[str, Value]]:
        return [
            {"at": at, "amount": amount or 0, "usd": amount is not None, "priority": priority or ""}
            for at, amount, priority in zip(
                self.at.get(kind, ()), self.amount.get(kind, ()), self.priority.get(kind, ()), strict=True
            )
        ]

    def answered(self, kind: str, answer: str, days: int) -> bool:
        """Tell whether the last event of a kind has an answer within so many days, or has not waited as long."""
        at = self.at.get(kind)
        if not at or at[-1] > END - days * DAY:
            return True
        answers = self.at.get(answer, [])
        place = bisect_right(answers, at[-1] - 1)
        return place < len(answers) and answers[place] <= at[-1] + days * DAY

    def returned(self, kind: str, days: int) -> bool:
        """Tell whether the first event of the last so many days came as long after the one before it."""
        at, place = self.at.get(kind, ()), self.since(kind, days)
        return 0 < place < len(at) and at[place - 1] + days * DAY <= at[place]

    def days_left(self) -> int:
        """Give the days to the date of renewal, negative once past; -1 where there is none."""
        if not self.renewal_date:
            return -1
        return (date.fromisoformat(self.renewal_date) - date(1970, 1, 1)).days - END // DAY
