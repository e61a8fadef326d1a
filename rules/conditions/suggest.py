"""Did you mean …: the known name nearest to one that is not."""

from collections.abc import Iterable

from rapidfuzz import fuzz, process

from rules.conditions.names import fold

_ENOUGH = 65


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Give the most similar of the ``known`` names, the first in alphabetical order of equals; None if none is near."""
    found = process.extractOne(fold(name), sorted(known), scorer=fuzz.ratio, score_cutoff=_ENOUGH)
    return found[0] if found else None
