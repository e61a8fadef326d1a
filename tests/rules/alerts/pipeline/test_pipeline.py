"""The whole pipeline: every alert comes out once, in a message or held back with a reason."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from rules.alerts.channel import ChannelSettings
from rules.alerts.pipeline import run
from rules.alerts.pipeline.group import MOST_OF_ONE, Shape
from rules.alerts.pipeline.stage import Around, Untold
from rules.alerts.states import Reason
from tests.rules.alerts.pipeline.given import CHANNELS, untold_alerts

settings_of_channels = st.dictionaries(
    st.sampled_from(CHANNELS),
    st.builds(ChannelSettings, budget=st.none() | st.integers(1, 6), group=st.integers(1, 6)),
)


@given(untold_alerts(), settings_of_channels, st.dictionaries(st.sampled_from(CHANNELS), st.integers(0, 4)))
def test_every_alert_comes_out_once(
    untold: list[Untold], channels: dict[str, ChannelSettings], spent: dict[str, int]
) -> None:
    around = Around(now=9, channels=channels, spent=spent)
    told = run(untold, around)
    out = [one for bundle in told.bundles for one in bundle.alerts] + [one.alert for one in told.held]
    assert Counter(out) == Counter(untold)
    for bundle in told.bundles:
        assert {one.channel for one in bundle.alerts} == {bundle.channel}
        customers = [one.customer_id for one in bundle.alerts]
        match bundle.shape:
            case Shape.ALERT:
                assert len(customers) == 1
            case Shape.GROUP:
                # A customer stands in it once: it is of one rule.
                assert len({one.rule_id for one in bundle.alerts}) == 1
                assert len(customers) == len(set(customers))
            case Shape.CUSTOMER:
                assert 1 < len(customers) <= MOST_OF_ONE
                assert len(set(customers)) == 1


@given(untold_alerts(), settings_of_channels)
def test_what_comes_in_which_order_makes_no_difference(
    untold: list[Untold], channels: dict[str, ChannelSettings]
) -> None:
    around = Around(now=9, channels=channels)
    forwards, backwards = run(untold, around), run(untold[::-1], around)
    assert Counter(forwards.bundles) == Counter(backwards.bundles)
    assert Counter(forwards.held) == Counter(backwards.held)


@given(untold_alerts(), st.integers(1, 6), st.integers(0, 8))
def test_a_channel_is_told_no_more_than_its_budget_and_the_most_valuable_first(
    untold: list[Untold], budget: int, spent: int
) -> None:
    channel = CHANNELS[1]
    around = Around(now=9, channels={channel: ChannelSettings(budget=budget)}, spent={channel: spent})
    told = run(untold, around)
    counted = [
        one
        for bundle in told.bundles
        for one in bundle.alerts
        if one.channel == channel and one.reason is not Reason.BACKLOG
    ]
    held = [one.alert for one in told.held]
    assert len(counted) == min(
        max(0, budget - spent),
        sum(one.channel == channel and one.reason is not Reason.BACKLOG for one in untold),
    )
    assert all(one.channel == channel for one in held)
    assert all(above.value >= below.value for above in counted for below in held)
