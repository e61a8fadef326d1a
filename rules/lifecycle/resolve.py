"""What a condition comes to under a life cycle: every derived field replaced by what its definition says.

What is left asks only for terms, so that all that is known of conditions (columns, flips, timers, reach, evidence)
holds of it unchanged. Of a first-match family a label holds where its definition does and none before it does. It
must not know where definitions are kept.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from typing import ClassVar, Final

from rules.conditions.names import BadNameError, name_of
from rules.conditions.terms import Derived, Family, Field, Own, Subject
from rules.conditions.tree import (
    Among,
    And,
    Compare,
    Condition,
    Holds,
    Not,
    Number,
    Operator,
    Or,
    Test,
    Text,
    Value,
    leaves,
    size,
)
from rules.errors import WarmlineError
from rules.lifecycle.definitions import FIRST_MATCH, Definition, Lifecycle, Name

MOST_NODES: Final = 4_000
"""Of a condition once its names are replaced: some tens of milliseconds for 50,000 customers."""
MOST_STEPS: Final = 8
"""So deep may definitions refer to one another."""


class DefinitionCycleError(WarmlineError):
    """A definition refers to itself: ``path`` is the names from it to itself again."""

    code: ClassVar[str] = "definition_cycle"


class DefinitionTooDeepError(WarmlineError):
    """The definition ``name`` refers to others, and they to others, by more than ``limit`` steps."""

    code: ClassVar[str] = "definition_too_deep"


class MeaningTooLargeError(WarmlineError):
    """With its definitions put in, a condition has more than ``limit`` parts."""

    code: ClassVar[str] = "meaning_too_large"


@lru_cache(maxsize=8_192)
def resolve(tree: Condition, lifecycle: Lifecycle) -> Condition:
    """Give ``tree`` with every derived field replaced; without any it is the very same.

    Without a life cycle no derived field holds. Raises `DefinitionCycleError`, `DefinitionTooDeepError` or
    `MeaningTooLargeError`, none of them under a life cycle that `sound.refuse_unsound` let pass, but the last.
    """
    if not any(is_derived(test.subject, lifecycle) for test in leaves(tree)):
        return tree
    return _resolver(lifecycle).condition(tree)


@lru_cache(maxsize=64)
def meanings(lifecycle: Lifecycle) -> Mapping[Name, Condition]:
    """Give what each definition comes to by itself, whatever stands before it. Raises as `resolve` does."""
    resolver = _resolver(lifecycle)
    return {one.name: resolver.alone(one.name) for one in lifecycle.definitions}


def variants(lifecycle: Lifecycle) -> list[str]:
    """Give the segments that have an `active` of their own, in their order."""
    return [one.name.label for one in lifecycle.of(Family.ACTIVE) if one.name.label]


# Replacing


@dataclass(frozen=True, slots=True)
class _Said:
    """A condition, or what is true or false of everybody, how many nodes it has, and how deep names stood in names."""

    tree: Condition | bool
    size: int
    steps: int = 0


_YES: Final = _Said(True, 0)
_NO: Final = _Said(False, 0)
_EVERYBODY: Final = Compare(Field(Own.TENURE), Operator.AT_LEAST, Number(Fraction(0)))
"""Nobody has been known for less than no time at all."""
_NOBODY: Final = Compare(Field(Own.TENURE), Operator.LESS, Number(Fraction(0)))
_CONSTANTS: Final[Mapping[Condition, _Said]] = {_EVERYBODY: _YES, _NOBODY: _NO}


@lru_cache(maxsize=64)
def _resolver(lifecycle: Lifecycle) -> "_Resolver":
    return _Resolver(lifecycle)


@dataclass
class _Resolver:
    """Replaces names under one life cycle; what a definition comes to is found out once."""

    lifecycle: Lifecycle
    found: dict[tuple[Name, bool], _Said] = field(default_factory=dict)

    def condition(self, tree: Condition) -> Condition:
        return _whole(self._said(tree, (), None))

    def alone(self, name: Name) -> Condition:
        return _whole(self._definition(name, ()))

    def _said(self, tree: Condition, path: tuple[Name, ...], inside: Family | None) -> _Said:
        match tree:
            case And(parts):
                return _all(self._said(part, path, inside) for part in parts)
            case Or(parts):
                return _any(self._said(part, path, inside) for part in parts)
            case Not(part):
                return _not(self._said(part, path, inside))
            case _ if is_derived(tree.subject, self.lifecycle, inside=inside):
                return self._test(tree, path)
            case _:
                return _CONSTANTS.get(tree) or _Said(tree, size(tree))

    def _test(self, test: Test, path: tuple[Name, ...]) -> _Said:
        family = family_of(test.subject)
        match test:
            case Holds():
                return self._active(path) if family is Family.ACTIVE else _NO
            case Compare(_, Operator.EQUAL, value):
                return self._is(family, test, value, path)
            case Compare(_, Operator.UNEQUAL, value):
                return self._is_not(family, test, value, path)
            case Among(_, values):
                return _any(self._is(family, test, value, path) for value in values)
            case _:
                # Names have no order, nor parts; of the customer's own text, parts are asked.
                return _Said(test, size(test)) if family is Family.SEGMENT else _NO

    def _is(self, family: Family, test: Test, value: Value, path: tuple[Name, ...]) -> _Said:
        label = label_of(value)
        definition = self.lifecycle.get(Name(family, label)) if label else None
        if definition is None:
            if family is not Family.SEGMENT:
                return _NO
            own = Compare(test.subject, Operator.EQUAL, value, span=test.span)
            return _Said(own, size(own))
        return self._first(definition.name, path)

    def _is_not(self, family: Family, test: Test, value: Value, path: tuple[Name, ...]) -> _Said:
        if family is Family.SEGMENT and self.lifecycle.get(Name(family, label_of(value))) is None:
            return _Said(test, size(test))
        other = _not(self._is(family, test, value, path))
        if family not in FIRST_MATCH:
            return other
        known = _any(self._definition(one.name, path) for one in self.lifecycle.of(family))
        return _all((known, other))

    def _first(self, name: Name, path: tuple[Name, ...]) -> _Said:
        """Give where a label is the customer's: its definition holds, and none does that goes before it."""
        if name.family not in FIRST_MATCH:
            return self._definition(name, path)
        return self._kept((name, True), lambda: self._not_before(name, path))

    def _not_before(self, name: Name, path: tuple[Name, ...]) -> _Said:
        family = [one.name for one in self.lifecycle.of(name.family)]
        before = family[: family.index(name)]
        parts = [self._definition(name, path), *(_not(self._definition(one, path)) for one in before)]
        return _all(parts)

    def _active(self, path: tuple[Name, ...]) -> _Said:
        """Give where a customer is active: by the first of the segments that have a definition of their own."""
        parts: list[_Said] = []
        others: list[_Said] = []
        for segment in variants(self.lifecycle):
            value = Text(segment)
            test = Compare(Field(Own.SEGMENT), Operator.EQUAL, value)
            own = Name(Family.ACTIVE, segment)
            within = self._is(Family.SEGMENT, test, value, (*path, own))
            parts.append(_all((self._definition(own, path), within, *others)))
            others.append(_not(within))
        parts.append(_all((self._definition(Name(Family.ACTIVE), path), *others)))
        return _any(parts)

    def _definition(self, name: Name, path: tuple[Name, ...]) -> _Said:
        """Give what a definition says by itself."""
        if name in path:
            raise DefinitionCycleError(path=[str(one) for one in (*path[path.index(name) :], name)])
        definition = self.lifecycle.get(name)
        if definition is None:
            return _NO
        return self._kept((name, False), lambda: self._stepped(definition, path))

    def _stepped(self, definition: Definition, path: tuple[Name, ...]) -> _Said:
        name = definition.name
        said = self._said(definition.tree, (*path, name), name.family)
        if said.steps == MOST_STEPS or len(path) > MOST_STEPS:
            raise DefinitionTooDeepError(name=str(path[0] if path else name), limit=MOST_STEPS)
        return replace(said, steps=said.steps + 1)

    def _kept(self, key: tuple[Name, bool], make: Callable[[], _Said]) -> _Said:
        if key not in self.found:
            self.found[key] = make()
        return self.found[key]


