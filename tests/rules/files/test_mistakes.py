"""Every mistake that can be found in a file has its words, and they fit on a screen."""

import re
from pathlib import Path

from rules.files.mistakes import LONGEST_SHOWN, MOST_TOLD, BadFileError, Mistake
from templates.words import Words

ROOT = Path(__file__).parents[3]
_CODE = re.compile(
    r"(?:Mistake\(\s*[^,]+,\s*|\.add\(\s*[^,]+,\s*|re\.compile\([^)]*\), |_TAB, )\"([a-z_0-9]+)\""
)


def test_every_code_has_its_words() -> None:
    sources = [
        path
        for folder in ("rules/files", "rules/book", "rules/trials")
        for path in (ROOT / folder).glob("*.py")
    ]
    codes = {
        code
        for path in [*sources, ROOT / "handlers/file_text.py"]
        for code in _CODE.findall(path.read_text())
    }
    assert {"alias", "yaml_tab", "unknown_key", "rule_twice", "bad_when", "not_utf8", "likely_kind"} <= codes
    assert [code for code in sorted(codes) if not Words().has("files", code)] == []
    unused = set(re.findall(r"macro (\w+)", (ROOT / "templates/text/files.j2").read_text())) - codes
    assert unused == {"near", "no_open_alert", "too_many_fitted"}


def test_they_are_told_in_the_order_of_the_file_and_the_rest_is_counted() -> None:
    mistakes = [Mistake(line, "missing_key", {"key": "condition"}, "x" * 500) for line in range(50, 0, -1)]
    said = Words().error_plain(BadFileError(mistakes).named("rules.yaml"))
    lines = [line for line in said.splitlines() if line]
    assert lines[0] == "There are 50 mistakes in rules.yaml, so nothing was done:"
    assert lines[1] == f"rules.yaml:1: {'x' * (LONGEST_SHOWN - 1)}…: “condition” is missing."
    assert len(lines) == MOST_TOLD + 2
    assert lines[-1] == "… and 30 more."


def test_in_chat_nothing_of_it_is_markup() -> None:
    error = BadFileError(
        [Mistake(1, "unknown_key", {"key": "<!here>", "nearest": None, "known": ["a"]}, "*b*")]
    )
    assert "<!here>" not in Words().error(error.named("r.yaml"))
