"""The page on conditions says what is true: its examples are conditions, and its table is complete."""

import re
from pathlib import Path

import pytest

from rules.conditions.check import Vocabulary, check
from rules.conditions.parse import parse
from rules.conditions.print import to_text
from rules.conditions.problems import ConditionError, Problem, Severity
from rules.conditions.spans import caret
from rules.conditions.terms import DERIVED, FUNCTIONS, OWN, RATINGS, SCORES
from rules.lifecycle.definitions import FIXED
from templates.words import Words

PAGE = (Path(__file__).parents[2] / "docs" / "conditions.md").read_text(encoding="utf-8")
EXAMPLES = [
    line for fence in re.findall(r"```condition\n(.*?)```", PAGE, re.DOTALL) for line in fence.splitlines()
]
VOCABULARY = Vocabulary(
    frozenset({"purchase", "ticket", "sign_up", "login"}),
    frozenset({"plan", "seats", "renewal_date"}),
    FIXED,
)


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_are_conditions(example: str) -> None:
    tree = parse(example)
    assert check(tree, VOCABULARY) == ()
    assert parse(to_text(tree)) == tree


def test_the_examples_use_every_function() -> None:
    assert [name for name in FUNCTIONS if not any(f"{name}(" in example for example in EXAMPLES)] == []


def test_every_name_of_the_language_is_on_the_page() -> None:
    table = PAGE[PAGE.index("## What can be asked") : PAGE.index("## Windows")]
    named = (*FUNCTIONS, *OWN, *DERIVED, *SCORES, *RATINGS)
    assert [name for name in named if f"`{name}" not in table] == []


def test_the_error_on_the_page_is_the_one_that_is_shown() -> None:
    text = "silent(purchase, 30)"
    problem = only_problem(text)
    assert problem.severity is Severity.ERROR
    assert f"```\n{caret(text, problem.span)}\n```" in PAGE
    assert Words().say("conditions", problem.code, **problem.params) in PAGE


def only_problem(text: str) -> Problem:
    with pytest.raises(ConditionError) as refused:
        parse(text)
    (problem,) = refused.value.problems
    return problem
