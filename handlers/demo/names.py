"""Plausible names for the demo's customers. It must not know whose they become."""

from functools import cache
from pathlib import Path
from random import Random
from typing import Final

_NAMES: Final = Path(__file__).with_name("names.txt")


class Names:
    """First and last names."""

    def __init__(self) -> None:
        self.first, self.last = _names()

    def draw(self, draw: Random) -> str:
        """Draw a name."""
        return f"{draw.choice(self.first)} {draw.choice(self.last)}"

    def numbered(self, number: int) -> tuple[str, str]:
        """Give the first and the last name of a number, the same for ever."""
        return self.first[number % len(self.first)], self.last[number // len(self.first) % len(self.last)]


@cache
def _names() -> tuple[tuple[str, ...], tuple[str, ...]]:
    lines = _NAMES.read_text(encoding="utf-8").splitlines()
    first, last = "\n".join(lines[1:]).split("\n\n")
    return tuple(first.split()), tuple(last.split())
