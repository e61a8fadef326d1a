"""Aliases in a condition: every kind that a term names, and nothing else, gets the name it stands for."""

from hypothesis import given

from rules.conditions.parse import parse
from rules.conditions.print import to_text
from rules.conditions.rename import renamed
from rules.conditions.tree import Condition
from tests.rules.conditions.strategies import PLAIN, conditions

ALIASES = {"placed": "purchase", "status": "state"}


def test_kinds_are_renamed_wherever_a_term_names_one() -> None:
    before = (
        "count(placed where status = done, 7d) >= 1 and not (missing(placed, opened, 1w) "
        "or change(sum(placed), 30d) < 0%) and attr.placed = 1 and overdue(placed) > 2 and segment = placed"
    )
    after = (
        "count(purchase where status = done, 7d) >= 1 and not (missing(purchase, opened, 1w) "
        "or change(sum(purchase), 30d) < 0%) and attr.placed = 1 and overdue(purchase) > 2 and segment = placed"
    )
    assert to_text(renamed(parse(before), ALIASES)) == to_text(parse(after))


@given(conditions(PLAIN))
def test_without_an_alias_for_anything_in_it_a_condition_stays_itself(tree: Condition) -> None:
    assert renamed(tree, {"no_such_kind": "purchase"}) == tree
