"""The rules that ship."""

import pytest

from rules.alerts.typed import LONGEST_ACTION, rule_name
from rules.book import BookRule, book
from rules.conditions.check import Vocabulary, accept

KNOWN = Vocabulary(frozenset({"purchase", "sign_up", "support_ticket"}), frozenset({"renewal_date"}))


@pytest.mark.parametrize("rule", book().values(), ids=list(book()))
def test_each_can_be_used_as_it_is(rule: BookRule) -> None:
    accepted = accept(rule.body.condition, KNOWN)
    assert accepted.text == rule.body.condition
    assert not accepted.warnings
    assert rule_name(rule.name) == rule.name
    assert rule.about.endswith(".")
    assert 20 < len(rule.body.action) <= LONGEST_ACTION
    assert not rule.body.channel


def test_both_kinds_are_there() -> None:
    assert {str(rule.body.kind) for rule in book().values()} == {"problem", "opportunity"}
    assert {"lapsing", "second_purchase_missing", "big_spender_silent", "spend_falling", "won_back"} <= set(
        book()
    )
