"""What can be wrong with a file that a person wrote: each mistake at its line, all of them told at once.

The words stand in ``templates/text/files.j2``, one macro for each code, called with the mistake's ``params``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar, Final

from rules.errors import WarmlineError

MOST_TOLD: Final = 20
"""Mistakes that are told of one file; the rest is counted."""
LONGEST_SHOWN: Final = 80


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing wrong with a file: the ``line``, from 1, ``where`` in the file's own words, and what.

    ``code`` names a macro of ``page``; a ``cause`` has words of its own.
    """

    line: int
    code: str
    params: Mapping[str, object] = field(default_factory=dict)
    where: str = ""
    page: str = "files"
    cause: WarmlineError | None = None

    def __post_init__(self) -> None:
        """Cut what was written to a length at which it can be shown."""
        shown = {name: cut(value) if isinstance(value, str) else value for name, value in self.params.items()}
        object.__setattr__(self, "params", MappingProxyType(shown))
        object.__setattr__(self, "where", cut(self.where))


class BadFileError(WarmlineError):
    """A file with ``mistakes``, in the order of its lines; ``path`` is what the reader calls the file."""

    code: ClassVar[str] = "bad_file"

    def __init__(self, mistakes: Sequence[Mistake], path: str = "") -> None:
        self.mistakes = tuple(sorted(mistakes, key=lambda one: one.line))
        self.path = path
        super().__init__(path=path, lines=[one.line for one in self.mistakes])

    def named(self, path: str) -> "BadFileError":
        """Give the same, of the file ``path``: whoever reads a text does not know what its file is called."""
        return BadFileError(self.mistakes, path)


def cut(text: str) -> str:
    """Give the beginning of somebody's text, short enough to be shown."""
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"
