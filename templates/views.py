"""What messages are made from: plain, frozen values. Instants are milliseconds, amounts whole minor units.

It must not know storage: whoever renders fills these in.
"""

from dataclasses import dataclass

from rules.alerts.evidence import Evidence
from rules.alerts.rule import AlertKind, Severity
from rules.alerts.states import Reason, Resolution, Verb


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency."""

    minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Person:
    """A customer as alerts show one; ``url`` leads to the company's own CRM, where there is one."""

    external_id: str
    name: str | None = None
    segment: str | None = None
    owner: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class RuleView:
    """What an alert shows of the version of the rule that raised it."""

    name: str
    kind: AlertKind
    severity: Severity
    condition: str
    action: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an alert stands: a Slack id for whoever claimed, snoozed or resolved it."""

    claimed_by: str | None = None
    snoozed_until: int | None = None
    snoozed_by: str | None = None
    resolution: Resolution | None = None
    resolved_by: str | None = None
    resolved_at: int | None = None


@dataclass(frozen=True, slots=True)
class AlertView:
    """One alert; ``spent`` is what the customer spent in all when it opened, where anything."""

    id: int
    steps: int
    opened_at: int
    rule: RuleView
    customer: Person
    facts: tuple[Evidence, ...]
    standing: Standing
    spent: Money | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """One alert of a digest."""

    alert_id: int
    customer: Person
    standing: Standing
    spent: Money | None = None


@dataclass(frozen=True, slots=True)
class DigestView:
    """The backlog of a rule in one message. ``counts``: how many are open, and how many ended in which way.

    ``top`` are the most valuable of those still open.
    """

    root: int
    rule: RuleView
    counts: dict[str, int]
    claimed: int
    snoozed: int
    top: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class StepView:
    """One step of one alert's life; ``actor`` is a Slack id, where a person took it."""

    verb: Verb
    reason: Reason
    customer: Person
    actor: str | None = None
    until: int | None = None
    resolution: Resolution | None = None


@dataclass(frozen=True, slots=True)
class StepsView:
    """The steps that one reply tells."""

    steps: tuple[StepView, ...]
