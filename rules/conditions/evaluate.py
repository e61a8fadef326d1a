"""Where a condition holds: logic over columns, one bool per customer (or, for a filter, per event).

Two-valued: a comparison with something unknown is false, and so its ``not`` is true. Defined for every tree, checked
or not: what compares two types is false, but for ``!=``.
"""

from collections.abc import Mapping
from functools import reduce
from typing import assert_never

import numpy as np

from rules.conditions.columns import Bools, Column, Truths
from rules.conditions.terms import Subject
from rules.conditions.tree import Among, And, Compare, Condition, Contains, Holds, Not, Operator, Or


def evaluate(tree: Condition, columns: Mapping[Subject, Column]) -> Bools:
    """Tell for each row of ``columns`` whether ``tree`` holds.

    ``columns`` has one column, all of one length, for each of the tree's terms (a filter's properties).
    """
    match tree:
        case And(parts):
            return reduce(np.logical_and, (evaluate(part, columns) for part in parts))
        case Or(parts):
            return reduce(np.logical_or, (evaluate(part, columns) for part in parts))
        case Not(part):
            return ~evaluate(part, columns)
        case Compare(subject, operator, value):
            return columns[subject].compare(operator, value)
        case Among(subject, values):
            column = columns[subject]
            return reduce(np.logical_or, (column.compare(Operator.EQUAL, value) for value in values))
        case Contains(subject, value):
            return columns[subject].contains(value)
        case Holds(subject):
            answered = columns[subject]
            return answered.holds if isinstance(answered, Truths) else np.zeros(len(answered), dtype=np.bool_)
        case _:
            assert_never(tree)
