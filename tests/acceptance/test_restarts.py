"""Restart invariance: whenever the bot dies, and however often, what was said in the end is what it would have said.

``ACCEPTANCE_EXAMPLES=200`` draws as many schedules of deaths instead of the few of every run; `ninety_days` plays the
demo's company for a season.
"""

import os
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from handlers.slack.sender import Sender
from rules.instants import HOUR
from storage.database import Database
from tests.acceptance.company import differences, outcome, small_company
from tests.acceptance.story import Story
from tests.conftest import DatabaseUrls, clear

DAYS = 2
EVERY = 2 * HOUR
TICKS = DAYS * 12
EXAMPLES = int(os.environ.get("ACCEPTANCE_EXAMPLES", "3"))
ways = st.lists(st.integers(-6, 50), min_size=1, max_size=3)
"""After how many steps a life ends, and the next that follows it within the same tick, and the next."""


def play(url: str, seed: int, deaths: dict[int, list[int]]) -> tuple[dict[str, Any], list[int]]:
    """Play the small company's days; give what came of them, and how many steps each tick took."""
    database = Database(url)
    clear(database)
    database.close()
    with Story(url, every=EVERY, deaths=deaths) as story:
        small_company(seed, days=DAYS)(story)
        return outcome(story), story.steps


@pytest.fixture(scope="module")
def url(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("restarts") / "warmline.db"
    path.write_bytes(sqlite_template.read_bytes())
    return f"sqlite:///{path}"


@cache
def undisturbed(url: str, seed: int) -> dict[str, Any]:
    return play(url, seed, {})[0]


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    # A run takes a second or two: whoever wants the smallest schedule shrinks it by hand.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(deaths=st.dictionaries(st.integers(0, TICKS - 1), ways, max_size=8), seed=st.just(2))
def test_whatever_dies_when_the_same_is_said(url: str, deaths: dict[int, list[int]], seed: int) -> None:
    expected = undisturbed(url, seed)
    assert len(expected["said"]) > 25
    came, _ = play(url, seed, deaths)
    assert differences(expected, came) == []


def everywhere(first: int) -> dict[int, list[int]]:
    """Give deaths in every tick, at another step in each, and then after a call that Slack has accepted."""
    return {tick: [(first + 5 * tick) % 29, -1 - tick % 3] for tick in range(TICKS)}


@pytest.mark.parametrize("first", [0, 2])
def test_a_life_may_end_in_every_tick(url: str, first: int) -> None:
    expected = undisturbed(url, 2)
    came, _ = play(url, 2, everywhere(first))
    assert differences(expected, came) == []


def test_on_postgresql_too(new_database_url: DatabaseUrls) -> None:
    url = new_database_url("postgresql")
    expected, steps = play(url, 1, {})
    # In the busiest tick, at every seventh of its steps.
    busiest = max(range(len(steps)), key=lambda tick: steps[tick])
    deaths = {busiest: [7] * (steps[busiest] // 7), busiest + 1: [0, 1, 2, 3]}
    came, _ = play(url, 1, deaths)
    assert differences(expected, came) == []


def test_a_bot_that_sends_again_without_looking_would_be_found_out(url: str) -> None:
    def blind(*_: object, **__: object) -> list[object]:
        return []

    with mock.patch.object(Sender, "find", blind), pytest.raises(AssertionError, match="said twice"):
        play(url, 2, everywhere(0))
