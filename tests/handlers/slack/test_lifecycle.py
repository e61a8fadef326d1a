"""``/lifecycle`` in chat: what is shown, and that a change is shown with who would move before it is saved."""

import pytest

from handlers import lifecycle, lifecycle_drafts, rulebook, standing
from handlers import lifecycle_plans as plans
from handlers.rulebook import Request
from rules.access import Actor
from rules.conditions.terms import Family
from rules.instants import DAY
from rules.lifecycle.definitions import FIXED
from templates.codec import Press
from tests.handlers.slack.world import AIKO, MANAGER, TOM, World, button, everything

BOSS = Request(Actor("cli:boss", manager=True))


@pytest.fixture
def retail(world: World) -> World:
    lifecycle.make(world.ctx, BOSS, plans.using("retail"), did="use")
    return world


def version(world: World) -> int:
    return lifecycle.show(world.ctx).version


def pressed(world: World, value: str, *, user: str = MANAGER) -> str:
    answer = world.press(value, user=user, ephemeral=True)
    assert answer is not None
    # What was done takes the place of the preview; an error stands beside it.
    said = everything(answer[0])
    assert answer[1] or "not" in said.casefold()
    return said


def test_bare_it_says_what_to_do_and_help_helps(world: World) -> None:
    said = world.said("/lifecycle")
    assert "No life cycle is in use yet" in said
    assert "`/lifecycle use retail`" in said
    for name in ("retail", "repeat_purchase", "subscription", "saas", "services"):
        assert f"• `{name}`:" in said
    assert "see and change what active, status and stage mean" in world.said("/lifecycle help")


def test_a_preset_is_put_in_use_after_a_look_at_who_would_have_what(world: World) -> None:
    draft = world.command("/lifecycle use retail", user=MANAGER)
    assert draft is not None
    assert draft.text == ("This is what putting the preset *retail* in use would do. It is *not saved yet*.")
    said = everything(draft)
    assert "*Who would move*, of 2 customers" in said
    assert "*1* customer: status → at risk" in said
    assert "*1* customer: status → new" in said
    assert version(world) == 0
    done = pressed(world, button(draft, "Save"))
    assert "✅ The preset *retail* is in use." in done
    shown = world.said("/lifecycle show")
    assert "`status.at_risk`  *1* customer  `days_since(purchase) &lt;= 90`" in shown
    assert "Version 1: put in use by <@UMANAGER>" in shown
    assert [one.action for one in world.audited("lifecycle")] == ["lifecycle.use"]
    card = world.said("/customer Ann Bell")
    assert "*Status*  at risk" in card
    assert "*Stage*  develop" in card
    assert "*Type*  recent purchase" in world.said("/customer Bob Bellamy")


def test_an_edit_is_shown_with_counts_and_the_rules_it_touches_and_can_be_cancelled(retail: World) -> None:
    rulebook.add(retail.ctx, BOSS, name="developing", condition="stage = develop")
    draft = retail.command("/lifecycle edit retain count(purchase) &gt;= 2", user=MANAGER)
    assert draft is not None
    said = everything(draft)
    for part in (
        "This is what the change of *stage.retain* would do. It is *not saved yet*.",
        "- stage.retain: count(purchase) &gt;= 3 and not status = churned\n+ stage.retain: count(purchase) &gt;= 2",
        "*2* customers: stage develop → retain",
        "as if they had been edited: developing",
        "⚠️ stage.retain would hold for everybody: all 2 customers.",
    ):
        assert part in said
    assert "Nothing was saved" in pressed(retail, button(draft, "Cancel"))
    assert "saved or cancelled already" in pressed(retail, button(draft, "Save"))
    assert version(retail) == 1
    again = retail.command("/lifecycle edit retain count(purchase) &gt;= 2", user=MANAGER)
    assert again is not None
    done = pressed(retail, button(again, "Save"))
    assert "✅ *stage.retain* is changed." in done
    assert "The next sweep looks at these rules as if they had been edited: developing" in done
    assert "saved or cancelled already" in pressed(retail, button(again, "Save"))
    assert version(retail) == 2
    assert "*Version 2* by <@UMANAGER>" in retail.said("/lifecycle history stage.retain")


def test_a_preview_changes_nothing_and_has_no_buttons(retail: World) -> None:
    for typed, part in (
        ("type.loyal count(purchase) &gt; 9", "type.loyal would hold for nobody of 2 customers"),
        ("services", "This is what putting the preset *services* in use would do."),
        ("active days_since(purchase) <= 60", "*1* customer: active → active"),
    ):
        answer = retail.command(f"/lifecycle preview {typed}")
        assert answer is not None
        assert part in everything(answer)
        assert not [block for block in answer.blocks if block["type"] == "actions"]
    assert version(retail) == 1


def test_what_would_be_overwritten_is_said_and_saving_is_to_confirm_it(retail: World) -> None:
    lifecycle.make(retail.ctx, BOSS, plans.editing("retain", "count(purchase) >= 2"), did="edit")
    draft = retail.command("/lifecycle use services", user=MANAGER)
    assert draft is not None
    assert "These were edited, and would be overwritten: stage.retain" in everything(draft)
    assert "is in use" in pressed(retail, button(draft, "Save"))
    back = retail.command("/lifecycle undo", user=MANAGER)
    assert back is not None
    assert "undone" in pressed(retail, button(back, "Save"))
    assert lifecycle.show(retail.ctx).preset == "retail"


