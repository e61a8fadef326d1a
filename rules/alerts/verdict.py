"""What there is to say of a rule and a customer, whether or not there ever was an alert: one word. Pure.

Derived from what is stored, so that it can be asked at any time and of any pair.
"""

from dataclasses import dataclass
from enum import StrEnum

from rules.alerts.retry import Delivery
from rules.alerts.rule import Backlog, RuleState


class Verdict(StrEnum):
    """How it stands with a rule and a customer."""

    TOLD = "told"
    ON_ITS_WAY = "on_its_way"
    UNDELIVERED = "undelivered"
    """The message could not be delivered."""
    HELD = "held"
    """An alert is open, and a stage of the pipeline holds it back."""
    DUE = "due"
    """An alert is open and is told at the next tick."""
    PAUSED = "paused"
    NEW = "new"
    """No sweep has looked at the rule yet."""
    TURNED = "turned"
    """It holds now, and the last sweep found that it did not."""
    NOT_MATCHING = "not_matching"
    COOLDOWN = "cooldown"
    """It holds, and the last alert ended a short while ago."""
    PENDING = "pending"
    """It holds, and has to for a while before an alert opens."""
    ENDED_BY_PERSON = "ended_by_person"
    """It holds, and somebody said how the alert of this stretch ended."""
    BACKLOG_IGNORED = "backlog_ignored"
    """It held already when the rule was new, and the rule says to ignore those."""


@dataclass(frozen=True, slots=True)
class Latest:
    """The latest alert of a pair: ``told`` once a message tells it, which stands at ``delivery``."""

    unresolved: bool
    told: bool
    delivery: Delivery | None
    held: bool
    resolved_at: int | None
    by_person: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """What is stored of a rule and a customer; ``since`` when the rule matches, by the last sweep."""

    state: RuleState
    swept: bool
    holds_now: bool
    since: int | None
    held_until: int | None
    cooldown: int
    backlog: Backlog
    latest: Latest | None


def verdict(pair: Pair) -> Verdict:
    """Say how it stands."""
    latest = pair.latest
    if latest is not None and latest.unresolved:
        told = latest.told or pair.state is RuleState.ACTIVE
        # What nobody was told of is not told either while nobody can say that it is still so.
        return _open(latest) if told else Verdict.PAUSED
    if pair.state is not RuleState.ACTIVE:
        return Verdict.PAUSED
    if not pair.swept:
        return Verdict.NEW
    if pair.since is None:
        return Verdict.TURNED if pair.holds_now else Verdict.NOT_MATCHING
    if pair.held_until is not None:
        cools = (
            latest is not None
            and latest.resolved_at is not None
            and pair.held_until == latest.resolved_at + pair.cooldown
        )
        return Verdict.COOLDOWN if cools else Verdict.PENDING
    if latest is not None and latest.by_person and (latest.resolved_at or 0) >= pair.since:
        return Verdict.ENDED_BY_PERSON
    if pair.backlog is Backlog.IGNORE:
        return Verdict.BACKLOG_IGNORED
    return Verdict.ENDED_BY_PERSON if latest is not None else Verdict.PENDING


def _open(latest: Latest) -> Verdict:
    if latest.told:
        match latest.delivery:
            case Delivery.SENT:
                return Verdict.TOLD
            case Delivery.DEAD | Delivery.EXPIRED:
                return Verdict.UNDELIVERED
            case _:
                return Verdict.ON_ITS_WAY
    return Verdict.HELD if latest.held else Verdict.DUE
