"""What a format is: how a file of it is read into records, and a record into what is to be stored."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from handlers.intake.errors import Reason, RefusedError
from handlers.intake.events import World
from handlers.intake.lines import LONGEST_LINE, Line, Lines
from storage.incoming import CustomerIn, EventIn

Draft = EventIn | CustomerIn


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a file: its first line's number, its very bytes, and its fields or why it has none."""

    line: int
    raw: bytes
    header: bytes | None
    fields: Mapping[str, Any] | None
    reason: Reason | None

    @classmethod
    def refused(cls, line: Line, error: RefusedError, header: bytes | None = None) -> "Record":
        """Give the record of a line that cannot be read."""
        return cls(line=line.number, raw=line.raw, header=header, fields=None, reason=error.reason)


class Format(Protocol):
    """One format of files or requests."""

    @property
    def name(self) -> str:
        """The name on the command line and in quarantine."""

    def records(self, lines: Lines) -> Iterator[Record]:
        """Read a file. Raises errors about the file as a whole before the first record."""

    def again(self, raw: bytes, header: bytes | None) -> Mapping[str, Any]:
        """Read the bytes of one record. Raises `RefusedError`."""

    def draft(self, fields: Mapping[str, Any], world: World) -> Draft:
        """Make of a record what is to be stored. Raises `RefusedError`."""

    def equal_to(self, fields: Mapping[str, Any], draft: Draft | None) -> int | None:
        """Give a key that records share whose how-manieth in the file counts; None where it does not count."""

    def numbered(self, draft: Draft, ordinal: int) -> Draft:
        """Give ``draft`` as the ``ordinal``-th of its file among its equals."""


def whole(line: Line) -> bytes:
    """Give the bytes of a line. Raises `RefusedError` for one that is not there whole."""
    if line.cut:
        raise RefusedError("line_too_long", length=line.length, limit=LONGEST_LINE)
    return line.raw


def one_a_line(lines: Lines, read: Callable[[bytes], Mapping[str, Any]]) -> Iterator[Record]:
    """Give the records of a file in which each line is one; ``read`` raises `RefusedError`."""
    for line in lines:
        try:
            fields = read(whole(line))
        except RefusedError as error:
            yield Record.refused(line, error)
        else:
            yield Record(line=line.number, raw=line.raw, header=None, fields=fields, reason=None)
