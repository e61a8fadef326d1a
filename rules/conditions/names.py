"""When two names, or two texts, are the same: the one place that says so, for conditions and intake alike.

It must not know which names exist, nor which stand for others; that is a vocabulary's business.
"""

import unicodedata
from typing import ClassVar, Final

from rules.errors import WarmlineError

LONGEST_NAME: Final = 100


class BadNameError(WarmlineError):
    """A text in which no name is left, or one of more than `LONGEST_NAME` characters: ``text``, cut."""

    code: ClassVar[str] = "bad_name"


def fold(text: str) -> str:
    """Give ``text`` as it is compared: case folded and NFC-normalised (Unicode's canonical caseless matching)."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())


def name_of(text: str) -> str:
    """Give the canonical name of a kind, an attribute or a property: ``Plan Name``, ``plan-name`` are ``plan_name``.

    Letters, their marks and digits stay; every run of anything else is one underscore. Raises `BadNameError`.
    """
    kept = "".join(char if unicodedata.category(char)[0] in "LMN" else " " for char in fold(text))
    name = "_".join(kept.split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise BadNameError(text=text[:80])
    return name
