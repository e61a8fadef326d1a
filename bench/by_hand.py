"""Conditions with a term of every kind, and what else would answer each: SQL by hand, and plain Python before a rule engine.

The SQL is what somebody writes who knows the tables; SQLite, PostgreSQL and DuckDB read the same text but for how a
property is got out of JSON (``{priority}``). The Python is what fills the facts that a rule of the engine tests.
"""

import statistics
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from bench.company.shape import END
from rules.instants import DAY

Value = int | float | str | bool
PROPERTY: Final[Mapping[str, str]] = {
    "sqlite": "event_detail.properties ->> 'priority'",
    "postgresql": "event_detail.properties::json ->> 'priority'",
    "duckdb": "event_detail.properties ->> 'priority'",
}
"""How each engine gets a property out of JSON."""
_AGO: Final = (30, 60, 90, 180, 365)


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
            **{f"ago_{days}": END - days * DAY for days in _AGO},
            "now": END,
            "day": DAY,
            "known_since": self.known_since,
            "segment": self.segment or "",
            "gap": self.median_gap("purchase"),
            "last_ticket": max(self.at.get("ticket", [0])),
            "days_left": _days_until(self.renewal_date),
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


@dataclass(frozen=True, slots=True)
class Way:
    """A condition, and the other ways to its answer.

    ``rule`` is the engine's over a customer's events as they are, as far as its language goes; ``short`` is the engine's
    over the ``facts`` that a programmer has made of them.
    """

    condition: str
    sql: str
    rule: str
    short: str
    facts: Callable[[Past], Mapping[str, Value]]


