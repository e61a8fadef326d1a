"""Files of text that people keep: read whole, within bounds, and written whole. It must not know what stands in them."""

from pathlib import Path
from typing import ClassVar, Final

from handlers.intake.lines import Lines
from rules.errors import WarmlineError
from rules.files.mistakes import BadFileError, Mistake
from rules.files.tree import LONGEST_FILE

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
        raw = file.read(_MOST_BYTES + 1)
    if len(raw) > _MOST_BYTES:
        size = path.stat().st_size
        raise BadFileError([Mistake(1, "too_long", {"length": size, "limit": LONGEST_FILE})], str(path))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise BadFileError([Mistake(line, "not_utf8")], str(path)) from error


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to the file at ``path`` in place of what stood there; raises `UnwritableFileError`."""
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UnwritableFileError(path=str(path), reason=reason or "unwritable") from error
