"""The page on rule tests says what is true: its example passes, and its tables are complete."""

import re
from pathlib import Path

from handlers import rule_tests
from rules.alerts.states import Resolution
from rules.trials.expected import SECTIONS
from rules.trials.read import KEYS
from rules.trials.trial import Deed, Stage, Telling

PAGE = (Path(__file__).parents[2] / "docs" / "rule-tests.md").read_text(encoding="utf-8")
(EXAMPLE,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_the_example_passes(tmp_path: Path) -> None:
    (tmp_path / "lapsing.yaml").write_text(EXAMPLE, encoding="utf-8")
    (tested,) = rule_tests.run([("lapsing.yaml", tmp_path / "lapsing.yaml")])
    assert (tested.failures, tested.error, tested.hints) == ((), None, ())
    assert tested.checks == 7


def test_every_word_of_the_language_is_on_the_page() -> None:
    words = (
        *KEYS,
        *SECTIONS,
        *Telling,
        *Deed,
        *Stage,
        *Resolution,
        "arrives",
        "set",
        "says",
        "as",
        "by",
        "for",
    )
    assert [word for word in words if f"`{word}`" not in PAGE and f"`{word}: " not in PAGE] == []
