"""Every row runs on a tiny company on both databases: finite figures, and sides that agree. Nothing is timed."""

import math
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import text

from bench import previews, sweeps
from bench.by_hand import WAYS
from bench.previews import Crossed
from bench.rows import ROWS
from bench.sizes import Sizes
from bench.sweeps import SidesDifferError
from bench.workbench import Workbench
from handlers.context import Context
from handlers.sweep import sweep
from rules.conditions.evaluate import evaluate
from rules.conditions.parse import parse
from rules.conditions.tree import terms
from storage import terms as answers
from tests.conftest import ENGINES

TINY = Sizes(
    customers=80,
    events=2_000,
    intake=300,
    names=300,
    heavy_customers=2,
    heavy_rate=40,
    looped=15,
    asked=25,
    repeats=1,
    commands=6,
)


# One worker for each engine: the company and its first sweep are made once.
@pytest.fixture(
    scope="module",
    params=[pytest.param(engine, marks=pytest.mark.xdist_group(f"bench-{engine}")) for engine in ENGINES],
)
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    server = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    made = Workbench(TINY, tmp_path_factory.mktemp("bench"), server=server)
    yield made
    made.close()


@pytest.mark.parametrize("row", ROWS)
def test_every_row_gives_finite_figures_beside_the_other_side(bench: Workbench, row: str) -> None:
    measures = ROWS[row](bench)
    assert measures
    for one in measures:
        assert one.row == row
        assert math.isfinite(one.ours.value)
        assert one.other is not None
        assert math.isfinite(one.other.value)
        assert one.ratio is not None
        assert math.isfinite(one.ratio)
        assert all(isinstance(cell, str) for cell in one.cells())
    assert any(one.goal is not None for one in measures)


def test_a_sweep_that_missed_something_is_no_measure(bench: Workbench) -> None:
    place = bench.swept
    sweep(place.ctx, as_of=place.clock.tick())
    sweeps.agree(place)
    with place.database.writing() as tx:
        chosen = "SELECT min(customer_id) FROM match"
        tx.execute(text(f"DELETE FROM match WHERE customer_id = ({chosen})"))
    with pytest.raises(SidesDifferError, match="disagree"):
        sweeps.agree(place)
    sweeps.agree(place)


def replayed(ctx: Context, condition: str, since: int, until: int, every: int) -> Crossed:
    """Look slowly: evaluate at each instant."""
    tree = parse(condition)
    held = []
    for now in range(since, until + 1, every):
        with ctx.database.reading() as tx:
            ids, columns = answers.answer(
                tx, terms(tree), now=now, calendar=ctx.calendar, currency="USD", customers=None
            )
        held.append(set(ids[evaluate(tree, columns)].tolist()))
    pairs = list(pairwise(held))
    return Crossed(len(held[0]), sum(len(b - a) for a, b in pairs), sum(len(a - b) for a, b in pairs))


def test_previews_are_measured_for_every_kind_of_term_and_must_agree(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previews, "DAYS", 42)
    monkeypatch.setattr(previews, "_WAYS", WAYS[::4])
    measures = previews.previews(bench, replayed)
    assert len(measures) == len(WAYS[::4])
    assert all(one.ratio is not None and math.isfinite(one.ratio) for one in measures)

    def wrong(ctx: Context, condition: str, since: int, until: int, every: int) -> Crossed:
        found = replayed(ctx, condition, since, until, every)
        return Crossed(found.backlog, found.entered + 1, found.left)

    with pytest.raises(SidesDifferError, match="replay"):
        previews.previews(bench, wrong)


def test_a_kept_database_is_used_again_and_only_for_the_same_company(tmp_path: Path) -> None:
    kept = tmp_path / "kept.db"

    def stored(sizes: Sizes, folder: str) -> int:
        (tmp_path / folder).mkdir()
        made = Workbench(sizes, tmp_path / folder, kept=kept)
        with made.main.database.reading() as tx:
            found = int(tx.execute(text("SELECT count(*) FROM event")).scalar_one())
        made.close()
        return found

    assert stored(TINY, "first") == TINY.events
    first = kept.stat().st_mtime_ns
    assert stored(TINY, "second") == TINY.events
    assert kept.stat().st_mtime_ns == first
    other = Sizes(customers=80, events=1_000)
    assert stored(other, "third") == 1_000
    assert kept.stat().st_mtime_ns != first
