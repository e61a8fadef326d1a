"""The loose shapes that the grammar gives, read safely, and how to refuse one.

Raised and caught within the package only: `Refused` carries one problem from where it is seen to where it is noted.
"""

import re
from collections.abc import Mapping
from typing import Final

from lark import Token, Tree

from rules.conditions.problems import Code, Problem
from rules.conditions.spans import Span
from rules.conditions.windows import Unit

Raw = Tree[Token]

UNITS: Final = {
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), Unit.HOURS),
    **dict.fromkeys(("d", "day", "days"), Unit.DAYS),
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks"), Unit.WEEKS),
    **dict.fromkeys(("mo", "mos", "m", "mon", "month", "months"), Unit.MONTHS),
    **dict.fromkeys(("y", "yr", "yrs", "year", "years"), Unit.YEARS),
}
"""What people write for a unit. Only the language's own are taken; the others are understood well enough to say so."""

_DURATION: Final = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)\s*(.+)", re.DOTALL)
_GUARDED: Final = re.compile(r"""\\([\\"'])""")


class Refused(Exception):  # noqa: N818  not an error of the program: it never leaves this package
    """One problem, on its way to the list of them."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


def refusal(
    code: Code, place: "Raw | Span", params: Mapping[str, object] | None = None, repair: str | None = None
) -> Refused:
    """Make the refusal of what stands at ``place``."""
    return Refused(Problem(code, place if isinstance(place, Span) else span(place), params or {}, repair))


def children(raw: Raw) -> list[object]:
    """Give the children of ``raw``: trees, tokens, and None for what was left out (which lark's types forget)."""
    return list(raw.children)


def tree(child: object) -> Raw:
    """Give ``child`` as the tree that the grammar promises."""
    if not isinstance(child, Tree):
        raise TypeError("the grammar gives a tree here")
    return child


def token(child: object) -> Token:
    """Give ``child`` as the token that the grammar promises."""
    if not isinstance(child, Token):
        raise TypeError("the grammar gives a token here")
    return child


def span(raw: Raw) -> Span:
    """Give the place of ``raw`` in the text."""
    return Span(raw.meta.start_pos, raw.meta.end_pos)


def duration(written: str) -> tuple[str, str]:
    """Split ``30 days`` into its number and its unit."""
    parts = _DURATION.fullmatch(written)
    if parts is None:
        raise TypeError("the grammar's durations have a length and a unit")
    return parts[1], parts[2].lower()


def is_quoted(raw: Raw) -> bool:
    """Tell whether ``raw`` is a text between quotes."""
    return raw.data in {"label", "attribute"} and token(raw.children[0]).type == "QUOTED"


def words(raw: Raw) -> list[str] | None:
    """Give the words of a label or an attribute's name, or the text between its quotes; None for what is neither.

    ``2fa_login`` begins as a duration does, and is a word all the same.
    """
    if is_quoted(raw):
        return [unquoted(token(raw.children[0]))]
    if raw.data in {"label", "attribute"}:
        return [str(child) for child in raw.children]
    if raw.data == "constant":
        first = token(raw.children[0])
        if first.type == "DURATION" and duration(first)[1] not in UNITS:
            return [str(first)]
    return None


def unquoted(written: str) -> str:
    """Give the text that stands between quotes."""
    return _GUARDED.sub(r"\1", written[1:-1])
