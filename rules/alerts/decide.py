"""What becomes of a rule and a customer at a sweep: one pure decision, with its reason.

It must not know messages: who is told, and how, is asked afterwards.
"""

from dataclasses import dataclass

from rules.alerts.rule import AlertKind, Backlog, RuleChange
from rules.alerts.states import Reason, Resolution, Verb


@dataclass(frozen=True, slots=True)
class LastAlert:
    """What counts of the latest alert of a rule for a customer; ``resolved_at`` and ``resolution`` are set on one that ended.

    ``leaving_at``: the condition has ceased to hold, and this is until when the alert is kept open.
    """

    snoozed_until: int | None = None
    resolved_at: int | None = None
    resolution: Resolution | None = None
    leaving_at: int | None = None


@dataclass(frozen=True, slots=True)
class Previous:
    """How things stood: whether the rule held at its last sweep, a hold that it waits for, its latest alert.

    ``held_for`` is the reason with which the alert opens once the hold is over. ``refuted``: an event that came in late
    shows that the condition did not hold when the alert opened.
    """

    matched: bool
    held_until: int | None = None
    alert: LastAlert | None = None
    held_for: Reason = Reason.COOLDOWN_OVER
    refuted: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """What the rule says about its alerts; ``cooldown``, ``pending`` and ``keep`` in milliseconds.

    ``change`` is what happened to the rule's condition since a sweep last went through with it. ``stale``: a source of
    what the rule looks at has stopped sending.
    """

    kind: AlertKind
    backlog: Backlog
    cooldown: int
    change: RuleChange | None = None
    pending: int = 0
    keep: int = 0
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, and why. ``until`` goes with a hold, and with an alert that is kept open though the condition ceased.

    ``resolution`` goes with the end of an alert; ``opens_as`` with a hold: the reason with which the alert will open.
    """

    verb: Verb
    reason: Reason
    until: int | None = None
    resolution: Resolution | None = None
    opens_as: Reason = Reason.COOLDOWN_OVER


def decide(previous: Previous, matched: bool, now: int, policy: Policy) -> Decision:
    """Decide what to do about one rule and one customer at ``now``, given whether the rule holds."""
    alert = previous.alert
    unresolved = alert is not None and alert.resolved_at is None
    if not matched:
        return _left(previous, now, policy) if unresolved else Decision(Verb.NONE, Reason.NOT_MATCHING)
    if alert is not None and unresolved:
        return _holding(alert, now)
    if previous.matched:
        return _waiting(previous, now)
    return _entered(alert, now, policy)


def _holding(alert: LastAlert, now: int) -> Decision:
    if alert.snoozed_until is not None and alert.snoozed_until <= now:
        return Decision(Verb.WAKE, Reason.SNOOZE_OVER)
    if alert.leaving_at is not None:
        return Decision(Verb.KEEP, Reason.CAME_BACK)
    return Decision(Verb.KEEP, Reason.STILL_MATCHING)


def _left(previous: Previous, now: int, policy: Policy) -> Decision:
    """Decide about an open alert whose condition does not hold."""
    # A new rule has alerts only where its first sweep was cut short: who left since has left a rule that did not change.
    if policy.change in (RuleChange.EDITED, RuleChange.RESUMED):
        return Decision(Verb.RESOLVE, Reason.RULE_EDITED, resolution=Resolution.RULE_CHANGED)
    if previous.refuted:
        return Decision(Verb.RESOLVE, Reason.LATE_EVENT, resolution=Resolution.NOT_AN_ISSUE)
    leaving_at = previous.alert.leaving_at if previous.alert is not None else None
    until = now + policy.keep if leaving_at is None else leaving_at
    if policy.stale:
        return Decision(Verb.KEEP, Reason.STALE, until=until)
    if until > now:
        return Decision(Verb.KEEP, Reason.LEAVING, until=until)
    # An opportunity that is gone was not recovered: its time is over.
    resolution = Resolution.RECOVERED if policy.kind is AlertKind.PROBLEM else Resolution.EXPIRED
    return Decision(Verb.RESOLVE, Reason.LEFT, resolution=resolution)


def _waiting(previous: Previous, now: int) -> Decision:
    until = previous.held_until
    if until is None:
        return Decision(Verb.NONE, Reason.ALREADY_TOLD)
    if until <= now:
        return Decision(Verb.OPEN, previous.held_for)
    waits_for = Reason.COOLDOWN if previous.held_for is Reason.COOLDOWN_OVER else Reason.PENDING
    return Decision(Verb.NONE, waits_for, until=until, opens_as=previous.held_for)


def _entered(alert: LastAlert | None, now: int, policy: Policy) -> Decision:
    cool, ripe = _cool_at(alert, policy), now + policy.pending
    if cool is not None and cool > now and cool >= ripe:
        return Decision(Verb.HOLD, Reason.COOLDOWN, until=cool)
    reason = _opening(policy)
    # Whom a cooldown holds anyway is told once it is over, whatever the rule says of its backlog.
    cooling = cool is not None and cool > now
    if reason is Reason.BACKLOG_IGNORED and not cooling:
        return Decision(Verb.NONE, reason)
    if ripe <= now:
        return Decision(Verb.OPEN, reason)
    later = reason in (Reason.BACKLOG, Reason.BACKLOG_EACH) and not cooling
    return Decision(Verb.HOLD, Reason.PENDING, until=ripe, opens_as=reason if later else Reason.PENDING_OVER)


def _opening(policy: Policy) -> Reason:
    """Give the reason with which an alert opens at once, or why it does not."""
    if policy.change is None:
        return Reason.ENTERED
    backlogs = {
        Backlog.IGNORE: Reason.BACKLOG_IGNORED,
        Backlog.DIGEST: Reason.BACKLOG,
        Backlog.POST: Reason.BACKLOG_EACH,
    }
    return backlogs[policy.backlog]


def _cool_at(alert: LastAlert | None, policy: Policy) -> int | None:
    """Give when the cooldown after the latest alert is over.

    None follows an alert that the rule ended and not the customer: an edit that is taken back would otherwise hold
    everybody of its backlog, and tell each of them alone once the cooldown is over.
    """
    if alert is None or alert.resolved_at is None or alert.resolution is Resolution.RULE_CHANGED:
        return None
    return alert.resolved_at + policy.cooldown
