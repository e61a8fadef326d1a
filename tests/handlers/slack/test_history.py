"""``/lifecycle flow|cohorts|activity`` in chat: tables, charts, and what is said where there is nothing to show."""

import pytest

from handlers import history, lifecycle
from handlers import lifecycle_plans as plans
from handlers.judging import judge
from handlers.rulebook import Request
from rules.access import Actor
from rules.instants import DAY
from tests.handlers.slack.world import World, everything
from tests.histories import customer, purchases

BOSS = Request(Actor("cli:boss", manager=True))


@pytest.fixture
def judged(world: World) -> World:
    """Beside Ann and Bob, somebody who comes and lapses again and again."""
    customer(world.ctx.database, 3, known_since=world.clock.at - 300 * DAY)
    purchases(world.ctx.database, 3, [world.clock.at - days * DAY for days in (290, 200, 110, 100)])
    lifecycle.make(world.ctx, BOSS, plans.using("retail"), did="use")
    judge(world.ctx)
    return world


def test_flow_is_a_table_and_a_chart(judged: World) -> None:
    answer = judged.command("/lifecycle flow status 12")
    assert answer is not None
    assert answer.text.startswith("*Movement between statuses*: ")
    [chart] = [block for block in answer.blocks if block["type"] == "data_visualization"]
    assert chart["title"] == "New in statuses, month by month"
    names = [one["name"] for one in chart["chart"]["series"]]
    assert {"at risk", "inactive"} <= set(names)
    assert len(chart["chart"]["axis_config"]["categories"]) == 12
    view = history.flow(judged.ctx, history.flowing("status"), 12)
    drawn = sum(point["value"] for one in chart["chart"]["series"] for point in one["data"])
    assert drawn == sum(one.times for one in view.moves)
    said = everything(answer)
    assert "at risk" in said
    assert "inactive" in said
    assert "data_visualization" not in str(answer.elsewhere)
    assert "█" in str(answer.elsewhere)


@pytest.mark.parametrize("line", ["flow 3", "flow stage 3", "flow 3 stage", "flow --months 3", "flow stages"])
def test_months_and_family_stand_in_either_order(judged: World, line: str) -> None:
    assert "between stages" in judged.said(f"/lifecycle {line}")


def test_cohorts_and_activity(judged: World) -> None:
    said = judged.said("/lifecycle cohorts")
    assert "*Retention by cohort*: of the customers whose first event (purchase)" in said
    assert "100%" in said
    said = judged.said("/lifecycle activity 3")
    assert "*Active customers over time*: at the end of " in said
    assert "of 3 customers were active" in said
    assert "$" in said


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("flow stge", "not “stge”. Did you mean stage?"),
        ("flow status 99", "“99” is no number of months from 1 to 24."),
        ("cohorts many", "“many” is no number of months"),
        ("activity 3 4", "I do not know what to do with “4”"),
        ("activity 3 --months 4", "I do not know what to do with “3”"),
    ],
)
def test_what_cannot_be_read_gets_a_next_step(judged: World, line: str, said: str) -> None:
    assert said in judged.said(f"/lifecycle {line}")


def test_before_anything_is_judged_it_says_so(world: World) -> None:
    assert "No life cycle is in use yet" in world.said("/lifecycle flow")
    lifecycle.make(world.ctx, BOSS, plans.using("retail"), did="use")
    for asked in ("flow", "cohorts", "activity"):
        assert "No day of the life cycle's history is judged yet" in world.said(f"/lifecycle {asked}")


def test_a_quiet_time_is_told_in_a_sentence(judged: World) -> None:
    judged.clock.at += 800 * DAY
    judge(judged.ctx)
    assert judged.said("/lifecycle flow stage 1").startswith("Nobody moved between stages this month")
    assert judged.said("/lifecycle cohorts 1").startswith("Nobody had a first event (purchase) this month")


def test_too_many_customers_are_left_to_the_command_line(
    judged: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MOST_IN_CHAT", 2)
    said = judged.said("/lifecycle cohorts")
    assert "`python bot.py lifecycle cohorts`" in said
