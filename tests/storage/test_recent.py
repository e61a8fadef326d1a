"""The ids of late, and how they are forgotten."""

from storage import recent
from storage.database import Database


def test_ids_are_remembered_where_they_were_first(database: Database) -> None:
    with database.writing() as tx:
        recent.enter(tx, [1, -2])
        recent.remember(tx, [(1, (10, 20, 30)), (-2, (11, 20, 30))], now=5)
        recent.remember(tx, [(1, (10, 99, 99))], now=6)
        assert recent.spots(tx, [1, -2, 3]) == {1: (10, 20, 30), -2: (11, 20, 30)}
        recent.remember(tx, [], now=7)


def test_only_the_last_ones_are_kept(database: Database) -> None:
    with database.writing() as tx:
        for at in range(10):
            recent.remember(tx, [(at, (1, 1, at)), (100 + at, (1, 1, at))], now=at)
        recent.prune(tx, keep=6)
        assert sorted(recent.spots(tx, [*range(10), *range(100, 110)])) == [7, 8, 9, 107, 108, 109]
        # Those of one instant stay or go together.
        recent.prune(tx, keep=3)
        assert sorted(recent.spots(tx, range(200))) == [8, 9, 108, 109]
        recent.prune(tx)
        assert len(recent.spots(tx, range(200))) == 4
