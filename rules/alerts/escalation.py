"""Whom an alert that nobody claims is brought to, and after how long: the steps of a rule, read and written.

It must not know who owns a customer, nor Slack: a channel is a name or an id here.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

from rules.instants import DAY, HOUR, MINUTE

MOST_STEPS: Final = 5
LONGEST_WAIT: Final = 30 * DAY
_STEP: Final = re.compile(r"([0-9]{1,6})\s*(m|h|d)\s+(?:to\s+)?(\S+)\Z", re.IGNORECASE | re.ASCII)
_UNITS: Final = {"m": MINUTE, "h": HOUR, "d": DAY}
_LINK: Final = re.compile(r"<#([CG][A-Z0-9]+)(?:\|[^>]*)?>\Z")
_CHANNEL: Final = re.compile("(?:#[^\\s#<>&,.\x00\ud800-\udfff]{1,80}|[CG][A-Z0-9]{6,20})\\Z")


class Target(StrEnum):
    """Whom a step turns to."""

    OWNER = "owner"
    """Who looks after the customer; the managers, where nobody does."""
    MANAGER = "manager"
    CHANNEL = "channel"


@dataclass(frozen=True, slots=True)
class EscalationStep:
    """An alert that is unclaimed ``after`` milliseconds is brought to ``target``; ``channel`` goes with a channel."""

    after: int
    target: Target
    channel: str = ""

    def __str__(self) -> str:
        """Write the step as it is read: ``2h owner``."""
        name, length = next(
            (unit, size) for unit, size in (("d", DAY), ("h", HOUR), ("m", MINUTE)) if self.after % size == 0
        )
        return f"{self.after // length}{name} {self.channel or self.target}"


def read_escalation(text: str) -> tuple[EscalationStep, ...]:
    """Read ``2h owner, 8h manager, 1d #leads`` (semicolons will do), each step later than the one before; raises `ValueError`."""
    steps = tuple(_step(part.strip()) for part in re.split("[,;]", text)) if text.strip() else ()
    if len(steps) > MOST_STEPS or any(a.after >= b.after for a, b in pairwise(steps)):
        raise ValueError(text)
    return steps


def escalation_text(steps: tuple[EscalationStep, ...]) -> str:
    """Write steps in their one form; `read_escalation` reads it back."""
    return ", ".join(str(step) for step in steps)


def _step(text: str) -> EscalationStep:
    found = _STEP.match(text)
    if found is None:
        raise ValueError(text)
    after, said = int(found[1]) * _UNITS[found[2].lower()], found[3]
    if not 0 < after <= LONGEST_WAIT:
        raise ValueError(text)
    link = _LINK.match(said)
    if link or _CHANNEL.match(said):
        return EscalationStep(after, Target.CHANNEL, link[1] if link else said)
    word = said.casefold().removesuffix("s")
    if word not in (Target.OWNER, Target.MANAGER):
        raise ValueError(text)
    return EscalationStep(after, Target(word))
