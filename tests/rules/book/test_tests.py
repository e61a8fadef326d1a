"""Every rule that ships has a test of its own, which shows when it opens, not a moment before, and how it ends.

That those tests pass is seen to in tests/handlers/test_rule_tests.py.
"""

import pytest

from rules.book import FOLDER, book
from rules.trials.read import read_trial
from rules.trials.trial import Expectation, Trial

TESTS = FOLDER / "tests"
MOMENT = 1
"""Milliseconds."""


def test_no_test_is_of_a_rule_that_does_not_ship() -> None:
    assert {path.stem for path in TESTS.glob("*.yaml")} <= set(book())


@pytest.mark.parametrize("name", book())
def test_each_rule_is_tested_at_its_edges(name: str) -> None:
    path = TESTS / f"{name}.yaml"
    assert path.is_file(), f"the rule {name} has no test: write {path}"
    trial = read_trial(path.read_text(encoding="utf-8"))
    assert [rule.name for rule in trial.rules] == [name]
    assert [rule.body for rule in trial.rules] == [book()[name].body]
    assert not trial.hints
    assert _openings(trial), f"{path} expects no opening"
    for opening in _openings(trial)[:1]:
        assert _is_closed(_at(trial, opening.at - MOMENT)), (
            f"{path} does not look just before {opening.written}"
        )
    assert any(one.outcome.resolves for one in trial.expectations), f"{path} expects no resolution"
    assert any(one.outcome.messages for one in trial.expectations), f"{path} expects no message"


def _openings(trial: Trial) -> list[Expectation]:
    return [one for one in trial.expectations if one.outcome.opens]


def _at(trial: Trial, at: int) -> Expectation | None:
    return next((one for one in trial.expectations if one.at == at), None)


def _is_closed(expected: Expectation | None) -> bool:
    return expected is not None and () in (expected.outcome.open, expected.outcome.opens)
