"""Where the truth of a test can turn: the numbers that terms are compared with.

A value that moves by itself as time passes, such as the days since an event, matters only where it crosses one of
them. It must not know how a value is found.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import ceil, floor

from rules.conditions.terms import Term
from rules.conditions.tree import Among, Compare, Condition, Contains, Number, Percent, Test, Value, leaves


def constants(trees: Iterable[Condition]) -> Mapping[Term, frozenset[Fraction]]:
    """Give each distinct term of ``trees``, in the order of the texts, and the numbers that it is compared with.

    What compares with a text or a date, or with nothing, adds none: a number is never equal to those.
    """
    found: dict[Term, frozenset[Fraction]] = {}
    for tree in trees:
        for test in leaves(tree):
            if isinstance(test.subject, Term):
                found[test.subject] = found.get(test.subject, frozenset()) | _numbers(test)
    return found


def whole_steps(numbers: Iterable[Fraction]) -> frozenset[int]:
    """Give the whole numbers ``n`` for which a comparison may hold for ``n`` and not for ``n - 1``, or the other way.

    For a value that is whole: against 2.5 only 3 is one, against 3 both 3 and 4 are.
    """
    return frozenset(step for number in numbers for step in (ceil(number), floor(number) + 1))


def _numbers(test: Test) -> frozenset[Fraction]:
    values: tuple[Value, ...]
    match test:
        case Compare(_, _, value) | Contains(_, value):
            values = (value,)
        case Among(_, listed):
            values = listed
        case _:
            values = ()
    return frozenset(value.value for value in values if isinstance(value, Number | Percent))
