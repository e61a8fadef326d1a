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
PATIENT = replace(PROBLEM, pending=6 * HOUR)
KEEPING = replace(PROBLEM, keep=6 * HOUR)
STALE = replace(PROBLEM, stale=True)
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
        pytest.param(
            Previous(False),
            True,
            PATIENT,
            Decision(Verb.HOLD, Reason.PENDING, until=NOW + 6 * HOUR, opens_as=Reason.PENDING_OVER),
            id="enters, and is to hold for a while",
        ),
        pytest.param(
            Previous(True, held_until=NOW, held_for=Reason.PENDING_OVER),
            True,
            PATIENT,
            Decision(Verb.OPEN, Reason.PENDING_OVER),
            id="has held for long enough",
        ),
        pytest.param(
            Previous(True, held_until=NOW + 1, held_for=Reason.PENDING_OVER),
            True,
            PATIENT,
            Decision(Verb.NONE, Reason.PENDING, until=NOW + 1, opens_as=Reason.PENDING_OVER),
            id="has held for almost long enough",
        ),
        pytest.param(
            Previous(True, held_until=NOW + 1, held_for=Reason.PENDING_OVER),
            False,
            PATIENT,
            Decision(Verb.NONE, Reason.NOT_MATCHING),
            id="leaves before it has held for long enough",
        ),
        pytest.param(
            Previous(False, alert=ENDED_JUST_NOW),
            True,
            PATIENT,
            Decision(Verb.HOLD, Reason.COOLDOWN, until=NOW - HOUR + DAY),
            id="the cooldown ends later than the wait",
        ),
        pytest.param(
            Previous(False, alert=ENDED_JUST_NOW),
            True,
            replace(PROBLEM, pending=2 * DAY),
            Decision(Verb.HOLD, Reason.PENDING, until=NOW + 2 * DAY, opens_as=Reason.PENDING_OVER),
            id="the wait ends later than the cooldown",
        ),
        pytest.param(
            Previous(False),
            True,
            replace(NEW, pending=HOUR),
            Decision(Verb.HOLD, Reason.PENDING, until=NOW + HOUR, opens_as=Reason.BACKLOG),
            id="the backlog waits too, and stays backlog",
        ),
        pytest.param(
            Previous(False),
            True,
            replace(NEW, pending=HOUR, backlog=Backlog.IGNORE),
            Decision(Verb.NONE, Reason.BACKLOG_IGNORED),
            id="a backlog that is ignored does not wait",
        ),
        pytest.param(
            Previous(True, alert=OPEN),
            False,
            KEEPING,
            Decision(Verb.KEEP, Reason.LEAVING, until=NOW + 6 * HOUR),
            id="leaves, and is kept open",
        ),
        pytest.param(
            Previous(False, alert=LastAlert(leaving_at=NOW + 1)),
            False,
            KEEPING,
            Decision(Verb.KEEP, Reason.LEAVING, until=NOW + 1),
            id="is still kept open a millisecond before the end",
        ),
        pytest.param(
            Previous(False, alert=LastAlert(leaving_at=NOW)),
            False,
            KEEPING,
            Decision(Verb.RESOLVE, Reason.LEFT, resolution=Resolution.RECOVERED),
            id="is kept open no longer",
        ),
        pytest.param(
            Previous(False, alert=LastAlert(leaving_at=NOW - DAY)),
            True,
            KEEPING,
            Decision(Verb.KEEP, Reason.CAME_BACK),
            id="holds again when somebody looks again",
        ),
        pytest.param(
            Previous(False, alert=LastAlert(leaving_at=NOW + 1, snoozed_until=NOW)),
            True,
            KEEPING,
            Decision(Verb.WAKE, Reason.SNOOZE_OVER),
            id="holds again after its snooze is over",
        ),
        pytest.param(
            Previous(True, alert=OPEN),
            False,
            replace(KEEPING, change=RuleChange.EDITED),
            Decision(Verb.RESOLVE, Reason.RULE_EDITED, resolution=Resolution.RULE_CHANGED),
            id="an edit keeps nothing open",
        ),
        pytest.param(
            Previous(True, alert=OPEN, refuted=True),
            False,
            replace(KEEPING, stale=True),
            Decision(Verb.RESOLVE, Reason.LATE_EVENT, resolution=Resolution.NOT_AN_ISSUE),
            id="a late event shows that it was wrong",
        ),
        pytest.param(
            Previous(True, alert=OPEN),
            False,
            STALE,
            Decision(Verb.KEEP, Reason.STALE, until=NOW),
            id="leaves while its source has stopped",
        ),
        pytest.param(
            Previous(False, alert=LastAlert(leaving_at=NOW - DAY)),
            False,
            STALE,
            Decision(Verb.KEEP, Reason.STALE, until=NOW - DAY),
            id="stays while its source has stopped",
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


LENGTHS = st.sampled_from([0, 5 * HOUR, DAY])


@given(steps, LENGTHS, LENGTHS, LENGTHS)
def test_a_life_of_alerts_keeps_its_promises(
    life: list[tuple[int, bool, str, RuleChange | None]], cooldown: int, pending: int, keep: int
) -> None:
    """One rule and one customer through random sweeps, edits and clicks, against what a reader of the docs would expect."""
    now, before, entered_at, left_at = 0, Previous(False), 0, 0
    ended_by_person_in_this_stretch = held_as_backlog = False
    for hours, matched, click, change in life:
        now += hours * HOUR
        policy = Policy(
            kind=AlertKind.PROBLEM,
            backlog=Backlog.DIGEST,
            cooldown=cooldown,
            change=change,
            pending=pending,
            keep=keep,
        )
        decision = decide(before, matched, now, policy)
        alert = before.alert
        held, held_for = (before.held_until, before.held_for) if matched else (None, Reason.COOLDOWN_OVER)
        unresolved = alert is not None and alert.resolved_at is None
        if not matched or not before.matched:
            ended_by_person_in_this_stretch = False
        if matched and not before.matched:
            entered_at, held_as_backlog = now, change is not None
        if before.matched and not matched:
            left_at = now
        match decision.verb:
            case Verb.OPEN:
                assert matched
                assert not unresolved
                assert entered_at + pending <= now
                if alert is not None and alert.resolution is not Resolution.RULE_CHANGED:
                    assert alert.resolved_at is not None
                    assert alert.resolved_at + cooldown <= now
                # Whom an edit brings in is told with the others that it brings in, whatever an earlier edit did.
                if decision.reason is Reason.BACKLOG:
                    assert held_as_backlog
                else:
                    assert not held_as_backlog or before.matched
                assert not ended_by_person_in_this_stretch
                alert, held = LastAlert(), None
            case Verb.RESOLVE:
                assert unresolved
                assert not matched
                if decision.resolution is Resolution.RULE_CHANGED:
                    assert change is not None
                else:
                    assert change is None
                    assert left_at + keep <= now
                alert = LastAlert(resolved_at=now, resolution=decision.resolution)
            case Verb.HOLD:
                assert not unresolved
                held, held_for = decision.until, decision.opens_as
                cool = (
                    alert.resolved_at + cooldown
                    if alert is not None and alert.resolved_at is not None
                    else now
                )
                ended_by_rule = alert is None or alert.resolution is Resolution.RULE_CHANGED
                assert held == max(now + pending, now if ended_by_rule else cool)
            case Verb.WAKE:
                assert unresolved
                alert = LastAlert()
            case Verb.KEEP if not matched:
                assert decision.until is not None
                assert decision.until == left_at + keep > now
                assert alert is not None
                alert = replace(alert, leaving_at=decision.until)
            case Verb.KEEP:
                assert alert is not None
                alert = replace(alert, leaving_at=None)
            case _:
                # Whoever matches and is not waiting has an alert, or had one that a person ended.
                if matched and not unresolved and held is None:
                    assert ended_by_person_in_this_stretch
        if not matched:
            assert alert is None or alert.resolved_at is not None or alert.leaving_at is not None
        if click == "resolve" and alert is not None and alert.resolved_at is None:
            alert = LastAlert(resolved_at=now, resolution=Resolution.NOT_AN_ISSUE)
            ended_by_person_in_this_stretch = matched
        if click == "snooze" and alert is not None and alert.resolved_at is None:
            alert = replace(alert, snoozed_until=now + 10 * HOUR)
        before = Previous(matched, held, alert, held_for)


@given(st.lists(st.booleans(), min_size=2, max_size=96), st.sampled_from([0, 3 * HOUR]))
def test_a_signal_that_toggles_makes_no_noise(holds: list[bool], pending: int) -> None:
    """However it toggles at ticks of a quarter of an hour, what is kept for an hour ends once at the most a day."""
    policy = Policy(AlertKind.PROBLEM, Backlog.DIGEST, DAY, pending=pending, keep=5 * HOUR)
    before, told = Previous(False), []
    for tick, matched in enumerate(holds):
        now = tick * HOUR // 4
        decision = decide(before, matched, now, policy)
        alert = before.alert
        held = before.held_until if matched else None
        if decision.verb in (Verb.OPEN, Verb.RESOLVE):
            told.append(decision.verb)
            alert = LastAlert(resolved_at=now if decision.verb is Verb.RESOLVE else None)
        elif alert is not None and alert.resolved_at is None:
            alert = LastAlert(leaving_at=None if matched else decision.until)
        held = decision.until if decision.verb is Verb.HOLD else None if decision.verb is Verb.OPEN else held
        before = Previous(matched, held, alert)
    assert told in ([], [Verb.OPEN], [Verb.OPEN, Verb.RESOLVE])
