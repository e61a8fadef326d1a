"""CSV, read so that one broken quote costs one line: header, records, and one record again.

A record is one physical line, or several where a quoted field spans them, within bounds. It must not know what the
columns mean.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from handlers.intake.errors import DuplicateColumnError, MissingColumnsError, RefusedError
from handlers.intake.format import Record, whole
from handlers.intake.lines import LONGEST_LINE, Line, Lines
from rules.conditions.names import BadNameError, name_of

MOST_LINES: Final = 50
"""Physical lines that one record may span."""
_DELIMITERS: Final = (",", ";", "\t")
_OPEN_QUOTE: Final = "unexpected end of data"
"""How the csv module says that a quote is still open; a test holds it to that."""

csv.field_size_limit(LONGEST_LINE)


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns a table must have; ``aliases`` are other names that columns go by."""

    format_name: str
    required: Sequence[str]
    expected: Sequence[str]
    aliases: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Header:
    """The first line of a table: canonical names of columns, "" for one without a name."""

    raw: bytes
    delimiter: str
    columns: tuple[str, ...]


def header_of(raw: bytes, wanted: Columns) -> Header:
    """Read a header, whichever of comma, semicolon and tab is between the names.

    Raises `MissingColumnsError` for a line that is none, `DuplicateColumnError`.
    """
    text = raw.decode("utf-8", "replace")
    missing: Sequence[str] = wanted.required
    for delimiter in _DELIMITERS:
        columns = _columns(text, delimiter, wanted.aliases)
        lacking = [name for name in wanted.required if name not in columns]
        if not lacking:
            named = [name for name in columns if name]
            for name in named:
                if named.count(name) > 1:
                    raise DuplicateColumnError(column=name)
            return Header(raw=raw, delimiter=delimiter, columns=columns)
        if len(lacking) < len(missing):
            missing = lacking
    raise MissingColumnsError(
        format_name=wanted.format_name, missing=missing, expected=wanted.expected, found=text
    )


def records(lines: Lines, header: Header) -> Iterator[Record]:
    """Give the records of a table whose header was read; what cannot be read comes with its reason."""
    while line := lines.next():
        yield _record(lines, line, header)


def row_of(raw: bytes, header: Header) -> dict[str, str]:
    """Read one record by itself. Raises `RefusedError`."""
    return _row(_decoded(raw), header)


def _record(lines: Lines, line: Line, header: Header) -> Record:
    taken: list[Line] = []
    try:
        row = _spanned(lines, whole(line), taken, header)
    except RefusedError as error:
        # The lines after it are read anew: they must not be lost for the fault of this one.
        lines.put_back(taken)
        return Record.refused(line, error, header.raw)
    raw = b"\n".join([line.raw, *(one.raw for one in taken)])
    return Record(line=line.number, raw=raw, header=header.raw, fields=row, reason=None)


def _spanned(lines: Lines, raw: bytes, taken: list[Line], header: Header) -> dict[str, str]:
    """Read a record that begins with ``raw``; the lines that it needs besides go to ``taken``."""
    text = _decoded(raw)
    while True:
        try:
            return _row(text, header)
        except _OpenQuoteError:
            more = _until_quote(lines, taken)
            if more is None:
                raise
            text += more


def _until_quote(lines: Lines, taken: list[Line]) -> str | None:
    """Take the lines up to the next that holds a quote, as text; None where the bounds or the file end before."""
    more = ""
    while len(taken) < MOST_LINES - 1:
        line = lines.next(blank=True)
        if line is None:
            return None
        taken.append(line)
        if line.cut or sum(len(one.raw) for one in taken) > LONGEST_LINE:
            return None
        try:
            more += "\n" + _decoded(line.raw)
        except RefusedError:
            return None
        if b'"' in line.raw:
            return more
    return None


class _OpenQuoteError(RefusedError):
    """A quote is still open at the end."""

    def __init__(self) -> None:
        super().__init__("broken_quote")


def _decoded(raw: bytes) -> str:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RefusedError("not_utf8", position=error.start + 1) from error
    if "\0" in text:
        raise RefusedError("nul", field="")
    return text


def _row(text: str, header: Header) -> dict[str, str]:
    cells = _cells(text, header.delimiter)
    if len(cells) != len(header.columns):
        raise RefusedError("wrong_width", found=len(cells), expected=len(header.columns))
    row = dict(zip(header.columns, cells, strict=True))
    if row.pop("", "").strip():
        raise RefusedError("unnamed_column")
    return row


def _cells(text: str, delimiter: str) -> list[str]:
    if '"' not in text and "\r" not in text:
        return text.split(delimiter)
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error as error:
        if str(error) == _OPEN_QUOTE:
            raise _OpenQuoteError from error
        raise RefusedError("bad_csv", detail=str(error)) from error


def _columns(text: str, delimiter: str, aliases: Mapping[str, str]) -> tuple[str, ...]:
    try:
        cells = next(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error:
        return ()
    found = []
    for name in cells:
        try:
            canonical = name_of(name)
        except BadNameError:
            canonical = ""
        found.append(aliases.get(canonical, canonical))
    return tuple(found)
