"""``/rules`` as people type it."""

import pytest

from handlers.sweep import sweep
from rules.alerts.rule import AlertKind, Backlog, RuleState, Severity
from rules.alerts.states import Resolution
from rules.instants import HOUR
from storage import rules
from storage.rules import Rule
from tests.handlers.slack.world import MANAGER, TOM, World, button
from tests.histories import rule


def stored(world: World, name: str) -> Rule | None:
    with world.ctx.database.reading() as tx:
        return rules.by_name(tx, name)


def test_a_manager_adds_a_rule_as_phones_type_it(world: World) -> None:
    said = world.said(
        "/rules add Quiet vips silent(purchase, 20d) and segment = “vip” —channel #sales "
        "--kind opportunity --severity HIGH --backlog post --cooldown 12h --action “Call them &amp; ask”",
        user=MANAGER,
    )
    assert "I do not know" not in said
    assert stored(world, "quiet") is None
    said = world.saved(
        "/rules add “Quiet vips” silent(purchase, 20d) and count(purchase) &gt;= 1 and segment = “vip” "
        "—channel #sales --kind opportunity --severity HIGH --backlog post --cooldown 12h "
        "--action “Call them &amp; ask”"
    )
    found = stored(world, "quiet_vips")
    assert found is not None
    body = found.body
    assert body.condition == "silent(purchase, 20d) and count(purchase) >= 1 and segment = vip"
    assert (body.channel, body.kind, body.severity) == ("#sales", AlertKind.OPPORTUNITY, Severity.HIGH)
    assert (body.backlog, body.cooldown, body.action) == (Backlog.POST, 12 * HOUR, "Call them & ask")
    assert "✅ The rule *Quiet vips* is added." in said
    assert "It holds for *1* customer now." in said
    [entry] = world.audited("rule:quiet_vips")
    assert (entry.actor, entry.action) == (MANAGER, "rule.add")
    assert "+ condition: silent(purchase, 20d)" in entry.diff


def test_a_shipped_rule_is_chosen_by_its_name(world: World) -> None:
    assert "`big_spender_silent`" in world.said("/rules")
    assert "• `big_spender_silent` (retain, at risk, inactive): Customers who spent 500" in world.said(
        "/rules help"
    )
    assert "is added" in world.saved("/rules add Big-Spender-Silent")
    found = stored(world, "big_spender_silent")
    assert found is not None
    assert found.body.severity is Severity.HIGH
    assert "Ready to be chosen" in world.said("/rules list")
    assert "`big_spender_silent`:" not in world.said("/rules help")


def test_others_are_told_who_may_and_it_is_audited(world: World) -> None:
    for typed in (
        "add x silent(purchase, 3d)",
        "edit lapsing --severity low",
        "pause lapsing",
        "remove lapsing",
    ):
        said = world.said(f"/rules {typed}", user=TOM)
        assert (
            "Only managers change rules, so nothing was changed. The manager is <@UMANAGER>: ask there."
            in said
        )
    assert [one.action for one in world.audited("rule:lapsing")] == [
        "refused:rule.remove",
        "refused:rule.pause",
        "refused:rule.edit",
    ]
    assert stored(world, "x") is None


def test_an_edit_is_a_version_with_its_difference(world: World) -> None:
    said = world.saved("/rules edit lapsing silent(purchase, 45d) --severity high")
    assert "- condition: silent(purchase, 30d)" in said
    assert "+ severity: high" in said
    found = stored(world, "lapsing")
    assert found is not None
    assert (found.version, found.author, found.body.condition) == (2, MANAGER, "silent(purchase, 45d)")
    assert "reads like that already" in world.said("/rules edit lapsing --severity high", user=MANAGER)
    history = world.said("/rules history lapsing")
    assert "*Version 2* by UMANAGER" in history.replace("<@UMANAGER>", "UMANAGER")
    assert "*Version 1* by U1" in history


def test_pause_resume_and_remove(world: World) -> None:
    assert "is paused" in world.said("/rules pause lapsing", user=MANAGER)
    assert "paused already" in world.said("/rules pause lapsing", user=MANAGER)
    assert "⏸️ paused" in world.said("/rules list")
    assert "is watched again" in world.said("/rules resume lapsing", user=MANAGER)
    sweep(world.ctx)
    assert world.alert().unresolved
    assert "1 open alert of it was closed" in world.said("/rules remove lapsing", user=MANAGER)
    assert world.alert().resolution is Resolution.RULE_CHANGED
    assert stored(world, "lapsing") is None
    assert "The rule lapsing ships with me and is not chosen" in world.said("/rules show lapsing")
    assert "No rule is in use yet" in world.said("/rules list")
    with world.ctx.database.reading() as tx:
        assert [one.name for one in rules.listing(tx, states=[RuleState.REMOVED])] == ["lapsing"]


