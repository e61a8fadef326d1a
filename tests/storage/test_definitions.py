"""Definitions and their versions, on both databases."""

from rules.conditions.terms import Family
from rules.lifecycle.definitions import NO_LIFECYCLE, Lifecycle, Name
from storage import definitions
from storage.database import Database

ACTIVE, REACH, BIG = Name(Family.ACTIVE), Name(Family.STAGE, "reach"), Name(Family.SEGMENT, "big")
FIRST = Lifecycle().having({ACTIVE: "never(x)", REACH: "never(y)"})
SECOND = FIRST.having({REACH: "never(z)", BIG: "never(b)"})


def save(database: Database, lifecycle: Lifecycle, at: int, *names: Name, did: str = "edit") -> int:
    with database.writing() as tx:
        definitions.hold(tx)
        diffs = {name: f"+ {name}" for name in names}
        return definitions.save(tx, lifecycle, did=did, author=f"U{at}", now=at, diffs=diffs)


def test_nothing_is_in_use_at_first(database: Database) -> None:
    with database.reading() as tx:
        assert definitions.current(tx) is NO_LIFECYCLE
        assert definitions.latest(tx) is None
        assert definitions.at(tx, 5) is NO_LIFECYCLE
        assert definitions.history(tx, ACTIVE) == []


def test_each_change_is_a_version_of_all_and_of_those_that_differ(database: Database) -> None:
    assert save(database, FIRST, 10, ACTIVE, REACH, did="use") == 1
    assert save(database, SECOND, 20, REACH, BIG) == 2
    assert save(database, SECOND.having({BIG: None}), 30, BIG) == 3
    with database.reading() as tx:
        assert definitions.current(tx) == SECOND.having({BIG: None})
        assert [one.version for one in definitions.versions(tx)] == [3, 2, 1]
        second = definitions.version_of(tx, 2)
        assert second is not None
        assert (second.lifecycle, second.author, second.at, second.did) == (SECOND, "U20", 20, "edit")
        found = definitions.history(tx, BIG)
        assert [(one.version, one.condition, one.at) for one in found] == [(2, None, 30), (1, "never(b)", 20)]
        assert [one.version for one in definitions.history(tx, ACTIVE)] == [1]


def test_what_was_in_force_at_an_instant(database: Database) -> None:
    save(database, FIRST, 10, ACTIVE)
    save(database, SECOND, 20, REACH)
    with database.writing() as tx:
        then = {at: definitions.at(tx, at) for at in (5, 10, 19, 20, 99)}
        assert then == {5: FIRST, 10: FIRST, 19: FIRST, 20: SECOND, 99: SECOND}
        assert definitions.current(tx, lock=True) == SECOND
