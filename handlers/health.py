"""The health of customers: worked out for everybody every night, block by block, and shown with what it is made of.

Writes only what is otherwise than before, and marks whose score it is, for the sweep. It must not know what a score
is made of, nor how an answer is laid out.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import structlog

from handlers import changes, health_plans, lifecycle_plans
from handlers.context import Context
from rules.alerts.evidence import Evidence, evidence_of
from rules.conditions.columns import Column, Ints
from rules.conditions.reach import within
from rules.conditions.terms import Subject
from rules.instants import HOUR
from rules.lifecycle import health as model
from rules.lifecycle.health import DIMENSIONS, UNKNOWN, Health, Part, Scored
from storage import definitions, dirty, jobs, pruned
from storage import health as stored
from storage import terms as answers
from storage.database import Transaction
from storage.facts import Facts, IdRange
from storage.health import Kept, Run
from templates.views import HealthDimensionView, HealthPage, HealthPartView, HealthView

JOB: Final = "health"
AT: Final = 4 * HOUR
"""Of the business day: after the fit of the value models, which health may ask for."""
WRITTEN_AT_ONCE: Final = 2_000
"""Rows in one transaction, which intake waits for: some tens of milliseconds."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Found:
    """Of a block: those whose row is otherwise than before, what was found of them, and what of them was stored."""

    known: int
    scored: int
    ids: Ints
    after: Scored
    before: Scored
    moved: Ints
    moved_by: Ints


def compute(ctx: Context) -> Run:
    """Work out the health of everybody as of now, and keep what is otherwise than before.

    Each block is read in a snapshot of its own and written in short transactions: a run that is cut short is simply
    repeated. Raises `health_plans.NoHealthError` and `lifecycle_plans.NoLifecycleError`.
    """
    now, begun = ctx.now(), time.perf_counter()
    with ctx.database.writing() as tx:
        _, health = health_plans.in_force(tx)
        # First: from now on rows may be known since this instant.
        stored.begin(tx, now, health)
    known = scored = changed = 0
    for found in _blocks(ctx, health, now):
        known, scored, changed = known + found.known, scored + found.scored, changed + len(found.ids)
        for start in range(0, len(found.ids), WRITTEN_AT_ONCE):
            with ctx.database.writing() as tx:
                _write(tx, found, slice(start, start + WRITTEN_AT_ONCE), now)
    run = Run(now, health, known, scored, changed)
    with ctx.database.writing() as tx:
        stored.end(tx, run)
        jobs.done(tx, JOB, now=now)
    elapsed = round((time.perf_counter() - begun) * 1_000)
    log.info("health_worked_out", customers=known, scored=scored, changed=changed, elapsed_ms=elapsed)
    return run


def compute_if_due(ctx: Context) -> Run | None:
    """Work it out once a business day, from four in the morning on; None where it is not due, or nothing says how."""
    now = ctx.now()
    with ctx.database.reading() as tx:
        last, health = jobs.last_done(tx, JOB), definitions.current(tx).health
    if health is None:
        return None
    if last is not None and ctx.calendar.date_of(now - AT) <= ctx.calendar.date_of(last - AT):
        return None
    return compute(ctx)


def of(tx: Transaction, ctx: Context, customer_id: int) -> HealthView | None:
    """Give a customer's health with its parts, worked out again as of the instant of the score; None where it is unknown."""
    kept = stored.of(tx, customer_id)
    if kept is None or kept.score is None:
        return None
    last = stored.last_run(tx)
    # A row that a later run left as it was is what that run found.
    run = last if last is not None and last.at >= kept.worked_at else stored.run_as_of(tx, kept.worked_at)
    return None if run is None else _explained(tx, ctx, customer_id, kept, run)


