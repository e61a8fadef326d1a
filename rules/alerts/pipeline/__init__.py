"""Whether, when and with what an open alert is told: one visible tuple of stages, each a pure function of its own.

A stage looks at all the alerts that nobody has been told of, and lets through or holds back; what is held back keeps the
stage and the reason, and is asked again. What comes through all of them is put into messages by `group`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rules.alerts.pipeline.budget import budget
from rules.alerts.pipeline.group import Bundle, group
from rules.alerts.pipeline.inhibit import inhibit
from rules.alerts.pipeline.quiet import quiet
from rules.alerts.pipeline.silence import silence
from rules.alerts.pipeline.snooze import snooze
from rules.alerts.pipeline.stage import Around, Held, Passed, StageOf, Untold
from rules.alerts.pipeline.stale import stale

PIPELINE: Final[tuple[StageOf, ...]] = (stale, inhibit, snooze, silence, quiet, budget)
"""The stages in their order."""


@dataclass(frozen=True, slots=True)
class Told:
    """What becomes of alerts: the messages that tell some of them, and those that are held back."""

    bundles: tuple[Bundle, ...]
    held: tuple[Held, ...]


def run(untold: Sequence[Untold], around: Around) -> Told:
    """Send alerts through the pipeline; each comes out exactly once, in a message or held back."""
    passed = _through(PIPELINE, untold, around)
    return Told(group(passed.through, around), passed.held)


def barred(untold: Sequence[Untold], around: Around) -> tuple[Held, ...]:
    """Give what is held back by a stage that goes ahead of the channel's own: not even a digest is to tell it."""
    return _through(PIPELINE[: PIPELINE.index(quiet)], untold, around).held


def _through(stages: Sequence[StageOf], untold: Sequence[Untold], around: Around) -> Passed:
    through, held = tuple(untold), list[Held]()
    for stage in stages:
        passed = stage(through, around)
        through = passed.through
        held += passed.held
    return Passed(through, tuple(held))
