"""Heavy accounts: a few customers with thousands of events a day, and rules over windows that hold very many of them.

What is to be seen is that a sweep costs what came and what left, not what stands in the window: four times the window,
the same time.
"""

import statistics
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

import numpy as np
from numpy.random import Generator, default_rng
from sqlalchemy import text

from bench import events, rulebook
from bench.company.history import Block, ordered
from bench.company.load import people, store
from bench.company.people import external_id, profiles
from bench.company.shape import END, Ints, Shape
from bench.measure import Figure, Goal, Measure, Unit, seconds
from bench.sweeps import Cost, agree, counted_steps
from bench.workbench import Place, Workbench
from handlers.sweep import sweep
from rules.alerts.rule import Backlog, RuleBody
from rules.instants import DAY, MINUTE
from storage.incoming import EventIn

KIND: Final = "call"
WINDOWS: Final = (7, 30)
"""Days."""
GOAL: Final = Goal(1.5)
"""Of the longer window against the shorter, by the event that came or left; their ratio is more than four."""
_PASSING: Final = 15 * MINUTE
"""From one sweep to the next."""
_DEAREST: Final = 5_000
"""Minor units."""


def heavy(bench: Workbench) -> list[Measure]:
    """Measure sweeps of heavy accounts by the event that came or left, with a long window and with a short one."""
    sizes = bench.sizes
    shape = Shape(
        sizes.heavy_customers, 0, span=max(sizes.heavy_days, max(WINDOWS) + 1) * DAY, seed=sizes.seed
    )
    with bench.brief(bench.empty(shape)) as place:
        total = int(sizes.heavy_customers * sizes.heavy_rate * shape.span / DAY)
        advance = bench.say(f"heavy accounts, {total:,} events", total + sizes.heavy_customers)
        people(place.database, profiles(shape), advance, now=shape.begin)
        with place.database.reading() as tx:
            ids = np.fromiter(
                tx.execute(text("SELECT id FROM customer ORDER BY external_id")).scalars(), dtype=np.int64
            )
        store(place.database, _history(shape, sizes.heavy_rate), ids, [KIND], advance)
        costs = {days: _cost(bench, place, days) for days in WINDOWS}
    short, long = (costs[days] for days in WINDOWS)
    measures = [_against_short(sizes.heavy_rate, long.seconds, short.seconds, Unit.SECONDS)]
    if bench.dialect == "sqlite":
        measures.append(_against_short(sizes.heavy_rate, long.steps, short.steps, Unit.STEPS))
    return measures


def _against_short(rate: int, long: float, short: float, unit: Unit) -> Measure:
    return Measure(
        "heavy",
        f"heavy accounts ({rate:,} events a day), an event that came or left",
        Figure(long, unit, f"window of {WINDOWS[1]} days"),
        Figure(short, unit, f"window of {WINDOWS[0]} days"),
        goal=GOAL,
    )


def _history(shape: Shape, rate: int) -> Iterator[Block]:
    """Give the heavy accounts' events, one customer at a time."""
    for customer in range(shape.customers):
        chance = default_rng([shape.seed, customer])
        n = int(rate * shape.span / DAY)
        none = np.zeros(n, dtype=np.int64)
        yield ordered(
            Block(
                customer=none + customer,
                kind=none,
                at=np.sort(END - chance.integers(0, shape.span, size=n)),
                key=chance.integers(np.iinfo(np.int64).min, np.iinfo(np.int64).max, size=n),
                amount=chance.integers(1, _DEAREST, size=n),
                currency=none + 1,
                detail=none,
            )
        )


def _rules(days: int, rate: int) -> list[tuple[str, RuleBody]]:
    """Give rules that some of the accounts cross to and fro, so that answers are needed, not merely asked for."""
    calls, mean = rate * days, _DEAREST / 2 / 100
    conditions = (
        f"count({KIND}, {days}d) >= {calls}",
        f"sum({KIND}, {days}d) >= {round(calls * mean)}",
        f"avg({KIND}, {days}d) >= {round(mean)}",
    )
    return [
        (f"heavy-{days}-{number}", RuleBody(condition=one, backlog=Backlog.IGNORE))
        for number, one in enumerate(conditions)
    ]


def _cost(bench: Workbench, place: Place, days: int) -> Cost:
    """Give what a sweep costs for each event that came into the window or left it since the one before."""
    rulebook.only(place.database, _rules(days, bench.sizes.heavy_rate))
    sweep(place.ctx, as_of=place.clock.tick())
    chance = default_rng([bench.sizes.seed, 29])
    taken = [_passed(place, chance, days, bench.sizes.heavy_rate).seconds for _ in range(bench.sizes.repeats)]
    steps = 0.0
    if bench.dialect == "sqlite":
        with counted_steps() as counted:
            steps = _passed(place, chance, days, bench.sizes.heavy_rate, counted).steps
    agree(place)
    return Cost(statistics.median(taken), steps)


def _passed(
    place: Place, chance: Generator, days: int, rate: int, counted: Callable[[], int] = lambda: 0
) -> Cost:
    """Let some time pass, with events in it, and sweep; gives the cost by the event that came or left."""
    since = place.clock.at
    now = place.clock.tick(_PASSING)
    came = _coming(chance, place.shape.customers, rate, since, now)
    events.take_in_all(place.database, came, now=since)
    moved = max(1, len(came) + _left(place, days, since, now))
    before = counted()
    taken = seconds(partial(sweep, place.ctx, as_of=now))
    return Cost(taken / moved, (counted() - before) / moved)


def _coming(chance: Generator, customers: int, rate: int, since: int, now: int) -> list[EventIn]:
    n = max(1, round(customers * rate * (now - since) / DAY))
    who: Ints = chance.integers(customers, size=n)
    moments = np.sort(chance.integers(since + 1, now + 1, size=n)).tolist()
    amounts: Sequence[int] = chance.integers(1, _DEAREST, size=n).tolist()
    return [
        EventIn(
            source=events.SOURCE,
            customer=external_id(customer),
            kind=KIND,
            occurred_at=at,
            amount=amount,
            currency="USD",
            ordinal=number + 1,
        )
        for number, (customer, at, amount) in enumerate(zip(who.tolist(), moments, amounts, strict=True))
    ]


def _left(place: Place, days: int, since: int, now: int) -> int:
    """Count the events that the window's edge passed over."""
    statement = text(
        "SELECT count(*) FROM event WHERE kind = (SELECT id FROM kind WHERE name = :kind) "
        "AND occurred_at > :since - :window AND occurred_at <= :now - :window"
    )
    binds = {"kind": KIND, "since": since, "now": now, "window": days * DAY}
    with place.database.reading() as tx:
        return int(tx.execute(statement, binds).scalar_one())
