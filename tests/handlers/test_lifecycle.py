"""The life cycle in use and changed: who moves, which rules are edited by it, and what becomes of their alerts."""

import threading
from dataclasses import replace

import pytest
from sqlalchemy import text

from handlers import answer, lifecycle, processes, retention, rulebook, value
from handlers.judging import judge
from handlers.kind_moves import MovePendingError
from handlers.lifecycle import OverwritesError
from handlers.lifecycle_plans import (
    LifecycleUnchangedError,
    NoLifecycleError,
    NoPresetError,
    NotDefinedError,
    NothingToUndoError,
    NotRemovableError,
    Planned,
    RuleTooLargeError,
    editing,
    removing,
    undoing,
    using,
)
from handlers.preview import preview, subject
from handlers.retention import PrunePastRulesError
from handlers.rulebook import Request
from handlers.sweep import sweep, sweep_and_audit
from rules.access import Actor, NotAllowedError
from rules.alerts.rule import RuleChange
from rules.alerts.states import Resolution
from rules.conditions.problems import Code, ConditionError
from rules.conditions.reach import PastHorizonError
from rules.errors import WarmlineError
from rules.instants import DAY
from rules.lifecycle.definitions import Name, UnknownDefinitionError
from rules.lifecycle.fit import Terms
from rules.lifecycle.resolve import DefinitionCycleError
from rules.lifecycle.sound import FittedDefinitionError
from rules.lifecycle.stretches import Stretch
from rules.preview.steps import Stretch as Looks
from storage import alerts, audit, definitions, fits, rules, stretches
from storage.counters import take
from storage.database import Database
from storage.rules import Rule
from templates.views import CardView, LifecycleChange, MoveView
from tests.contexts import StillClock, context
from tests.histories import customer, purchases
from tests.rules.lifecycle.fits import numbered

BOSS = Request(Actor("U1", manager=True))
CLERK = Request(Actor("U2"))
NOW = 20_000 * DAY


class Shop:
    """A shop with four customers: a prospect, a new one, one of three purchases and one who was lost."""

    def __init__(self, database: Database) -> None:
        self.clock = StillClock(NOW)
        self.ctx = context(database, now=self.clock)
        for number, days in enumerate(((), (5,), (10, 40, 70), (200, 300)), 1):
            customer(database, number, known_since=NOW - 400 * DAY)
            purchases(database, number, [NOW - one * DAY for one in days])

    def does(self, planned: Planned, *, did: str = "edit", confirmed: bool = False) -> LifecycleChange:
        self.clock.at += 1
        changed = lifecycle.make(self.ctx, BOSS, planned, did=did, confirmed=confirmed)
        assert changed is not None
        return changed

    def adds(self, name: str, condition: str) -> None:
        rulebook.add(self.ctx, BOSS, name=name, condition=condition)

    def sweeps(self) -> dict[str, int]:
        self.clock.at += 1
        return {one.rule: one.matched for one in sweep(self.ctx).rules}

    def rule(self, name: str) -> Rule:
        with self.ctx.database.reading() as tx:
            found = rules.by_name(tx, name)
        assert found is not None
        return found

    def ended(self, name: str) -> list[Resolution | None]:
        with self.ctx.database.reading() as tx:
            found = [alert for n in range(1, 5) for alert in alerts.of_customer(tx, n)]
            return [one.resolution for one in found if one.rule_id == self.rule(name).id]

    def days(self) -> list[Stretch]:
        with self.ctx.database.reading() as tx:
            return [one for number in range(1, 5) for one in stretches.of_customer(tx, number)]

    def card(self, number: int) -> CardView:
        return answer.card(self.ctx, number)


@pytest.fixture
def shop(database: Database) -> Shop:
    return Shop(database)


@pytest.fixture
def retail(shop: Shop) -> Shop:
    shop.does(using("retail"), did="use")
    return shop


def test_without_one_rules_that_ask_for_it_are_refused(shop: Shop) -> None:
    with pytest.raises(ConditionError) as refused:
        shop.adds("retaining", "stage = retain")
    assert [one.code for one in refused.value.problems] == [Code.NO_LIFECYCLE]
    found = lifecycle.show(shop.ctx)
    assert (found.version, found.definitions) == (0, ())
    assert [name for name, _ in found.presets] == sorted(name for name, _ in found.presets)
    card = shop.card(1)
    assert (card.status, card.stage, card.types) == (None, None, ())


