"""The rule book as a file: written and read back it is the same; an import is shown, and done whole or not at all."""

from contextlib import closing
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text as sql

from handlers import lifecycle, rule_files, rulebook
from handlers.context import Context
from handlers.lifecycle_plans import using
from handlers.retention import prune
from handlers.rule_files import Plan, RulesChangedMeanwhileError
from handlers.rulebook import Request
from handlers.sweep import sweep
from rules.access import Actor, NotAllowedError
from rules.alerts.rule import RuleChange, RuleState
from rules.alerts.states import Resolution
from rules.alerts.typed import Options
from rules.book import FOLDER, book
from rules.book.written import Written, write_book
from rules.files.mistakes import BadFileError
from rules.instants import DAY
from storage import alerts, audit, rules
from storage.database import Database
from tests import contexts
from tests.collisions import behind
from tests.conftest import DatabaseUrls, clear
from tests.contexts import START
from tests.handlers.stored import rows
from tests.histories import customer, purchases
from tests.rules.book.test_written import written

BOSS = Request(Actor("cli:boss", manager=True))
VERSIONS = "SELECT r.name, r.state, v.version, v.condition, v.author FROM rule r JOIN rule_version v ON v.rule_id = r.id"
LAPSING = "lapsing:\n  condition: silent(purchase, 30d)\n"


@pytest.fixture
def ctx(database: Database) -> Context:
    return contexts.context(database)


def _import(ctx: Context, text: str, **how: Any) -> Plan:
    plan = rule_files.plan(ctx, text, **how)
    done = rule_files.apply(ctx, BOSS, text, plan, **how)
    assert done is not None
    assert done.diffs == plan.diffs
    return plan


def _has_a_lifecycle(ctx: Context) -> None:
    """Some of the rules that ship ask for status and stage."""
    assert lifecycle.make(ctx, BOSS, using("retail"), did="use")


def _told(ctx: Context) -> dict[str, list[str]]:
    with ctx.database.reading() as tx:
        return {
            rule.name: [entry.action for entry in reversed(audit.of(tx, f"rule:{rule.name}"))]
            for rule in rules.listing(tx, states=list(RuleState))
        }


def test_a_book_that_is_written_and_read_elsewhere_is_the_same(ctx: Context) -> None:
    _has_a_lifecycle(ctx)
    for name in book():
        rulebook.add(ctx, BOSS, name=name, options=Options(channel="#sales", cooldown="36h"))
    rulebook.pause(ctx, BOSS, "lapsing")
    text, count = rule_files.export(ctx)
    assert count == len(book())
    before = rows(ctx.database, VERSIONS)
    clear(ctx.database)
    _has_a_lifecycle(ctx)
    plan = _import(ctx, text)
    assert [diff.name for diff in plan.added] == sorted(book())
    assert rule_files.export(ctx) == (text, count)
    assert rows(ctx.database, VERSIONS) == before


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(written(), max_size=3, unique_by=lambda rule: rule.name))
def test_whatever_a_book_says_it_is_the_same_after_the_way_through_a_file(
    ctx: Context, given_rules: list[Written]
) -> None:
    clear(ctx.database)
    _has_a_lifecycle(ctx)
    _import(ctx, write_book(given_rules))
    with ctx.database.reading() as tx:
        found = {rule.name: (rule.body, rule.state) for rule in rules.listing(tx)}
    assert found == {rule.name: (rule.body, rule.state or RuleState.ACTIVE) for rule in given_rules}
    text, _ = rule_files.export(ctx)
    clear(ctx.database)
    _has_a_lifecycle(ctx)
    _import(ctx, text)
    assert rule_files.export(ctx)[0] == text
    # What reads like this already is left alone: not a version, not a line in the audit.
    versions, told = rows(ctx.database, VERSIONS), _told(ctx)
    again = _import(ctx, text)
    assert again.diffs == ()
    assert list(again.unchanged) == sorted(found)
    assert (rows(ctx.database, VERSIONS), _told(ctx)) == (versions, told)


def test_no_rules_are_a_file_too(ctx: Context) -> None:
    text, count = rule_files.export(ctx)
    assert (text, count) == ("{}\n", 0)
    assert _import(ctx, text).diffs == ()


