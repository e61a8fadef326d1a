"""Who bears a name is asked for many at once, and never for long."""

from dataclasses import dataclass, field

import pytest

from handlers.asking import LONGEST, MOST_IN_VAIN, ask
from handlers.context import Context
from rules.alerts.colleague import Colleague, Found
from rules.instants import MINUTE
from storage.database import Database
from tests.contexts import StillClock, context

NAMES = [f"{letter}@shop.example" for letter in "abcdefgh"]


@dataclass
class Slack:
    """A Slack that takes long, and knows some."""

    clock: StillClock
    takes: int = 0
    mute: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)

    def __call__(self, name: str) -> Colleague:
        self.asked.append(name)
        self.clock.at += self.takes
        return Colleague(Found.UNANSWERED if name in self.mute else Found.UNKNOWN)


@pytest.fixture
def slack() -> Slack:
    return Slack(StillClock(0))


def asking(database: Database, slack: Slack) -> Context:
    return context(database, now=slack.clock, whois=slack)


def test_each_is_asked_once_and_nobody_where_there_is_nobody_to_ask(database: Database, slack: Slack) -> None:
    ctx = asking(database, slack)
    assert ask(ctx, [*NAMES, *NAMES]) == dict.fromkeys(NAMES, Colleague(Found.UNKNOWN))
    assert slack.asked == NAMES
    assert ask(context(database), NAMES) == {}


def test_a_slow_slack_is_asked_no_longer_than_it_may_take_and_everybody_has_a_turn(
    database: Database, slack: Slack
) -> None:
    ctx, slack.takes = asking(database, slack), LONGEST
    found = set()
    for minute in range(len(NAMES)):
        slack.clock.at = minute * MINUTE
        answered = ask(ctx, NAMES)
        assert len(answered) == 2, "the one that was under way is waited for"
        found |= set(answered)
    assert found == set(NAMES)


def test_names_without_an_answer_keep_no_others_waiting_for_ever(database: Database, slack: Slack) -> None:
    ctx, slack.mute = asking(database, slack), frozenset(NAMES[:MOST_IN_VAIN])
    assert set(ask(ctx, NAMES)) == slack.mute
    found = set()
    for minute in range(len(NAMES)):
        slack.clock.at = minute * MINUTE
        found |= set(ask(ctx, NAMES))
    assert found == set(NAMES)