def is_derived(subject: Subject, lifecycle: Lifecycle, *, inside: Family | None = None) -> bool:
    """Tell whether definitions answer ``subject``; ``inside`` says in whose family's definition it stands."""
    if isinstance(subject, Derived):
        return True
    # What a segment is made of is what the customer's own text says, or segments would be made of themselves.
    own = subject == Field(Own.SEGMENT) and inside is not Family.SEGMENT
    return own and bool(lifecycle.of(Family.SEGMENT))


def family_of(subject: Subject) -> Family:
    """Give the family whose definitions answer ``subject``."""
    return subject.family if isinstance(subject, Derived) else Family.SEGMENT


def label_of(value: Value) -> str:
    """Give the label that a constant stands for; nothing for what is none."""
    try:
        return name_of(value.value) if isinstance(value, Text) else ""
    except BadNameError:
        return ""


def _whole(said: _Said) -> Condition:
    if isinstance(said.tree, bool):
        return _EVERYBODY if said.tree else _NOBODY
    return said.tree


def _all(parts: Iterable[_Said]) -> _Said:
    given = list(parts)
    if any(part.tree is False for part in given):
        return _NO
    return _joined(And, given, _YES)


def _any(parts: Iterable[_Said]) -> _Said:
    given = list(parts)
    if any(part.tree is True for part in given):
        return _YES
    return _joined(Or, given, _NO)


def _joined(kind: type[And | Or], parts: list[_Said], nothing: _Said) -> _Said:
    trees = list(dict.fromkeys(part for part in parts if not isinstance(part.tree, bool)))
    if not trees:
        return nothing
    if len(trees) == 1:
        return trees[0]
    whole = 1 + sum(part.size for part in trees)
    if whole > MOST_NODES:
        raise MeaningTooLargeError(limit=MOST_NODES)
    found = tuple(part.tree for part in trees if not isinstance(part.tree, bool))
    return _Said(kind(found), whole, max(part.steps for part in trees))


def _not(part: _Said) -> _Said:
    if isinstance(part.tree, bool):
        return _NO if part.tree else _YES
    if isinstance(part.tree, Not):
        return _Said(part.tree.part, part.size - 1, part.steps)
    return _Said(Not(part.tree), part.size + 1, part.steps)