def test_the_books_that_ship_can_be_imported_as_they_are(ctx: Context) -> None:
    _has_a_lifecycle(ctx)
    for path in sorted(FOLDER.glob("*.yaml")):
        _import(ctx, path.read_text(encoding="utf-8"))
    with ctx.database.reading() as tx:
        found = {rule.name: rule.body for rule in rules.listing(tx)}
    assert found == {name: one.body for name, one in book().items()}


def test_the_difference_is_told_field_by_field_and_each_change_is_versioned_and_audited(ctx: Context) -> None:
    rulebook.add(
        ctx,
        BOSS,
        name="lapsing",
        condition="silent(purchase, 20d)",
        options=Options(channel="#x", cooldown="2h"),
    )
    rulebook.add(ctx, BOSS, name="quiet", condition="silent(purchase, 3d)")
    rulebook.add(ctx, BOSS, name="other", condition="silent(purchase, 4d)")
    text = f"{LAPSING}  severity: high\nquiet:\n  condition: silent(purchase, 3d)\n  state: paused\nnew:\n  condition: never(x)\n"
    plan = _import(ctx, text)
    assert {diff.name: list(diff.lines()) for diff in plan.diffs} == {
        "lapsing": [
            "- condition: silent(purchase, 20d)",
            "+ condition: silent(purchase, 30d)",
            "- severity: medium",
            "+ severity: high",
            "- cooldown: 2h",
            "+ cooldown: 1d",
            "- channel: #x",
        ],
        "new": [
            "+ condition: never(x)",
            "+ kind: problem",
            "+ severity: medium",
            "+ backlog: digest",
            "+ cooldown: 1d",
            "+ state: active",
        ],
        "quiet": ["- state: active", "+ state: paused"],
    }
    assert plan.elsewhere == ("other",)
    assert {(name, problem.code) for name, problem in plan.warnings} >= {("new", "unknown_kind")}
    assert _told(ctx) == {
        "lapsing": ["rule.add", "rule.edit"],
        "quiet": ["rule.add", "rule.pause"],
        "other": ["rule.add"],
        "new": ["rule.add"],
    }
    _, versions = rulebook.history(ctx, "lapsing")
    assert [(one.version, one.author) for one in versions] == [(2, "cli:boss"), (1, "cli:boss")]


def test_a_file_that_says_nothing_of_the_state_leaves_it(ctx: Context) -> None:
    _import(ctx, LAPSING)
    rulebook.pause(ctx, BOSS, "lapsing")
    assert _import(ctx, LAPSING).unchanged == ("lapsing",)
    assert rulebook.show(ctx, "lapsing").state is RuleState.PAUSED
    plan = _import(ctx, f"{LAPSING}  state: active\n")
    assert [list(diff.lines()) for diff in plan.changed] == [["- state: paused", "+ state: active"]]


def test_others_are_removed_only_when_asked_and_their_alerts_end(ctx: Context) -> None:
    customer(ctx.database, 1, known_since=START - 400 * DAY)
    purchases(ctx.database, 1, [START - 90 * DAY])
    _import(ctx, f"{LAPSING}quiet:\n  condition: silent(purchase, 3d)\n")
    sweep(ctx)
    assert _import(ctx, LAPSING).removed == ()
    plan = _import(ctx, LAPSING, remove_others=True)
    assert [(diff.name, diff.after) for diff in plan.removed] == [("quiet", None)]
    with ctx.database.reading() as tx:
        ended = {alert.resolution for alert in alerts.of_customer(tx, 1)}
        assert [rule.name for rule in rules.listing(tx)] == ["lapsing"]
    assert ended == {None, Resolution.RULE_CHANGED}


def test_only_another_condition_makes_the_next_sweep_settle_a_rule_anew(ctx: Context) -> None:
    _import(ctx, LAPSING)
    sweep(ctx)
    _import(ctx, f"{LAPSING}  severity: high\n")
    with ctx.database.reading() as tx:
        assert [rule.change for rule in rules.listing(tx)] == [None]
    _import(ctx, LAPSING.replace("30d", "31d"))
    with ctx.database.reading() as tx:
        assert [rule.change for rule in rules.listing(tx)] == [RuleChange.EDITED]


