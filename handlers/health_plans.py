"""What is to become of how health is worked out: another weight, another part or scale, a part taken away.

Each is a change of the life cycle like any other: a version, audited, shown before it is made. It must not know who
asks.
"""

from dataclasses import replace
from typing import ClassVar, Final

from handlers import rule_changes
from handlers.lifecycle_plans import HEALTH, Change, Planned, in_use
from rules.conditions.check import Accepted
from rules.conditions.suggest import nearest
from rules.conditions.tree import Holds
from rules.errors import WarmlineError
from rules.lifecycle import health_text
from rules.lifecycle.definitions import Lifecycle
from rules.lifecycle.health import Health
from rules.lifecycle.presets import presets
from storage.database import Transaction

REMOVE: Final = "remove"
WORDS: Final = ("weight", "part")


class NoHealthError(WarmlineError):
    """The life cycle in use does not say how health is worked out; ``preset`` is one that does."""

    code: ClassVar[str] = "no_health"


class UnknownHealthWordError(WarmlineError):
    """``text`` is nothing that can be done to health; ``nearest`` are those that it may be a slip for."""

    code: ClassVar[str] = "unknown_health_word"


def in_force(tx: Transaction) -> tuple[Lifecycle, Health]:
    """Give the life cycle in use and how health is worked out in it.

    Raises `NoHealthError` or `handlers.lifecycle_plans.NoLifecycleError`.
    """
    found = in_use(tx)
    if found.health is None:
        raise NoHealthError(preset=found.preset if found.preset in presets() else next(iter(presets())))
    return found, found.health


def typed(what: str, how: str) -> Planned:
    """Plan what is typed in one line: ``weight engagement`` and ``40``, ``part engagement`` and a part, or ``… remove``."""
    word, _, dimension = what.strip().partition(" ")
    match word.casefold():
        case "weight":
            return weighing(dimension, how)
        case "part":
            term, scale, weight = health_text.typed_part(how)
            if not scale and term.casefold().endswith(f" {REMOVE}"):
                return dropping(dimension, term[: -len(REMOVE)])
            return scaling(dimension, term, scale, weight)
        case _:
            found = nearest(word[:40], WORDS)
            raise UnknownHealthWordError(text=word[:40], nearest=[] if found is None else [found])


def weighing(dimension: str, weight: str) -> Planned:
    """Plan to let a dimension count more or less, or, with a weight of 0, not at all."""

    def plan(tx: Transaction) -> Change:
        before, health = in_force(tx)
        wanted = health_text.dimension_of(dimension)
        after = health_text.with_weight(health, wanted, health_text.weight_of(weight, wanted, least=0))
        return Change(HEALTH, HEALTH, before, replace(before, health=after))

    return plan


def scaling(dimension: str, term: str, scale: str, weight: str | None = None) -> Planned:
    """Plan to give a dimension another part, or a part of it another scale; one that is there keeps its weight if none is said."""

    def plan(tx: Transaction) -> Change:
        before, health = in_force(tx)
        wanted = health_text.dimension_of(dimension)
        said = 1 if weight is None else health_text.weight_of(weight, term, least=1)
        part, warnings = health_text.part_of(term, scale, said, rule_changes.vocabulary(tx))
        there = {one.text: one.weight for one in health.of(wanted).parts}
        if weight is None:
            part = replace(part, weight=there.get(part.text, said))
        after = health_text.with_part(health, wanted, part)
        accepted = Accepted(term, part.text, Holds(part.term), warnings)
        return Change(HEALTH, HEALTH, before, replace(before, health=after), accepted)

    return plan


def dropping(dimension: str, term: str) -> Planned:
    """Plan to take a part away from a dimension."""

    def plan(tx: Transaction) -> Change:
        before, health = in_force(tx)
        wanted = health_text.dimension_of(dimension)
        text = health_text.term_text(term, rule_changes.vocabulary(tx))
        return Change(
            HEALTH, HEALTH, before, replace(before, health=health_text.without_part(health, wanted, text))
        )

    return plan
