"""Previews in chat: asked for, and before a rule is saved."""

import pytest
from sqlalchemy import text

from handlers import drafts, preview
from playground.block_kit import check_blocks
from rules.instants import DAY
from storage import drafts as stored_drafts
from storage import rules
from storage.rules import Rule
from templates.codec import Press
from tests.handlers.slack.world import AIKO, MANAGER, NOW, TOM, World, button
from tests.histories import customer, purchases


def stored(world: World, name: str) -> Rule | None:
    with world.ctx.database.reading() as tx:
        return rules.by_name(tx, name)


def wait(world: World, milliseconds: int) -> None:
    world.clock.at += milliseconds


def test_anybody_sees_what_a_rule_would_have_done(world: World) -> None:
    for number in range(3, 20):
        customer(world.ctx.database, number, known_since=NOW - 90 * DAY)
        purchases(world.ctx.database, number, [NOW - (31 + 3 * number) * DAY], cents=100 * number)
    answer = world.command("/rules preview Lapsing --from 2024-07-06 --to 2024-10-04", user=TOM)
    assert answer is not None
    said = answer.text
    # Bob falls silent once, Ann once; seventeen others after the first of July.
    assert said.startswith("From Jul 6, 2024 to Oct 4, 2024, *Lapsing* would have begun to match *1")
    [chart] = [block for block in answer.blocks if block["type"] == "data_visualization"]
    assert check_blocks(answer.blocks) == []
    assert len(chart["chart"]["axis_config"]["categories"]) == 14
    # Where there are no charts the same is drawn in characters.
    assert "data_visualization" not in str(answer.elsewhere)
    assert "█" in str(answer.elsewhere)
    assert check_blocks(answer.elsewhere) == []
    assert not [block for block in answer.blocks if block["type"] == "actions"]


@pytest.mark.parametrize("every", ["1d", "1h", "1w"])
def test_weeks_are_merged_until_slack_takes_the_chart(world: World, every: str) -> None:
    answer = world.command(f"/rules preview silent(purchase, 3d) --from 2023-06-01 --every {every}")
    assert answer is not None
    [chart] = [block for block in answer.blocks if block["type"] == "data_visualization"]
    assert len(chart["chart"]["axis_config"]["categories"]) <= 20
    assert chart["title"] == "Began to match, in 4 weeks each"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Something is missing"),
        ("lapsin", "“lapsin” is no rule, neither in use nor one that ships, and no condition"),
        ("lapsin", "Did you mean lapsing?"),
        ("silnt(purchase, 3d)", "Did you mean `silent`?"),
        ("lapsing --every 0d", "--every cannot be “0d”"),
        ("lapsing --every -1d", "--every cannot be “-1d”"),
        ("lapsing --every 1mo", "Write whole hours, days or weeks"),
        ("lapsing --every 5m", "--every cannot be “5m”"),
        ("lapsing --from yesterday", "“yesterday” is no date or time that I can read"),
        ("lapsing --from 2024-09-01 --to 2024-08-01", "the beginning must lie before the end"),
        ("lapsing --from 2031-01-01", "the beginning must lie before the end, and before now"),
        ("lapsing --from 2024-09-30 --every 1w", "there is no second look"),
        ("lapsing --from 1990-01-01 --every 1h", "--every 16h is the smallest that will do"),
        ("lapsing --form 2024-01-01", "Did you mean --from?"),
    ],
)
def test_what_cannot_be_looked_at_is_explained(world: World, typed: str, said: str) -> None:
    assert said in world.said(f"/rules preview {typed}")


def test_ten_years_and_more_than_there_is_and_the_future(world: World) -> None:
    said = world.said("/rules preview lapsing --from 2014-10-01 --to 2030-01-01")
    assert "The first event that this condition is about is of Aug 25, 2024" in said
    assert "it ends now" in said
    assert "From Oct 1, 2014 to Oct 4, 2024" in said


def test_a_preview_without_data_says_what_to_do(world: World) -> None:
    with world.ctx.database.writing() as tx:
        for table in ("event", "match", "alert", "customer"):
            tx.execute(text(f'DELETE FROM "{table}"'))
    assert "There is no customer yet" in world.said("/rules preview lapsing")
    customer(world.ctx.database, 1, known_since=NOW - 100 * DAY)
    assert "No event that this condition is about has come in yet." in world.said(
        "/rules preview never(refund)"
    )


def test_a_condition_is_looked_at_like_a_rule(world: World) -> None:
    said = world.said("/rules preview “silent(purchase, 9d) and count(purchase) &gt;= 1”")
    assert "this condition would have begun to match" in said
    assert said == world.said("/rules preview silent(purchase, 9d) and count(purchase) &gt;= 1")


def test_a_rule_is_shown_before_it_is_saved_and_can_be_cancelled(world: World) -> None:
    draft = world.command("/rules add quiet silent(purchase, 9d)", user=MANAGER)
    assert draft is not None
    assert draft.text == "The rule *Quiet* is *not saved yet*."
    assert "would have begun to match" in str(draft.blocks)
    assert stored(world, "quiet") is None
    cancelled = world.press(button(draft, "Cancel"), user=MANAGER, ephemeral=True)
    assert cancelled is not None
    assert (cancelled[0].text, cancelled[1]) == ("Nothing was saved: *Quiet* is as it was.", True)
    late = world.press(button(draft, "Save"), user=MANAGER, ephemeral=True)
    assert late is not None
    assert "saved or cancelled already" in late[0].text
    assert stored(world, "quiet") is None
    assert world.audited("rule:quiet") == []


