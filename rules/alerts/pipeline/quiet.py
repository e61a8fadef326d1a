"""Quiet hours, weekends and public holidays: a channel is told nothing then, and everything that still holds afterwards."""

from collections.abc import Sequence
from typing import Final

from rules.alerts.hours import Quiet, Rest, next_awake, quiet_at
from rules.alerts.pipeline.stage import Around, Held, Passed, Stage, Untold, Why

_WHY: Final = {
    Rest.HOLIDAY: Why.HOLIDAY,
    Rest.WEEKEND: Why.WEEKEND,
    Rest.QUIET_HOURS: Why.QUIET_HOURS,
}


def quiet(untold: Sequence[Untold], around: Around) -> Passed:
    """Hold back what is for channels that are quiet now, until they are not."""
    at_rest: dict[str, tuple[Quiet, int]] = {}
    for channel in {one.channel for one in untold}:
        settings, calendar = around.settings(channel), around.calendar(channel)
        found = quiet_at(settings, calendar, around.now)
        if found is not None:
            at_rest[channel] = found, next_awake(settings, calendar, around.now)
    held = [
        Held(one, Stage.QUIET, _WHY[found.rest], until=until, by=found.by)
        for one in untold
        if one.channel in at_rest
        for found, until in (at_rest[one.channel],)
    ]
    return Passed(tuple(one for one in untold if one.channel not in at_rest), tuple(held))
