"""Grouping: which alerts one message tells together."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from rules.alerts.pipeline.budget import by_value
from rules.alerts.pipeline.stage import Around, Untold
from rules.alerts.states import Reason

MOST_OF_ONE: Final = 4
"""Alerts of one customer that fit into one message with all their buttons."""


class Shape(StrEnum):
    """What sort of message tells alerts."""

    ALERT = "alert"
    """One alert."""
    GROUP = "group"
    """Many customers of one rule."""
    CUSTOMER = "customer"
    """Several rules that opened for one customer at once."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Alerts that one message in ``channel`` tells, the most valuable first."""

    shape: Shape
    channel: str
    alerts: tuple[Untold, ...]


def group(untold: Sequence[Untold], around: Around) -> tuple[Bundle, ...]:
    """Put alerts into messages: the backlog of a rule, many of one rule, several of one customer, each of the rest."""
    bundles: list[Bundle] = []
    rest: list[Untold] = []
    by_rule: dict[tuple[str, int, bool], list[Untold]] = defaultdict(list)
    for one in by_value(untold):
        by_rule[around.place(one.channel), one.rule_id, one.reason is Reason.BACKLOG].append(one)
    for (_, _, backlog), some in by_rule.items():
        channel = some[0].channel
        alone = [one for one in some if one.reason is Reason.BACKLOG_EACH]
        together = [one for one in some if one.reason is not Reason.BACKLOG_EACH]
        if together and (backlog or len(together) > around.settings(channel).group):
            bundles.append(Bundle(Shape.GROUP, channel, tuple(together)))
            together = []
        bundles += [Bundle(Shape.ALERT, channel, (one,)) for one in alone]
        rest += together
    return (*bundles, *_by_customer(by_value(rest), around))


def _by_customer(untold: Sequence[Untold], around: Around) -> list[Bundle]:
    found: dict[tuple[str, int], list[Untold]] = defaultdict(list)
    for one in untold:
        found[around.place(one.channel), one.customer_id].append(one)
    parts = [
        (some[0].channel, some[first : first + MOST_OF_ONE])
        for some in found.values()
        for first in range(0, len(some), MOST_OF_ONE)
    ]
    return [
        Bundle(Shape.ALERT if len(some) == 1 else Shape.CUSTOMER, channel, tuple(some))
        for channel, some in parts
    ]
