import pytest

from rules.alerts.channel import ChannelSettings
from rules.alerts.pipeline.group import Shape, group
from rules.alerts.pipeline.stage import Around
from rules.alerts.states import Reason
from tests.rules.alerts.pipeline.given import CHANNELS, untold_alert

AROUND = Around(now=0, channels={CHANNELS[0]: ChannelSettings(group=3)})


@pytest.mark.parametrize(
    ("many", "reason", "shapes"),
    [
        (3, Reason.ENTERED, [Shape.ALERT] * 3),
        (4, Reason.ENTERED, [Shape.GROUP]),
        (4, Reason.BACKLOG_EACH, [Shape.ALERT] * 4),
        (1, Reason.BACKLOG, [Shape.GROUP]),
    ],
)
def test_past_so_many_customers_of_a_rule_one_message_tells_them(
    many: int, reason: Reason, shapes: list[Shape]
) -> None:
    untold = [untold_alert(number, reason=reason) for number in range(1, many + 1)]
    assert [bundle.shape for bundle in group(untold, AROUND)] == shapes


def test_a_backlog_and_those_who_came_are_not_told_together() -> None:
    untold = [untold_alert(number, reason=Reason.BACKLOG) for number in (1, 2)]
    untold += [untold_alert(number) for number in (3, 4, 5, 6)]
    assert [len(bundle.alerts) for bundle in group(untold, AROUND)] == [2, 4]


def test_several_rules_of_one_customer_are_one_message_and_too_many_are_two() -> None:
    untold = [untold_alert(number, customer_id=7, rule_id=number, value=number) for number in range(1, 6)]
    bundles = group(untold, AROUND)
    assert [(bundle.shape, len(bundle.alerts)) for bundle in bundles] == [
        (Shape.CUSTOMER, 4),
        (Shape.ALERT, 1),
    ]
    assert bundles[0].alerts[0].value == 5


def test_channels_are_apart() -> None:
    untold = [untold_alert(1, customer_id=7), untold_alert(2, customer_id=7, rule_id=2, channel=CHANNELS[1])]
    assert [bundle.channel for bundle in group(untold, AROUND)] == list(CHANNELS)


def test_within_a_message_the_most_valuable_comes_first_whichever_rule_it_is_of() -> None:
    # By rule they come 9, 1 and 5, 3: a customer's own alerts are put in their order again.
    untold = [untold_alert(1, customer_id=8, value=9), untold_alert(2, customer_id=7, value=1)]
    untold += [
        untold_alert(3, customer_id=7, rule_id=2, value=5),
        untold_alert(4, customer_id=7, rule_id=3, value=3),
    ]
    [several] = [bundle for bundle in group(untold, AROUND) if bundle.shape is Shape.CUSTOMER]
    assert [one.value for one in several.alerts] == [5, 3, 1]
