"""Silences: managers let nobody be told of customers for whom a condition holds, until an instant.

Only what nobody has been told of is held back; a message that stands in a channel stays there. Whether a condition
holds was found out before.
"""

from collections.abc import Sequence

from rules.alerts.pipeline.stage import Around, Held, Passed, Silence, Stage, Untold, Why


def silence(untold: Sequence[Untold], around: Around) -> Passed:
    """Hold back alerts of customers for whom a silence holds now; of several, the one that ends last is named.

    A silence may be ended early and a customer leave it, so these are looked at again at every tick.
    """
    through: list[Untold] = []
    held: list[Held] = []
    for one in untold:
        last = _over(one, around)
        if last is None:
            through.append(one)
        else:
            held.append(
                Held(
                    one,
                    Stage.SILENCE,
                    Why.SILENCED,
                    until=last.until,
                    actor=last.author,
                    by=str(last.id),
                    each_tick=True,
                )
            )
    return Passed(tuple(through), tuple(held))


def _over(one: Untold, around: Around) -> Silence | None:
    found = [
        each
        for each in around.silences.get(one.customer_id, ())
        if each.until > around.now and each.rule_id in (None, one.rule_id)
    ]
    return max(found, key=lambda each: (each.until, -each.id), default=None)