def test_a_segment_comes_and_goes(retail: World) -> None:
    for line in ("edit segment.big count(purchase) &gt;= 2", "remove segment.big"):
        draft = retail.command(f"/lifecycle {line}", user=MANAGER)
        assert draft is not None
        pressed(retail, button(draft, "Save"))
    assert version(retail) == 3
    assert "segment.big" not in retail.said("/lifecycle show")


def test_only_managers_change_it_and_only_the_author_saves(retail: World) -> None:
    assert "Only managers change the life cycle" in retail.said("/lifecycle undo", user=TOM)
    assert "Only managers change the life cycle" in retail.said("/lifecycle use saas", user=TOM)
    draft = retail.command("/lifecycle use saas", user=MANAGER)
    assert draft is not None
    for label in ("Save", "Cancel"):
        refused = retail.press(button(draft, label), user=AIKO, ephemeral=True)
        assert refused is not None
        assert "is saved by the manager who wrote it" in everything(refused[0])
    assert version(retail) == 1


def test_a_draft_that_was_written_for_another_version_is_not_saved(retail: World) -> None:
    draft = retail.command("/lifecycle use saas", user=MANAGER)
    assert draft is not None
    lifecycle.make(retail.ctx, BOSS, plans.editing("retain", "count(purchase) >= 2"), did="edit")
    assert "changed the life cycle since you wrote this" in pressed(retail, button(draft, "Save"))
    retail.clock.at += 2 * DAY
    assert "waited for more than a day" in pressed(retail, button(draft, "Save"))
    assert "waited for more than a day" in pressed(retail, button(draft, "Cancel"))


def test_a_button_names_a_draft_of_its_own_kind_alone(retail: World) -> None:
    of_rule = retail.command("/rules add quiet silent(purchase, 9d)", user=MANAGER)
    of_lifecycle = retail.command("/lifecycle use saas", user=MANAGER)
    assert of_rule is not None
    assert of_lifecycle is not None
    numbers = [int(button(one, "Save").rsplit(":", 1)[1]) for one in (of_rule, of_lifecycle)]
    for press, number in ((Press.ADOPT, numbers[0]), (Press.SAVE, numbers[1])):
        forged = retail.press(press, number, user=MANAGER, ephemeral=True)
        assert forged is not None
        assert "saved or cancelled already" in everything(forged[0])


def test_a_command_delivered_twice_makes_one_draft(retail: World) -> None:
    request = Request(Actor(MANAGER, manager=True), key="command:1")
    wish = lifecycle_drafts.Wish("use", "saas")
    assert lifecycle_drafts.propose(retail.ctx, request, wish) is not None
    assert lifecycle_drafts.propose(retail.ctx, request, wish) is None


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("shwo", "Did you mean `/lifecycle show`?"),
        ("use", "`/lifecycle use retail`"),
        ("use retial", "Did you mean retail?"),
        ("edit stage.retain", "`/lifecycle edit stage.retain count(purchase) &gt;= 5`"),
        ("edit stage.retian never(x)", "Did you mean stage.retain?"),
        ("edit active status = new", "A definition cannot refer to itself: active → status.new → active."),
        ("edit stage.retain stage = retian", "Did you mean `retain`?"),
        ("edit stage.retain count(purchase) &gt;= 3 and not status = churned", "reads like that already"),
        ("remove stage.retain", "cannot be taken away"),
        ("undo now", "“now”"),
        ("undo", "There is nothing to undo"),
        ("history segment.zzz", "segment.zzz is not defined"),
    ],
)
def test_what_cannot_be_done_is_explained(retail: World, typed: str, said: str) -> None:
    assert said in retail.said(f"/lifecycle {typed}", user=MANAGER)
    assert version(retail) == 1


def test_the_longest_definitions_fit_into_a_message(retail: World, monkeypatch: pytest.MonkeyPatch) -> None:
    long = " or ".join(f'attr.plan = "{"&<>" * 12} {n}"' for n in range(30))
    for family in (Family.STATUS, Family.STAGE, Family.TYPE):
        for label in FIXED[family]:
            lifecycle.make(retail.ctx, BOSS, plans.editing(f"{family}.{label}", long), did="edit")
    for n in range(60):
        lifecycle.make(retail.ctx, BOSS, plans.editing(f"segment.s{n}", long), did="edit")
    assert "…" in retail.said("/lifecycle show")
    assert "would be overwritten" in retail.said("/lifecycle use services", user=MANAGER)
    assert "*History of status.new*" in retail.said("/lifecycle history new")
    monkeypatch.setattr(standing, "MOST_COUNTED", 1)
    monkeypatch.setattr("handlers.slack.lifecycle.MOST_COUNTED", 1)
    assert "too many customers to count" in retail.said("/lifecycle preview services")
    assert retail.said("/lifecycle show")