def test_show_and_check(world: World) -> None:
    shown = world.said("/rules show Lapsing")
    assert "The rule Lapsing is watched; 1 customers matched" in shown
    assert "`silent(purchase, 30d)`" in shown
    checked = world.said("/rules check silent(purchase, 30d) and count(purchase) &gt;= 2")
    assert "✅ This condition works: `silent(purchase, 30d) and count(purchase) &gt;= 2`" in checked
    assert "It holds for *1* customer now." in checked
    twice = world.said("/rules check silent(parcel, 30d) and count(parcel) = 0")
    assert twice.count("No event of the kind `parcel` has come in yet") == 1


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("lst", "Did you mean `/rules list`?"),
        ("add", "Something is missing"),
        ("check", "Something is missing"),
        ("show", "Something is missing"),
        ("show lapsin", "Did you mean lapsing?"),
        ("pause lapsing now", "There is no rule “lapsing now”. Did you mean lapsing?"),
        ("show big spender silent", "is not chosen: `/rules add big_spender_silent` chooses it"),
        ("edit growing --severity low", "is not chosen: `/rules add growing` chooses it"),
        ("history !!!", "There is no rule “!!!”"),
        ("add quiet", "needs a condition"),
        ("add lapsing silent(purchase, 3d)", "There is a rule lapsing already"),
        ("add !!! silent(purchase, 3d)", "cannot be a name"),
        ("add " + "x" * 61 + " silent(purchase, 3d)", "cannot be a name"),
        ("add x silent(purchase, 3d) --chanel #a", "Did you mean --channel?"),
        (
            "add x silent(purchase, 3d) --severity huge",
            "Write one of these, or one like them: low, medium, high",
        ),
        ("add x silent(purchase, 3d) --cooldown soon", "--cooldown cannot be “soon”"),
        ("add x silent(purchase, 3d) --channel a,b", "--channel cannot be “a,b”"),
        ("add x silent(purchase, 3d) --action " + "y" * 501, "--action cannot be"),
        ("add x silent(purchase, 3d) --action", "--action needs a value"),
        ('add x silent(purchase, 3d) --action "Call', "A quotation mark is never closed"),
        ("edit lapsing", "Say what is to change in the rule lapsing: its condition, or an option."),
        ("remove nothing", "There is no rule “nothing”"),
    ],
)
def test_what_cannot_be_done_is_explained(world: World, typed: str, said: str) -> None:
    assert said in world.said(f"/rules {typed}", user=MANAGER)


@pytest.mark.parametrize(
    "condition",
    [
        "silnt(purchase, 30d)",
        "silent(purchase, 30)",
        "count(purchase) > 30d",
        "x" * 3_000,
        "(" * 200 + "never(purchase)" + ")" * 200,
        "'; drop table rule; --",
        "segment = \ud800",
        "never(purchase) and",
        "`",
        "",
    ],
)
def test_a_condition_that_is_none_is_pointed_at(world: World, condition: str) -> None:
    before = stored(world, "bad")
    said = world.said(f"/rules add bad {condition}", user=MANAGER)
    assert before is stored(world, "bad") is None
    assert "Something went wrong" not in said
    if len(condition) > 1:
        assert "This condition does not work yet" in said
        assert "```" in said


def test_a_rule_goes_by_the_name_that_messages_give_it(world: World) -> None:
    world.saved("/rules add big_spender_silent")
    for typed in ("Big spender silent", "“Big spender silent”", "big_spender_silent"):
        assert "The rule Big spender silent is watched" in world.said(f"/rules show {typed}")
    assert "History of Big spender silent" in world.said("/rules history big spender silent")
    assert "is paused" in world.said("/rules pause big spender silent", user=MANAGER)
    assert "is watched again" in world.said("/rules resume Big Spender Silent", user=MANAGER)
    assert "is removed" in world.said("/rules remove big spender silent", user=MANAGER)


def test_a_repair_is_suggested(world: World) -> None:
    said = world.said("/rules check silnt(purchase, 30d)")
    assert "silnt(purchase, 30d)\n^^^^^" in said
    assert "Try: `silent(purchase, 30d)`" in said


def test_a_kind_nobody_has_seen_warns_and_is_stored_all_the_same(world: World) -> None:
    assert "⚠️" in world.said("/rules add refunds count(refnd, 7d) &gt; 2", user=MANAGER)
    assert "⚠️" in world.saved("/rules add refunds count(refnd, 7d) &gt; 2")
    assert stored(world, "refunds") is not None


def test_a_request_delivered_twice_changes_once(world: World) -> None:
    line = "/rules add quiet silent(purchase, 20d)"
    draft = world.command(line, user=MANAGER, trigger="same")
    assert draft is not None
    other = World(world.ctx, world.clock)
    assert other.command(line, user=MANAGER, trigger="same") is None
    save = button(draft, "Save")
    assert world.press(save, user=MANAGER, trigger="once") is not None
    assert other.press(save, user=MANAGER, trigger="once") is None
    assert len(world.audited("rule:quiet")) == 1


def test_slack_takes_a_list_of_many_rules(world: World) -> None:
    for number in range(60):
        rule(world.ctx.database, f"rule{number}", f"silent(purchase, {number + 1}d)")
    assert "*61 rules*" in world.said("/rules list")


def test_lists_need_no_quotes_and_everything_that_was_said_is_shown(world: World) -> None:
    world.said(
        "/rules edit lapsing --hides growing, overdue --for 1h --keep 2h --remind 4h --unreadable hold"
        " --escalate 2h owner, 8h manager --severity high",
        user=MANAGER,
    )
    shown = world.said("/rules show lapsing")
    for line in ("1h", "2h", "4h", "2h owner, 8h manager", "growing, overdue", "hold"):
        assert f"*\n{line}\n" in shown
    assert "*Version*\n2, by" in shown


def test_none_takes_back_what_a_rule_need_not_say(world: World) -> None:
    usual = stored(world, "lapsing")
    assert usual is not None
    world.said('/rules edit lapsing --hides growing --for 1h --remind 4h --escalate "2h owner"', user=MANAGER)
    world.said("/rules edit lapsing --hides none --for None --remind none --escalate none", user=MANAGER)
    again = stored(world, "lapsing")
    assert again is not None
    assert again.body == usual.body
