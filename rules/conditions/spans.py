"""Places in a condition's text, and the two lines that point at one."""

import unicodedata
from dataclasses import dataclass, field
from typing import Final, NamedTuple


class Span(NamedTuple):
    """The characters of a text from ``start`` up to, and without, ``end``."""

    start: int
    end: int


NOWHERE: Final = Span(0, 0)
"""The span of what was made by a program and stands in no text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Anything that stands in a text. Where it stands takes no part in equality or hashing."""

    span: Span = field(default=NOWHERE, compare=False, repr=False)


_WIDTH: Final = 76
_CUT: Final = "…"


def caret(text: str, span: Span) -> str:
    """Point at ``span`` in ``text``: the line it begins in, cut to some 80 columns, and under it ``^^^``."""
    start = min(span.start, len(text))
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", start)
    line = text[first : len(text) if last < 0 else last]
    begin, end = start - first, min(max(span.end, start + 1) - first, len(line))
    left = max(0, begin - _WIDTH // 2) if len(line) > _WIDTH else 0
    right = min(len(line), left + _WIDTH)
    lead = _CUT if left else ""
    shown = _plain(line[left:right])
    before = " " * (len(lead) + _columns(shown[: begin - left]))
    under = "^" * max(1, _columns(shown[begin - left : min(end, right) - left]))
    return f"{lead}{shown}{_CUT if right < len(line) else ''}\n{before}{under}"


def _plain(line: str) -> str:
    """Replace what would break the line or move the pointer."""
    return "".join(" " if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} else char for char in line)


def _columns(text: str) -> int:
    """Count the columns a terminal gives to ``text``: two for wide letters, none for marks."""
    marks = {"Mn", "Me", "Cf"}
    return sum(
        0 if unicodedata.category(char) in marks else 1 + (unicodedata.east_asian_width(char) in "WF")
        for char in text
    )
