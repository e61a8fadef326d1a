"""Life cycles for tests: random ones, and what a condition means under one, the slow way.

The judge shares nothing with `rules.lifecycle.resolve`: it asks a customer's label of a family by going through the
definitions one after the other, and then compares texts.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from rules.conditions.parse import parse
from rules.conditions.print import to_text
from rules.conditions.terms import Derived, Family, Field, Own
from rules.conditions.tree import Among, And, Compare, Condition, Holds, Not, Operator, Or, Test, Text, Value
from rules.lifecycle.definitions import FIXED, Definition, Lifecycle, Name
from tests.exactness.conditions import TESTS
from tests.rules.conditions.oracle import Oracle, compare
from tests.rules.lifecycle.slow_health import some_health

SEGMENTS = ("vip", "other", "big")
LABELED = (Family.STATUS, Family.STAGE, Family.TYPE, Family.VALUE_TIER)
read = lru_cache(maxsize=10_000)(parse)


@dataclass(frozen=True)
class LifecycleOracle:
    """Answers for one person at one instant under a life cycle."""

    oracle: Oracle
    lifecycle: Lifecycle

    def holds(self, tree: Condition) -> bool:
        known = self.oracle.person.known_since
        return known is not None and known <= self.oracle.now and self._holds(tree, None)

    def label(self, family: Family) -> str | None:
        return next((one.name.label for one in self.lifecycle.of(family) if self._says(one)), None)

    def labels(self, family: Family) -> set[str]:
        return {one.name.label for one in self.lifecycle.of(family) if self._says(one)}

    def _says(self, definition: Definition) -> bool:
        return self._holds(read(definition.condition), definition.name.family)

    def _holds(self, tree: Condition, inside: Family | None) -> bool:
        match tree:
            case And(parts):
                return all(self._holds(part, inside) for part in parts)
            case Or(parts):
                return any(self._holds(part, inside) for part in parts)
            case Not(part):
                return not self._holds(part, inside)
            case Holds(Derived(Family.ACTIVE)):
                return self._active()
            case _ if isinstance(tree.subject, Derived):
                return self._test(tree, tree.subject.family)
            case _ if tree.subject == Field(Own.SEGMENT) and inside is not Family.SEGMENT:
                return self._segment(tree)
            case _:
                return self.oracle.holds(tree)

    def _active(self) -> bool:
        for one in self.lifecycle.of(Family.ACTIVE):
            if one.name.label and self._holds(read(f'segment = "{one.name.label}"'), None):
                return self._says(one)
        everybody = self.lifecycle.get(Name(Family.ACTIVE))
        return everybody is not None and self._says(everybody)

    def _test(self, test: Test, family: Family) -> bool:
        if family in (Family.ACTIVE, Family.SEGMENT):
            return False
        held = self.labels(family) if family is Family.TYPE else {self.label(family)} - {None}
        match test:
            case Compare(_, Operator.EQUAL, Text(text)):
                return any(compare(label, "=", Text(text)) for label in held)
            case Compare(_, Operator.UNEQUAL, Text(text)):
                if family is Family.TYPE:
                    return not any(compare(label, "=", Text(text)) for label in held)
                return any(compare(label, "!=", Text(text)) for label in held)
            case Among(_, values):
                return any(compare(label, "=", value) for value in values for label in held)
            case _:
                return False

    def _segment(self, test: Test) -> bool:
        match test:
            case Compare(_, Operator.EQUAL, value):
                return self._in_segment(test, value)
            case Compare(_, Operator.UNEQUAL, value) if self._segment_called(value):
                return not self._in_segment(test, value)
            case Among(_, values):
                return any(self._in_segment(test, value) for value in values)
            case _:
                return self.oracle.holds(test)

    def _in_segment(self, test: Test, value: Value) -> bool:
        definition = self._segment_called(value)
        if definition is not None:
            return self._says(definition)
        return self.oracle.holds(Compare(test.subject, Operator.EQUAL, value))

    def _segment_called(self, value: Value) -> Definition | None:
        for one in self.lifecycle.of(Family.SEGMENT):
            if isinstance(value, Text) and compare(one.name.label, "=", value):
                return one
        return None


def lifecycle(chance: random.Random) -> Lifecycle:
    """Make a life cycle of random definitions, in a random order, of which the later refer to the earlier families."""
    labeled = [*LABELED]
    chance.shuffle(labeled)
    families = [Family.SEGMENT, *labeled]
    families.insert(chance.randint(1, len(families)), Family.ACTIVE)
    found: dict[Name, str] = {}
    for place, family in enumerate(families):
        for label in _labels(chance, family):
            found[Name(family, label)] = definition(chance, families[:place])
    names = list(found)
    chance.shuffle(names)
    made = Lifecycle().having({name: found[name] for name in names})
    return replace(made, health=some_health(chance))


def redefined(chance: random.Random, before: Lifecycle) -> Lifecycle:
    """Change one definition or two; mostly so that the life cycle is still sound, and elsewhere a new one."""
    if chance.random() < 0.3:
        return lifecycle(chance)
    if chance.random() < 0.3:
        return replace(before, health=some_health(chance))
    some = chance.sample(before.definitions, min(len(before.definitions), chance.choice((1, 1, 2))))
    return before.having({one.name: definition(chance, ()) for one in some})


def definition(chance: random.Random, families: Sequence[Family]) -> str:
    """Make the condition of a definition, that may refer to ``families``."""
    parts = [
        derived(chance, families)
        if families and chance.random() < 0.5
        else chance.choice(list(TESTS.values()))(chance)
        for _ in range(chance.choice((1, 1, 2)))
    ]
    if chance.random() < 0.2:
        parts[0] = f"not {parts[0]}"
    return to_text(parse(chance.choice((" and ", " or ")).join(parts)))


def derived(chance: random.Random, families: Sequence[Family] = tuple(Family)) -> str:
    """Make a test of a derived field of one of ``families``."""
    family = chance.choice(families)
    if family is Family.ACTIVE:
        return chance.choice(("active", "not active"))
    labels = SEGMENTS if family is Family.SEGMENT else FIXED[family]
    one, other = chance.choice(labels), chance.choice(labels)
    return f"{family} " + chance.choice((f"= {one}", f"= {one}", f"!= {one}", f"in ({one}, {other})"))


def _labels(chance: random.Random, family: Family) -> Sequence[str]:
    if family is Family.ACTIVE:
        return ("", *chance.sample(SEGMENTS, chance.choice((0, 0, 1, 2))))
    if family is Family.SEGMENT:
        return chance.sample(SEGMENTS[1:], chance.choice((0, 1, 2)))
    return FIXED[family]
