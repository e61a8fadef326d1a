"""``/lifecycle health`` in chat: what is shown, and that a change is shown before it is saved."""

import pytest

from handlers import health, lifecycle
from handlers import lifecycle_plans as plans
from handlers.rulebook import Request
from rules.access import Actor
from templates.codec import Press
from tests.handlers.slack.world import MANAGER, TOM, World, button, everything

BOSS = Request(Actor("cli:boss", manager=True))


@pytest.fixture
def retail(world: World) -> World:
    lifecycle.make(world.ctx, BOSS, plans.using("retail"), did="use")
    return world


def test_it_is_shown_with_weights_scales_and_how_much_customers_have(retail: World) -> None:
    said = retail.said("/lifecycle health")
    for part in (
        "*Health*, from 0 to 100, as the preset `retail` works it out",
        "*Engagement*, weight 35",
        "• `days_since(purchase)`  `0:100 30:70 90:20 180:0`  weight 2",
        "No score is known yet",
        "`/lifecycle health weight engagement 40`",
    ):
        assert part in said
    health.compute(retail.ctx)
    shown = retail.command("/lifecycle health show")
    assert shown is not None
    assert "2 of 2 customers have a score." in everything(shown)
    assert "80–100" in str(shown.elsewhere)


@pytest.mark.parametrize(
    ("typed", "diff"),
    [
        ("weight Engagement 40", "- health.engagement: weight 35\n+ health.engagement: weight 40"),
        (
            "part revenue change(sum(purchase), 90d) —50%:0 0%:70",
            "+ health.revenue: change(sum(purchase), 90d) -50%:0 0%:70",
        ),
        (
            "part relationship count(ticket where level &gt;= 2, 7d) 0:100 3:0 weight 4",
            "+ health.relationship: count(ticket where level &gt;= 2, 7d) 0:100 3:0 weight 4",
        ),
        ("part engagement overdue(purchase) remove", "- health.engagement: overdue(purchase) 1:100 2:40 4:0"),
    ],
)
def test_a_change_is_shown_and_made_by_save(retail: World, typed: str, diff: str) -> None:
    draft = retail.command(f"/lifecycle health {typed}", user=MANAGER)
    assert draft is not None
    said = everything(draft)
    assert "This is how health would be worked out otherwise, from the next night on." in said
    assert diff in said
    assert "would move" not in said
    assert lifecycle.show(retail.ctx).version == 1
    done = retail.press(button(draft, "Save"), user=MANAGER, ephemeral=True)
    assert done is not None
    assert "✅ Health is worked out otherwise from the next night on" in everything(done[0])
    assert lifecycle.show(retail.ctx).version == 2
    assert diff in retail.said("/lifecycle history health")
    assert [one.action for one in retail.audited("lifecycle")][-1] in ("lifecycle.health", "lifecycle.use")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("weight engagement", "/lifecycle health weight engagement 40"),
        ("part", "/lifecycle health part engagement"),
        ("waight engagement 3", "Did you mean weight?"),
        ("weight engagment 3", "Did you mean engagement?"),
        ("weight engagement -3", "no whole number from 0 to 100"),
        ("weight engagement 35", "nothing was changed"),
        ("part engagement health 0:0 100:100", "Health cannot be a part of itself"),
        ("part engagement days_sinc(purchase) 0:100 30:0", "days_since"),
        ("part engagement days_since(purchase) 30:0 0:100", "Put them in order"),
        ("part engagement days_since(purchase)", "A scale needs two points or more"),
        ("part engagement tenure remove", "has no part tenure"),
    ],
)
def test_what_makes_no_sense_is_answered_with_a_next_step(retail: World, typed: str, said: str) -> None:
    answer = retail.command(f"/lifecycle health {typed}", user=MANAGER)
    assert answer is not None
    assert said in everything(answer)
    assert lifecycle.show(retail.ctx).version == 1


def test_only_managers_change_it_and_without_a_life_cycle_there_is_none(world: World) -> None:
    assert "/lifecycle use retail" in world.said("/lifecycle health")
    lifecycle.make(world.ctx, BOSS, plans.using("retail"), did="use")
    assert "manager" in world.said("/lifecycle health weight engagement 3", user=TOM).casefold()
    assert Press.ADOPT.value not in str(world.command("/lifecycle health", user=TOM))
