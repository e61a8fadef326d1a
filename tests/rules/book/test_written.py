"""Rule books as files: whatever a rule says is read back as it was, and every mistake is told at its line."""

from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rules.alerts.rule import AlertKind, Backlog, RuleBody, RuleState, Severity, Unreadable
from rules.alerts.typed import (
    LONGEST_ACTION,
    LONGEST_COOLDOWN,
    LONGEST_WAIT,
    SHORTEST_REMINDER,
    BadRuleNameError,
    Options,
    length_text,
    rule_name,
    with_options,
)
from rules.book import FOLDER, book
from rules.book.written import MOST_RULES, STATES, Written, read_book, write_book
from rules.conditions.normalise import normalise
from rules.conditions.parse import parse
from rules.conditions.print import quoted, to_text
from rules.files.mistakes import BadFileError, Mistake
from rules.instants import DAY, HOUR
from rules.lifecycle.definitions import Name

LOOKALIKES = [
    "yes",
    "no",
    "on",
    "null",
    "1e3",
    "1_000",
    "0x1f",
    "0o7",
    "12",
    "2026_01_01",
    "nan",
    "y",
    "true",
]
NAMES = [Name.read(name) for name in ("stage.retain", "status.at_risk", "active", "segment.big_spenders")]
WORDS = [
    *LOOKALIKES,
    "~",
    "",
    "- a",
    "? b",
    ": c",
    "# d",
    "a: b",
    "a #b",
    "'q'",
    '"q"',
    "\\",
    "|",
    ">",
    "%",
    "@x",
]


def names() -> st.SearchStrategy[str]:
    return st.one_of(st.sampled_from(LOOKALIKES), st.text(min_size=1, max_size=40).map(_slug).filter(bool))


def _slug(text: str) -> str:
    try:
        return rule_name(text)
    except BadRuleNameError:
        return ""


def texts() -> st.SearchStrategy[str]:
    lines = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
    return st.one_of(st.sampled_from(WORDS), lines)


def conditions() -> st.SearchStrategy[str]:
    """Texts as they are stored: normalised, read and written once."""
    texted = st.tuples(names(), texts()).map(
        lambda pair: f"attr.{quoted(pair[0])} = {quoted(normalise(pair[1], entities=False))}"
    )
    kinds = names().map(lambda name: f"silent({quoted(name)}, 30d)")
    typed = st.one_of(texted, kinds, st.sampled_from([rule.body.condition for rule in book().values()]))
    return typed.map(lambda text: to_text(parse(normalise(text, entities=False))))


def actions() -> st.SearchStrategy[str]:
    nasty = st.sampled_from(["a\nb", "ü 😀 \u2028 \x85 \ufeff \x07", 'it\'s "so"', " \ttabs\t "])
    return st.one_of(texts(), nasty).map(lambda text: with_options(RuleBody(""), Options(action=text)).action)


def bodies() -> st.SearchStrategy[RuleBody]:
    return st.builds(
        RuleBody,
        condition=conditions(),
        channel=st.sampled_from(["", "#sales", "C0123ABCD", "sales", "#ventes-é", "yes", "12", "'x'", "#😀"]),
        kind=st.sampled_from(AlertKind),
        severity=st.sampled_from(Severity),
        backlog=st.sampled_from(Backlog),
        action=actions(),
        cooldown=st.one_of(
            st.integers(0, LONGEST_COOLDOWN), st.integers(0, 366).map(lambda days: days * DAY)
        ),
        pending=st.integers(0, LONGEST_WAIT),
        keep=st.integers(0, 90).map(lambda days: days * DAY),
        remind=st.integers(SHORTEST_REMINDER, LONGEST_WAIT) | st.just(0),
        escalate=st.sampled_from(["", "2h owner", "90m owner, 8h manager, 2d #leads"]),
        hides=st.sampled_from(["", "usage_drop", "yes, no, lapsing"]),
        unreadable=st.sampled_from(Unreadable),
    )


def written() -> st.SearchStrategy[Written]:
    return st.builds(
        Written,
        name=names(),
        body=bodies(),
        state=st.sampled_from([None, *STATES]),
        about=st.one_of(st.just(""), actions()),
        suits=st.lists(st.sampled_from(NAMES), max_size=3, unique=True).map(tuple),
    )


@settings(deadline=None)
@given(st.lists(written(), max_size=4, unique_by=lambda rule: rule.name))
@example([Written("yes", RuleBody("segment = no", action="# null"), RuleState.PAUSED)])
def test_what_is_written_is_read_back(rules: list[Written]) -> None:
    text = write_book(rules)
    found = read_book(text)
    assert [_said(one) for one in found] == [_said(one) for one in rules]
    assert write_book(found) == text
    # Any other reader of YAML sees the very same texts: nothing that looks like a number or a truth is left bare.
    assert _strings(yaml.safe_load(text) or {}) == {one.name for one in rules}


def _said(rule: Written) -> tuple[object, ...]:
    return rule.name, rule.body, rule.state, rule.about, rule.suits


