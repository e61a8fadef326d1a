"""A colleague as the directory knows one, and whom a step of an escalation therefore turns to. Pure.

It must not know how the directory is asked.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from rules.alerts.escalation import EscalationStep, Target


class Found(StrEnum):
    """What the directory says of a name."""

    THERE = "there"
    GONE = "gone"
    """It was a colleague, who has left."""
    UNKNOWN = "unknown"
    """Nobody bears it."""
    UNANSWERED = "unanswered"
    """Nobody could be asked."""


class Lacks(StrEnum):
    """Why a step that turns to the owner goes to the managers instead."""

    NOBODY = "nobody"
    """Nobody owns the customer."""
    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Colleague:
    """What was found out about a name: the Slack id of whoever bears it, where anybody does."""

    found: Found
    id: str = ""


@dataclass(frozen=True, slots=True)
class Brought:
    """Whom a step turns to: those who are mentioned, and what the owner lacks where it goes to the managers instead."""

    to: tuple[str, ...]
    target: Target
    lacks: Lacks | None = None


def brought(
    step: EscalationStep, owner: str | None, colleague: Colleague | None, managers: Iterable[str]
) -> Brought:
    """Say whom ``step`` turns to, given the customer's owner and what the directory says of that name.

    Where nobody could be asked, the name stands as it is: an id mentions all the same, an address is read.
    """
    if step.target is Target.CHANNEL:
        return Brought((), Target.CHANNEL)
    leaders = tuple(sorted(managers))
    if step.target is Target.MANAGER:
        return Brought(leaders, Target.MANAGER)
    if not owner:
        return Brought(leaders, Target.OWNER, Lacks.NOBODY)
    if colleague is None or colleague.found is Found.UNANSWERED:
        return Brought((owner,), Target.OWNER)
    if colleague.found is Found.THERE:
        return Brought((colleague.id,), Target.OWNER)
    lacks = Lacks.GONE if colleague.found is Found.GONE else Lacks.UNKNOWN
    return Brought(leaders, Target.OWNER, lacks)