@pytest.mark.parametrize(
    ("planned", "error"),
    [
        (using("zzz"), NoPresetError),
        (editing("stage.retain", "never(purchase)"), NoLifecycleError),
        (removing("segment.big"), NoLifecycleError),
        (undoing, NothingToUndoError),
    ],
)
def test_without_one_there_is_nothing_to_change(
    shop: Shop, planned: Planned, error: type[WarmlineError]
) -> None:
    with pytest.raises(error):
        shop.does(planned)


def test_it_is_shown_with_how_many_customers_have_what(retail: Shop) -> None:
    found = lifecycle.show(retail.ctx)
    assert (found.preset, found.version, found.did, found.author, found.known) == (
        "retail",
        1,
        "use",
        "U1",
        4,
    )
    holds = {one.name: one.holds for one in found.definitions if one.holds}
    assert holds == {
        "active": 2,
        "status.prospect": 1,
        "status.new": 1,
        "status.active": 1,
        "status.inactive": 1,
        "stage.retain": 1,
        "stage.develop": 2,
        "stage.reach": 1,
        "type.recent_purchase": 2,
    }
    assert not any(one.edited for one in found.definitions)
    cards = [retail.card(number) for number in range(1, 5)]
    assert [(one.status, one.stage, one.types) for one in cards] == [
        ("prospect", "reach", ()),
        ("new", "develop", ("recent_purchase",)),
        ("active", "retain", ("recent_purchase",)),
        ("inactive", "develop", ()),
    ]


def test_a_preview_says_who_moves_and_changes_nothing(retail: Shop) -> None:
    retail.adds("mine", "stage = retain")
    retail.adds("other", "never(purchase)")
    found = lifecycle.preview(retail.ctx, editing("stage.retain", "count(purchase) >= 2"))
    assert (found.holds, found.known, found.rules) == (2, 4, ("mine",))
    assert found.moves == (MoveView("stage", "develop", "retain", 1),)
    assert found.diff == (
        "- stage.retain: count(purchase) >= 3 and not status = churned\n+ stage.retain: count(purchase) >= 2"
    )
    wider = lifecycle.preview(retail.ctx, editing("active", "days_since(purchase) <= 200"))
    assert MoveView("active", None, "active", 1) in wider.moves
    assert MoveView("status", "inactive", "active", 1) in wider.moves
    assert lifecycle.show(retail.ctx).version == 1


@pytest.mark.parametrize(
    ("condition", "holds", "says"),
    [("count(purchase) > 99", 0, "nobody"), ("tenure >= 0", 4, "everybody"), ("never(purchase)", 1, None)],
)
def test_what_nobody_or_everybody_has_is_said(
    retail: Shop, condition: str, holds: int, says: str | None
) -> None:
    found = lifecycle.preview(retail.ctx, editing("type.loyal", condition))
    assert (found.holds, lifecycle.extreme(found)) == (holds, says)


def test_too_many_customers_are_not_counted_in_chat(retail: Shop) -> None:
    found = lifecycle.preview(retail.ctx, editing("type.loyal", "never(purchase)"), most=3)
    assert (found.known, found.holds, found.moves) == (None, None, ())
    assert lifecycle.extreme(found) is None


def test_a_definition_edited_while_alerts_are_open_keeps_those_that_still_match(retail: Shop) -> None:
    retail.adds("mine", "stage = develop")
    retail.adds("other", "days_since(purchase) >= 100")
    assert retail.sweeps() == {"mine": 2, "other": 1}
    changed = retail.does(editing("retain", "count(purchase) >= 2"))
    assert (changed.rules, changed.version, changed.name) == (("mine",), 2, "stage.retain")
    mine, other = retail.rule("mine"), retail.rule("other")
    assert (mine.change, mine.version, other.change) == (RuleChange.EDITED, 1, None)
    assert retail.sweeps() == {"mine": 1, "other": 1}
    assert sorted(retail.ended("mine"), key=str) == [None, Resolution.RULE_CHANGED]
    assert retail.ended("other") == [None]
    retail.does(undoing, did="undo")
    assert retail.sweeps() == {"mine": 2, "other": 1}
    assert sweep_and_audit(retail.ctx).differences == ()


def test_a_rule_that_no_sweep_has_seen_stays_new(retail: Shop) -> None:
    retail.adds("mine", "stage = develop")
    revision = retail.rule("mine").revision
    retail.does(editing("retain", "count(purchase) >= 2"))
    mine = retail.rule("mine")
    assert (mine.change, mine.revision) == (RuleChange.ADDED, revision + 1)


