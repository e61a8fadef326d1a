"""Drafts: kept, found, taken away once, forgotten in time."""

from storage import drafts
from storage.database import Database
from storage.drafts import Draft


def test_a_draft_is_kept_until_it_is_taken_away(database: Database) -> None:
    with database.writing() as tx:
        numbers = [drafts.add(tx, actor="U1", what=f'{{"n": {n}}}', now=1_000 + n) for n in (1, 2)]
    assert numbers == [1, 2]
    with database.reading() as tx:
        assert drafts.by_id(tx, 2) == Draft(2, "U1", '{"n": 2}', 1_002)
        assert drafts.by_id(tx, 3) is None
    with database.writing() as tx:
        assert drafts.remove(tx, 2)
        assert not drafts.remove(tx, 2)
        assert drafts.by_id(tx, 2) is None


def test_old_drafts_are_forgotten(database: Database) -> None:
    with database.writing() as tx:
        old, new = (drafts.add(tx, actor="U1", what="{}", now=now) for now in (999, 1_000))
        drafts.prune(tx, before=1_000)
        assert drafts.by_id(tx, old) is None
        assert drafts.by_id(tx, new) is not None
