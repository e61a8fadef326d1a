"""Customers in messages; what the answers say is tested where they are asked for, in tests/handlers/slack."""

from hypothesis import given, settings
from hypothesis import strategies as st

from playground.limits import message_content
from templates.blocks import Rendered
from templates.card import attention_list, customer_card, customer_choice, found_customers, timeline_page
from templates.views import AttentionPage, CardView, EventView, FoundCustomer, TimelinePage
from tests.templates.given import VOICE, cards, found, happenings, people, small, texts

NOBODY = AttentionPage((), 0, 0)


def taken(message: Rendered) -> None:
    message_content({"text": message.text, "blocks": message.blocks})


@settings(max_examples=40, deadline=None)
@given(cards)
def test_slack_takes_whatever_card(view: CardView) -> None:
    taken(customer_card(view, VOICE))


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


def test_nobody_is_said_too() -> None:
    assert "No customer has an open alert" in attention_list(NOBODY, VOICE, mine=False, page_size=12).text
    assert "None of your customers" in attention_list(NOBODY, VOICE, mine=True, page_size=12).text
