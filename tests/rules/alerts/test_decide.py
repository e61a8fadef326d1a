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
ENDED_YESTERDAY = LastAlert(resolved_at=NOW - DAY, resolution=Resolution.RECOVERED)
ENDED_JUST_NOW = LastAlert(resolved_at=NOW - HOUR, resolution=Resolution.RECOVERED)
ENDED_BY_EDIT = LastAlert(resolved_at=NOW - HOUR, resolution=Resolution.RULE_CHANGED)


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
            Decision(Verb.OPEN, Reason.BACKLOG_EACH),
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
        pytest.param(
            Previous(False, alert=ENDED_BY_EDIT),
            True,
            EDITED,
            Decision(Verb.OPEN, Reason.BACKLOG),
            id="an edit is taken back: backlog in a digest, without a cooldown",
        ),
        pytest.param(
            Previous(False, alert=ENDED_BY_EDIT),
            True,
            replace(EDITED, backlog=Backlog.IGNORE),
            Decision(Verb.NONE, Reason.BACKLOG_IGNORED),
            id="an edit is taken back, its backlog ignored",
        ),
        pytest.param(
            Previous(False, alert=ENDED_BY_EDIT),
            True,
            PROBLEM,
            Decision(Verb.OPEN, Reason.ENTERED),
            id="enters soon after an edit ended the alert",
        ),
        pytest.param(
            Previous(False, alert=ENDED_JUST_NOW),
            True,
            EDITED,
            Decision(Verb.HOLD, Reason.COOLDOWN, until=NOW - HOUR + DAY),
            id="recovered just now, and an edit makes it match again",
        ),
    ],
)
def test_decision(previous: Previous, matched: bool, policy: Policy, expected: Decision) -> None:
    assert decide(previous, matched, NOW, policy) == expected


steps = st.lists(
    st.tuples(
        st.integers(1, 30),
        st.booleans(),
        st.sampled_from(["nothing", "resolve", "snooze"]),
        st.sampled_from([None, None, None, RuleChange.EDITED]),
    ),
    max_size=60,
)


@given(steps, st.sampled_from([0, 5 * HOUR, DAY]))
def test_a_life_of_alerts_keeps_its_promises(
    life: list[tuple[int, bool, str, RuleChange | None]], cooldown: int
) -> None:
    """One rule and one customer through random sweeps, edits and clicks, against what a reader of the docs would expect."""
    now, before = 0, Previous(False)
    ended_by_person_in_this_stretch = False
    for hours, matched, click, change in life:
        now += hours * HOUR
        policy = Policy(kind=AlertKind.PROBLEM, backlog=Backlog.DIGEST, cooldown=cooldown, change=change)
        decision = decide(before, matched, now, policy)
        alert, held = before.alert, before.held_until if matched else None
        unresolved = alert is not None and alert.resolved_at is None
        if not matched or not before.matched:
            ended_by_person_in_this_stretch = False
        match decision.verb:
            case Verb.OPEN:
                assert matched
                assert not unresolved
                if alert is not None and alert.resolution is not Resolution.RULE_CHANGED:
                    assert alert.resolved_at is not None
                    assert alert.resolved_at + cooldown <= now
                # Whom an edit brings in is told with the others that it brings in, whatever an earlier edit did.
                assert (decision.reason is Reason.BACKLOG) == (change is not None and not before.matched)
                assert not ended_by_person_in_this_stretch
                alert, held = LastAlert(), None
            case Verb.RESOLVE:
                assert unresolved
                assert not matched
                assert (decision.resolution is Resolution.RULE_CHANGED) == (change is not None)
                alert = LastAlert(resolved_at=now, resolution=decision.resolution)
            case Verb.HOLD:
                assert alert is not None
                assert alert.resolved_at is not None
                assert alert.resolution is not Resolution.RULE_CHANGED
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
            alert = LastAlert(resolved_at=now, resolution=Resolution.NOT_AN_ISSUE)
            ended_by_person_in_this_stretch = True
        if click == "snooze" and alert is not None and alert.resolved_at is None:
            alert = LastAlert(snoozed_until=now + 10 * HOUR)
        before = Previous(matched, held, alert)
