"""Decisions about alerts: every row of the table, and what holds whatever happens in whatever order."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.alerts.decide import Decision, LastAlert, Policy, Previous, decide
from rules.alerts.rule import AlertKind, Backlog, RuleChange
from rules.alerts.states import Reason, Resolution, Verb
from rules.instants import DAY, HOUR

NOW = 1_000 * DAY
PROBLEM = Policy(kind=AlertKind.PROBLEM, backlog=Backlog.DIGEST, cooldown=DAY)
NEW = replace(PROBLEM, change=RuleChange.ADDED)
EDITED = replace(PROBLEM, change=RuleChange.EDITED)
RESUMED = replace(PROBLEM, change=RuleChange.RESUMED)
OPEN = LastAlert()
ENDED_YESTERDAY = LastAlert(resolved_at=NOW - DAY)
ENDED_JUST_NOW = LastAlert(resolved_at=NOW - HOUR)


@pytest.mark.parametrize(
    ("previous", "matched", "policy", "expected"),
    [
        pytest.param(Previous(False), True, PROBLEM, Decision(Verb.OPEN, Reason.ENTERED), id="enters"),
        pytest.param(
            Previous(False), False, PROBLEM, Decision(Verb.NONE, Reason.NOT_MATCHING), id="stays out"
        ),
        pytest.param(
            Previous(True, alert=OPEN),
            True,
            PROBLEM,
            Decision(Verb.KEEP, Reason.STILL_MATCHING),
            id="stays in",
        ),
        pytest.param(
            Previous(True, alert=OPEN),
            False,
            PROBLEM,
            Decision(Verb.RESOLVE, Reason.LEFT, resolution=Resolution.RECOVERED),
            id="leaves",
        ),
        pytest.param(
            Previous(True, alert=OPEN),
            False,
            replace(PROBLEM, kind=AlertKind.OPPORTUNITY),
            Decision(Verb.RESOLVE, Reason.LEFT, resolution=Resolution.EXPIRED),
            id="an opportunity passes",
        ),
        pytest.param(
            Previous(True, alert=LastAlert(snoozed_until=NOW)),
            True,
            PROBLEM,
            Decision(Verb.WAKE, Reason.SNOOZE_OVER),
            id="snooze over at its very end",
        ),
        pytest.param(
            Previous(True, alert=LastAlert(snoozed_until=NOW + 1)),
            True,
            PROBLEM,
            Decision(Verb.KEEP, Reason.STILL_MATCHING),
            id="snooze not over a millisecond before",
        ),
        pytest.param(
            Previous(True, alert=LastAlert(snoozed_until=NOW + DAY)),
            False,
            PROBLEM,
            Decision(Verb.RESOLVE, Reason.LEFT, resolution=Resolution.RECOVERED),
            id="leaves while snoozed",
        ),
        pytest.param(
            Previous(False, alert=ENDED_JUST_NOW),
            True,
            PROBLEM,
            Decision(Verb.HOLD, Reason.COOLDOWN, until=NOW - HOUR + DAY),
            id="enters while cooling down",
        ),
        pytest.param(
            Previous(False, alert=ENDED_YESTERDAY),
            True,
            PROBLEM,
            Decision(Verb.OPEN, Reason.ENTERED),
            id="enters at the very end of the cooldown",
        ),
        pytest.param(
            Previous(True, held_until=NOW, alert=ENDED_YESTERDAY),
            True,
            PROBLEM,
            Decision(Verb.OPEN, Reason.COOLDOWN_OVER),
            id="still matching when the cooldown ends",
        ),
        pytest.param(
            Previous(True, held_until=NOW + 1, alert=ENDED_JUST_NOW),
            True,
            PROBLEM,
            Decision(Verb.NONE, Reason.COOLDOWN, until=NOW + 1),
            id="waits on",
        ),
        pytest.param(
            Previous(True, alert=ENDED_YESTERDAY),
            True,
            PROBLEM,
            Decision(Verb.NONE, Reason.ALREADY_TOLD),
            id="a person resolved it, and it still matches",
        ),
        pytest.param(
            Previous(False), True, NEW, Decision(Verb.OPEN, Reason.BACKLOG), id="backlog in a digest"
        ),
        pytest.param(
            Previous(False),
            True,
            replace(NEW, backlog=Backlog.IGNORE),
            Decision(Verb.NONE, Reason.BACKLOG_IGNORED),
            id="backlog ignored",
        ),
        pytest.param(
            Previous(False),
            True,
            replace(NEW, backlog=Backlog.POST),
            Decision(Verb.OPEN, Reason.ENTERED),
            id="backlog posted",
        ),
        pytest.param(
            Previous(True, alert=OPEN),
            False,
            EDITED,
            Decision(Verb.RESOLVE, Reason.RULE_EDITED, resolution=Resolution.RULE_CHANGED),
            id="the edited rule holds no longer",
        ),
        pytest.param(
            Previous(True, alert=OPEN),
            True,
            EDITED,
            Decision(Verb.KEEP, Reason.STILL_MATCHING),
            id="the edited rule still holds",
        ),
        pytest.param(
            Previous(True, alert=OPEN),
            False,
            RESUMED,
            Decision(Verb.RESOLVE, Reason.RULE_EDITED, resolution=Resolution.RULE_CHANGED),
            id="the resumed rule holds no longer",
        ),
        pytest.param(
            Previous(True, alert=OPEN),
            False,
            NEW,
            Decision(Verb.RESOLVE, Reason.LEFT, resolution=Resolution.RECOVERED),
            id="leaves after the first sweep of a new rule was cut short",
        ),
    ],
)
def test_decision(previous: Previous, matched: bool, policy: Policy, expected: Decision) -> None:
    assert decide(previous, matched, NOW, policy) == expected


steps = st.lists(
    st.tuples(st.integers(1, 30), st.booleans(), st.sampled_from(["nothing", "resolve", "snooze"])),
    max_size=60,
)


@given(steps, st.sampled_from([0, 5 * HOUR, DAY]))
def test_a_life_of_alerts_keeps_its_promises(life: list[tuple[int, bool, str]], cooldown: int) -> None:
    """One rule and one customer through random sweeps and clicks, against what a reader of the docs would expect."""
    policy = Policy(kind=AlertKind.PROBLEM, backlog=Backlog.DIGEST, cooldown=cooldown)
    now, before = 0, Previous(False)
    ended_by_person_in_this_stretch = False
    for hours, matched, click in life:
        now += hours * HOUR
        decision = decide(before, matched, now, policy)
        alert, held = before.alert, before.held_until if matched else None
        unresolved = alert is not None and alert.resolved_at is None
        if not matched or not before.matched:
            ended_by_person_in_this_stretch = False
        match decision.verb:
            case Verb.OPEN:
                assert matched
                assert not unresolved
                assert alert is None or alert.resolved_at is None or alert.resolved_at + cooldown <= now
                assert not ended_by_person_in_this_stretch
                alert, held = LastAlert(), None
            case Verb.RESOLVE:
                assert unresolved
                assert not matched
                alert = LastAlert(resolved_at=now)
            case Verb.HOLD:
                assert alert is not None
                assert alert.resolved_at is not None
                held = decision.until
                assert held == alert.resolved_at + cooldown
            case Verb.WAKE:
                assert unresolved
                alert = LastAlert()
            case _:
                # Whoever matches and is not waiting has an alert, or had one that a person ended.
                if matched and not unresolved and held is None:
                    assert ended_by_person_in_this_stretch
        if not matched:
            assert alert is None or alert.resolved_at is not None
        if click == "resolve" and alert is not None and alert.resolved_at is None:
            alert = LastAlert(resolved_at=now)
            ended_by_person_in_this_stretch = True
        if click == "snooze" and alert is not None and alert.resolved_at is None:
            alert = LastAlert(snoozed_until=now + 10 * HOUR)
        before = Previous(matched, held, alert)
