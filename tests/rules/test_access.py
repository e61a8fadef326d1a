"""Who may do what: no, unless something says yes."""

import itertools

import pytest

from rules.access import (
    Action,
    Actor,
    Alerting,
    AlertOf,
    Channels,
    Definitions,
    Everything,
    NotAllowedError,
    Rulebook,
    Sources,
    Thing,
    authorize,
)

AGENT, MANAGER = Actor("U1"), Actor("U2", manager=True)
THINGS: list[Thing] = [
    Everything(),
    AlertOf(None),
    AlertOf("U1"),
    AlertOf("U9"),
    Rulebook(),
    Alerting(),
    Definitions(),
    Channels(),
    Sources(),
]


def allowed(actor: Actor, action: Action, thing: Thing) -> bool:
    try:
        authorize(actor, action, thing)
    except NotAllowedError:
        return False
    return True


def test_the_whole_table() -> None:
    """Every pair that is not named here is refused."""
    yes = {
        (actor, Action.SEE, Everything()) for actor in (AGENT, MANAGER)
    } | {
        (actor, action, AlertOf(claimed_by))
        for actor in (AGENT, MANAGER)
        for action in (Action.CLAIM, Action.SNOOZE, Action.RESOLVE, Action.VOTE)
        for claimed_by in (None, "U1", "U9")
    } | {
        (AGENT, Action.UNCLAIM, AlertOf("U1")),
        (AGENT, Action.UNCLAIM, AlertOf(None)),
        (MANAGER, Action.UNCLAIM, AlertOf("U1")),
        (MANAGER, Action.UNCLAIM, AlertOf("U9")),
        (MANAGER, Action.UNCLAIM, AlertOf(None)),
        (MANAGER, Action.CHANGE_RULES, Rulebook()),
        (MANAGER, Action.SILENCE, Alerting()),
        (MANAGER, Action.CHANGE_ROUTES, Alerting()),
        (MANAGER, Action.RESOLVE_MANY, Alerting()),
        (MANAGER, Action.CHANGE_LIFECYCLE, Definitions()),
        (MANAGER, Action.CHANGE_CHANNEL, Channels()),
        (MANAGER, Action.CHANGE_SOURCES, Sources()),
    }  # fmt: skip
    for asked in itertools.product((AGENT, MANAGER), Action, THINGS):
        assert allowed(*asked) == (asked in yes), asked


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("thing", THINGS)
def test_nobody_may_do_nothing(action: Action, thing: Thing) -> None:
    assert not allowed(Actor("", manager=True), action, thing)


def test_a_refusal_names_the_managers() -> None:
    with pytest.raises(NotAllowedError) as refused:
        authorize(AGENT, Action.CHANGE_RULES, Rulebook(), managers=frozenset({"U3", "S1"}))
    assert refused.value.params == {"action": "change_rules", "managers": ["S1", "U3"]}
