"""Text in, syntax tree out, or every reason why not; quickly, whatever the text is.

Here: the text's own faults (its length, characters, brackets, quotes, and the order of its words). What the words
mean is `build`'s business. Which names exist is `check`'s.
"""

import re
from functools import cache
from pathlib import Path
from typing import Final, cast

from lark import Lark, UnexpectedCharacters, UnexpectedToken

from rules.conditions.build import build
from rules.conditions.normalise import QUOTED
from rules.conditions.print import to_text
from rules.conditions.problems import Code, ConditionError, Problem
from rules.conditions.spans import Span
from rules.conditions.tree import MOST_CHARACTERS, MOST_DEPTH, MOST_NODES, Condition, size

_MARK: Final = re.compile(rf"""{QUOTED}|[()"']""", re.DOTALL)
_FORBIDDEN: Final = re.compile("[\x00\ud800-\udfff]")
_MEANT: Final = {"&&": "and", "||": "or", "&": "and", "|": "or"}


def parse(text: str) -> Condition:
    """Read ``text``, normalised by whoever took it in, as a condition within the limits.

    Raises `ConditionError` with at least one problem, for any text that is none.
    """
    refuse(text, _faults(text))
    try:
        raw = _grammar().parse(text)
    except (UnexpectedToken, UnexpectedCharacters) as error:
        raise ConditionError(text, (_syntax(text, error),)) from None
    tree, problems = build(text, raw)
    refuse(text, problems)
    if tree is None:
        raise AssertionError("a text without a tree has a problem")
    whole = Span(0, len(text))
    if (nodes := size(tree)) > MOST_NODES:
        refuse(text, (Problem(Code.TOO_MANY_NODES, whole, {"nodes": nodes, "limit": MOST_NODES}),))
    if (length := len(to_text(tree))) > MOST_CHARACTERS:
        refuse(text, (_too_long(text, length),))
    return tree


def refuse(source: str, problems: tuple[Problem, ...]) -> None:
    """Raise `ConditionError` if there is any problem."""
    if problems:
        raise ConditionError(source, problems)


@cache
def _grammar() -> Lark:
    grammar = Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer="basic", start="condition", propagate_positions=True)


def _too_long(text: str, length: int) -> Problem:
    return Problem(Code.TOO_LONG, Span(0, len(text)), {"length": length, "limit": MOST_CHARACTERS})


def _faults(text: str) -> tuple[Problem, ...]:
    """Find what no grammar is needed for, in one pass; only within the limits is anything slower begun."""
    if not text.strip():
        return (Problem(Code.EMPTY, Span(0, 0)),)
    if len(text) > MOST_CHARACTERS:
        return (_too_long(text, len(text)),)
    if bad := _FORBIDDEN.search(text):
        return (Problem(Code.BAD_CHARACTER, Span(*bad.span()), {"character": f"U+{ord(bad[0]):04X}"}),)
    opened: list[int] = []
    for mark in _MARK.finditer(text):
        place = Span(*mark.span())
        if mark[0] in {"'", '"'}:
            return (Problem(Code.UNCLOSED_TEXT, place),)
        if mark[0] == "(":
            opened.append(place.start)
            if len(opened) > MOST_DEPTH:
                return (Problem(Code.TOO_DEEP, place, {"limit": MOST_DEPTH}),)
        elif mark[0] == ")":
            if not opened:
                return (Problem(Code.EXTRA_BRACKET, place, repair=""),)
            opened.pop()
    if opened:
        return (Problem(Code.UNCLOSED_BRACKET, Span(opened[-1], len(text)), repair=f"{text[opened[-1] :]})"),)
    return ()


def _syntax(text: str, error: UnexpectedToken | UnexpectedCharacters) -> Problem:
    """Say what stands in the wrong place, and what could stand there."""
    if isinstance(error, UnexpectedCharacters):
        start = cast("int", error.pos_in_stream)  # lark types it None, and sets it
        found = text[start : start + 2] if text[start : start + 2] in _MEANT else text[start]
        params = {"found": found, "expected": "word"}
        return Problem(Code.UNEXPECTED, Span(start, start + len(found)), params, _MEANT.get(found))
    expected = _expected(error.accepts or error.expected)
    token = error.token
    if token.type == "$END":
        return Problem(Code.UNFINISHED, Span(len(text), len(text)), {"expected": expected})
    found = str(token).strip()
    span = Span(token.start_pos or 0, (token.start_pos or 0) + len(found))
    return Problem(Code.UNEXPECTED, span, {"found": found, "expected": expected})


def _expected(terminals: set[str]) -> str:
    """Give what the next word could have been, by the name under which the templates say it."""
    return next(name for name, signs in _EXPECTED if signs <= terminals)


_EXPECTED: Final = (
    ("condition", {"_NOT", "LPAR"}),
    ("comparison", {"OPERATOR"}),
    ("connective", {"_AND"}),
    ("value", {"LPAR"}),
    ("argument", {"RPAR", "WORD"}),
    ("comma_or_bracket", {"COMMA"}),
    ("in", {"IN"}),
    ("value", {"NUMBER"}),
    ("name", set[str]()),
)
