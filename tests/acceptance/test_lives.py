"""Lives of alerts as a state machine: events, people, managers, time and deaths in any order, and what holds after each.

``ACCEPTANCE_EXAMPLES=200`` plays as many lives instead of the few of every run.
"""

import contextlib
import os
from pathlib import Path
from typing import ClassVar

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from handlers.rulebook import NoRuleError, NothingChangedError, RuleStateError
from playground.people import AIKO, MAYA, TOM
from rules.errors import WarmlineError
from rules.instants import DAY, HOUR, MINUTE
from storage import alerts
from storage.database import Database
from storage.rules import RuleExistsError
from tests.acceptance.story import Story
from tests.conftest import clear

PEOPLE = ("Ada", "Ben", "Cleo")
STORM = ("count(ticket, 12h) >= 1", "count(ticket, 12h) >= 2", "count(ticket, 1d) >= 1")
PRESSES = (
    *("claim", "unclaim", "snooze:hour", "snooze:morning", "snooze:week", "snooze:wake"),
    *("resolve:recovered", "resolve:lost", "resolve:not_an_issue"),
)
names = st.sampled_from(PEOPLE)


class Lives(RuleBasedStateMachine):
    """Three customers, two rules, and everything that may befall them."""

    url: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        database = Database(self.url)
        clear(database)
        database.close()
        self.story = Story(self.url, every=HOUR)
        self.story.customers(*PEOPLE)
        self.story.rule("storm", STORM[0], cooldown="2h", backlog="post")
        self.story.rule("silent", "silent(purchase, 12h)", kind="opportunity", cooldown="0")
        self.story.passes(10 * MINUTE)

    @rule(name=names, kind=st.sampled_from(("ticket", "purchase")))
    def event(self, name: str, kind: str) -> None:
        self.story.event(name, kind)

    @rule(name=names, button=st.sampled_from(PRESSES), by=st.sampled_from((TOM, AIKO, MAYA)))
    def press(self, name: str, button: str, by: str) -> None:
        if self.story.can_press(button, name):
            # Whoever presses what has ended meanwhile is told so, and nothing else happens.
            with contextlib.suppress(WarmlineError):
                self.story.press(button, name, by=by)

    @rule(condition=st.sampled_from(STORM), cooldown=st.sampled_from(("0", "2h", "1d")))
    def edit(self, condition: str, cooldown: str) -> None:
        with contextlib.suppress(NothingChangedError, NoRuleError):
            self.story.edit("storm", condition, cooldown=cooldown)

    @rule(did=st.sampled_from(("pause", "resume")), name=st.sampled_from(("storm", "silent")))
    def turn(self, did: str, name: str) -> None:
        with contextlib.suppress(RuleStateError, NoRuleError):
            self.story.turn(did, name)

    @rule()
    def remove(self) -> None:
        with contextlib.suppress(NoRuleError):
            self.story.turn("remove", "silent")

    @rule(backlog=st.sampled_from(("digest", "post", "ignore")))
    def add(self, backlog: str) -> None:
        with contextlib.suppress(RuleExistsError):
            self.story.rule("silent", "silent(purchase, 12h)", kind="opportunity", backlog=backlog)

    @rule(length=st.sampled_from((1, 1, 2, 6, 24)))
    def time_passes(self, length: int) -> None:
        self.story.passes(length * HOUR)

    @rule(ways=st.lists(st.integers(-3, 40), min_size=1, max_size=3))
    def dies_in_the_next_tick(self, ways: list[int]) -> None:
        self.story.dies(ways)
        self.story.passes(HOUR)

    @rule()
    def restart(self) -> None:
        self.story.restart()

    @rule(hours=st.sampled_from((1, 5, 30)))
    def is_down(self, hours: int) -> None:
        self.story.down(self.story.clock.at + hours * HOUR)

    @rule()
    @precondition(lambda self: not self.story.slack.troubles.standing().any)
    def slack_goes_down_for_an_hour(self) -> None:
        self.story.slack.faults.seed(1)
        self.story.slack.troubles.switch("outage", on=True)
        self.story.passes(2 * MINUTE)
        self.story.slack.troubles.end()

    @invariant()
    def one_unresolved_alert_per_pair(self) -> None:
        with self.story.life.ctx.database.reading() as tx:
            pairs = [(one.rule_id, one.customer_id) for one in alerts.unresolved(tx)]
        assert len(pairs) == len(set(pairs))

    @invariant()
    def nothing_stands_twice_that_is_known(self) -> None:
        assert set(self.story.log.keys().values()) <= {1, 2}

    def teardown(self) -> None:
        """In the end everything is said, once, and as it stands; whoever has ended has ended in one way."""
        try:
            self.story.passes(2 * HOUR)
            self.story.sound()
            with contextlib.suppress(NoRuleError):
                self.story.turn("remove", "storm")
            with contextlib.suppress(NoRuleError):
                self.story.turn("remove", "silent")
            self.story.passes(DAY // 12)
            self.story.sound()
            with self.story.life.ctx.database.reading() as tx:
                assert alerts.unresolved(tx) == [], "a rule that is gone has an open alert"
        finally:
            self.story.life.end()


def test_lives_of_alerts(sqlite_template: Path, tmp_path: Path) -> None:
    path = tmp_path / "lives.db"
    path.write_bytes(sqlite_template.read_bytes())
    Lives.url = f"sqlite:///{path}"
    case = Lives.TestCase
    case.settings = settings(
        max_examples=int(os.environ.get("ACCEPTANCE_EXAMPLES", "8")),
        stateful_step_count=20,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
    )
    case("runTest").runTest()
