"""Health as it is stored: what a run writes, what stays of it, and from when on it is known."""

import numpy as np

from rules.lifecycle.health import DIMENSIONS, UNKNOWN, WEIGHTS, Health, Scored
from rules.lifecycle.presets import presets
from storage import health
from storage.database import Database
from storage.health import Kept, Run
from tests.contexts import START

POINTS = (10, 20, UNKNOWN, 40)


def shipped() -> Health:
    found = presets()["retail"].lifecycle.health
    assert found is not None
    return found


def found(*scores: int, points: tuple[int, ...] = POINTS) -> Scored:
    return Scored(np.array(scores), np.array([points] * len(scores)))


def write(
    database: Database, ids: list[int], after: Scored, *, at: int, before: list[int], moved: int, by: int
) -> None:
    with database.writing() as tx:
        health.write(
            tx,
            np.array(ids),
            after,
            at=at,
            before=np.array(before),
            moved=np.full(len(ids), moved),
            moved_by=np.full(len(ids), by),
        )


def kept(database: Database, customer: int) -> Kept | None:
    with database.reading() as tx:
        return health.of(tx, customer)


def test_a_score_keeps_since_when_it_holds_and_what_moved_it(database: Database) -> None:
    dimensions = {**dict(zip(DIMENSIONS, POINTS, strict=True)), DIMENSIONS[2]: None}
    write(database, [2, 5], found(30, 60), at=START, before=[UNKNOWN] * 2, moved=-1, by=0)
    assert kept(database, 2) == Kept(30, dimensions, START, START, None, None, None)
    assert kept(database, 3) is None
    write(database, [2], found(25), at=START + 1, before=[30], moved=1, by=-5)
    moved = Kept(25, dimensions, START + 1, START + 1, 30, "revenue", -5)
    assert kept(database, 2) == moved
    # Other dimensions of the same score are written, and what moved the score stays.
    write(database, [2], found(25, points=(11, 20, UNKNOWN, 39)), at=START + 2, before=[25], moved=0, by=1)
    assert kept(database, 2) == Kept(
        25, {**dimensions, DIMENSIONS[0]: 11, DIMENSIONS[3]: 39}, START + 1, START + 2, 30, "revenue", -5
    )
    write(database, [2], found(26), at=START + 3, before=[25], moved=-1, by=0)
    again = kept(database, 2)
    assert again is not None
    assert (again.moved, again.moved_by, again.score_before) == (WEIGHTS, 0, 25)
    write(database, [2], found(UNKNOWN), at=START + 4, before=[26], moved=0, by=0)
    gone = kept(database, 2)
    assert gone is not None
    assert (gone.score, gone.since, gone.score_before, gone.moved) == (None, START + 4, 26, None)


def test_scores_are_read_for_some_and_for_a_stretch(database: Database) -> None:
    write(database, [2, 5, 9], found(30, 60, UNKNOWN), at=START, before=[UNKNOWN] * 3, moved=-1, by=0)
    with database.reading() as tx:
        for ids in ([1, 2, 5, 9], [2], [5, 8], [], [10]):
            for whole in (False, True):
                values, since, known = health.scores_of(tx, np.array(ids, dtype=np.int64), whole=whole)
                stands = {2: 30, 5: 60}
                assert known.tolist() == [one in stands for one in ids]
                assert values[known].tolist() == [stands[one] for one in ids if one in stands]
                assert since[known].tolist() == [START] * int(known.sum())
        stored, there = health.stored(tx, np.array([2, 3, 9]))
        assert there.tolist() == [True, False, True]
        assert stored.score.tolist() == [30, UNKNOWN, UNKNOWN]
        assert stored.dimensions.tolist() == [list(POINTS), [UNKNOWN] * 4, list(POINTS)]
        assert health.spread(tx) == [(30, 1), (60, 1)]


def test_runs_are_kept_and_say_whose_score_is_known_since(database: Database) -> None:
    with database.writing() as tx:
        health.begin(tx, START, shipped())
        assert health.last_run(tx) is None
        assert health.run_as_of(tx, START) == Run(START, shipped())
    write(database, [2, 5], found(30, 60), at=START, before=[UNKNOWN] * 2, moved=-1, by=0)
    whole = Run(START, shipped(), 3, 2, 2)
    with database.writing() as tx:
        health.end(tx, whole)
        health.begin(tx, START + 9, shipped())
    with database.reading() as tx:
        assert health.last_run(tx) == whole
        assert health.run_as_of(tx, START + 9) == Run(START + 9, shipped())
        for after, until, expected in (
            (START - 1, START, [2, 5]),
            (START, START + 9, []),
            (START - 9, START - 1, []),
        ):
            assert sorted(health.scored_in(tx, after=after, until=until, most=9)) == expected
        assert len(health.scored_in(tx, after=START - 1, until=START, most=1)) == 1