def show(ctx: Context) -> HealthPage:
    """Give how health is worked out, and how much of it customers have.

    Raises `health_plans.NoHealthError` and `lifecycle_plans.NoLifecycleError`.
    """
    with ctx.database.reading() as tx:
        lifecycle, health = health_plans.in_force(tx)
        last, counted = stored.last_run(tx), stored.spread(tx)
        return HealthPage(
            preset=lifecycle.preset,
            health=health,
            edited=lifecycle_plans.is_health_edited(lifecycle),
            changing=last is not None and last.health != health,
            at=None if last is None else last.at,
            customers=0 if last is None else last.customers,
            scored=sum(customers for _, customers in counted),
            spread=model.spread(counted),
        )


def _blocks(ctx: Context, health: Health, now: int) -> Iterator[_Found]:
    first = 0
    while first < changes.AFTER_ALL:
        with ctx.database.reading() as tx:
            block = next(changes.all_blocks(tx, now=now, first=first))
            facts = answers.facts_of(
                tx,
                now=now,
                calendar=ctx.calendar,
                currency=ctx.currency,
                customers=IdRange(block.first, block.after),
            )
            found = _found(tx, ctx, facts, health)
        yield found
        first = block.after


def _found(tx: Transaction, ctx: Context, facts: Facts, health: Health) -> _Found:
    after = model.scored(health, _answers(tx, ctx, facts, health), len(facts))
    before, _ = stored.stored(tx, facts.ids)
    other = (after.score != before.score) | (after.dimensions != before.dimensions).any(axis=1)
    rows = np.flatnonzero(other)
    one, then = (Scored(found.score[rows], found.dimensions[rows]) for found in (after, before))
    moved, moved_by = model.moved(health, then, one)
    scored = int(np.count_nonzero(after.score != UNKNOWN))
    return _Found(len(facts), scored, facts.ids[rows], one, then, moved, moved_by)


def _answers(tx: Transaction, ctx: Context, facts: Facts, health: Health) -> Mapping[Subject, Column]:
    # What would need events that were pruned is unknown.
    return answers.columns(facts, within(health.terms(), pruned.horizon(tx), facts.now, ctx.calendar))


def _write(tx: Transaction, found: _Found, some: slice, now: int) -> None:
    ids, before = found.ids[some], found.before.score[some]
    after = Scored(found.after.score[some], found.after.dimensions[some])
    stored.write(
        tx, ids, after, at=now, before=before, moved=found.moved[some], moved_by=found.moved_by[some]
    )
    # Conditions ask for the score alone.
    others = ids[after.score != before].tolist()
    dirty.mark(tx, ((customer, dirty.PROFILE, None) for customer in others), now=now)


def _explained(tx: Transaction, ctx: Context, customer_id: int, kept: Kept, run: Run) -> HealthView:
    facts = answers.facts_of(
        tx, now=run.at, calendar=ctx.calendar, currency=ctx.currency, customers=[customer_id]
    )
    columns = _answers(tx, ctx, facts, run.health)
    again = model.scored(run.health, columns, len(facts))
    exact = len(facts) == 1 and _same(again, kept)
    return HealthView(
        score=kept.score or 0,
        as_of=run.at,
        since=kept.since,
        dimensions=tuple(
            HealthDimensionView(
                name=one.dimension.value,
                points=kept.dimensions[one.dimension],
                weight=one.weight,
                parts=tuple(_part(part, columns) for part in one.parts) if len(facts) else (),
            )
            for one in run.health.measured
        ),
        before=kept.score_before,
        moved=kept.moved,
        moved_by=kept.moved_by,
        exact=exact,
    )


def _same(again: Scored, kept: Kept) -> bool:
    stands = [UNKNOWN if kept.dimensions[one] is None else kept.dimensions[one] for one in DIMENSIONS]
    return int(again.score[0]) == kept.score and again.dimensions[0].tolist() == stands


def _part(part: Part, columns: Mapping[Subject, Column]) -> HealthPartView:
    points = int(model.points_of(part, columns, 1)[0])
    asked = [part.term] if part.term in columns else []
    fact = next(iter(evidence_of(asked, columns, [0])[0]), Evidence(part.text, None))
    return HealthPartView(fact, part.scale_text, None if points == UNKNOWN else points, part.weight)
