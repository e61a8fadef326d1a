"""What a rule is: a condition watched for, who is told, and what to do about it."""

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Self

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


@dataclass(frozen=True, slots=True)
class RuleBody:
    """What one version of a rule says. ``cooldown`` in milliseconds; an empty ``channel`` is the default one."""

    condition: str
    channel: str = ""
    kind: AlertKind = AlertKind.PROBLEM
    severity: Severity = Severity.MEDIUM
    backlog: Backlog = Backlog.DIGEST
    action: str = ""
    cooldown: int = DAY

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
        )


def difference(before: RuleBody | None, after: RuleBody) -> str:
    """Say how ``after`` differs from ``before``, a line ``- field: old`` and ``+ field: new`` for each change."""
    lines: list[str] = []
    for field in fields(RuleBody):
        old = getattr(before, field.name) if before else None
        new = getattr(after, field.name)
        if old == new:
            continue
        if old is not None:
            lines.append(f"- {field.name}: {old}")
        lines.append(f"+ {field.name}: {new}")
    return "\n".join(lines)
