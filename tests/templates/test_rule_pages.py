"""Rules in messages; what they say is tested where they are asked for, in tests/handlers/slack."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.limits import message_content
from rules.alerts.rule import RuleBody, RuleState, difference
from rules.book import book
from rules.conditions.problems import Code, Problem, Severity
from rules.conditions.spans import Span
from rules.instants import DAY, HOUR
from templates.blocks import Rendered
from templates.rule_pages import rule_card, rule_change, rule_check, rule_history, rule_list
from templates.views import ChangeView, CheckView, RuleCard, VersionView
from tests.templates.given import NOW, VOICE, colleagues, instants, rule_cards, texts

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


def test_a_difference_is_said_in_the_words_that_options_take() -> None:
    before = RuleBody(condition="never(visit)", channel="#care", cooldown=12 * HOUR, action="Call")
    after = RuleBody(condition="never(visit)", cooldown=30 * DAY)
    first = VersionView(1, "cli:ann", NOW, difference(None, RuleBody(condition="never(visit)", cooldown=0)))
    second = VersionView(2, "cli:ann", NOW, difference(before, after))
    said = str(rule_history("lapsing", [second, first], VOICE).blocks[1]["text"]["text"])
    assert "- channel: #care\n+ channel: the default channel" in said
    assert "- action: Call\n+ action: none" in said
    assert "- cooldown: 12h\n+ cooldown: 30d" in said
    assert "+ condition: never(visit)\n+ channel: the default channel" in said
    assert "+ cooldown: none" in said


@pytest.mark.parametrize(
    ("closed", "said"),
    [
        (0, "is removed; no alert of it was open."),
        (1, "is removed; 1 open alert of it was closed."),
        (23_570, "is removed; 23,570 open alerts of it were closed."),
    ],
)
def test_a_removal_counts_what_it_closed(closed: int, said: str) -> None:
    card = RuleCard("lapsing", RuleState.REMOVED, RuleBody("never(visit)"), 1, "cli:ann", NOW, 0, 0)
    assert said in rule_change(ChangeView("remove", card, closed=closed), VOICE).text


@settings(max_examples=40, deadline=None)
@given(texts, st.none() | st.integers(0, 10**6))
def test_slack_takes_whatever_check(text: str, holding: int | None) -> None:
    taken(rule_check(CheckView(text, text, (WARNING,), holding), VOICE))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.builds(VersionView, st.integers(1, 99), colleagues, instants, texts), max_size=20))
def test_slack_takes_whatever_history(versions: list[VersionView]) -> None:
    taken(rule_history("lapsing", versions, VOICE))
