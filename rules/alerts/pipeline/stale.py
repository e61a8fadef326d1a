"""Stale data: what a rule finds while a source of what it looks at has stopped is not told, for it may not be so."""

from collections.abc import Sequence

from rules.alerts.pipeline.stage import Around, Held, Passed, Stage, Untold, Why


def stale(untold: Sequence[Untold], around: Around) -> Passed:
    """Hold back the alerts of rules that look at what a stopped source sends: it is asked again at every tick."""
    held = tuple(
        Held(one, Stage.STALE, Why.SOURCE_STOPPED, by=around.stale[one.rule_id])
        for one in untold
        if one.rule_id in around.stale
    )
    return Passed(tuple(one for one in untold if one.rule_id not in around.stale), held)
