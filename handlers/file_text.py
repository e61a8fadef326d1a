"""Files of text that people keep: read whole, within bounds, and written whole. It must not know what stands in them."""

from pathlib import Path
from typing import BinaryIO, ClassVar, Final

from handlers.intake.errors import EmptyFileError
from handlers.intake.lines import Lines
from rules.errors import WarmlineError
from rules.files.mistakes import BadFileError, Mistake
from rules.files.tree import LONGEST_FILE

STANDARD: Final = "-"
"""Stands for standard input or output where a file is named."""
_MOST_BYTES: Final = 4 * LONGEST_FILE
"""No text within bounds has more: a character has four bytes at most."""


class UnwritableFileError(WarmlineError):
    """The file at ``path`` cannot be written; ``reason`` as the system said it."""

    code: ClassVar[str] = "unwritable_file"


def read_text(path: Path) -> str:
    """Give what stands in the file at ``path``, in UTF-8.

    Raises the errors of `handlers.intake.errors` about a file as a whole, and `BadFileError` for one that is too long
    or no text.
    """
    with Lines(path) as lines:
        lines.peek()
    with path.open("rb") as file:
        return _decoded(file.read(_MOST_BYTES + 1), str(path), path.stat().st_size)


def read_given(stream: BinaryIO) -> str:
    """Give what comes over ``stream``, standard input, whole; raises what `read_text` raises, of a file ``-``."""
    raw = stream.read(_MOST_BYTES + 1)
    if not raw:
        raise EmptyFileError(path=STANDARD)
    return _decoded(raw, STANDARD, len(raw))


def _decoded(raw: bytes, name: str, size: int) -> str:
    if len(raw) > _MOST_BYTES:
        raise BadFileError([Mistake(1, "too_long", {"length": size, "limit": LONGEST_FILE})], name)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise BadFileError([Mistake(line, "not_utf8")], name) from error


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to the file at ``path`` in place of what stood there; raises `UnwritableFileError`."""
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UnwritableFileError(path=str(path), reason=reason or "unwritable") from error
