"""Inhibition: while an alert of a rule that hides others is open for a customer, those others are not told.

Whoever hides need not have been told itself: what it stands for is known to be wrong, and the smaller trouble would say
the same again. It must not know how rules are written.
"""

from collections.abc import Iterable, Mapping, Sequence

from rules.alerts.pipeline.stage import Around, Held, Hiding, Passed, Stage, Untold, Why

_Age = tuple[int, int]


def inhibit(untold: Sequence[Untold], around: Around) -> Passed:
    """Hold back the alerts of rules that a rule with an open alert for the same customer hides.

    Rules that hide each other, in however large a circle, cannot hide everything: within a circle only an older alert
    hides a newer one. So of a customer's alerts at least one is told.
    """
    through: list[Untold] = []
    held: list[Held] = []
    mine: dict[int, list[Untold]] = {}
    for one in untold:
        mine.setdefault(one.customer_id, []).append(one)
    hidden = {
        alert_id: by
        for customer, some in mine.items()
        if customer in around.hiding
        for alert_id, by in _hidden(some, around.hiding[customer]).items()
    }
    for one in untold:
        by = hidden.get(one.alert_id)
        if by is None:
            through.append(one)
        else:
            held.append(Held(one, Stage.INHIBITION, Why.HIDDEN_BY_RULE, by=by))
    return Passed(tuple(through), tuple(held))


def _hidden(untold: Iterable[Untold], hiding: Sequence[Hiding]) -> dict[int, str]:
    """Give by which rule alerts of one customer are hidden: of several, by that of the oldest alert."""
    reached = _reached(hiding)
    found: dict[int, str] = {}
    for one in untold:
        over = [
            hider
            for hider in hiding
            if hider.rule != one.rule
            and one.rule in hider.hides
            and not (hider.rule in reached.get(one.rule, ()) and _age(one) < _age(hider))
        ]
        if over:
            found[one.alert_id] = min(over, key=_age).rule
    return found


def _reached(hiding: Sequence[Hiding]) -> Mapping[str, set[str]]:
    """Give for each rule those that it hides, directly or by way of others that are open as well."""
    direct = {one.rule: one.hides for one in hiding}
    reached: dict[str, set[str]] = {}
    for rule, hides in direct.items():
        seen: set[str] = set()
        ahead = [*hides]
        while ahead:
            name = ahead.pop()
            if name not in seen:
                seen.add(name)
                ahead += direct.get(name, ())
        reached[rule] = seen
    return reached


def _age(one: Untold | Hiding) -> _Age:
    return one.opened_at, one.alert_id
