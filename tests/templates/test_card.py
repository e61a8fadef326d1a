"""Customers in messages; what the answers say is tested where they are asked for, in tests/handlers/slack."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from playground.limits import message_content
from playground.mrkdwn import Names, mrkdwn_to_html
from rules.alerts.evidence import Evidence
from rules.alerts.rule import AlertKind, Severity
from templates import limits
from templates.blocks import Rendered
from templates.card import attention_list, customer_card, customer_choice, found_customers, timeline_page
from templates.views import (
    AttentionPage,
    CardView,
    EventView,
    FoundCustomer,
    ListedAlert,
    Person,
    Standing,
    TimelinePage,
)
from tests.templates.given import NOW, VOICE, cards, found, happenings, people, small, texts

COLLEAGUES = Names(lambda _: None, lambda _: None, lambda _: None)
NOBODY = AttentionPage((), 0, 0)


def taken(message: Rendered) -> None:
    message_content({"text": message.text, "blocks": message.blocks})


@settings(max_examples=40, deadline=None)
@given(cards)
def test_slack_takes_whatever_card(view: CardView) -> None:
    message = customer_card(view, VOICE)
    taken(message)
    # And where Slack does not take a chart.
    assert not limits.problems(message.text, message.elsewhere) if message.elsewhere else True


@settings(max_examples=30, deadline=None)
@given(texts, st.lists(found, min_size=1, max_size=12), st.booleans(), small, small)
def test_slack_takes_whatever_list(
    text: str, some: list[FoundCustomer], mine: bool, page: int, more: int
) -> None:
    taken(customer_choice(text, some, VOICE))
    taken(found_customers(text, some, VOICE))
    view = AttentionPage(tuple(some), page, page * 12 + len(some) + more)
    taken(attention_list(view, VOICE, mine=mine, page_size=12))


@settings(max_examples=40, deadline=None)
@given(people, st.lists(happenings, max_size=20), st.integers(0, 200), st.booleans())
def test_slack_takes_whatever_timeline(person: object, some: list[EventView], page: int, more: bool) -> None:
    taken(timeline_page(TimelinePage(1, person, tuple(some), page, more), VOICE))  # type: ignore[arg-type]


def test_marks_in_what_others_wrote_do_nothing_in_lists_and_cards() -> None:
    wild = "*x* _y_ ~z~ `w`"
    who = Person(external_id=wild, name=wild, segment=wild, owner=wild, url="https://crm.example/_a_/*b*")
    rule = ListedAlert(
        id=1,
        rule="lapsing",
        kind=AlertKind.PROBLEM,
        severity=Severity.LOW,
        customer=who,
        standing=Standing(),
        opened_at=NOW,
        fact=Evidence("attr.plan", wild),
    )
    one = FoundCustomer(id=1, person=who, email=wild)
    view = CardView(
        id=1,
        person=who,
        email=wild,
        country=wild,
        language=wild,
        more=((wild, wild),),
        known_since=NOW,
        tenure_days=1,
        kinds=(),
        alerts=(rule,),
        events=(EventView("purchase", NOW, None, ((wild, wild),)),),
        as_of=NOW,
    )
    for message in (
        customer_choice(wild, [one], VOICE),
        attention_list(AttentionPage((one,), 0, 1), VOICE, mine=False, page_size=12),
        customer_card(view, VOICE),
    ):
        told = [message.text, *mrkdwn_of(message.blocks)]
        assert told
        for text in told:
            assert not re.search("<(?:em|s|strong|code)[^>]*>[wxyz]", mrkdwn_to_html(text, COLLEAGUES)), text
    assert "<https://crm.example/_a_/*b*|open in the CRM>" in str(customer_card(view, VOICE).blocks)


def mrkdwn_of(value: object) -> list[str]:
    """Every text in blocks in which Slack's marks act."""
    if isinstance(value, list):
        return [text for item in value for text in mrkdwn_of(item)]
    if not isinstance(value, dict):
        return []
    own = [str(value["text"])] if value.get("type") == "mrkdwn" else []
    return own + [text for item in value.values() for text in mrkdwn_of(item)]


def test_nobody_is_said_too() -> None:
    assert "No customer has an open alert" in attention_list(NOBODY, VOICE, mine=False, page_size=12).text
    assert "None of your customers" in attention_list(NOBODY, VOICE, mine=True, page_size=12).text


def test_a_timeline_that_was_pruned_says_so_at_its_end() -> None:
    person, event = Person("c-1", "Ann Bell"), EventView("purchase", NOW, None)
    said = str(timeline_page(TimelinePage(1, person, (event,), 0, False, NOW), VOICE).blocks)
    assert said.index("purchase") < said.index("Older events, from before")
    emptied = str(timeline_page(TimelinePage(1, person, (), 0, False, NOW), VOICE).blocks)
    assert "Older events" in emptied
    assert "Nothing has happened" not in emptied
