"""Words: escaping, cutting, and a text for every error in the tree."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

import handlers
import rules
import storage
from playground.mrkdwn import Names, mrkdwn_to_html
from rules.access import NotAllowedError
from rules.conditions.parse import parse
from rules.conditions.problems import ConditionError
from rules.errors import WarmlineError
from rules.files.mistakes import BadFileError
from templates.words import Mrkdwn, Words, clean, code, cut, escape, literal, mention, name_of

WORDS = Words()
NOBODY = Names(lambda _: None, lambda _: None, lambda _: None)
ROOT = Path(__file__).parents[2]

LISTS = ("nearest", "choices", "managers", "formats", "missing", "expected")
PAIRS = ("rules", "examples")
NUMBERS = ("decimals", "days", "limit", "length", "pid", "port")


def modules() -> Iterator[ModuleType]:
    for package in (rules, storage, handlers):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" not in found.name and Path(found.module_finder.path).is_dir():  # type: ignore[union-attr]
                yield importlib.import_module(found.name)


def errors() -> list[type[WarmlineError]]:
    assert list(modules())
    found: list[type[WarmlineError]] = []
    waiting: list[type[WarmlineError]] = [WarmlineError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.split(".")[0] in ("rules", "storage", "handlers", "templates"):
            found.append(kind)
    return sorted(set(found), key=lambda kind: kind.__name__)


def arguments(code: str) -> set[str]:
    """What the text of an error takes."""
    macro = getattr(WORDS._page("errors").module, code)
    return set(macro.arguments)


def raised() -> dict[str, list[set[str]]]:
    """What each error is made with, wherever in the code it is: its parameters by name, by the error's name."""
    found: dict[str, list[set[str]]] = {}
    for package in ("rules", "storage", "handlers"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                    name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                    given = {keyword.arg for keyword in node.keywords if keyword.arg}
                    found.setdefault(name, []).append(given)
    return found


RAISED = raised()


@pytest.mark.parametrize("kind", errors(), ids=lambda kind: kind.__name__)
def test_every_error_is_said_in_words(kind: type[WarmlineError]) -> None:
    if kind in (ConditionError, BadFileError):
        # Both are said with what is wrong in them: below, and in tests/rules/files/test_mistakes.py.
        return
    assert WORDS.has("errors", kind.code), f"say in errors.j2 what {kind.__name__} means"
    if "__init__" not in vars(kind):
        for given in RAISED.get(kind.__name__, []):
            assert given == arguments(kind.code), (
                f"{kind.__name__} is made with other parameters than it is said with"
            )
    error = WarmlineError.__new__(kind)
    Exception.__init__(error)
    error.params = {name: _sample(name) for name in arguments(kind.code)}
    for said in (WORDS.error(error), WORDS.error_plain(error)):
        assert len(said) > 10
        assert "{" not in said


def _sample(name: str) -> object:
    if name in NUMBERS:
        return 12
    if name in PAIRS:
        return [("<other>", "U12345")]
    return ["U12345", "<other>"] if name in LISTS else "<sample>"


@pytest.mark.parametrize("text", ["", "silnt(purchase, 30d) and", "count(purchase, 0d) > 3", "a`b`", "((("])
def test_a_condition_that_is_none_is_pointed_at(text: str) -> None:
    with pytest.raises(ConditionError) as refused:
        parse(text)
    said, plain = WORDS.error(refused.value), WORDS.error_plain(refused.value)
    assert "```" in said
    assert "```" not in plain
    assert "^" in plain
    assert said.count("```") % 2 == 0


def test_a_text_that_is_too_long_is_not_underlined_as_a_whole() -> None:
    with pytest.raises(ConditionError) as refused:
        parse("x" * 3_000)
    lines = WORDS.error_plain(refused.value).splitlines()
    assert "^" in lines
    assert not any("^^" in line for line in lines)


def test_nothing_undefined_is_ever_shown() -> None:
    with pytest.raises(jinja2.UndefinedError):
        WORDS.say("errors", "no_alert")
    with pytest.raises(TypeError):
        WORDS.say("errors", "no_alert", id="1", more="x")


@pytest.mark.parametrize(
    ("managers", "said"),
    [
        (["U12345"], "so nothing was changed. The manager is <@U12345>: ask there."),
        (["U12345", "S12345"], "The managers are <@U12345>, <!subteam^S12345>: ask one of them."),
        ([], "so nothing was changed. Nobody is named as a manager yet"),
    ],
)
def test_who_is_refused_is_told_whom_to_ask(managers: list[str], said: str) -> None:
    assert said in WORDS.error(NotAllowedError(action="change_rules", managers=managers))


def test_no_two_sentences_of_an_error_run_together() -> None:
    for kind in errors():
        if kind in (ConditionError, BadFileError):
            continue
        for lists in (["one"], ["one", "two"], []):
            error = WarmlineError.__new__(kind)
            Exception.__init__(error)
            error.params = {name: lists if name in LISTS else _sample(name) for name in arguments(kind.code)}
            assert not re.search(r"[a-z>][.?!:][A-Z]", WORDS.error_plain(error)), kind.__name__


def test_what_goes_in_is_escaped_once_also_within_lists() -> None:
    said = WORDS.say("errors", "no_customer", text="<!channel> &amp;", nearest=["<@U1>", Mrkdwn("<@U2>")])
    assert "&lt;!channel&gt; &amp;amp;" in said
    assert "&lt;@U1&gt;, <@U2>" in said
    assert WORDS.plain("errors", "no_alert", id="<1>\x00") == (
        "There is no alert <1>. `/alerts open` shows what is open, with the numbers."
    )
    assert WORDS.has("errors", "no_alert")
    assert not WORDS.has("errors", "no_such_text")


@pytest.mark.parametrize(
    ("person", "named"),
    [
        ("U08TOMBECKR", "<@U08TOMBECKR>"),
        ("S08MANAGERS", "<!subteam^S08MANAGERS>"),
        ("tom@example.com", "tom@example.com"),
        ("<!channel>", "&lt;!channel&gt;"),
        ("U1|x>", "U1|x&gt;"),
        (None, "?"),
        ("", "?"),
    ],
)
def test_mentions(person: str | None, named: str) -> None:
    assert mention(person) == named


@given(st.text(alphabet=st.sampled_from("*_~`>a1 .\n<&\u00e9\u05d0"), max_size=40))
def test_somebody_elses_text_marks_nothing_up(text: str) -> None:
    for around in ("{}", "({})", "*{}*", "x {}  ·  {}"):
        shown = str(escape(text))
        assert not set("*~`") & set(shown)
        drawn = mrkdwn_to_html(around.replace("{}", shown), NOBODY)
        assert not re.search("<(?:em|s|code|pre|blockquote)[ >]", drawn)
        assert drawn.count("<strong") <= 1


def test_what_marks_nothing_stays_as_it_can_be_copied() -> None:
    for kept in ("ann_bell@example.com", "cust_17_a", "C-17", "a@b.c"):
        assert escape(kept) == kept
    assert escape("__init__") == "\u02cd\u02cdinit\u02cd\u02cd"
    assert literal("https://crm.example/~tom/_x_?a=1&b") == "https://crm.example/~tom/_x_?a=1&amp;b"
    assert code("segment = '*x*' `") == "segment = '*x*' '"


def test_cut_and_name_of() -> None:
    assert cut("abcdef", 6) == "abcdef"
    assert cut("abcdefg", 6) == "abcde…"
    assert name_of("  Ann\n\tBell\u2069 ") == "Ann Bell"
    assert name_of("שלום", 40) == "\u2068שלום\u2069"
    assert name_of("x" * 100) == "x" * 79 + "…"


@given(st.text(alphabet=st.characters(codec=None), max_size=200))
def test_what_is_shown_can_be_sent_and_turns_nothing_around(text: str) -> None:
    shown = clean(text)
    shown.encode()
    assert not set(shown) & set("\x00\x08\x1b\u202e\u202d\u2066\u2067")
    assert not set("<>") & set(escape(text))
    assert clean(shown) == shown
    named = name_of(text)
    assert "\n" not in named
    assert named.count("\u2068") == named.count("\u2069")
