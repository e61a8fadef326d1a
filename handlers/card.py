"""A customer's card, loaded: who it is, where they stand and why, what they are worth, their rhythm, what happened.

One snapshot, each term asked once, and every number from stored events and definitions. It must not know how a card
is laid out, nor who asks for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Final

import numpy as np

from handlers import health, shown, spending, standing
from handlers.context import Context
from rules.alerts.evidence import evidence_of
from rules.conditions.columns import Column
from rules.conditions.reach import within
from rules.conditions.terms import (
    DaysSince,
    Events,
    Family,
    Fitted,
    MedianGap,
    Overdue,
    Score,
    Subject,
    Term,
)
from rules.instants import DAY, Calendar, months_before
from rules.lifecycle.definitions import Lifecycle
from rules.lifecycle.fit import Fit, Lack, Lacking
from rules.lifecycle.standing import asked
from storage import alerts, definitions, events, fits, pruned
from storage import terms as answers
from storage.customers import Profile
from storage.database import Transaction
from storage.events import KindSummary
from storage.facts import Facts
from templates.views import CadenceView, CardView, KindView, LabelView, ListedAlert, Money, WorthView

EVENTS: Final = 5
"""Events on a card."""
MONTHS: Final = 12
"""Months on its chart."""
_MOST_ATTRIBUTES: Final = 8
_PURCHASE: Final = "purchase"
"""Whose rhythm is told where no life cycle says what qualifies a customer."""


def card(tx: Transaction, profile: Profile, ctx: Context, as_of: int | None) -> CardView:
    """Give the card of a customer, now or at ``as_of``, by the definitions in force today."""
    now = ctx.now() if as_of is None else as_of
    lifecycle, horizon = definitions.current(tx), pruned.horizon(tx)
    months = _months(ctx.calendar, now, horizon)
    begins = [ctx.calendar.midnight(month) for month in months]
    summary, counts = events.summary_by_month(tx, profile.id, now, begins)
    kind = _rhythm(lifecycle, summary)
    families = standing.answerable(lifecycle, horizon, now, ctx.calendar) if lifecycle else ()
    scores = tuple(Fitted(name) for name in Score)
    cadence = () if kind is None else within(_cadence_terms(kind), horizon, now, ctx.calendar)
    known = profile.known_since <= now
    facts = Facts(
        tx,
        now=now,
        calendar=ctx.calendar,
        currency=ctx.currency,
        ids=np.array([profile.id] if known else [], dtype=np.int64),
        known_since=np.array([profile.known_since] if known else [], dtype=np.int64),
    )
    columns = answers.columns(facts, (*asked(lifecycle, families), *scores, *cadence))
    labels: tuple[LabelView, ...] = ()
    if known:
        labels = standing.labels(lifecycle, families, columns)
        labels = _dated(tx, ctx, lifecycle, labels, families=families, customer_id=profile.id, now=now)
    return CardView(
        id=profile.id,
        person=shown.person(profile, profile.id, ctx),
        email=profile.email,
        country=profile.country,
        language=profile.language,
        more=tuple((name, str(value)) for name, value in list(profile.attributes.items())[:_MOST_ATTRIBUTES]),
        known_since=profile.known_since,
        tenure_days=max(0, now - profile.known_since) // DAY,
        kinds=tuple(_kind(one, ctx.currency, now) for one in summary),
        alerts=(
            shown.listed(tx, alerts.open_of(tx, profile.id), ctx, {profile.id: profile})
            if as_of is None
            else _listed_at(tx, profile, ctx, as_of)
        ),
        events=tuple(shown.event_view(one) for one in events.timeline(tx, profile.id, now, EVENTS)),
        as_of=now,
        is_past=as_of is not None,
        labels=labels,
        health=health.of(tx, ctx, profile.id) if as_of is None else None,
        spent=_spent(summary, spending.kinds(tx, lifecycle)) if any(one.sums for one in summary) else (),
        worth=_worth(tx, facts.fit(), columns, horizon) if known else None,
        cadence=_cadence(kind, columns) if known and kind is not None and len(cadence) == _CADENCE else None,
        months=tuple(zip(months, counts, strict=True)),
    )


def _months(calendar: Calendar, now: int, horizon: int | None) -> list[date]:
    """Give the first days of the last months, this one last; without those of which events were pruned."""
    this = calendar.date_of(now).replace(day=1)
    found = [months_before(this, back) for back in reversed(range(MONTHS)) if this.year > 1]
    return [month for month in found if horizon is None or calendar.midnight(month) >= horizon]


def _rhythm(lifecycle: Lifecycle, summary: Sequence[KindSummary]) -> str | None:
    """Give the kind whose rhythm is told: the first that qualifies a customer, of those that ever happened."""
    happened = {one.kind for one in summary}
    return next((kind for kind in lifecycle.kinds or (_PURCHASE,) if kind in happened), None)


def _cadence_terms(kind: str) -> tuple[Term, ...]:
    of = Events(kind)
    return MedianGap(of), DaysSince(of), Overdue(of)


_CADENCE: Final = len(_cadence_terms(_PURCHASE))


def _cadence(kind: str, columns: Mapping[Subject, Column]) -> CadenceView:
    gap, since, overdue = evidence_of(_cadence_terms(kind), columns, [0])[0]
    return CadenceView(kind=kind, gap=gap, since=since, overdue=overdue)


def _dated(
    tx: Transaction,
    ctx: Context,
    lifecycle: Lifecycle,
    found: tuple[LabelView, ...],
    *,
    families: Sequence[Family],
    customer_id: int,
    now: int,
) -> tuple[LabelView, ...]:
    """Give the labels with since when each is the customer's, where that is said."""
    dated = [family for family in families if family in standing.DATED]
    since = standing.since(tx, ctx, customer_id, lifecycle, dated, now=now)
    return tuple(
        replace(one, since=since[family].day, at_least=since[family].at_least)
        if (family := Family(one.family)) in since
        else one
        for one in found
    )


