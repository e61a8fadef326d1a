"""The rules that ship."""

from collections import defaultdict

import pytest

from rules.alerts.typed import LONGEST_ACTION, rule_name
from rules.book import BookRule, book
from rules.conditions.check import Vocabulary, accept
from rules.conditions.parse import parse
from rules.conditions.terms import Family
from rules.lifecycle import processes
from rules.lifecycle.definitions import FIXED
from rules.lifecycle.presets import presets
from rules.lifecycle.resolve import resolve

KNOWN = Vocabulary(
    frozenset(processes.shipped().events),
    frozenset({"renewal_date", "subscription_end"}),
    FIXED,
)


@pytest.mark.parametrize("rule", book().values(), ids=list(book()))
def test_each_can_be_used_as_it_is(rule: BookRule) -> None:
    accepted = accept(rule.body.condition, KNOWN)
    assert accepted.text == rule.body.condition
    assert not accepted.warnings
    assert rule_name(rule.name) == rule.name
    assert rule.about.endswith(".")
    assert 20 < len(rule.body.action) <= LONGEST_ACTION
    assert not rule.body.channel


@pytest.mark.parametrize("rule", book().values(), ids=list(book()))
def test_each_means_something_under_every_preset(rule: BookRule) -> None:
    tree = parse(rule.body.condition)
    asks = {resolve(tree, preset.lifecycle) for preset in presets().values()}
    assert (asks != {tree}) == (rule.theme == "lifecycle")


def test_there_are_rules_for_every_stage_and_status_and_none_for_nobody() -> None:
    suited: dict[Family, set[str]] = defaultdict(set)
    for rule in book().values():
        assert rule.suits, rule.name
        for name in rule.suits:
            suited[name.family].add(name.label)
    for family in (Family.STATUS, Family.STAGE):
        assert suited[family] == set(FIXED[family])


def test_the_story_of_the_life_cycle_is_told() -> None:
    wanted = {
        *("lapsing", "overdue", "second_purchase_missing", "spend_falling", "subscription_ending"),
        *("payment_failed", "silent_subscriber", "support_trouble", "unhappy_survey", "loyal_anniversary"),
        *("ready_for_upsell", "won_back", "contact_without_purchase", "valuable_at_risk", "likely_lost"),
        *("prospect_not_buying", "churned", "reactivated"),
    }
    assert wanted <= set(book())


def test_both_kinds_are_there() -> None:
    assert {str(rule.body.kind) for rule in book().values()} == {"problem", "opportunity"}
    assert {"lapsing", "second_purchase_missing", "big_spender_silent", "spend_falling", "won_back"} <= set(
        book()
    )