def binds(sql: str, kinds: Mapping[str, int]) -> dict[str, int | str]:
    """Give what ``sql`` names: instants (literal windows, which PostgreSQL's planner judges rightly), kinds, dates."""
    today = date(1970, 1, 1) + timedelta(days=END // DAY)
    known: dict[str, int | str] = {
        "now": END,
        **{f"ago_{days}": END - days * DAY for days in _AGO},
        **{f"days_{days}": days * DAY for days in (14, 30)},
        "today": f'"{today.isoformat()}"',
        "in_30": f'"{(today + timedelta(days=30)).isoformat()}"',
        **kinds,
    }
    return {name: value for name, value in known.items() if f":{name}" in sql}


_OF: Final = "SELECT customer_id FROM event WHERE kind = :{kind} AND occurred_at <= :now "
_PURCHASES: Final = _OF.format(kind="purchase")
_NOT_SINCE: Final = (
    "NOT EXISTS (SELECT 1 FROM event e WHERE e.customer_id = c.id AND e.kind = :{kind} "
    "AND e.occurred_at > :{after} AND e.occurred_at <= :now)"
)
_DAYS: Final = (
    # Days are told by their first millisecond: a division is another thing on each engine.
    "WITH day AS (SELECT DISTINCT customer_id, occurred_at - occurred_at % 86400000 AS day FROM event "
    "WHERE kind = :purchase AND occurred_at <= :now), "
    "gap AS (SELECT customer_id, day - lag(day) OVER (PARTITION BY customer_id ORDER BY day) AS gap, "
    "row_number() OVER (PARTITION BY customer_id ORDER BY day DESC) AS nth FROM day), "
    "ranked AS (SELECT customer_id, gap, row_number() OVER (PARTITION BY customer_id ORDER BY gap) AS place, "
    "count(*) OVER (PARTITION BY customer_id) AS many FROM gap WHERE gap IS NOT NULL AND nth <= 12), "
    "median AS (SELECT customer_id, sum(gap) AS gaps, count(*) AS n FROM ranked "
    "WHERE many >= 3 AND 2 * place IN (many, many + 1, many + 2) GROUP BY customer_id) "
)
_TICKETS: Final = (
    "SELECT DISTINCT event.customer_id FROM event JOIN event_detail ON "
    "event_detail.customer_id = event.customer_id AND event_detail.kind = event.kind "
    "AND event_detail.occurred_at = event.occurred_at AND event_detail.key = event.key "
    "WHERE event.kind = :ticket AND event.occurred_at > :ago_90 AND event.occurred_at <= :now "
    "AND {priority} = 'high'"
)

WAYS: Final[Sequence[Way]] = (
    Way(
        "count(purchase, 90d) >= 3",
        _PURCHASES + "AND occurred_at > :ago_90 GROUP BY customer_id HAVING count(*) >= 3",
        "[e for e in purchase if e['at'] > ago_90].length >= 3",
        "bought >= 3",
        lambda past: {"bought": past.count("purchase", 90)},
    ),
    Way(
        "count(login) >= 20",
        _OF.format(kind="login") + "GROUP BY customer_id HAVING count(*) >= 20",
        "login.length >= 20",
        "logins >= 20",
        lambda past: {"logins": len(past.at.get("login", ()))},
    ),
    Way(
        "sum(purchase) > 500",
        _PURCHASES + "AND currency = 'USD' GROUP BY customer_id HAVING sum(amount) > 50000",
        "$sum([e['amount'] for e in purchase if e['usd']]) > 50000",
        "spent > 50000",
        lambda past: {"spent": sum(past.amounts("purchase"))},
    ),
    Way(
        "avg(purchase, 365d) > 60",
        _PURCHASES + "AND occurred_at > :ago_365 AND currency = 'USD' AND amount IS NOT NULL "
        "GROUP BY customer_id HAVING sum(amount) > 6000 * count(*)",
        "$sum([e['amount'] for e in purchase if e['usd'] and e['at'] > ago_365]) > 6000 * [e for e in "
        "purchase if e['usd'] and e['at'] > ago_365].length",
        "spent > 6000 * orders",
        lambda past: {
            "spent": sum(past.amounts("purchase", past.since("purchase", 365))),
            "orders": len(past.amounts("purchase", past.since("purchase", 365))),
        },
    ),
    Way(
        "days_since(purchase) >= 60",
        _PURCHASES + "GROUP BY customer_id HAVING max(occurred_at) <= :ago_60",
        "purchase.length > 0 and $max([e['at'] for e in purchase]) <= ago_60",
        "days >= 60",
        lambda past: {"days": past.days_since("purchase")},
    ),
    Way(
        "days_since_first(purchase) < 90",
        _PURCHASES + "GROUP BY customer_id HAVING min(occurred_at) > :ago_90",
        "purchase.length > 0 and $min([e['at'] for e in purchase]) > ago_90",
        "days >= 0 and days < 90",
        lambda past: {"days": past.days_since("purchase", 0)},
    ),
    Way(
        "median_gap(purchase) <= 14",
        _DAYS + "SELECT customer_id FROM median WHERE gaps <= n * :days_14",
        "gap >= 0 and gap <= 14",
        "gap >= 0 and gap <= 14",
        lambda past: {"gap": past.median_gap("purchase")},
    ),
    Way(
        "overdue(purchase) >= 2",
        _DAYS + ", last AS (SELECT customer_id, max(occurred_at) AS last_at FROM event "
        "WHERE kind = :purchase AND occurred_at <= :now GROUP BY customer_id) "
        "SELECT median.customer_id FROM median JOIN last ON last.customer_id = median.customer_id "
        "WHERE (:now - last_at - (:now - last_at) % 86400000) * n >= 2 * gaps",
        "gap > 0 and now - $max([e['at'] for e in purchase]) >= 2 * gap * day",
        "gap > 0 and days >= 2 * gap",
        lambda past: {"gap": past.median_gap("purchase"), "days": past.days_since("purchase")},
    ),
    Way(
        "change(sum(purchase), 90d) <= -50%",
        _PURCHASES + "AND occurred_at > :ago_180 AND currency = 'USD' GROUP BY customer_id HAVING "
        "sum(CASE WHEN occurred_at <= :ago_90 THEN amount ELSE 0 END) > 0 AND "
        "2 * sum(CASE WHEN occurred_at > :ago_90 THEN amount ELSE 0 END) "
        "<= sum(CASE WHEN occurred_at <= :ago_90 THEN amount ELSE 0 END)",
        "$sum([e['amount'] for e in purchase if e['usd'] and e['at'] > ago_180 and e['at'] <= ago_90]) > 0 "
        "and 2 * $sum([e['amount'] for e in purchase if e['usd'] and e['at'] > ago_90]) <= $sum([e['amount'] "
        "for e in purchase if e['usd'] and e['at'] > ago_180 and e['at'] <= ago_90])",
        "before > 0 and 2 * spent <= before",
        lambda past: {
            "spent": sum(past.amounts("purchase", past.since("purchase", 90))),
            "before": sum(past.amounts("purchase", past.since("purchase", 180), past.since("purchase", 90))),
        },
    ),
    Way(
        "never(ticket)",
        "SELECT c.id FROM customer c WHERE c.known_since <= :now AND NOT EXISTS (SELECT 1 FROM event e "
        "WHERE e.customer_id = c.id AND e.kind = :ticket AND e.occurred_at <= :now)",
        "ticket.length == 0",
        "tickets == 0",
        lambda past: {"tickets": len(past.at.get("ticket", ()))},
    ),
    Way(
        "silent(login, 30d)",
        f"SELECT c.id FROM customer c WHERE c.known_since <= :ago_30 AND {_NOT_SINCE.format(kind='login', after='ago_30')}",
        "known_since <= ago_30 and [e for e in login if e['at'] > ago_30].length == 0",
        "known and logins == 0",
        lambda past: {"known": past.known_since <= END - 30 * DAY, "logins": past.count("login", 30)},
    ),
    Way(
        "missing(ticket, login, 30d)",
        "SELECT last.customer_id FROM (SELECT customer_id, max(occurred_at) AS last_at FROM event "
        "WHERE kind = :ticket AND occurred_at <= :now GROUP BY customer_id) last WHERE last.last_at <= :ago_30 "
        "AND NOT EXISTS (SELECT 1 FROM event e WHERE e.customer_id = last.customer_id AND e.kind = :login "
        "AND e.occurred_at >= last.last_at AND e.occurred_at <= last.last_at + :days_30)",
        "ticket.length > 0 and $max([e['at'] for e in ticket]) <= ago_30 and [e for e in login if "
        "e['at'] >= last_ticket and e['at'] <= last_ticket + 30 * day].length == 0",
        "not answered",
        lambda past: {"answered": past.answered("ticket", "login", 30)},
    ),
    Way(
        "days_until(attr.renewal_date) >= 0 and days_until(attr.renewal_date) <= 30",
        "SELECT customer_id FROM attribute WHERE name = 'renewal_date' AND value >= :today AND value <= :in_30",
        "days_left >= 0 and days_left <= 30",
        "days >= 0 and days <= 30",
        lambda past: {"days": _days_until(past.renewal_date)},
    ),
    Way(
        "segment = enterprise and tenure >= 365",
        "SELECT id FROM customer WHERE segment = 'enterprise' AND known_since <= :ago_365",
        "segment == 'enterprise' and known_since <= ago_365",
        "segment == 'enterprise' and tenure >= 365",
        lambda past: {"segment": past.segment or "", "tenure": (END - past.known_since) // DAY},
    ),
    Way(
        "count(ticket where priority = high, 90d) >= 1",
        _TICKETS,
        "[e for e in ticket if e['priority'] == 'high' and e['at'] > ago_90].length >= 1",
        "tickets >= 1",
        lambda past: {"tickets": past.priority.get("ticket", [])[past.since("ticket", 90) :].count("high")},
    ),
    Way(
        "sum(purchase where amount > 100, 90d) > 200",
        _PURCHASES + "AND occurred_at > :ago_90 AND currency = 'USD' AND amount > 10000 "
        "GROUP BY customer_id HAVING sum(amount) > 20000",
        "$sum([e['amount'] for e in purchase if e['usd'] and e['amount'] > 10000 and e['at'] > ago_90]) > 20000",
        "spent > 20000",
        lambda past: {
            "spent": sum(one for one in past.amounts("purchase", past.since("purchase", 90)) if one > 10_000)
        },
    ),
    Way(
        "silent(purchase, 30d) and count(purchase) >= 3 and segment = vip",
        "SELECT c.id FROM customer c WHERE c.segment = 'vip' AND c.known_since <= :ago_30 AND "
        f"{_NOT_SINCE.format(kind='purchase', after='ago_30')} AND (SELECT count(*) FROM event e "
        "WHERE e.customer_id = c.id AND e.kind = :purchase AND e.occurred_at <= :now) >= 3",
        "segment == 'vip' and known_since <= ago_30 and purchase.length >= 3 and [e for e in "
        "purchase if e['at'] > ago_30].length == 0",
        "known and bought == 0 and orders >= 3 and segment == 'vip'",
        lambda past: {
            "known": past.known_since <= END - 30 * DAY,
            "bought": past.count("purchase", 30),
            "orders": len(past.at.get("purchase", ())),
            "segment": past.segment or "",
        },
    ),
)
"""One condition and more for each kind of term."""


def _days_until(day: str | None) -> int:
    return (date.fromisoformat(day) - date(1970, 1, 1)).days - END // DAY if day else -1