def test_a_draft_is_saved_once(world: World) -> None:
    draft = world.command("/rules add quiet silent(purchase, 9d)", user=MANAGER)
    assert draft is not None
    for expected in ("is added", "saved or cancelled already"):
        pressed = world.press(button(draft, "Save"), user=MANAGER, ephemeral=True)
        assert pressed is not None
        assert expected in pressed[0].text
    assert len(world.audited("rule:quiet")) == 1


def test_only_its_author_saves_or_cancels_it_and_only_while_a_manager(world: World) -> None:
    draft = world.command("/rules add quiet silent(purchase, 9d)", user=MANAGER)
    assert draft is not None
    object.__setattr__(world.ctx, "managers", frozenset({MANAGER, AIKO}))
    for user in (TOM, AIKO):
        for label in ("Save", "Cancel"):
            refused = world.press(button(draft, label), user=user, ephemeral=True)
            assert refused is not None
            assert "What waits to be saved is saved by the manager who wrote it" in refused[0].text
    assert [one.action for one in world.audited("rule:quiet")] == ["refused:rule.add", "refused:rule.add"]
    object.__setattr__(world.ctx, "managers", frozenset({AIKO}))
    refused = world.press(button(draft, "Save"), user=MANAGER, ephemeral=True)
    assert refused is not None
    assert "nothing was changed" in refused[0].text
    assert stored(world, "quiet") is None
    object.__setattr__(world.ctx, "managers", frozenset({MANAGER}))
    assert world.press(button(draft, "Save"), user=MANAGER, ephemeral=True) is not None
    assert stored(world, "quiet") is not None


def test_who_may_not_change_rules_is_told_before_anything_is_looked_at(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafts, "preview", None)
    said = world.said("/rules add quiet silent(purchase, 9d)", user=TOM)
    assert "Only managers change rules" in said
    with world.ctx.database.reading() as tx:
        assert stored_drafts.by_id(tx, 1) is None


def test_a_draft_waits_for_a_day(world: World) -> None:
    draft = world.command("/rules add quiet silent(purchase, 9d)", user=MANAGER)
    assert draft is not None
    wait(world, DAY + 1)
    late = world.press(button(draft, "Save"), user=MANAGER, ephemeral=True)
    assert late is not None
    assert "waited for more than a day" in late[0].text
    assert stored(world, "quiet") is None


def test_a_draft_does_not_overwrite_what_somebody_else_changed_since(world: World) -> None:
    object.__setattr__(world.ctx, "managers", frozenset({MANAGER, AIKO}))
    draft = world.command("/rules edit lapsing silent(purchase, 45d)", user=MANAGER)
    assert draft is not None
    assert draft.text == "The change of *Lapsing* is *not saved yet*."
    assert "- condition: silent(purchase, 30d)\n+ condition: silent(purchase, 45d)" in str(
        draft.blocks[3]["text"]["text"]
    )
    # An edit of the options alone has nothing to show, and is saved at once.
    assert "is changed" in world.said("/rules edit lapsing --severity high", user=AIKO)
    outdated = world.press(button(draft, "Save"), user=MANAGER, ephemeral=True)
    assert outdated is not None
    assert f"<@{AIKO}> changed the rule lapsing since you wrote this" in outdated[0].text
    rule = stored(world, "lapsing")
    assert rule is not None
    assert (rule.version, rule.body.condition) == (2, "silent(purchase, 30d)")


def test_a_draft_of_a_name_that_was_taken_since_or_of_a_rule_that_is_gone(world: World) -> None:
    first = world.command("/rules add quiet silent(purchase, 9d)", user=MANAGER)
    edit = world.command("/rules edit lapsing silent(purchase, 45d)", user=MANAGER)
    assert first is not None
    assert edit is not None
    world.saved("/rules add quiet silent(purchase, 8d)")
    world.said("/rules remove lapsing", user=MANAGER)
    taken = world.press(button(first, "Save"), user=MANAGER, ephemeral=True)
    gone = world.press(button(edit, "Save"), user=MANAGER, ephemeral=True)
    assert taken is not None
    assert gone is not None
    assert "There is a rule quiet already" in taken[0].text
    assert "There is no rule “lapsing”" in gone[0].text


def test_the_same_condition_again_with_options_is_saved_at_once(world: World) -> None:
    said = world.said("/rules edit lapsing SILENT(purchase, 30d) --severity high", user=MANAGER)
    assert "is changed" in said
    assert "reads like that already" in world.said("/rules edit lapsing silent(purchase,30d)", user=MANAGER)


def test_what_would_take_too_long_can_be_saved_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafts, "MOST_IN_CHAT", 50)
    said = world.saved("/rules add quiet silent(purchase, 9d)")
    assert "is added" in said
    draft = world.said("/rules edit quiet silent(purchase, 8d)", user=MANAGER)
    assert "No preview of it: 2 customers looked at 91 times would keep you waiting." in draft
    assert preview.MOST_IN_CHAT > 10_000_000


def test_a_forged_number_leads_nowhere(world: World) -> None:
    for press in (Press.SAVE, Press.CANCEL):
        answered = world.press(press, 10**12, user=MANAGER, ephemeral=True)
        assert answered is not None
        assert "saved or cancelled already" in answered[0].text
