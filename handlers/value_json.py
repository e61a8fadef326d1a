"""Fits and what they say of customers, as ``bot.py value --json`` gives them."""

from datetime import date, timedelta

from handlers.value import Worth
from rules.conditions.terms import Score
from rules.instants import iso
from rules.lifecycle.fit import Calibration, Fit, Lack, Part


def fit(found: Fit) -> dict[str, object]:
    """Give what ``value fit --json`` answers; where something was lacking, with null for it, and ``lacks``."""
    part = found.whole
    spending = None if part is None or part.spending is None else part
    return {
        "model": found.terms.model.value,
        "params": None if part is None else params(part),
        "log_likelihood": None if part is None else part.log_likelihood,
        "customers": found.customers,
        "spend": None
        if spending is None or spending.spending is None
        else {
            "p": spending.spending.p,
            "q": spending.spending.q,
            "v": spending.spending.v,
            "log_likelihood": spending.spending_log_likelihood,
        },
        **({"lacks": _lacks(found.lacks)} if part is None else {}),
    }


def whole(found: Fit) -> dict[str, object]:
    """Give all there is to a fit, as ``value show --json`` has it."""
    return {
        "id": found.id,
        "as_of": iso(found.as_of),
        "usable": found.whole is not None,
        **fit(found),
        "repeat_buyers": found.repeaters,
        "weeks": found.weeks,
        "kind": found.terms.kind,
        "unit": found.terms.unit.value,
        "discount": found.terms.discount,
        "currency": found.currency,
        "lacks": _lacks(found.lacks or (found.whole.lacks if found.whole else ())),
        "segments": {
            name: {"params": params(part), "customers": part.customers}
            for name, part in found.segments.items()
        },
        "calibration": None if found.calibration is None else _calibration(found.calibration),
    }


def worth(found: Worth, currency: str) -> dict[str, object]:
    """Give what ``value of --json`` answers; null is unknown."""
    told = {
        name: float(column.numerators[0] / column.denominators) if column.known.any() else None
        for name, column in found.values.items()
    }
    clv = told[Score.CLV]
    return {
        "customer": found.customer.person.external_id,
        "as_of": iso(found.customer.as_of),
        "fit": None if found.fit is None else found.fit.id,
        "p_alive": told[Score.P_ALIVE],
        "expected_purchases": told[Score.EXPECTED_PURCHASES],
        "clv": None if clv is None else {"amount": f"{clv:.2f}", "currency": currency},
        "clv_rank": told[Score.CLV_RANK],
    }


def params(part: Part) -> dict[str, float]:
    """Give the parameters of buying by name."""
    model = part.buying
    return {"r": model.r, "alpha": model.alpha, "a": model.a, "b": model.b}


def _lacks(lacks: tuple[Lack, ...]) -> list[dict[str, object]]:
    return [{"what": one.what.value, "have": one.have, "need": one.need} for one in lacks]


def _calibration(found: Calibration) -> dict[str, object]:
    rows = zip(found.expected, found.actual, strict=True)
    return {
        "since": day(found.since).isoformat(),
        "customers": found.customers,
        "weeks": [
            {"week": week, "expected": expected, "actual": actual}
            for week, (expected, actual) in enumerate(rows, 1)
        ],
    }


def day(ordinal: int) -> date:
    """Give a day counted since 1970-01-01."""
    return date(1970, 1, 1) + timedelta(days=ordinal)