def _worth(
    tx: Transaction, fit: Fit | None, columns: Mapping[Subject, Column], horizon: int | None
) -> WorthView:
    """Give what the models say, or what is lacking."""
    if fit is None:
        return WorthView(lacks=_lacks(tx, horizon))
    values = evidence_of([Fitted(name) for name in Score], columns, [0])[0]
    whole = fit.whole
    unknown = {one.term for one in values if one.value is None}
    bought, valued = (score.value not in unknown for score in (Score.P_ALIVE, Score.CLV))
    return WorthView(
        values=values,
        as_of=fit.as_of,
        discount=fit.terms.discount,
        lacks=whole.lacks if whole is not None and whole.spending is None and bought and not valued else (),
        kind=fit.terms.kind,
        bought=bought,
    )


def _lacks(tx: Transaction, horizon: int | None) -> tuple[Lack, ...]:
    if horizon is not None:
        return (Lack(Lacking.PRUNED),)
    latest = fits.latest(tx)
    return (Lack(Lacking.NEVER),) if latest is None or latest.whole is not None else latest.lacks


def _spent(summary: Sequence[KindSummary], kinds: frozenset[str]) -> tuple[Money, ...]:
    """Add up what was spent, each currency by itself."""
    found: dict[str, int] = {}
    for one in summary:
        for currency, minor in one.sums.items() if one.kind in kinds else ():
            found[currency] = found.get(currency, 0) + minor
    return tuple(Money(minor, currency) for currency, minor in sorted(found.items()))


def _kind(one: KindSummary, currency: str, now: int) -> KindView:
    total = one.sums.get(currency)
    counted = one.amounts.get(currency, 0)
    return KindView(
        kind=one.kind,
        count=one.count,
        sums=tuple(Money(minor, code) for code, minor in sorted(one.sums.items())),
        average=Money(_rounded(total, counted), currency) if total is not None and counted else None,
        last_at=one.last_at,
        days_since=(now - one.last_at) // DAY,
    )


def _rounded(total: int, count: int) -> int:
    return int((Decimal(total) / count).to_integral_value())


def _listed_at(tx: Transaction, profile: Profile, ctx: Context, as_of: int) -> tuple[ListedAlert, ...]:
    """Give the alerts of a customer that were open at ``as_of``, each as it stood then."""
    open_then = [
        one
        for one in alerts.of_customer(tx, profile.id)
        if one.opened_at <= as_of and (one.resolved_at is None or one.resolved_at > as_of)
    ]
    listed = shown.listed(tx, open_then, ctx, {profile.id: profile})
    return tuple(
        replace(row, standing=shown.standing_at(alerts.transitions(tx, one), as_of))
        for row, one in zip(listed, open_then, strict=True)
    )
