"""Why somebody was told or not, in a message, whatever it is made of."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.limits import message_content
from rules.alerts.pipeline.stage import Stage, Why
from rules.alerts.verdict import Verdict
from templates.views import AskedView, DeliveryView, PairView, PlaceView, SuppressionView
from templates.why import why_pair
from templates.words import Words
from tests.templates.given import (
    VOICE,
    colleagues,
    evidence,
    instants,
    maybe_instants,
    people,
    rules,
    standings,
    tests_asked,
    texts,
)

places = st.builds(
    PlaceView,
    channel=st.sampled_from(["", "#vips", "C0123456", "U0TOMBECKR"]),
    thread=st.booleans(),
    route=st.sampled_from(["", "vips"]),
    nobody=st.none() | texts,
    asked_in_vain=st.booleans(),
)
suppressions = st.builds(
    SuppressionView,
    at=instants,
    stage=st.sampled_from([str(one) for one in Stage]),
    why=st.sampled_from([str(one) for one in Why]),
    until=maybe_instants,
    actor=st.none() | colleagues,
    by=texts,
)
pairs = st.builds(
    PairView,
    customer=people,
    rule=rules,
    verdict=st.sampled_from(Verdict),
    holds_now=st.booleans(),
    tests=st.lists(
        st.builds(AskedView, text=tests_asked, holds=st.booleans(), fact=st.none() | evidence), max_size=12
    ).map(tuple),
    since=maybe_instants,
    held_until=maybe_instants,
    alert_id=st.none() | st.integers(1, 10**17),
    opened_at=maybe_instants,
    standing=st.none() | standings,
    suppression=st.none() | suppressions,
    place=places,
    messages=st.lists(
        st.builds(
            DeliveryView,
            call=st.sampled_from(["post", "update", "reply"]),
            state=st.sampled_from(["sent", "dead"]),
            reason=st.none() | texts,
            attempts=st.integers(0, 99),
        ),
        max_size=12,
    ).map(tuple),
    sent_to=st.sampled_from([None, "C0123456", "#vips"]),
)


@settings(max_examples=25, deadline=None)
@given(pairs)
def test_slack_takes_whatever_it_is_made_of(view: PairView) -> None:
    message = why_pair(view, VOICE)
    message_content({"text": message.text, "blocks": message.blocks})


@pytest.mark.parametrize(
    "name",
    [f"verdict_{one}" for one in Verdict]
    + [f"held_{one}" for one in Why]
    + [f"stage_{one}" for one in Stage],
)
def test_there_are_words_for_everything(name: str) -> None:
    assert Words().has("why", name)
