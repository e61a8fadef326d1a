"""Why a definition holds for a customer, or does not: what it asks of which terms, and what these say.

Of parts that are joined, those count that decide: all of what must hold together, one of what would each be enough.
It must not know words: what is asked is a test in the condition language, a value a text that a machine could read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from rules.alerts.evidence import Evidence, evidence_of
from rules.conditions.columns import Column
from rules.conditions.evaluate import evaluate
from rules.conditions.print import to_text
from rules.conditions.terms import Field, Own, Subject, Term
from rules.conditions.tree import And, Compare, Condition, Not, Number, Operator, Or, Test

MOST: Final = 2
"""Grounds that are told of one definition."""
_OPPOSITES: Final[Mapping[Operator, Operator]] = {
    Operator.LESS: Operator.AT_LEAST,
    Operator.AT_MOST: Operator.MORE,
    Operator.MORE: Operator.AT_MOST,
    Operator.AT_LEAST: Operator.LESS,
    Operator.EQUAL: Operator.UNEQUAL,
    Operator.UNEQUAL: Operator.EQUAL,
}


_EVERYBODY: Final = Compare(Field(Own.TENURE), Operator.AT_LEAST, Number(Fraction(0)))


@dataclass(frozen=True, slots=True)
class Ground:
    """One term with its value, and the test that a definition asks of it; ``asked`` may be a negation.

    Where the value is known, a ``not`` is told as the opposite comparison, which says the same.
    """

    fact: Evidence
    asked: str


def grounds(tree: Condition, columns: Mapping[Subject, Column]) -> tuple[Ground, ...]:
    """Give what decides whether ``tree``, of terms alone, holds for the one customer of ``columns``; at most `MOST`.

    What holds for everybody known is no ground.
    """
    found: dict[str, Ground] = {}
    for test, negated in _deciding(tree, columns, negated=False):
        if isinstance(test.subject, Term) and test != _EVERYBODY:
            fact = evidence_of([test.subject], columns, [0])[0][0]
            asked = to_text(_not(test, known=fact.value is not None) if negated else test)
            found.setdefault(asked, Ground(fact, asked))
    return tuple(found.values())[:MOST]


def _deciding(
    tree: Condition, columns: Mapping[Subject, Column], *, negated: bool
) -> Iterator[tuple[Test, bool]]:
    """Give the tests that decide, and whether each stands under an odd number of ``not``."""
    match tree:
        case And(parts) | Or(parts):
            holds = [bool(evaluate(part, columns)[0]) for part in parts]
            # All parts of an `and` that holds, and of an `or` that does not; elsewhere the first that is enough.
            enough = isinstance(tree, Or)
            for part in [parts[holds.index(enough)]] if enough in holds else parts:
                yield from _deciding(part, columns, negated=negated)
        case Not(part):
            yield from _deciding(part, columns, negated=not negated)
        case _:
            yield tree, negated


def _not(test: Test, *, known: bool) -> Condition:
    # Of what is unknown neither comparison holds, and the `not` of both does.
    if known and isinstance(test, Compare):
        return Compare(test.subject, _OPPOSITES[test.operator], test.value)
    return Not(test)