def test_another_preset_over_edited_definitions_is_confirmed_and_undone(retail: Shop) -> None:
    retail.does(editing("segment.big", "sum(purchase) > 25"))
    retail.does(editing("active.big", "days_since(purchase) <= 60"))
    retail.does(editing("stage.retain", "count(purchase) >= 2"))
    before = lifecycle.show(retail.ctx)
    assert [one.name for one in before.definitions if one.edited] == ["active.big", "stage.retain"]
    with pytest.raises(OverwritesError) as refused:
        retail.does(using("repeat_purchase"), did="use")
    assert refused.value.params == {"preset": "repeat_purchase", "names": ["active.big", "stage.retain"]}
    shown = lifecycle.preview(retail.ctx, using("repeat_purchase"))
    assert shown.overwritten == ("active.big", "stage.retain")
    changed = retail.does(using("repeat_purchase"), did="use", confirmed=True)
    assert "- active.big: days_since(purchase) <= 60" in changed.diff
    after = lifecycle.show(retail.ctx)
    assert after.preset == "repeat_purchase"
    # A segment is people's own, and belongs to no preset.
    assert [one.name for one in after.definitions if one.family == "segment"] == ["segment.big"]
    retail.does(undoing, did="undo")
    again = lifecycle.show(retail.ctx)
    assert (again.preset, again.definitions) == ("retail", before.definitions)
    retail.does(undoing, did="undo")
    assert lifecycle.show(retail.ctx).preset == "repeat_purchase"


def test_an_unedited_preset_is_replaced_without_more_ado(retail: Shop) -> None:
    assert retail.does(using("services"), did="use").version == 2
    with pytest.raises(LifecycleUnchangedError):
        retail.does(using("services"), did="use")


def test_a_segment_is_defined_used_and_taken_away(retail: Shop) -> None:
    retail.adds("big", "segment = big")
    assert retail.sweeps() == {"big": 0}
    assert retail.does(editing("segment.big", "count(purchase) >= 2")).rules == ("big",)
    assert retail.sweeps() == {"big": 2}
    assert retail.does(removing("segment.big"), did="remove").rules == ("big",)
    assert retail.sweeps() == {"big": 0}
    name, versions = lifecycle.history(retail.ctx, "segment.big")
    assert (name, [one.version for one in versions]) == ("segment.big", [2, 1])
    assert versions[0].diff == "- segment.big: count(purchase) >= 2"


@pytest.mark.parametrize(
    ("planned", "error"),
    [
        (editing("retian", "never(purchase)"), UnknownDefinitionError),
        (editing("stage.retain", "count(purchase) >= 3 and status != churned"), None),
        (editing("stage.retain", "not status = churned and count(purchase) >= 3"), None),
        (editing("stage.retain", "count(purchase)  >= 3 and not status = CHURNED"), None),
        (editing("stage.retain", "count(purchase) >="), ConditionError),
        (editing("active", "status = new"), DefinitionCycleError),
        (removing("stage.retain"), NotRemovableError),
        (removing("segment.big"), NotDefinedError),
        (editing("status.active", "active"), LifecycleUnchangedError),
    ],
)
def test_what_cannot_be_is_refused(retail: Shop, planned: Planned, error: type[WarmlineError] | None) -> None:
    if error is None:
        assert retail.does(planned).version == 2
        return
    with pytest.raises(error):
        retail.does(planned)
    with pytest.raises(error):
        lifecycle.preview(retail.ctx, planned)
    assert lifecycle.show(retail.ctx).version == 1


def test_a_status_hangs_on_no_value_tier(retail: Shop) -> None:
    retail.does(editing("value_tier.high", "sum(purchase) > 100"))
    retail.adds("rich", "value_tier = high")
    with pytest.raises(FittedDefinitionError):
        retail.does(editing("status.new", "value_tier = high"))


def test_a_definition_that_makes_a_rule_too_large_is_refused(retail: Shop) -> None:
    retail.adds("wide", " or ".join(f"(status = inactive and tenure > {n})" for n in range(12)))
    long = " or ".join(f"count(purchase) = {n}" for n in range(31))
    for label in ("prospect", "new", "reactivated", "active", "churned"):
        retail.does(editing(f"status.{label}", long.replace("purchase", f"{label}_seen")))
    with pytest.raises(RuleTooLargeError) as refused:
        retail.does(editing("status.at_risk", long.replace("purchase", "risk")))
    assert refused.value.params["name"] == "wide"


