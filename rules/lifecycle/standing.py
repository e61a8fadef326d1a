"""Where customers stand in the life cycle: which status, stage and types are theirs, over columns of terms.

The same as evaluating each label's condition, with every definition evaluated once. It must not know where the columns
come from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rules.conditions.columns import Bools, Column, Ints
from rules.conditions.evaluate import evaluate
from rules.conditions.terms import Derived, Family, Subject, Term
from rules.conditions.tree import Condition, Holds, terms
from rules.lifecycle.definitions import FIRST_MATCH, Lifecycle
from rules.lifecycle.resolve import meanings, resolve

NONE = -1
"""Stands for the label of whom no definition of a family holds for."""
IS_ACTIVE = Holds(Derived(Family.ACTIVE))


@dataclass(frozen=True, slots=True)
class Standing:
    """Customers' places in one family: ``labels`` in order; for each, a bool per customer whether it is theirs.

    Of a first-match family a customer has one label at most.
    """

    labels: tuple[str, ...]
    holds: tuple[Bools, ...]

    def codes(self) -> Ints:
        """Give for each customer the place of the first label that is theirs, or `NONE`."""
        found = np.full(len(self.holds[0]) if self.holds else 0, NONE, dtype=np.int64)
        for code in reversed(range(len(self.labels))):
            found[self.holds[code]] = code
        return found


def conditions(lifecycle: Lifecycle, family: Family) -> Mapping[str, Condition]:
    """Give what the definitions of a family come to, by label, in order, each whatever stands before it.

    Of `Family.ACTIVE` it is one, called ``active``, with what it says for each segment put in.
    """
    if family is Family.ACTIVE:
        return {family.value: resolve(IS_ACTIVE, lifecycle)} if lifecycle else {}
    found = meanings(lifecycle)
    return {one.name.label: found[one.name] for one in lifecycle.of(family)}


@lru_cache(maxsize=64)
def asked(lifecycle: Lifecycle, families: tuple[Family, ...]) -> tuple[Term, ...]:
    """Give the distinct terms that say where customers stand in ``families``."""
    trees = (tree for family in families for tree in conditions(lifecycle, family).values())
    return tuple(dict.fromkeys(term for tree in trees for term in terms(tree)))


def standing(lifecycle: Lifecycle, family: Family, columns: Mapping[Subject, Column]) -> Standing:
    """Say where the customers of ``columns``, which has one for each of the terms `asked`, stand in ``family``."""
    found = conditions(lifecycle, family)
    holds = [evaluate(tree, columns) for tree in found.values()]
    if family in FIRST_MATCH and holds:
        taken = np.zeros(len(holds[0]), dtype=np.bool_)
        for place, held in enumerate(holds):
            holds[place] = held & ~taken
            taken |= held
    return Standing(tuple(found), tuple(holds))
