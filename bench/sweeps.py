"""The sweep: what it costs against the same in full, against ten times the history, and in steps that no clock blurs."""

import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.random import Generator, default_rng
from sqlalchemy import Connection, Engine, event

from bench import events, room, rulebook
from bench.company.shape import Ints, Shape
from bench.measure import Figure, Goal, Measure, Shown, Unit, timed
from bench.workbench import Place, Workbench
from handlers.sweep import Swept, sweep
from rules.instants import MINUTE
from storage.database import Dialect
from storage.lives import NEW_AT_ONCE

RATES: Final = (0.0002, 0.001, 0.01)
"""Shares of the customers to whom something happened since the last sweep."""
GOALS: Final[dict[Dialect, tuple[float, ...]]] = {
    "sqlite": (0.003, 0.015, 0.08),
    "postgresql": (0.02, 0.03, 0.15),
}
LONGER: Final = 10
"""So many times longer is the longer history."""
CANDIDATES: Final = 0.04
"""The share of customers touched where the cost of one is told: many, yet too few for a sweep in full."""
LONGER_GOAL: Final = Goal(1.3)
_EVERY: Final = 10
"""Steps of SQLite's virtual machine from one count to the next."""


class SidesDifferError(AssertionError):
    """Two ways to the same answer gave two answers: no figure of such a run means anything."""


def rates(bench: Workbench) -> list[Measure]:
    """Measure sweeps after a few customers were touched, each against one in full after as many were."""
    place, chance, times = bench.swept, default_rng([bench.sizes.seed, 7]), bench.sizes.repeats
    advance = bench.say("sweeps", (1 + len(RATES)) * times + 1 + len(RATES))

    def ours(rate: float | None) -> float:
        taken = []
        for _ in range(times):
            if rate is not None:
                touch(place, chance, rate)
            taken.append(_swept(place).seconds)
            advance(1)
        return statistics.median(taken)

    def in_full(rate: float) -> float:
        touch(place, chance, rate)
        taken = _swept(place, full=True).seconds
        advance(1)
        return taken

    idle, touched = ours(None), [ours(rate) for rate in RATES]
    # Before any is measured in full: that would put right what had been missed.
    agree(place)
    advance(1)
    full = [in_full(rate) for rate in RATES]
    return [
        _against_full("sweep, nobody touched", idle, min(full)),
        *(
            _against_full(f"sweep, {rate:.2%} of customers touched", one, other, Goal(limit))
            for rate, one, other, limit in zip(RATES, touched, full, GOALS[bench.dialect], strict=True)
        ),
    ]


def _against_full(what: str, ours: float, full: float, goal: Goal | None = None) -> Measure:
    one, other = Figure(ours, Unit.SECONDS), Figure(full, Unit.SECONDS, "in full")
    return Measure("sweep", what, one, other, Shown.PERCENT, goal)


