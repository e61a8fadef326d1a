"""What becomes of a rule and a customer at a sweep: one pure decision, with its reason.

It must not know messages: who is told, and how, is asked afterwards.
"""

from dataclasses import dataclass

from rules.alerts.rule import AlertKind, Backlog, RuleChange
from rules.alerts.states import Reason, Resolution, Verb


@dataclass(frozen=True, slots=True)
class LastAlert:
    """What counts of the latest alert of a rule for a customer; ``resolved_at`` and ``resolution`` are set on one that ended."""

    snoozed_until: int | None = None
    resolved_at: int | None = None
    resolution: Resolution | None = None


@dataclass(frozen=True, slots=True)
class Previous:
    """How things stood: whether the rule held at its last sweep, a hold that it waits for, its latest alert."""

    matched: bool
    held_until: int | None = None
    alert: LastAlert | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """What the rule says about its alerts; ``cooldown`` in milliseconds.

    ``change`` is what happened to the rule's condition since a sweep last went through with it.
    """

    kind: AlertKind
    backlog: Backlog
    cooldown: int
    change: RuleChange | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, and why. ``until`` goes with a hold, ``resolution`` with the end of an alert."""

    verb: Verb
    reason: Reason
    until: int | None = None
    resolution: Resolution | None = None


def decide(previous: Previous, matched: bool, now: int, policy: Policy) -> Decision:
    """Decide what to do about one rule and one customer at ``now``, given whether the rule holds."""
    alert = previous.alert
    unresolved = alert is not None and alert.resolved_at is None
    if not matched:
        return _ended(policy) if unresolved else Decision(Verb.NONE, Reason.NOT_MATCHING)
    if alert is not None and unresolved:
        if alert.snoozed_until is not None and alert.snoozed_until <= now:
            return Decision(Verb.WAKE, Reason.SNOOZE_OVER)
        return Decision(Verb.KEEP, Reason.STILL_MATCHING)
    if previous.matched:
        return _waiting(previous.held_until, now)
    return _entered(alert, now, policy)


def _ended(policy: Policy) -> Decision:
    # A new rule has alerts only where its first sweep was cut short: who left since has left a rule that did not change.
    if policy.change in (RuleChange.EDITED, RuleChange.RESUMED):
        return Decision(Verb.RESOLVE, Reason.RULE_EDITED, resolution=Resolution.RULE_CHANGED)
    # An opportunity that is gone was not recovered: its time is over.
    resolution = Resolution.RECOVERED if policy.kind is AlertKind.PROBLEM else Resolution.EXPIRED
    return Decision(Verb.RESOLVE, Reason.LEFT, resolution=resolution)


def _waiting(held_until: int | None, now: int) -> Decision:
    if held_until is None:
        return Decision(Verb.NONE, Reason.ALREADY_TOLD)
    if held_until <= now:
        return Decision(Verb.OPEN, Reason.COOLDOWN_OVER)
    return Decision(Verb.NONE, Reason.COOLDOWN, until=held_until)


def _entered(alert: LastAlert | None, now: int, policy: Policy) -> Decision:
    cool = _cool_at(alert, policy)
    if cool is not None and cool > now:
        return Decision(Verb.HOLD, Reason.COOLDOWN, until=cool)
    if policy.change is not None and policy.backlog is Backlog.IGNORE:
        return Decision(Verb.NONE, Reason.BACKLOG_IGNORED)
    if policy.change is not None and policy.backlog is Backlog.DIGEST:
        return Decision(Verb.OPEN, Reason.BACKLOG)
    if policy.change is not None:
        return Decision(Verb.OPEN, Reason.BACKLOG_EACH)
    return Decision(Verb.OPEN, Reason.ENTERED)


def _cool_at(alert: LastAlert | None, policy: Policy) -> int | None:
    """Give when the cooldown after the latest alert is over.

    None follows an alert that the rule ended and not the customer: an edit that is taken back would otherwise hold
    everybody of its backlog, and tell each of them alone once the cooldown is over.
    """
    if alert is None or alert.resolved_at is None or alert.resolution is Resolution.RULE_CHANGED:
        return None
    return alert.resolved_at + policy.cooldown
