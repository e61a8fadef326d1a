"""Silences, routes, how good rules are, and dialogs, whatever they are made of."""

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from playground.limits import check_view, message_content
from rules.alerts.rule import AlertKind
from templates import quality, routes, silences
from templates.blocks import Rendered
from templates.modals import snooze_modal
from templates.views import AlertView, QualityView, RouteView, SilencedView, SilenceView
from tests.templates.given import VOICE, alerts, colleagues, instants, small, tests_asked, texts

names = st.from_regex(r"[a-z][a-z0-9_]{0,59}", fullmatch=True)
silenced = st.builds(
    SilencedView,
    st.builds(
        SilenceView,
        id=st.integers(1, 10**8),
        condition=tests_asked,
        rule=st.none() | names,
        reason=texts,
        author=colleagues,
        at=instants,
        until=instants,
    ),
    counted=st.none() | st.tuples(small, small),
)
routed = st.builds(
    RouteView,
    name=names,
    condition=tests_asked,
    rule=st.none() | names,
    target=st.sampled_from(["channel", "thread", "owner"]),
    channel=st.sampled_from(["", "#vips", "C0123456"]),
    author=colleagues,
    at=instants,
)
rated = st.builds(
    QualityView,
    rule=names,
    kind=st.sampled_from(AlertKind),
    opened=small,
    posted=small,
    claimed=small,
    by_itself=small,
    useful=small,
    useless=small,
    wait=st.none() | st.integers(0, 10**11),
    messages=small,
    days=st.integers(1, 90),
    promised=st.none() | st.tuples(small, st.integers(1, 90)),
)


def taken(message: Rendered) -> None:
    message_content({"text": message.text, "blocks": message.blocks})


@settings(max_examples=15, deadline=None)
@given(st.lists(silenced, max_size=2), st.lists(routed, max_size=2), st.lists(rated, max_size=2))
def test_slack_takes_every_list(
    some: list[SilencedView], ways: list[RouteView], rules: list[QualityView]
) -> None:
    # Few make many, so that lists are cut and examples stay small.
    taken(silences.silence_list([one.silence for one in some] * 12, VOICE))
    taken(routes.route_list(ways * 12, VOICE))
    taken(quality.quality_page(rules * 8, VOICE))
    for one in some:
        taken(silences.silenced(one, VOICE))
        taken(silences.unsilenced(one.silence, VOICE))
    for way in ways:
        taken(routes.route_changed(way, "added", VOICE))
        taken(routes.route_changed(way, "removed", VOICE))


@settings(max_examples=15, deadline=None)
@given(alerts, st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_slack_takes_the_dialog_of_any_alert(view: AlertView, day: date) -> None:
    check_view(snooze_modal(view, "date", day, VOICE))
