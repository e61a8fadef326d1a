"""A few random histories in every run of the tests; ``python -m tests.faults.histories`` plays as many as one likes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console
from structlog.testing import capture_logs

from rules.instants import DAY, Calendar
from rules.lifecycle.presets import presets
from tests.conftest import ENGINES, DatabaseUrls
from tests.exactness import mutants
from tests.exactness.play import Player
from tests.exactness.shrink import shrunk
from tests.exactness.steps import (
    Act,
    Add,
    Define,
    Edit,
    Event,
    History,
    Rate,
    Refit,
    Restart,
    Say,
    Sweep,
    Take,
    Turn,
)
from tests.exactness.tell import history
from tests.exactness.watch import Tally, Watch
from tests.exactness.world import World
from tests.faults import histories

SEED = 14
OF_EVENTS = (
    "Average",
    "Change",
    "Count",
    "DaysSince",
    "DaysSinceFirst",
    "MedianGap",
    "Missing",
    "Never",
    "Overdue",
    "Returned",
    "Silent",
    "Sum",
)
SORTS = {*OF_EVENTS, *(f"{name} where" for name in OF_EVENTS), "Attribute", "DaysUntil", "Field", "Fitted"}
D = 20_000 * DAY


@pytest.fixture
def player(request: pytest.FixtureRequest, new_database_url: DatabaseUrls) -> Iterator[Player]:
    engine = getattr(request, "param", "sqlite")
    urls = (new_database_url(engine), new_database_url("sqlite"))
    # Thousands of lines of the log would be kept for the report of a failure, which has no use for them.
    with histories.player(urls) as one, capture_logs():
        yield one


@pytest.mark.timeout(600)
@pytest.mark.parametrize("player", ENGINES, indirect=True)
def test_every_sweep_of_random_histories_is_exact(player: Player) -> None:
    total = Tally()
    for number in range(10):
        wrong, seen = histories.verdict(player, history(SEED, number))
        assert wrong is None, f"history {number} of seed {SEED}: {wrong.says}"
        total.add(seen)
    assert total.sweeps > 40
    assert total.in_part > 10
    assert total.cut > 0
    assert total.climbed > 5
    assert total.carried > 5
    assert total.by_time.total() > 10


@pytest.mark.timeout(300)
def test_every_sort_of_term_turns_by_time_alone() -> None:
    """What the histories are for: nothing comes in of a customer, and yet a rule holds or holds no longer."""
    tally = Tally()
    for number in range(1, 330, 2):
        follow(history(SEED, number), tally)
    assert set(tally.by_time) == SORTS
    assert min(tally.by_time.values()) >= 2, tally.by_time


def follow(told: History, tally: Tally) -> None:
    """Go through a history with the oracle alone."""
    world = World(Calendar.of(told.zone).zone)
    watch, now = Watch(world, tally), told.start
    for step in told.steps:
        if isinstance(step, Sweep) and step.at >= now and (step.cut is None or step.again):
            now = step.at
            watch.swept(now)
        if isinstance(step, Add) and step.rule not in world.rules:
            watch.forget(step.rule)
        world.hear(step, now)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "mutant",
    [
        mutants.nothing_grows_older,
        mutants.nothing_leaves_a_window,
        mutants.changes_of_rules_are_overlooked,
    ],
)
def test_a_sweep_that_is_broken_is_noticed(player: Player, mutant: mutants.Mutant) -> None:
    """Three ways here; ``python -m tests.faults.histories --mutants`` goes through all."""
    assert histories.noticed(player, mutant, seed=SEED, most=60) is not None


def event(number: int, at: int) -> Event:
    return Event(f"e{number}", "c1", "purchase", at, 500, "USD", '{"priority":"high"}')


TOLD = History(
    start=D,
    zone="Europe/Berlin",
    small=True,
    steps=(
        Say("c1", D - DAY, {"segment": "vip", "owner": None}, {"seats": "12", "plan": None}),
        Take((event(1, D - 3 * DAY), event(2, D + DAY)), by_http=True),
        Add("r1", "count(purchase, 7d) >= 1 and segment = vip", {"backlog": "post"}),
        Sweep(D, cut=0),
        Edit("r1", options={"cooldown": "0"}),
        Turn("r1", "pause"),
        Turn("r1", "resume"),
        Restart(),
        Refit(3, "purchase"),
        Define(presets()["retail"].lifecycle.to_text()),
        Rate(),
        Act("r1", "c1", D + 2 * DAY),
        Sweep(D + DAY, meanwhile=Take((event(3, D),)), before=2),
        Sweep(D + 2 * DAY),
        Sweep(D + 8 * DAY),
        Sweep(D + 3 * DAY),
        Turn("r1", "remove"),
    ),
)


@pytest.mark.parametrize("player", ENGINES, indirect=True)
def test_a_history_with_every_kind_of_step_is_played(player: Player) -> None:
    seen = player.play(TOLD)
    assert (seen.sweeps, seen.cut, seen.refused, seen.flips) == (4, 1, 1, 2)
    assert seen.by_time == {"Count": 1}


def test_a_history_that_was_written_down_is_the_same() -> None:
    assert History.from_json(TOLD.to_json()) == TOLD
    told = [history(SEED, number) for number in range(20)]
    assert [History.from_json(one.to_json()) for one in told] == told
    assert told == [history(SEED, number) for number in range(20)]


def test_a_history_is_made_as_small_as_what_it_shows() -> None:
    def fails(candidate: History) -> bool:
        edited = any(isinstance(step, Add) and "count" in step.condition for step in candidate.steps)
        return edited and any(
            isinstance(step, Take) and event(2, D + DAY).id in str(step) for step in candidate.steps
        )

    small = shrunk(TOLD, fails)
    bare = Event("e2", "c1", "purchase", D + DAY)
    assert small == History(
        D, "UTC", False, (Take((bare,), by_http=True), Add("r1", "count(purchase, 7d) >= 1"))
    )


@pytest.mark.timeout(300)
def test_a_difference_is_shown_small_and_can_be_replayed(player: Player, tmp_path: Path) -> None:
    with mutants.broken(mutants.nothing_grows_older):
        number = histories.noticed(player, mutants.nothing_grows_older, seed=SEED, most=60)
        assert number is not None
        found, small = histories.play(player, SEED, [number], tries=20)
        assert isinstance(found, histories.Found)
        assert isinstance(small, histories.Small)
        path = tmp_path / "history.json"
        path.write_text(small.history)
        assert len(History.from_json(small.history).steps) < len(history(SEED, number).steps)
        console = Console(quiet=True)
        assert not histories.replay(console, path, "sqlite")
    assert histories.replay(console, path, "sqlite")


KNOWN = sorted((Path(__file__).parents[1] / "exactness" / "known").glob("*.json"))


@pytest.mark.parametrize("player", ENGINES, indirect=True)
@pytest.mark.parametrize("path", KNOWN, ids=lambda path: path.stem)
def test_what_once_went_wrong_does_not_again(player: Player, path: Path) -> None:
    wrong, seen = histories.verdict(player, History.from_json(path.read_text(encoding="utf-8")))
    assert wrong is None, wrong.says
    assert seen.sweeps > 0
