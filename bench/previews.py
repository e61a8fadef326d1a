"""Previews of a year, against what they stand for: the condition evaluated in full on each of 365 days."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from bench.by_hand import WAYS
from bench.company.shape import END, Ints, Shape
from bench.measure import Figure, Goal, Measure, Unit, median_seconds, timed
from bench.sweeps import SidesDifferError
from bench.workbench import CURRENCY, Place, Workbench
from handlers.context import Context
from handlers.preview import preview, subject
from rules.conditions.evaluate import evaluate
from rules.conditions.parse import parse
from rules.conditions.tree import terms
from rules.instants import DAY
from rules.preview.steps import Stretch
from storage import terms as answers

GOAL: Final = Goal(15, at_least=True)
DAYS: Final = 365
_EVERY: Final = 14
"""Days from one full evaluation that is measured to the next: what a year of them costs is told from these."""
_WAYS: Final = WAYS
_SMALLER: Final = 4
"""So many times smaller than the others is the company here, or a year of evaluations would take an hour."""


@dataclass(frozen=True, slots=True)
class Crossed:
    """For how many customers a condition held at first, and how often one entered and left after that."""

    backlog: int
    entered: int
    left: int


Look = Callable[[Context, str, int, int, int], Crossed]
"""Tells who crossed a condition: from an instant up to another, both ends in, every so many milliseconds."""


def previewed(ctx: Context, condition: str, since: int, until: int, every: int) -> Crossed:
    """Preview a condition as `rules preview` does."""
    found = preview(ctx, subject(ctx, condition), Stretch(since, until, every))
    return Crossed(found.backlog, found.entered, found.left)


def previews(bench: Workbench, look: Look = previewed) -> list[Measure]:
    """Measure the preview of a year for every kind of term. Both sides must agree about who entered and left."""
    sizes = bench.sizes
    shape = Shape(max(50, sizes.customers // _SMALLER), sizes.events // _SMALLER, seed=sizes.seed)
    advance = bench.say("previews", len(_WAYS))
    measures = []
    with bench.brief(bench.company(shape)) as place:
        for way in _WAYS:
            measures.append(_measured(place, way.condition, look, sizes.repeats))
            advance(1)
    return measures


def _measured(place: Place, condition: str, look: Look, repeats: int) -> Measure:
    since, step = END - DAYS * DAY, _EVERY * DAY
    instants = range(since, END + 1, step)
    crossed, one = _replayed(place, condition, instants)
    seen = look(place.ctx, condition, since, instants[-1], step)
    if seen != crossed:
        raise SidesDifferError(f"{condition}: the preview says {seen}, a replay {crossed}")
    ours = median_seconds(lambda: look(place.ctx, condition, since, END, DAY), repeats)
    return Measure(
        "preview",
        f"preview of a year, {condition}",
        Figure(ours, Unit.SECONDS),
        Figure(one * (DAYS), Unit.SECONDS, f"{DAYS} full evaluations"),
        goal=GOAL,
        faster=True,
    )


def _replayed(place: Place, condition: str, instants: range) -> tuple[Crossed, float]:
    """Evaluate in full at each instant; gives who crossed, and the seconds of one evaluation in the mean."""
    held, taken = timed(lambda: [_holding(place, condition, now) for now in instants])
    entered = sum(len(np.setdiff1d(now, before)) for before, now in pairwise(held))
    left = sum(len(np.setdiff1d(before, now)) for before, now in pairwise(held))
    return Crossed(len(held[0]), entered, left), taken / len(held)


def _holding(place: Place, condition: str, now: int) -> Ints:
    tree = parse(condition)
    with place.database.reading() as tx:
        ids, columns = answers.answer(
            tx, terms(tree), now=now, calendar=place.ctx.calendar, currency=CURRENCY, customers=None
        )
    found: Ints = ids[evaluate(tree, columns)]
    return found