def longer_history(bench: Workbench) -> list[Measure]:
    """Measure the cost of a candidate with a history, and with the same history and nine times as much before it.

    With all fifty rules, and with those that look at windows alone: a sum over everything grows with everything.
    """
    customers = max(50, bench.sizes.customers // LONGER)
    stored, seed = bench.sizes.events, bench.sizes.seed
    shapes = (
        Shape(customers, stored // LONGER, seed=seed),
        Shape(customers, stored, stretches=LONGER, seed=seed),
    )
    ruled = {"fifty rules": rulebook.fifty(), "rules over windows": rulebook.windowed()}
    found: dict[str, list[Cost]] = {name: [] for name in ruled}
    rooms: list[float] = []
    for shape in shapes:
        with bench.brief(bench.company(shape)) as place:
            for name, bodies in ruled.items():
                rulebook.only(place.database, bodies.items())
                found[name].append(_per_candidate(bench, place))
            rooms = [room.weight(place.database, tables) for tables in (["event", "carried"], ["event"])]
    carried, alone = rooms
    measures = [_room(bench.dialect, carried, alone)]
    for name, (short, long) in found.items():
        what = f"a candidate of a sweep, history {LONGER} times longer, {name}"
        measures.append(_longer(what, long.seconds, short.seconds, Unit.SECONDS))
        if bench.dialect == "sqlite":
            measures.append(_longer(what, long.steps, short.steps, Unit.STEPS))
    return measures


def _room(dialect: Dialect, ours: float, alone: float) -> Measure:
    """Say what carrying lives forward costs in room, where everybody's is that is long enough."""
    what = f"a stored event and its share of what is carried forward, history {LONGER} times longer"
    goal = Goal(room.GOALS[dialect], of_value=True)
    return Measure(
        "history", what, Figure(ours, Unit.BYTES), Figure(alone, Unit.BYTES, "the event alone"), goal=goal
    )


def _longer(what: str, long: float, short: float, unit: Unit) -> Measure:
    return Measure("history", what, Figure(long, unit), Figure(short, unit, "history x1"), goal=LONGER_GOAL)


@dataclass(frozen=True, slots=True)
class Timed:
    """A sweep, how long it took, and how many steps SQLite's virtual machine took (0 where not counted)."""

    swept: Swept
    seconds: float
    steps: int = 0


def touch(place: Place, chance: Generator, rate: float) -> None:
    """Let something happen, within the minute to come, to a share of the customers drawn at random; at least to one."""
    n = place.shape.customers
    _happen(place, chance, chance.choice(n, max(1, round(n * rate)), replace=False).astype(np.int64))


def _happen(place: Place, chance: Generator, customers: Ints) -> None:
    now = place.clock.at
    # It happens after the last sweep and before the next one.
    events.take_in_all(
        place.database,
        events.of_customers(chance, customers, until=now + MINUTE - 1, within=MINUTE - 2),
        now=now,
    )


def agree(place: Place) -> None:
    """See to it that a full sweep at the instant of the last one finds nothing that it had missed."""
    again = sweep(place.ctx, as_of=place.clock.at, full=True)
    wrong = {one.rule: (one.entered, one.left) for one in again.rules if one.entered or one.left}
    if wrong:
        raise SidesDifferError(f"full and incremental disagree about (entered, left): {wrong}")


def _swept(place: Place, *, full: bool = False, counting: bool = False) -> Timed:
    one = partial(sweep, place.ctx, as_of=place.clock.tick(), full=full)
    if not counting:
        return Timed(*timed(one))
    with counted_steps() as steps:
        return Timed(*timed(one), steps())


@dataclass(frozen=True, slots=True)
class Cost:
    """What one more of something costs: a candidate, an event. Steps are 0 where they are not counted."""

    seconds: float
    steps: float


def _settle(place: Place, chance: Generator) -> None:
    """Let something happen to everybody, some at a time, as in a company that has been swept for a while.

    So few that what is carried forward of a life is carried for all of them.
    """
    n = place.shape.customers
    for some in np.array_split(chance.permutation(n).astype(np.int64), -(-n // NEW_AT_ONCE)):
        _happen(place, chance, some)
        sweep(place.ctx, as_of=place.clock.tick())


def _per_candidate(bench: Workbench, place: Place) -> Cost:
    """Give the cost of one more candidate: what a sweep of many costs beyond one of hardly any."""
    sweep(place.ctx, as_of=place.clock.tick())
    _settle(place, default_rng([bench.sizes.seed, 13]))
    chance, times, steps = default_rng([bench.sizes.seed, 11]), [], 0.0
    for _ in range(bench.sizes.repeats):
        idle, busy = _idle_and_busy(place, chance, counting=False)
        times.append(_each(busy, idle, lambda one: one.seconds))
    if bench.dialect == "sqlite":
        idle, busy = _idle_and_busy(place, chance, counting=True)
        steps = _each(busy, idle, lambda one: one.steps)
    agree(place)
    return Cost(statistics.median(times), steps)


def _idle_and_busy(place: Place, chance: Generator, *, counting: bool) -> tuple[Timed, Timed]:
    idle = _swept(place, counting=counting)
    touch(place, chance, CANDIDATES)
    return idle, _swept(place, counting=counting)


def _each(busy: Timed, idle: Timed, what: Callable[[Timed], float]) -> float:
    more = busy.swept.candidates - idle.swept.candidates
    if more > 0:
        return (what(busy) - what(idle)) / more
    # Both were sweeps in full: then everybody is a candidate of both.
    return what(busy) / max(1, busy.swept.candidates)


@contextmanager
def counted_steps() -> Iterator[Callable[[], int]]:
    """Count the steps of SQLite's virtual machine in every transaction that begins within, to the nearest ten a statement."""
    counts = 0

    def count() -> int:
        nonlocal counts
        counts += 1
        return 0

    def begin(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        driver.set_progress_handler(count, _EVERY)

    def end(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        driver.set_progress_handler(None, 0)

    event.listen(Engine, "begin", begin)
    event.listen(Engine, "commit", end)
    event.listen(Engine, "rollback", end)
    try:
        yield lambda: counts * _EVERY
    finally:
        event.remove(Engine, "begin", begin)
        event.remove(Engine, "commit", end)
        event.remove(Engine, "rollback", end)
