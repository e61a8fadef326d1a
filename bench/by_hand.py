"""Conditions with a term of every kind, and what else would answer each: SQL by hand, and rules of a rule engine.

The SQL is what somebody writes who knows the tables; SQLite, PostgreSQL and DuckDB read the same text but for how a
property is got out of JSON (``{priority}``). ``past.py`` is what the engine's rules look at.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from bench.company.shape import END
from bench.past import AGO, Past, Value
from rules.instants import DAY

PROPERTY: Final[Mapping[str, str]] = {
    "sqlite": "event_detail.properties ->> 'priority'",
    "postgresql": "event_detail.properties::json ->> 'priority'",
    "duckdb": "event_detail.properties ->> 'priority'",
}
"""How each engine gets a property out of JSON."""


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
        **{f"ago_{days}": END - days * DAY for days in AGO},
        **{f"days_{days}": days * DAY for days in (14, 30, 90)},
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
        lambda past: {"days": past.days_left()},
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
    Way(
        "returned(purchase, 90d)",
        "SELECT customer_id FROM event WHERE kind = :purchase AND occurred_at <= :now GROUP BY customer_id "
        "HAVING max(CASE WHEN occurred_at <= :ago_90 THEN occurred_at END) + :days_90 <= "
        "min(CASE WHEN occurred_at > :ago_90 THEN occurred_at END)",
        "[e for e in purchase if e['at'] > ago_90].length > 0 and [e for e in purchase if e['at'] <= ago_90]"
        ".length > 0 and $max([e['at'] for e in purchase if e['at'] <= ago_90]) + 90 * day <= "
        "$min([e['at'] for e in purchase if e['at'] > ago_90])",
        "returned",
        lambda past: {"returned": past.returned("purchase", 90)},
    ),
)
"""One condition and more for each kind of term."""
