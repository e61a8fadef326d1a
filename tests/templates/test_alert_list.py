"""Lists of alerts; what they say is tested where they are asked for, in tests/handlers/slack."""

from hypothesis import given, settings
from hypothesis import strategies as st

from playground.limits import message_content
from templates.alert_list import alert_page, why
from templates.views import AlertPage, ListedAlert, WhyView
from tests.templates.given import VOICE, listed, whys


@settings(max_examples=30, deadline=None)
@given(st.lists(listed, max_size=12), st.integers(0, 500), st.integers(0, 10**6), st.booleans())
def test_slack_takes_whatever_page(some: list[ListedAlert], page: int, total: int, mine: bool) -> None:
    message = alert_page(AlertPage(tuple(some), page, total), VOICE, mine=mine, page_size=12)
    message_content({"text": message.text, "blocks": message.blocks})


@settings(max_examples=30, deadline=None)
@given(whys)
def test_slack_takes_whatever_explanation(view: WhyView) -> None:
    message = why(view, VOICE)
    message_content({"text": message.text, "blocks": message.blocks})
