"""What a condition comes to: its text read, and the definitions of the life cycle in force put in.

The one place that does it, for everything that evaluates conditions or asks what they look at. What is stored and
shown is the text as it was written.
"""

from functools import lru_cache

from rules.conditions.parse import parse
from rules.conditions.tree import Condition
from rules.lifecycle.definitions import Lifecycle
from rules.lifecycle.resolve import resolve
from storage import definitions
from storage.database import Transaction


def of(tx: Transaction, condition: str, *, lock: bool = False) -> Condition:
    """Give what a ``condition`` that was accepted comes to now; with ``lock`` it stays so until the end of ``tx``.

    Raises `rules.lifecycle.resolve.MeaningTooLargeError`, but not for a condition that is in use.
    """
    return under(condition, definitions.current(tx, lock=lock))


def resolved(tx: Transaction, tree: Condition) -> Condition:
    """Give what ``tree`` comes to now; raises `rules.lifecycle.resolve.MeaningTooLargeError`."""
    return resolve(tree, definitions.current(tx))


@lru_cache(maxsize=4_096)
def under(condition: str, lifecycle: Lifecycle) -> Condition:
    """Give what ``condition`` comes to under a ``lifecycle``; the same is found out once, not at every sweep.

    Raises `rules.lifecycle.resolve.MeaningTooLargeError`.
    """
    return resolve(parse(condition), lifecycle)
