"""What customers are worth: the models are fitted, by hand or every night, and what they say is shown.

Reads in one snapshot, in blocks of customers, and keeps a row of a few numbers for each; computes without the
database, and writes one row. It must not know how a model is fitted.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Final

import numpy as np
import structlog

from handlers import answer, changes, kind_moves
from handlers.answer import Choice
from handlers.context import Context
from handlers.kind_moves import MovePendingError
from rules.conditions.columns import Ints, Numbers
from rules.conditions.days import date_ordinal, midnights
from rules.conditions.names import fold
from rules.conditions.terms import Fitted, Own, Score
from rules.errors import WarmlineError
from rules.instants import HOUR, iso
from rules.lifecycle import calibration, score
from rules.lifecycle import fit as models
from rules.lifecycle.buying import Model
from rules.lifecycle.fit import WEEK, Fit, Lack, Lacking, Terms
from rules.lifecycle.purchases import Summary, new_days, running, standing
from rules.money import exponent
from storage import events, fits, jobs, processes, pruned, purchases
from storage import terms as answers
from storage.database import Transaction
from storage.facts import IdRange
from templates.views import CardView

JOB: Final = "value"
AT: Final = 2 * HOUR
"""Of the business day: before the audit."""

log = structlog.get_logger(__name__)


class NoPurchasesError(WarmlineError):
    """Nothing of the ``kind`` happened up to ``as_of``; the ``first`` came later, or never (None)."""

    code: ClassVar[str] = "no_purchases"


@dataclass(frozen=True, slots=True)
class Shown:
    """The fit in force, if there is one, and the one that was made last."""

    in_force: Fit | None
    latest: Fit | None


@dataclass(frozen=True, slots=True)
class Worth:
    """What the fit in force says of a customer; None of what is unknown. Exact, as conditions see it."""

    customer: CardView
    fit: Fit | None
    values: dict[Score, Numbers]


@dataclass(slots=True)
class _Seen:
    """What was read of customers who bought: all of it, and what stood when the holdout began."""

    summary: list[Summary]
    codes: list[Ints]
    before: list[Summary]
    held_out: Ints
    """New days of purchases in each week of the holdout, of those who had bought before."""
    names: dict[str, int]


def fit(ctx: Context, terms: Terms, *, as_of: int | None = None) -> Fit:
    """Fit the models as of an instant, and keep what came of it; a fit of BG/NBD is given and not kept.

    Raises `NoPurchasesError`, `handlers.kind_moves.MovePendingError` and `storage.pruned.BeforeHorizonError`.
    """
    now = ctx.now() if as_of is None else as_of
    day = date_ordinal(ctx.calendar.date_of(now))
    with ctx.database.reading() as tx:
        pruned.refuse_before(tx, now)
        kind_moves.refuse_while_pending(tx)
        terms = replace(terms, kind=processes.aliases(tx).get(terms.kind, terms.kind))
        first = events.first_of(tx, [terms.kind])
        if first is None or first > now:
            raise NoPurchasesError(
                kind=terms.kind, as_of=iso(now), first=None if first is None else iso(first)
            )
        held = calibration.holdout_weeks((day - date_ordinal(ctx.calendar.date_of(first))) // WEEK)
        seen = _read(tx, ctx, terms, now=now, day=day, held=held)
        is_pruned = pruned.horizon(tx) is not None
    found = _fitted(ctx, terms, seen, now=now, day=day, held=held, is_pruned=is_pruned)
    log.info(
        "fitted", customers=found.customers, usable=found.whole is not None, segments=len(found.segments)
    )
    if terms.model is Model.MBG_NBD:
        with ctx.database.writing() as tx:
            found = fits.add(tx, found, now=ctx.now())
    return found


def fit_if_due(ctx: Context) -> Fit | None:
    """Fit once a business day, from two in the morning on, on the terms of the fit made last; None where it is not due."""
    now = ctx.now()
    with ctx.database.reading() as tx:
        last, before = jobs.last_done(tx, JOB), fits.latest(tx)
    if last is not None and ctx.calendar.date_of(now - AT) <= ctx.calendar.date_of(last - AT):
        return None
    try:
        found = fit(ctx, before.terms if before else Terms(), as_of=now)
    except (NoPurchasesError, MovePendingError):
        # Nobody has bought yet, or purchases are on their way to their kind: that is asked again soon, and is no news.
        return None
    with ctx.database.writing() as tx:
        jobs.done(tx, JOB, now=now)
    return found


def show(ctx: Context) -> Shown:
    """Give the fit in force now and the one made last."""
    with ctx.database.reading() as tx:
        return Shown(fits.in_force(tx, ctx.now()), fits.latest(tx))


def of(ctx: Context, who: str, *, as_of: int | None = None) -> Worth | Choice:
    """Give what a customer is worth; raises what `answer.status` raises."""
    card = answer.status(ctx, who, as_of=as_of)
    if isinstance(card, Choice):
        return card
    asked = [Fitted(name) for name in Score]
    with ctx.database.reading() as tx:
        _, columns = answers.answer(
            tx,
            asked,
            now=card.as_of,
            calendar=ctx.calendar,
            currency=ctx.currency,
            customers=[card.id],
        )
        found = {term.name: column for term in asked if isinstance(column := columns[term], Numbers)}
        return Worth(card, fits.in_force(tx, card.as_of), found)


def _read(tx: Transaction, ctx: Context, terms: Terms, *, now: int, day: int, held: int) -> _Seen:
    seen = _Seen([], [], [], np.zeros(held, dtype=np.int64), {})
    since = day - held * WEEK
    bound = int(midnights(np.array([since + 1]), ctx.calendar)[0])
    for block in changes.all_blocks(tx, now=now):
        facts = answers.facts_of(
            tx,
            now=now,
            calendar=ctx.calendar,
            currency=ctx.currency,
            customers=IdRange(block.first, block.after),
        )
        found = purchases.of_stretch(tx, facts.ids, kind=terms.kind, currency=ctx.currency, until=now)
        walked, places, many = running(found, ctx.calendar), found.places, len(facts)
        bought = standing(walked, places, many)
        segments = facts.own(Own.SEGMENT)
        codes = np.array([*(seen.names.setdefault(fold(one), len(seen.names)) for one in segments.words), -1])
        seen.summary.append(bought.rows(bought.days > 0))
        seen.codes.append(codes[segments.codes][bought.days > 0])
        early = found.instants < bound
        before = standing(walked.rows(early), places[early], many)
        seen.before.append(before.rows(before.days > 0))
        late = ~early & new_days(walked, places) & (before.days[places] > 0)
        week = (walked.last[late] - since - 1) // WEEK
        seen.held_out += np.bincount(week, minlength=held)[:held]
    return seen


def _fitted(
    ctx: Context, terms: Terms, seen: _Seen, *, now: int, day: int, held: int, is_pruned: bool
) -> Fit:
    everybody, before = Summary.joined(seen.summary), Summary.joined(seen.before)
    decimals = exponent(ctx.currency)
    bare = Fit(
        as_of=now,
        day=day,
        currency=ctx.currency,
        decimals=decimals,
        terms=terms,
        customers=len(everybody),
        repeaters=int(np.count_nonzero(everybody.days > 1)),
        weeks=models.weeks(everybody, day),
        whole=None,
    )
    if is_pruned:
        return replace(bare, lacks=(Lack(Lacking.PRUNED),))
    whole, lacks = models.whole(everybody, day, terms, decimals)
    if whole is None:
        return replace(bare, lacks=lacks)
    codes, names = np.concatenate(seen.codes), list(seen.names)
    found = replace(
        bare,
        whole=whole,
        segments=models.of_segments(everybody, codes, names, day=day, terms=terms, decimals=decimals),
        calibration=calibration.calibrated(before, day - held * WEEK, seen.held_out, terms) if held else None,
    )
    return replace(found, cuts=_cuts(found, everybody, codes, names))


def _cuts(found: Fit, everybody: Summary, codes: Ints, names: list[str]) -> tuple[int, ...]:
    places = np.append(found.places(names), 0)[codes]
    return score.cuts(np.concatenate(list(_values(found, everybody, places))))


def _values(found: Fit, everybody: Summary, places: Ints) -> Iterator[Ints]:
    for start in range(0, len(everybody), changes.BLOCK):
        some = slice(start, start + changes.BLOCK)
        scored = score.scores(found, everybody.rows(some), places[some], found.currency)
        yield scored.clv[scored.valued]
