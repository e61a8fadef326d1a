"""Rules in messages; what they say is tested where they are asked for, in tests/handlers/slack."""

from hypothesis import given, settings
from hypothesis import strategies as st

from playground.limits import message_content
from rules.book import book
from rules.conditions.problems import Code, Problem, Severity
from rules.conditions.spans import Span
from templates.blocks import Rendered
from templates.rule_pages import rule_card, rule_change, rule_check, rule_history, rule_list
from templates.views import ChangeView, CheckView, RuleCard, VersionView
from tests.templates.given import VOICE, colleagues, instants, rule_cards, texts

WARNING = Problem(
    Code.UNKNOWN_KIND,
    Span(0, 1),
    {"kind": "<!channel>" * 20, "nearest": "purchase"},
    severity=Severity.WARNING,
)


def taken(message: Rendered) -> None:
    message_content({"text": message.text, "blocks": message.blocks})
    assert "<!channel>" not in str(message.blocks)


@settings(max_examples=40, deadline=None)
@given(st.lists(rule_cards, max_size=60))
def test_slack_takes_whatever_list(cards: list[RuleCard]) -> None:
    taken(rule_list(cards, list(book().values()), VOICE))


@settings(max_examples=40, deadline=None)
@given(rule_cards)
def test_slack_takes_whatever_rule(card: RuleCard) -> None:
    taken(rule_card(card, VOICE))


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["add", "edit", "pause", "resume", "remove"]),
    rule_cards,
    st.none() | st.integers(0, 10**6),
    texts,
)
def test_slack_takes_whatever_change(did: str, card: RuleCard, holding: int | None, diff: str) -> None:
    taken(rule_change(ChangeView(did, card, "", (WARNING,) * 5, holding, 3, diff), VOICE))


@settings(max_examples=40, deadline=None)
@given(texts, st.none() | st.integers(0, 10**6))
def test_slack_takes_whatever_check(text: str, holding: int | None) -> None:
    taken(rule_check(CheckView(text, text, (WARNING,), holding), VOICE))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.builds(VersionView, st.integers(1, 99), colleagues, instants, texts), max_size=20))
def test_slack_takes_whatever_history(versions: list[VersionView]) -> None:
    taken(rule_history("lapsing", versions, VOICE))
