"""A customer's card as ``bot.py status --json`` gives it; null is unknown, amounts are decimal strings."""

from fractions import Fraction
from typing import Any

from rules.alerts.evidence import Evidence
from rules.conditions.terms import Family, Score
from rules.instants import iso
from rules.money import decimal_text, exponent
from templates.views import CadenceView, CardView, HealthView, LabelView, WorthView


def whole(view: CardView, currency: str) -> dict[str, Any]:
    """Give the answer of ``bot.py status --json``."""
    return {
        "customer": {
            "id": view.person.external_id,
            "name": view.person.name,
            "email": view.email,
            "segment": view.person.segment,
            "owner": view.person.owner,
            "known_since": iso(view.known_since),
        },
        "status": view.status,
        "stage": view.stage,
        "types": list(view.types),
        "active": next((one.held for one in view.labels if one.family == Family.ACTIVE), None),
        "segments": list(view.held(Family.SEGMENT)),
        "why": [_why(one) for one in view.labels],
        "value": None if view.worth is None else _value(view.worth, view, currency),
        "cadence": None if view.cadence is None else _cadence(view.cadence),
        "health": None if view.health is None else _health(view.health),
        "spent": {money.currency: decimal_text(money.minor, money.currency) for money in view.spent},
        "months": [{"month": f"{month:%Y-%m}", "events": n} for month, n in view.months],
        "kinds": {
            one.kind: {
                "count": one.count,
                "sum": {money.currency: decimal_text(money.minor, money.currency) for money in one.sums},
                "last_at": iso(one.last_at),
                "days_since": one.days_since,
            }
            for one in view.kinds
        },
        "alerts": [
            {
                "id": one.id,
                "rule": one.rule,
                "kind": str(one.kind),
                "severity": str(one.severity),
                "opened_at": iso(one.opened_at),
                "claimed_by": one.standing.claimed_by,
                "snoozed_until": (
                    iso(one.standing.snoozed_until) if one.standing.snoozed_until is not None else None
                ),
            }
            for one in view.alerts
        ],
    }


def _health(view: HealthView) -> dict[str, object]:
    return {
        "score": view.score,
        "as_of": iso(view.as_of),
        "since": iso(view.since),
        "before": view.before,
        "moved": view.moved,
        "dimensions": {one.name: {"points": one.points, "weight": one.weight} for one in view.dimensions},
    }


def _why(one: LabelView) -> dict[str, object]:
    return {
        "family": one.family,
        "label": one.label,
        "held": one.held,
        "since": None if one.since is None else one.since.isoformat(),
        "at_least": one.at_least,
        "not": one.other,
        "grounds": [
            {"term": ground.fact.term, "value": ground.fact.value, "asked": ground.asked}
            for ground in one.grounds
        ],
    }


def _value(worth: WorthView, view: CardView, currency: str) -> dict[str, object]:
    found = {one.term: one for one in worth.values}
    told = {name: _number(found.get(name)) for name in Score}
    clv = found.get(Score.CLV)
    amount = (
        None if clv is None or clv.value is None else round(Fraction(clv.value) * 10 ** exponent(currency))
    )
    return {
        "as_of": None if worth.as_of is None else iso(worth.as_of),
        "p_alive": told[Score.P_ALIVE],
        "expected_purchases": told[Score.EXPECTED_PURCHASES],
        "clv": None if amount is None else {"amount": decimal_text(amount, currency), "currency": currency},
        "clv_rank": told[Score.CLV_RANK],
        "tier": next(iter(view.held(Family.VALUE_TIER)), None),
        "lacks": [{"what": one.what.value, "have": one.have, "need": one.need} for one in worth.lacks],
    }


def _cadence(one: CadenceView) -> dict[str, object]:
    return {
        "kind": one.kind,
        "median_gap": _number(one.gap),
        "days_since": _number(one.since),
        "overdue": _number(one.overdue),
    }


def _number(fact: Evidence | None) -> float | None:
    return None if fact is None or fact.value is None else float(Fraction(fact.value))
