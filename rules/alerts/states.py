"""The words for where an alert stands, what happened to it and why."""

from enum import StrEnum


class AlertState(StrEnum):
    """Where an alert stands; claimed and snoozed are said on the side of an open one."""

    OPEN = "open"
    RESOLVED = "resolved"


class Resolution(StrEnum):
    """How an alert ended."""

    RECOVERED = "recovered"
    LOST = "lost"
    NOT_AN_ISSUE = "not_an_issue"
    EXPIRED = "expired"
    RULE_CHANGED = "rule_changed"


class Verb(StrEnum):
    """What is done to an alert."""

    OPEN = "open"
    KEEP = "keep"
    HOLD = "hold"
    WAKE = "wake"
    RESOLVE = "resolve"
    NONE = "none"
    CLAIM = "claim"
    UNCLAIM = "unclaim"
    SNOOZE = "snooze"
    REMIND = "remind"
    ESCALATE = "escalate"


class Reason(StrEnum):
    """Why it is done, or not done."""

    ENTERED = "entered"
    """The condition came to hold."""
    BACKLOG = "backlog"
    """The condition held already when the rule was first evaluated as it now reads."""
    BACKLOG_EACH = "backlog_each"
    """As ``backlog``, of a rule that asks for a message each."""
    COOLDOWN_OVER = "cooldown_over"
    """The condition came to hold again while the last alert cooled down, and still does."""
    PENDING_OVER = "pending_over"
    """The condition has held for as long as the rule asks before it tells."""
    STILL_MATCHING = "still_matching"
    SNOOZE_OVER = "snooze_over"
    WORSENED = "worsened"
    """It was snoozed until it worsens, and did."""
    LEFT = "left"
    """The condition holds no longer."""
    LEAVING = "leaving"
    """The condition holds no longer; the rule keeps the alert open for a while, for it may come back."""
    CAME_BACK = "came_back"
    """The condition came to hold again while the alert was kept open."""
    STALE = "stale"
    """The condition holds no longer, but a source that it looks at has stopped: nobody can say that it is so."""
    LATE_EVENT = "late_event"
    """An event that came in late shows that the condition did not hold when the alert opened."""
    RULE_EDITED = "rule_edited"
    """The rule was edited, or resumed after a pause, and does not hold for this customer as it now reads."""
    RULE_REMOVED = "rule_removed"
    COOLDOWN = "cooldown"
    """The last alert of this rule for this customer ended a short while ago."""
    PENDING = "pending"
    """The condition has not held for as long yet as the rule asks."""
    BACKLOG_IGNORED = "backlog_ignored"
    """The condition held already, and the rule says to ignore those."""
    ALREADY_TOLD = "already_told"
    """This stretch of the condition has had its alert, and a person resolved it, or it was to be ignored."""
    NOT_MATCHING = "not_matching"
    TOO_OLD = "too_old"
    """A manager ended the old alerts of a rule together."""
    BY_PERSON = "by_person"
    UNCLAIMED = "unclaimed"
    """It was told, and nobody has claimed it since."""