def test_managers_alone_change_it_and_every_change_is_audited(retail: Shop) -> None:
    with pytest.raises(NotAllowedError):
        lifecycle.make(retail.ctx, CLERK, editing("stage.retain", "never(purchase)"), did="edit")
    retail.does(editing("stage.retain", "never(purchase)"))
    with retail.ctx.database.reading() as tx:
        [used, refused] = sorted(audit.of(tx, "lifecycle"), key=lambda one: one.action)
        [edited] = audit.of(tx, "definition:stage.retain")
    assert (used.action, used.actor, used.diff.splitlines()[0]) == (
        "lifecycle.use",
        "U1",
        "+ active: days_since(purchase) <= 30",
    )
    assert (refused.action, refused.actor) == ("refused:lifecycle.edit", "U2")
    assert (edited.action, edited.diff.splitlines()[1]) == (
        "lifecycle.edit",
        "+ stage.retain: never(purchase)",
    )


def test_a_request_delivered_twice_is_done_once(retail: Shop) -> None:
    request = Request(BOSS.actor, key="command:1")
    planned = editing("stage.retain", "never(purchase)")
    assert lifecycle.make(retail.ctx, request, planned, did="edit") is not None
    assert lifecycle.make(retail.ctx, request, planned, did="edit") is None


def test_edits_at_once_make_one_version_each(retail: Shop) -> None:
    start = threading.Barrier(3)
    failed: list[BaseException] = []

    def edit(n: int) -> None:
        start.wait()
        try:
            lifecycle.make(retail.ctx, BOSS, editing("retain", f"count(purchase) >= {n}"), did="edit")
        except Exception as error:  # noqa: BLE001  any at all fails the test below
            failed.append(error)

    threads = [threading.Thread(target=edit, args=(n,)) for n in (5, 6, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not failed
    _, versions = lifecycle.history(retail.ctx, "stage.retain")
    assert [one.version for one in versions] == [4, 3, 2, 1]


def test_pruning_heeds_definitions_and_they_heed_what_was_pruned(retail: Shop) -> None:
    with pytest.raises(PrunePastRulesError) as refused:
        retention.prune(retail.ctx, NOW - 100 * DAY, actor="cli:test")
    assert ("status.reactivated", "returned(purchase, 90d)") in refused.value.params["rules"]  # type: ignore[operator]
    retail.does(editing("type.loyal", "count(purchase) >= 4"))
    retention.prune(retail.ctx, NOW - 181 * DAY, actor="cli:test")
    assert [retail.card(number).status for number in range(1, 5)] == ["prospect", "new", "active", "inactive"]
    with pytest.raises(PastHorizonError):
        retail.does(editing("type.loyal", "count(purchase, 12mo) >= 4"))
    with pytest.raises(PastHorizonError):
        retail.does(using("repeat_purchase"), did="use", confirmed=True)


def test_what_returned_says_outlives_what_was_pruned(retail: Shop) -> None:
    purchases(retail.ctx.database, 4, [NOW - 2 * DAY])
    with retail.ctx.database.writing() as tx:
        found = definitions.current(tx)
        assert found.get(Name.read("status.reactivated")) is not None
    assert retail.card(4).status == "reactivated"
    retail.does(editing("type.loyal", "count(purchase) >= 4"))
    retention.prune(retail.ctx, NOW - 181 * DAY, actor="cli:test")
    assert retail.card(4).status == "reactivated"


def test_a_condition_over_history_is_previewed_with_the_definitions_in_force(retail: Shop) -> None:
    stretch = Looks.of(since=NOW - 90 * DAY, until=NOW, every="1d", now=NOW)
    derived = preview(retail.ctx, subject(retail.ctx, "status = at_risk"), stretch)
    spelt = preview(
        retail.ctx,
        subject(retail.ctx, "days_since(purchase) > 30 and days_since(purchase) <= 90"),
        stretch,
    )
    assert (derived.entered, derived.left, derived.backlog) == (spelt.entered, spelt.left, spelt.backlog)
    assert derived.condition == "status = at_risk"


def test_where_a_customer_stood_is_asked_as_of_then(retail: Shop) -> None:
    found = answer.status(retail.ctx, "c3", as_of=NOW - 35 * DAY)
    assert isinstance(found, CardView)
    assert found.status == "active"
    early = answer.status(retail.ctx, "c3", as_of=NOW - 399 * DAY)
    assert isinstance(early, CardView)
    assert early.status == "prospect"
    unknown = answer.status(retail.ctx, "c3", as_of=NOW - 500 * DAY)
    assert isinstance(unknown, CardView)
    assert (unknown.labels, unknown.worth, unknown.cadence) == ((), None, None)


def test_a_kind_that_gets_another_name_has_it_in_the_definitions_too(retail: Shop) -> None:
    retail.adds("gone quiet", "not active and status != prospect")
    before = retail.sweeps()
    stood = [retail.card(number).status for number in range(1, 5)]
    retail.clock.at += DAY
    judge(retail.ctx)
    days = retail.days()
    assert days
    with retail.ctx.database.writing() as tx:
        # As intake would have left it.
        take(tx, "kind", 9)
        tx.execute(text("UPDATE kind SET events = (SELECT count(*) FROM event WHERE event.kind = kind.id)"))
    changed = processes.alias(retail.ctx, BOSS, source="purchase", kind="order", move=True)
    assert changed is not None
    with retail.ctx.database.reading() as tx:
        found = definitions.current(tx)
        (last, *_) = definitions.versions(tx)
    assert found.kinds == ("order",)
    assert not [
        one for one in found.definitions if "purchase" in one.condition.replace("recent_purchase", "")
    ]
    assert last.did == "alias"
    assert retail.sweeps() == before
    assert not sweep_and_audit(retail.ctx).differences
    assert [retail.card(number).status for number in range(1, 5)] == stood
    # Days of the past are judged by the definitions of then, which asked for the kind by its old name.
    judge(retail.ctx)
    assert retail.days() == days
    # Neither another preset nor a step back brings the old name in again.
    retail.does(using("repeat_purchase"), did="use", confirmed=True)
    retail.does(undoing, did="undo")
    with retail.ctx.database.reading() as tx:
        assert definitions.current(tx) == found


def test_what_models_say_is_unknown_once_something_was_pruned(retail: Shop) -> None:
    with retail.ctx.database.writing() as tx:
        fits.add(
            tx, numbered(1, "purchase", retail.clock.at - DAY, retail.ctx.calendar.zone), now=retail.clock.at
        )
        assert fits.in_force(tx, retail.clock.at) is not None
    retail.does(editing("type.loyal", "count(purchase) >= 4"))
    retention.prune(retail.ctx, NOW - 181 * DAY, actor="cli:test")
    with retail.ctx.database.reading() as tx:
        assert fits.in_force(tx, retail.clock.at) is None
        assert fits.number_in_force(tx, retail.clock.at) is None
        assert fits.during(tx, 0, retail.clock.at) == []
    with pytest.raises(PastHorizonError):
        retail.adds("worth a call", "value_tier = high")


def test_a_step_back_reaches_over_a_kind_that_was_named_otherwise(retail: Shop) -> None:
    retail.does(editing("stage.retain", "count(purchase) >= 5"))
    assert processes.alias(retail.ctx, BOSS, source="referral", kind="invitation") is not None
    retail.does(undoing, did="undo")
    with retail.ctx.database.reading() as tx:
        found = definitions.current(tx).get(Name.read("stage.retain"))
    assert found is not None
    assert found.condition == "count(purchase) >= 3 and not status = churned"


@pytest.mark.parametrize("text", ["active.", "segment.", "active :"])
def test_a_name_without_what_stands_after_the_point_is_nobodys(text: str) -> None:
    with pytest.raises(UnknownDefinitionError):
        Name.read(text)


def test_values_go_by_the_name_that_purchases_have_today(retail: Shop) -> None:
    fit = numbered(1, "purchase", retail.clock.at - DAY, retail.ctx.calendar.zone)
    with retail.ctx.database.writing() as tx:
        take(tx, "kind", 9)
        tx.execute(text("UPDATE kind SET events = (SELECT count(*) FROM event WHERE event.kind = kind.id)"))
        fits.add(tx, fit, now=retail.clock.at)
    retail.adds("alive", "p_alive > 1%")
    before = retail.sweeps()
    assert before["alive"] > 0
    assert processes.alias(retail.ctx, BOSS, source="purchase", kind="sale", move=True) is not None
    with pytest.raises(MovePendingError):
        value.fit(retail.ctx, Terms(kind="sale"))
    assert retail.sweeps() == before
    assert retail.ended("alive") == [None] * before["alive"]
    # One that lacks amounts takes nothing from one that has them.
    assert fit.whole is not None
    poor = replace(fit, as_of=fit.as_of + 1, whole=replace(fit.whole, spending=None))
    with retail.ctx.database.writing() as tx:
        number = fits.number_in_force(tx, retail.clock.at)
        fits.add(tx, poor, now=retail.clock.at)
        assert fits.number_in_force(tx, retail.clock.at) == number
