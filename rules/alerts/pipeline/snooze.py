"""Snooze: what somebody put to sleep before it was told is told when it wakes."""

from collections.abc import Sequence

from rules.alerts.pipeline.stage import Around, Held, Passed, Stage, Untold, Why


def snooze(untold: Sequence[Untold], around: Around) -> Passed:
    """Hold back alerts that sleep; one that is woken early is told at the next tick."""
    held = [
        Held(one, Stage.SNOOZE, Why.SNOOZED, until=one.snoozed_until, actor=one.snoozed_by, each_tick=True)
        for one in untold
        if one.snoozed_until is not None and one.snoozed_until > around.now
    ]
    back = {one.alert.alert_id for one in held}
    return Passed(tuple(one for one in untold if one.alert_id not in back), tuple(held))
