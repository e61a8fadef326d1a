"""Whether definitions can stand together: no circles, bounded, and no history that would hang on a fit.

It must not know who wants to change them.
"""

from collections.abc import Iterable
from typing import ClassVar, Final

from rules.conditions.print import subject_text
from rules.conditions.terms import Family
from rules.conditions.tree import Among, Compare, Condition, Operator, Test, Value, leaves
from rules.errors import WarmlineError
from rules.lifecycle.definitions import MOST_DEFINITIONS, UNFITTED, Definition, Lifecycle, Name
from rules.lifecycle.resolve import family_of, is_derived, label_of, meanings, variants

FITTED: Final = frozenset({"p_alive", "expected_purchases", "clv", "clv_rank", "value_tier", "health"})
"""Fields whose values change with a refit, although nothing happened."""


class FittedDefinitionError(WarmlineError):
    """The definition ``name`` hangs on the fitted ``field``, through ``path``; its history could not be kept."""

    code: ClassVar[str] = "fitted_definition"


class TooManyDefinitionsError(WarmlineError):
    """More than ``limit`` definitions."""

    code: ClassVar[str] = "too_many_definitions"


def refuse_unsound(lifecycle: Lifecycle) -> None:
    """Raise where definitions go in circles, too deep, grow too large, or where a history would hang on a fit."""
    if len(lifecycle.definitions) > MOST_DEFINITIONS:
        raise TooManyDefinitionsError(limit=MOST_DEFINITIONS)
    meanings(lifecycle)
    kept = [one for one in lifecycle.definitions if one.name.family in UNFITTED]
    # Those that say so themselves first: whoever edits one is told of that one, and not of others that refer to it.
    for definition in kept:
        _refuse_fields(definition, (definition.name,))
    for definition in kept:
        _refuse_fitted(definition.name, lifecycle, (definition.name,), set())


def referred(tree: Condition, lifecycle: Lifecycle, *, inside: Family | None = None) -> tuple[Name, ...]:
    """Give the definitions that ``tree`` refers to itself; ``inside`` says in whose family's definition it stands."""
    return tuple(
        dict.fromkeys(
            name
            for test in leaves(tree)
            if is_derived(test.subject, lifecycle, inside=inside)
            for name in _asked(test, lifecycle)
        )
    )


def _asked(test: Test, lifecycle: Lifecycle) -> Iterable[Name]:
    family = family_of(test.subject)
    if family in {Family.SEGMENT, Family.TYPE}:
        labels = [label_of(value) for value in _values(test)]
        return (one.name for one in lifecycle.of(family) if one.name.label in labels)
    # The order of a family, and whether it says anything, hang on all of it.
    return (one.name for one in lifecycle.of(family))


def _refuse_fields(definition: Definition, path: tuple[Name, ...]) -> None:
    for test in leaves(definition.tree):
        said = subject_text(test.subject)
        if said in FITTED:
            raise FittedDefinitionError(name=str(path[0]), field=said, path=[str(one) for one in path])


def _refuse_fitted(name: Name, lifecycle: Lifecycle, path: tuple[Name, ...], seen: set[Name]) -> None:
    definition = lifecycle.get(name)
    if definition is None or name in seen:
        return
    seen.add(name)
    _refuse_fields(definition, path)
    for other in referred(definition.tree, lifecycle, inside=name.family):
        _refuse_fitted(other, lifecycle, (*path, other), seen)
    if name.family is Family.ACTIVE:
        for segment in variants(lifecycle):
            _refuse_fitted(
                Name(Family.SEGMENT, segment), lifecycle, (*path, Name(Family.SEGMENT, segment)), seen
            )


def _values(test: Test) -> tuple[Value, ...]:
    match test:
        case Compare(_, Operator.EQUAL | Operator.UNEQUAL, value):
            return (value,)
        case Among(_, values):
            return values
        case _:
            return ()
