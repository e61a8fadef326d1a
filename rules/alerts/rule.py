"""What a rule is: a condition watched for, who is told, and what to do about it."""

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final, Self

from rules.instants import DAY


class RuleState(StrEnum):
    """Whether a rule is watched."""

    ACTIVE = "active"
    PAUSED = "paused"
    REMOVED = "removed"


class RuleChange(StrEnum):
    """What happened to a rule since a sweep last went through with it."""

    ADDED = "added"
    EDITED = "edited"
    RESUMED = "resumed"


class AlertKind(StrEnum):
    """What an alert is about: something that goes wrong, or something to make use of."""

    PROBLEM = "problem"
    OPPORTUNITY = "opportunity"


class Severity(StrEnum):
    """How much an alert matters."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Backlog(StrEnum):
    """What becomes of the customers for whom a rule holds already when it is first evaluated."""

    DIGEST = "digest"
    """They become alerts, told in one message."""
    IGNORE = "ignore"
    """They become no alerts until the condition has left and come again."""
    POST = "post"
    """They become alerts with a message each."""


class Unreadable(StrEnum):
    """What becomes of a message of unclear fate where Slack's history cannot be read."""

    REPEAT = "repeat"
    """After a while it is sent again: at worst it stands there twice."""
    HOLD = "hold"
    """It waits until somebody can say: at worst it comes late."""


WRITTEN: Final = {"pending": "for"}
"""Fields of a rule that people write otherwise: ``for`` is a word of Python's."""


@dataclass(frozen=True, slots=True)
class RuleBody:
    """What one version of a rule says. Lengths of time in milliseconds; an empty ``channel`` is the default one."""

    condition: str
    channel: str = ""
    kind: AlertKind = AlertKind.PROBLEM
    severity: Severity = Severity.MEDIUM
    backlog: Backlog = Backlog.DIGEST
    action: str = ""
    cooldown: int = DAY
    pending: int = 0
    """How long the condition must hold before an alert opens."""
    keep: int = 0
    """How long an alert stays open after the condition has ceased to hold: it may come back."""
    remind: int = 0
    """How often the thread of an alert that nobody claims is told so; 0: never."""
    escalate: str = ""
    """Whom an unclaimed alert is brought to: `rules.alerts.escalation`, in its one form."""
    hides: str = ""
    """Names of rules, with commas between, whose alerts are not told while one of this rule is open for the customer."""
    unreadable: Unreadable = Unreadable.REPEAT

    @property
    def hidden(self) -> tuple[str, ...]:
        """The names in ``hides``."""
        return tuple(name for name in self.hides.split(", ") if name)

    @classmethod
    def of(
        cls,
        *,
        condition: str,
        channel: str,
        kind: str,
        severity: str,
        backlog: str,
        action: str,
        cooldown: int,
        pending: int,
        keep: int,
        remind: int,
        escalate: str,
        hides: str,
        unreadable: str,
    ) -> Self:
        """Make one of the plain values that a table or a file holds."""
        return cls(
            condition=condition,
            channel=channel,
            kind=AlertKind(kind),
            severity=Severity(severity),
            backlog=Backlog(backlog),
            action=action,
            cooldown=cooldown,
            pending=pending,
            keep=keep,
            remind=remind,
            escalate=escalate,
            hides=hides,
            unreadable=Unreadable(unreadable),
        )


_UNSAID: Final = frozenset({"pending", "keep", "remind", "escalate", "hides", "unreadable"})


def difference(before: RuleBody | None, after: RuleBody) -> str:
    """Say how ``after`` differs from ``before``, a line ``- field: old`` and ``+ field: new`` for each change."""
    lines: list[str] = []
    for field in fields(RuleBody):
        old = getattr(before, field.name) if before else None
        new = getattr(after, field.name)
        if old == new:
            continue
        # A new rule tells what it says, and not what it leaves unsaid.
        if before is None and field.name in _UNSAID and new == field.default:
            continue
        name = WRITTEN.get(field.name, field.name)
        if old is not None:
            lines.append(f"- {name}: {old}")
        lines.append(f"+ {name}: {new}")
    return "\n".join(lines)