@pytest.mark.parametrize(
    "wrong",
    [
        "Lapsing:\n  condition: never(purchase)\n",
        "b:\n  condition: stage = develop\n",
        "b:\n  conditoin: never(purchase)\n",
        "b:\n  condition: never(purchase)\n  kind: threat\n",
        "lapsing:\n  condition: never(purchase)\n",
        "b: [\n",
    ],
    ids=["name twice", "missing definition", "unknown key", "unknown kind", "key twice", "no yaml"],
)
def test_nothing_is_written_of_a_book_with_a_mistake(ctx: Context, wrong: str) -> None:
    with pytest.raises(BadFileError):
        rule_files.plan(ctx, LAPSING + wrong)
    with pytest.raises(BadFileError):
        rule_files.apply(ctx, BOSS, LAPSING + wrong, Plan())
    assert _told(ctx) == {}


def test_who_may_not_change_rules_may_not_import_them_and_that_is_audited(ctx: Context) -> None:
    plan = rule_files.plan(ctx, LAPSING)
    with pytest.raises(NotAllowedError):
        rule_files.apply(ctx, Request(Actor("UNOBODY")), LAPSING, plan)
    with ctx.database.reading() as tx:
        assert [(entry.actor, entry.action) for entry in audit.of(tx, "rules")] == [
            ("UNOBODY", "refused:rule.import")
        ]
        assert rules.listing(tx) == []


def test_what_was_shown_is_done_or_nothing(ctx: Context) -> None:
    text = f"{LAPSING}quiet:\n  condition: silent(purchase, 3d)\n"
    shown = rule_files.plan(ctx, text)
    rulebook.add(ctx, BOSS, name="quiet", condition="silent(purchase, 9d)")
    with pytest.raises(RulesChangedMeanwhileError):
        rule_files.apply(ctx, BOSS, text, shown)
    assert [card.name for card in rulebook.listing(ctx)] == ["quiet"]


@pytest.mark.parametrize("kept", ["", f"{LAPSING}"], ids=["others removed", "changed"])
def test_a_rule_that_changes_while_an_import_waits_for_it_undoes_all_of_it(
    new_database_url: DatabaseUrls, kept: str
) -> None:
    with closing(Database(new_database_url("postgresql"))) as database:
        ctx = contexts.context(database)
        _import(ctx, "quiet:\n  condition: silent(purchase, 3d)\n")
        text = kept or "new:\n  condition: never(purchase)\n"
        text += "quiet:\n  condition: silent(purchase, 4d)\n" if kept else ""
        shown = rule_files.plan(ctx, text, remove_others=True)
        raised = behind(
            database,
            "SELECT id FROM rule FOR UPDATE",
            lambda: rule_files.apply(ctx, BOSS, text, shown, remove_others=True),
            lambda tx: tx.execute(sql("UPDATE rule SET state = 'paused', revision = revision + 1")),
        )
        assert [type(error) for error in raised] == [RulesChangedMeanwhileError]
        assert [(card.name, card.state) for card in rulebook.listing(ctx)] == [("quiet", RuleState.PAUSED)]


def test_a_name_that_is_taken_while_an_import_adds_it_undoes_all_of_it(
    new_database_url: DatabaseUrls,
) -> None:
    with closing(Database(new_database_url("postgresql"))) as database:
        ctx = contexts.context(database)
        _import(ctx, LAPSING)
        text = "new:\n  condition: never(purchase)\n"
        shown = rule_files.plan(ctx, text)
        raised = behind(
            database,
            "UPDATE counter SET next = next WHERE name = 'rule'",
            lambda: rule_files.apply(ctx, BOSS, text, shown),
            lambda tx: tx.execute(sql("UPDATE rule SET name = 'new'")),
        )
        assert [type(error) for error in raised] == [RulesChangedMeanwhileError]
        assert [card.body.condition for card in rulebook.listing(ctx)] == ["silent(purchase, 30d)"]


def test_a_book_that_asks_for_what_was_pruned_is_refused_with_the_lines(ctx: Context) -> None:
    customer(ctx.database, 1, known_since=START - 90 * DAY)
    purchases(ctx.database, 1, [START - 80 * DAY])
    prune(ctx, START - 50 * DAY, actor="cli:me")
    text = f"{LAPSING}gaps:\n  condition: median_gap(purchase) >= 2\nlong:\n  condition: count(purchase, 60d) > 1\n"
    with pytest.raises(BadFileError) as refused:
        rule_files.plan(ctx, text)
    assert [(one.line, one.where, one.code) for one in refused.value.mistakes] == [
        (3, "gaps", "past_horizon"),
        (5, "long", "past_horizon"),
    ]