def _strings(loaded: dict[Any, dict[Any, Any]]) -> set[str]:
    for fields in loaded.values():
        assert all(isinstance(value, str) for value in fields.values())
    return set(loaded)


@given(st.integers(0, LONGEST_COOLDOWN))
def test_a_cooldown_is_exact(cooldown: int) -> None:
    assert with_options(RuleBody(""), Options(cooldown=length_text(cooldown))).cooldown == cooldown


def test_a_cooldown_reads_as_people_would_say_it() -> None:
    assert [length_text(one) for one in (0, 7 * DAY, 36 * HOUR, 1500)] == ["0", "7d", "36h", "1500ms"]


def test_the_rules_that_ship_are_such_files_and_their_books_can_be_imported() -> None:
    found = [rule for path in sorted(FOLDER.glob("*.yaml")) for rule in read_book(path.read_text())]
    assert {rule.name: rule.body for rule in found} == {name: one.body for name, one in book().items()}
    assert all(rule.about for rule in found)


def test_what_a_file_leaves_out_is_the_default_but_for_the_state() -> None:
    (rule,) = read_book("Big Spender:\n  condition: sum( PURCHASE )>=500\n")
    assert rule.name == "big_spender"
    assert rule.body == RuleBody("sum(purchase) >= 500")
    assert rule.state is None
    assert [problem.code for problem in rule.warnings] == ["unknown_kind"]


def test_comments_and_headings_change_nothing() -> None:
    rules = [Written("a", RuleBody("never(purchase)"))]
    assert write_book(rules, "One.\nTwo.").startswith("# One.\n# Two.\n\na:\n")
    assert [_said(one) for one in read_book(write_book(rules, "One."))] == [_said(one) for one in rules]
    assert read_book(write_book([])) == ()


@pytest.mark.parametrize(
    ("text", "mistakes"),
    [
        ("", [(1, "", "no_rules")]),
        ("# nothing\n", [(1, "", "no_rules")]),
        ("".join(f"r{n}:\n" for n in range(MOST_RULES + 1)), [(1, "", "too_many_rules")]),
        ("- a\n", [(1, "", "needs_fields")]),
        ("a: 1\n", [(1, "a", "needs_fields")]),
        ("a:\n", [(1, "a", "missing_key")]),
        ("a:\n  kind: problem\n", [(2, "a", "missing_key")]),
        ("a:\n  condition: [1]\n", [(2, "a, condition", "needs_text")]),
        ("a:\n  condition: never(purchase)\n  channel: #sales\n", [(3, "a", "no_value")]),
        ("a:\n  condition: never(purchase)\n  channel: a b\n", [(3, "a, channel", "bad_choice")]),
        ("a:\n  condition: never(purchase)\n  cooldown: 1 fortnight\n", [(3, "a, cooldown", "bad_choice")]),
        ("a:\n  condition: never(purchase)\n  state: removed\n", [(3, "a, state", "bad_choice")]),
        (
            "a:\n  condition: never(purchase)\n  suits:\n    - stage.retain, stage.gone\n    - [x]\n",
            [(4, "a, suits", "unknown_definition"), (5, "a, suits", "needs_text")],
        ),
        (
            f"a:\n  condition: never(purchase)\n  action: {'x' * (LONGEST_ACTION + 1)}\n",
            [(3, "a, action", "bad_choice")],
        ),
        ("'!':\n  condition: never(purchase)\n", [(1, "", "bad_rule_name")]),
        ("a:\n  condition: never(purchase)\nA:\n  condition: never(purchase)\n", [(3, "", "rule_twice")]),
        ("a:\n  condition: never(purchase)\na:\n  condition: never(purchase)\n", [(3, "", "key_twice")]),
        (
            "a:\n  condition: stage = develope\n  severty: high\n  kind: Problme\nb:\n  condition: silent(x, 3)\n",
            [
                (2, "a, condition", "bad_condition"),
                (3, "a", "unknown_key"),
                (4, "a, kind", "bad_choice"),
                (6, "b, condition", "bad_condition"),
            ],
        ),
    ],
)
def test_every_mistake_is_told_at_its_line(text: str, mistakes: list[tuple[int, str, str]]) -> None:
    assert [(one.line, one.where, one.code) for one in _mistakes(text)] == mistakes


def test_what_was_meant_is_suggested() -> None:
    text = "a:\n  condition: never(purchase)\n  severty: high\n  kind: Problme\n"
    assert [one.params["nearest"] for one in _mistakes(text)] == ["severity", "problem"]


def test_two_names_that_are_one_are_told_with_both_as_they_were_written() -> None:
    body = ":\n  condition: never(purchase)\n"
    (one,) = _mistakes(f"Big Spender{body}big-spender{body}")
    assert dict(one.params) == {
        "name": "big_spender",
        "written": "big-spender",
        "first": "Big Spender",
        "line": 1,
    }


def _mistakes(text: str) -> tuple[Mistake, ...]:
    with pytest.raises(BadFileError) as refused:
        read_book(text)
    return refused.value.mistakes
