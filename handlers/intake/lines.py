"""A file as physical lines of bytes: numbered, bounded, and counted while they are read.

It must not know what stands in a line.
"""

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, NamedTuple, Self

from handlers.intake.errors import (
    EmptyFileError,
    NoSuchFileError,
    NotAFileError,
    UnreadableFileError,
    WrongEncodingError,
)

LONGEST_LINE: Final = 1_000_000
"""Bytes. Of a longer line the beginning is kept, and its whole length told."""

_BOM: Final = b"\xef\xbb\xbf"
_OTHER_BOMS: Final = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)


class Line(NamedTuple):
    """One line, without its end. ``length`` is that of the whole line, where ``raw`` is only its beginning."""

    number: int
    raw: bytes
    length: int

    @property
    def cut(self) -> bool:
        """Whether the line was longer than `LONGEST_LINE`."""
        return self.length > len(self.raw)


class Lines:
    """The lines of a file; a context manager. Going over them leaves out blank ones.

    ``size`` is the file's in bytes, ``consumed`` how many of them were read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.consumed = 0
        self._number = 0
        self._waiting: deque[Line] = deque()
        self._file = _open(path)
        self.size = path.stat().st_size
        try:
            self._skip_bom()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[Line]:
        while line := self.next():
            yield line

    def next(self, *, blank: bool = False) -> Line | None:
        """Give the next line, one of nothing but space only with ``blank``; None at the end."""
        while line := self._waiting.popleft() if self._waiting else self._read():
            if blank or line.raw.strip():
                return line
        return None

    def put_back(self, lines: list[Line]) -> None:
        """Let ``lines`` come again, before what follows them."""
        self._waiting.extendleft(reversed(lines))

    def peek(self) -> Line:
        """Give the next line and let it come again. Raises `EmptyFileError` where there is none."""
        line = self.next()
        if line is None:
            raise EmptyFileError(path=str(self.path))
        self.put_back([line])
        return line

    def _read(self) -> Line | None:
        raw = self._file.readline(LONGEST_LINE + 1)
        if not raw:
            return None
        self._number += 1
        if len(raw) > LONGEST_LINE and not raw.endswith(b"\n"):
            length = len(raw) + self._skip_line()
            self.consumed += length
            return Line(self._number, raw[:LONGEST_LINE], length)
        self.consumed += len(raw)
        raw = raw.rstrip(b"\r\n")
        return Line(self._number, raw, len(raw))

    def _skip_line(self) -> int:
        skipped = 0
        while chunk := self._file.readline(LONGEST_LINE):
            skipped += len(chunk)
            if chunk.endswith(b"\n"):
                break
        return skipped

    def _skip_bom(self) -> None:
        start = self._file.read(4)
        for bom, encoding in _OTHER_BOMS:
            if start.startswith(bom):
                raise WrongEncodingError(path=str(self.path), encoding=encoding)
        self.consumed = len(_BOM) if start.startswith(_BOM) else 0
        self._file.seek(self.consumed)


def _open(path: Path) -> BinaryIO:
    try:
        if not path.exists():
            raise NoSuchFileError(path=str(path))
        if not path.is_file():
            raise NotAFileError(path=str(path))
        return path.open("rb")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UnreadableFileError(path=str(path), reason=reason or "unreadable") from error
