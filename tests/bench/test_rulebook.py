"""The fifty rules are fifty, make sense for the company they are for, and use every kind of term."""

from bench.by_hand import WAYS
from bench.company.history import KINDS
from bench.company.people import PLANS
from bench.polars_side import ANSWERS
from bench.rulebook import fifty, install, only, windowed
from rules.alerts.rule import RuleBody
from rules.conditions.check import Vocabulary, check
from rules.conditions.parse import parse
from rules.conditions.terms import FUNCTIONS, Attribute, Call, Field, events_of
from rules.conditions.tree import terms
from storage import rules
from storage.database import Database

LATER = {"returned"}
"""Came after the fifty were measured; it asks what `change` and `days_since_first` ask. The ways have it."""
VOCABULARY = Vocabulary(frozenset(KINDS), frozenset({"plan", "seats", "renewal_date"}))


def test_they_are_fifty_and_nothing_is_wrong_with_any() -> None:
    assert len(fifty()) == 50
    for name, body in fifty().items():
        assert check(parse(body.condition), VOCABULARY) == (), name


def test_every_kind_of_term_is_used_with_filters_and_windows() -> None:
    used = [term for body in fifty().values() for term in terms(parse(body.condition))]
    assert {term.function for term in used if isinstance(term, Call)} == set(FUNCTIONS) - LATER
    assert any(isinstance(term, Field) for term in used)
    assert any(isinstance(term, Attribute) for term in used)
    assert sum(events.where is not None for term in used for events in events_of(term)) >= 5
    assert "pro" in PLANS
    assert "team" in PLANS


def test_those_over_windows_are_some_of_them() -> None:
    assert 15 < len(windowed()) < 40
    assert windowed().items() <= fifty().items()
    assert "lifetime_sum" not in windowed()
    assert "quarter_sum" in windowed()


def test_installing_and_changing_them(database: Database) -> None:
    install(database)
    with database.reading() as tx:
        assert {rule.name: rule.body for rule in rules.listing(tx)} == fifty()
    only(database, [("one", RuleBody(condition="never(ticket)"))])
    with database.reading() as tx:
        assert [rule.name for rule in rules.listing(tx)] == ["one"]


def test_every_condition_of_the_comparison_is_in_order_and_has_every_side() -> None:
    used = {term for way in WAYS for term in terms(parse(way.condition))}
    left = set(FUNCTIONS) - {term.function for term in used if isinstance(term, Call)}
    assert not left
    for way in WAYS:
        assert check(parse(way.condition), VOCABULARY) == ()
    assert [way.condition for way in WAYS] == list(ANSWERS)
