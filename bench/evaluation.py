"""Evaluating conditions for every customer, against everything else that could: SQL by hand, a rule engine, columns."""

import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import duckdb
import numpy as np
import rule_engine
from sqlalchemy import text

from bench import polars_side, tables
from bench.by_hand import PROPERTY, WAYS, Way, binds
from bench.company.shape import END, Ints
from bench.measure import Figure, Goal, Measure, Unit, median_seconds, timed
from bench.sweeps import SidesDifferError
from bench.workbench import CURRENCY, Place, Workbench
from rules.conditions.evaluate import evaluate
from rules.conditions.parse import parse
from rules.conditions.tree import Condition, terms
from storage import events
from storage import terms as answers
from storage.database import Transaction

SQL_GOAL: Final = Goal(2)
LOOP_GOAL: Final = Goal(20, at_least=True)
ENGINE: Final = "rule-engine's loop"
FACTS: Final = "its loop, facts made in Python"
_CONTEXT: Final = rule_engine.Context(resolver=rule_engine.resolve_item, mapping_attribute_lookup=False)
_NAMED: Final = re.compile(r":(\w+)")

Answer = Callable[[Way], set[int]]


def evaluation(bench: Workbench) -> list[Measure]:
    """Measure each condition against SQL by hand, and all of them against the peers. All sides must agree."""
    place, times = bench.main, bench.sizes.repeats
    advance = bench.say("conditions, every way", len(WAYS) + 3)
    with place.database.reading() as tx:
        kinds = events.kind_ids(tx, events.kinds(tx))
        measures, found, total, by_hand = [], {}, 0.0, 0.0
        for way in WAYS:
            found[way.condition], mine, theirs = _against_sql(tx, place, way, kinds, times)
            total, by_hand = total + mine, by_hand + theirs
            measures.append(_measure(way.condition, mine, theirs, "SQL by hand", SQL_GOAL))
            advance(1)
        trees = {way.condition: parse(way.condition) for way in WAYS}
        together = median_seconds(lambda: _all(tx, place, list(trees.values())), times)
    many = f"all {len(WAYS)} conditions"
    measures.append(_measure(f"{many}, terms shared", together, by_hand, "SQL by hand", SQL_GOAL))
    given = tables.frames(place.database)
    advance(1)
    for name, each in _looped(bench, given, kinds, found).items():
        measures.append(
            Measure(
                "evaluation",
                f"{many}, one by one, for each customer",
                Figure(total / place.shape.customers, Unit.SECONDS),
                Figure(each, Unit.SECONDS, name),
                goal=LOOP_GOAL if name == ENGINE else None,
                faster=True,
            )
        )
        advance(1)
    with tempfile.TemporaryDirectory() as folder:
        duck = _duckdb(given, kinds, Path(folder))
        for name, ask in (
            ("DuckDB", duck),
            ("polars", lambda way: polars_side.answer(way.condition, given, kinds)),
        ):
            _agreeing(ask, found, name)
            peer = sum(median_seconds(partial(ask, way), times) for way in WAYS)
            measures.append(_measure(f"{many}, one by one", total, peer, f"{name}, in memory"))
    advance(1)
    return measures


def _measure(what: str, mine: float, theirs: float, name: str, goal: Goal | None = None) -> Measure:
    return Measure(
        "evaluation", what, Figure(mine, Unit.SECONDS), Figure(theirs, Unit.SECONDS, name), goal=goal
    )


def _against_sql(
    tx: Transaction, place: Place, way: Way, kinds: Mapping[str, int], times: int
) -> tuple[set[int], float, float]:
    """Give for whom the condition holds, our seconds, and those of SQL by hand; they must agree."""
    tree = parse(way.condition)
    sql = way.sql.format(priority=PROPERTY[tx.dialect])
    given = binds(sql, kinds)

    def ours() -> set[int]:
        ids, found = _all(tx, place, [tree])
        return set(ids[found[0]].tolist())

    def theirs() -> set[int]:
        return set(tx.execute(text(sql), given).scalars())

    mine = ours()
    _same(mine, theirs(), way.condition, "SQL by hand")
    return mine, median_seconds(ours, times), median_seconds(theirs, times)


def _all(tx: Transaction, place: Place, trees: Sequence[Condition]) -> tuple[Ints, list[np.ndarray]]:
    """Evaluate conditions for everybody as a sweep in full does: each distinct term is answered once."""
    wanted = tuple(dict.fromkeys(term for tree in trees for term in terms(tree)))
    ids, columns = answers.answer(
        tx, wanted, now=END, calendar=place.ctx.calendar, currency=CURRENCY, customers=None
    )
    return ids, [evaluate(tree, columns) for tree in trees]


def _looped(
    bench: Workbench, given: tables.Frames, kinds: dict[str, int], found: Mapping[str, set[int]]
) -> dict[str, float]:
    """Give the seconds of one customer in a loop over some, by how its rules are put.

    Neither reading the events nor making objects of them is counted.
    """
    ids = np.sort(given["customer"]["id"].to_numpy())
    step = max(1, len(ids) // bench.sizes.looped)
    chosen = ids[::step][: bench.sizes.looped]
    pasts = tables.pasts(given, kinds, chosen)
    things = {customer: past.as_thing() for customer, past in pasts.items()}
    everybody = set(chosen.tolist())

    def by_engine(way: Way) -> set[int]:
        rule = rule_engine.Rule(way.rule, context=_CONTEXT)
        return {customer for customer, thing in things.items() if rule.matches(thing)}

    def by_facts(way: Way) -> set[int]:
        rule = rule_engine.Rule(way.short, context=_CONTEXT)
        return {customer for customer, past in pasts.items() if rule.matches(way.facts(past))}

    taken = dict.fromkeys((ENGINE, FACTS), 0.0)
    for way in WAYS:
        for name, loop in ((ENGINE, by_engine), (FACTS, by_facts)):
            matched, one = timed(partial(loop, way))
            taken[name] += one
            _same(found[way.condition] & everybody, matched, way.condition, name)
    return {name: one / len(chosen) for name, one in taken.items()}


def _duckdb(given: tables.Frames, kinds: Mapping[str, int], folder: Path) -> Answer:
    connection = duckdb.connect()
    for name, frame in given.items():
        path = folder / f"{name}.parquet"
        frame.write_parquet(path)
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM read_parquet('{path}')")

    def ask(way: Way) -> set[int]:
        sql = way.sql.format(priority=PROPERTY["duckdb"])
        named = binds(sql, kinds)
        return {int(row[0]) for row in connection.execute(_NAMED.sub(r"$\1", sql), named).fetchall()}

    return ask


def _agreeing(ask: Answer, found: Mapping[str, set[int]], name: str) -> None:
    for way in WAYS:
        _same(found[way.condition], ask(way), way.condition, name)


def _same(mine: set[int], theirs: set[int], condition: str, name: str) -> None:
    if mine != theirs:
        raise SidesDifferError(
            f"{condition}: {name} gives {len(theirs)} customers, Warmline {len(mine)}; "
            f"{len(mine ^ theirs)} differ, such as {sorted(mine ^ theirs)[:3]}"
        )
