"""`/alerts why` of any customer and any rule."""

import pytest

from handlers.sweep import sweep
from rules.instants import DAY
from templates.codec import Press
from tests.handlers.slack.world import MANAGER, NOW, World
from tests.histories import customer, rule


def why(world: World, typed: str) -> str:
    return world.said(f"/alerts why {typed}")


def test_it_tells_the_answer_first_and_what_it_rests_on_below(world: World) -> None:
    said = why(world, "Ann Bell lapsing")
    for piece in (
        "📤 *Being told:* the message of alert 1 about Ann Bell is on its way.",
        "*The condition holds*, and has since <!date^",
        "✔ no purchase for 30 days  (Last purchase: *34 days ago*)",
        "`silent(purchase, 30d)`",
        "*The latest alert* is 1, opened",
        "*It would be told* in #customer-care, as no route fits.",
        "• the message: waiting to be sent",
    ):
        assert piece in said
    assert why(world, '"Ann Bell" lapsing') == why(world, "ann@example.com lapsing") == said


def test_of_a_customer_who_never_had_an_alert_it_tells_what_does_not_hold(world: World) -> None:
    said = why(world, "Bob Bellamy Lapsing")
    assert "⚪ *Not told,* because the condition does not hold for Bob Bellamy." in said
    assert "✘ no purchase for 30 days  (Last purchase: *2 days ago*)" in said
    assert "The latest alert" not in said


def test_it_tells_what_keeps_a_rule_from_telling_now(world: World) -> None:
    rule(world.ctx.database, "fresh", "silent(purchase, 33d)", backlog="ignore")
    assert "⏳ *Not told yet,* because the rule is new" in why(world, "Ann Bell fresh")
    sweep(world.ctx)
    assert "the rule says to ignore those" in why(world, "Ann Bell fresh")
    world.press(Press.RESOLVE, 1, "not_an_issue")
    assert "☑️ *Told before:* alert 1 about Ann Bell has ended" in why(world, "Ann Bell lapsing")
    world.said("/rules pause fresh", user=MANAGER)
    assert "*Not told,* because the rule is paused. `/rules resume fresh`" in why(world, "Ann Bell fresh")


def test_a_long_condition_is_cut_with_a_count(world: World) -> None:
    parts = " or ".join(f"count(purchase, {n}d) > {n}" for n in range(1, 14))
    rule(world.ctx.database, "long", parts)
    assert "• and 5 more" in why(world, "Ann Bell long")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("Ann Bell lapsin", "There is no rule “lapsin”. Did you mean lapsing?"),
        ("Nobody Atall lapsing", "I know no customer “Nobody Atall”"),
        ("bell lapsing", "Several customers could be meant by “bell”"),
        ("lapsing", "“lapsing” is no number of an alert"),
        ("Ann Bell", "Write it like this: `/alerts why Ann Bell lapsing`"),
        ("Ann Bell overdue", "The rule overdue ships with me and is not chosen"),
    ],
)
def test_who_or_what_is_not_known_is_explained(world: World, typed: str, said: str) -> None:
    assert said in why(world, typed)


def test_a_hostile_name_does_nothing(world: World) -> None:
    customer(world.ctx.database, 7, known_since=NOW - DAY)
    said = why(world, "<!channel>*x* lapsing")
    assert "<!channel>" not in said
