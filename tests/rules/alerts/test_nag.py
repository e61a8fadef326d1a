"""Reminders and escalation: what is due when, and that whoever was away makes up for it with one step."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from rules.alerts.escalation import EscalationStep, Target, read_escalation
from rules.alerts.nag import Clocks, Nag, nag
from rules.instants import DAY, HOUR, MINUTE

STEPS = read_escalation("2h owner, 8h manager, 1d #leads")


def at(hours: float, clocks: Clocks, remind: int = 3 * HOUR) -> Nag:
    return nag(clocks, remind=remind, steps=STEPS, now=int(hours * HOUR))


def test_one_thing_after_the_other_each_at_its_instant() -> None:
    clocks, seen = Clocks(0), []
    now: int | None = 0
    while now is not None and now <= DAY:
        found = nag(clocks, remind=7 * HOUR, steps=STEPS, now=now)
        if found.step or found.remind:
            seen.append((now // HOUR, found.step.target if found.step else "remind"))
        clocks, now = found.clocks, found.next_at
    assert seen == [(2, Target.OWNER), (7, "remind"), (8, Target.MANAGER), *_REST]


_REST = [(14, "remind"), (21, "remind"), (24, Target.CHANNEL)]


def test_whoever_was_away_takes_the_furthest_step_alone() -> None:
    found = at(9, Clocks(0))
    assert found.step == STEPS[1]
    assert not found.remind
    assert found.clocks == Clocks(0, reminded=3, escalated=2)
    assert found.next_at == 12 * HOUR


def test_a_step_is_due_at_its_very_instant_and_not_before() -> None:
    assert at(2 - 1 / HOUR, Clocks(0)) == Nag(Clocks(0), 2 * HOUR)
    assert at(2, Clocks(0)).step == STEPS[0]


def test_nothing_said_is_nothing_done() -> None:
    assert nag(Clocks(5), remind=0, steps=(), now=100 * DAY) == Nag(Clocks(5), None)


def test_a_rule_that_asks_for_less_than_was_done_already_asks_for_nothing() -> None:
    assert nag(Clocks(0, 9, 3), remind=0, steps=STEPS[:1], now=DAY) == Nag(Clocks(0, 9, 3), None)


@given(
    st.lists(st.integers(1, 2_000), max_size=40),
    st.sampled_from([0, 15 * MINUTE, 4 * HOUR]),
    st.lists(st.integers(1, 3_000), unique=True, max_size=5).map(sorted),
)
def test_however_often_it_is_looked_at_the_same_is_told(
    looks: list[int], remind: int, after: list[int]
) -> None:
    """Each step once, in order, never early; and a look that falls between two ticks changes nothing."""
    steps = tuple(EscalationStep(one * MINUTE, Target.MANAGER) for one in after)
    clocks, now = Clocks(0), 0
    taken: list[EscalationStep] = []
    for minutes in looks:
        now += minutes * MINUTE
        found = nag(clocks, remind=remind, steps=steps, now=now)
        if found.step is not None:
            assert found.step.after <= now
            taken.append(found.step)
        if found.remind:
            assert found.step is None
            assert found.clocks.reminded > clocks.reminded
        if found.next_at is not None:
            assert found.next_at > now
        # Looked at again at once, nothing is due.
        assert nag(found.clocks, remind=remind, steps=steps, now=now) == Nag(found.clocks, found.next_at)
        clocks = found.clocks
    assert all(one.after < other.after for one, other in pairwise(taken))
    assert clocks.escalated == sum(step.after <= now for step in steps)
    assert not remind or clocks.reminded == now // remind
