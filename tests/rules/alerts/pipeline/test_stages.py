"""The stages by themselves, and all of them: each alert comes out once, and no channel is told more than it reads."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.alerts import pipeline
from rules.alerts.channel import ChannelSettings, DigestTime, Often, QuietHours
from rules.alerts.pipeline.budget import budget, by_value
from rules.alerts.pipeline.group import MOST_OF_ONE, Shape, group
from rules.alerts.pipeline.quiet import quiet
from rules.alerts.pipeline.stage import Around, Held, Stage, Untold, Why
from rules.alerts.states import Reason
from rules.instants import DAY, HOUR
from tests.rules.alerts.pipeline.crowds import CHANNELS, NOW, PLACES, crowds, untold


@st.composite
def surroundings(draw: st.DrawFn) -> Around:
    care, sales = (
        ChannelSettings(
            budget=draw(st.none() | st.integers(1, 6)),
            group=draw(st.integers(1, 4)),
            quiet=draw(st.sampled_from([None, None, QuietHours(0, 8 * 60), QuietHours(60, 120)])),
            digest=draw(st.sampled_from([DigestTime(), DigestTime(Often.OFF)])),
        )
        for _ in range(2)
    )
    spent = draw(st.dictionaries(st.sampled_from(sorted(set(PLACES.values()))), st.integers(0, 5)))
    channels = {"#care": care, "C0CARE": care, "#sales": sales}
    return Around(now=NOW, channels=channels, spent=spent, places=PLACES)


@given(crowd=crowds(), around=surroundings())
def test_each_comes_out_once(crowd: list[Untold], around: Around) -> None:
    told = pipeline.run(crowd, around)
    out = [one for bundle in told.bundles for one in bundle.alerts] + [held.alert for held in told.held]
    assert sorted(one.alert_id for one in out) == [one.alert_id for one in crowd]
    for held in told.held:
        assert held.until is None or held.until > around.now


@given(crowd=crowds(), around=surroundings())
def test_no_channel_is_told_more_than_it_reads_and_the_most_valuable_come_first(
    crowd: list[Untold], around: Around
) -> None:
    passed = budget(crowd, around)
    costs = [one for one in passed.through if one.reason is not Reason.BACKLOG]
    for place, told in Counter(around.place(one.channel) for one in costs).items():
        limit = around.settings(next(c for c in CHANNELS if PLACES[c] == place)).budget
        assert limit is None or told + around.spent.get(place, 0) <= limit
    for held in passed.held:
        assert held.alert.reason is not Reason.BACKLOG
        place = around.place(held.alert.channel)
        limit, same = (
            around.settings(held.alert.channel).budget,
            [one for one in costs if around.place(one.channel) == place],
        )
        # Nothing is held back while there is room, and nothing worth more than what was told.
        assert limit is not None
        assert len(same) >= limit - around.spent.get(place, 0)
        assert all(one.value >= held.alert.value for one in same)


@given(crowd=crowds(), around=surroundings())
def test_bundles_are_of_one_rule_or_of_one_customer(crowd: list[Untold], around: Around) -> None:
    for bundle in group(crowd, around):
        assert list(bundle.alerts) == by_value(bundle.alerts)
        assert len({around.place(one.channel) for one in bundle.alerts}) == 1
        match bundle.shape:
            case Shape.ALERT:
                assert len(bundle.alerts) == 1
            case Shape.GROUP:
                assert len({one.rule_id for one in bundle.alerts}) == 1
                backlog = bundle.alerts[0].reason is Reason.BACKLOG
                assert backlog or len(bundle.alerts) > around.settings(bundle.channel).group
                assert Reason.BACKLOG_EACH not in {one.reason for one in bundle.alerts}
            case Shape.CUSTOMER:
                assert 2 <= len(bundle.alerts) <= MOST_OF_ONE
                assert len({one.customer_id for one in bundle.alerts}) == 1
                assert len({one.rule_id for one in bundle.alerts}) == len(bundle.alerts)


@given(crowd=crowds(), around=surroundings())
def test_what_is_quiet_is_told_nothing_and_all_others_everything(crowd: list[Untold], around: Around) -> None:
    passed = quiet(crowd, around)
    at_night = around.now % DAY
    for one in passed.through:
        hours = around.settings(one.channel).quiet
        assert hours is None or at_night // 60_000 not in hours
    assert {held.until for held in passed.held} <= {around.now + 8 * HOUR}
    assert {(held.stage, held.why, held.by) for held in passed.held} <= {
        (Stage.QUIET, Why.QUIET_HOURS, "00:00-08:00")
    }


@pytest.mark.parametrize("often", [Often.DAILY, Often.WEEKLY, Often.OFF])
def test_without_a_digest_the_next_day_is_asked_again(often: Often) -> None:
    says = ChannelSettings(budget=1, zone="Europe/Berlin", digest=DigestTime(often))
    around = Around(now=NOW, channels={"#care": says})
    [held] = budget([untold(1, value=5), untold(2)], around).held
    midnight = NOW + 22 * HOUR if often is Often.OFF else None
    assert held == Held(untold(2), Stage.BUDGET, Why.BUDGET_SPENT, until=midnight)


def test_a_channel_by_id_and_by_name_has_one_budget_and_one_group() -> None:
    says = ChannelSettings(budget=3, group=2)
    around = Around(now=NOW, channels={"#care": says, "C0CARE": says}, places=PLACES)
    crowd = [untold(number, channel=CHANNELS[number % 2]) for number in range(1, 6)]
    told = pipeline.run(crowd, around)
    assert [(one.shape, len(one.alerts)) for one in told.bundles] == [(Shape.GROUP, 3)]
    assert len(told.held) == 2
    apart = pipeline.run(crowd, replace(around, places={}))
    assert [(one.shape, len(one.alerts)) for one in apart.bundles][-2:] == [(Shape.ALERT, 1)] * 2
    assert not apart.held
