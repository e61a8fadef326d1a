"""What can be wrong with a record (it goes to quarantine) and with a whole file (nothing is written)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from rules.errors import WarmlineError
from storage.quarantine import Param

_SHOWN: Final = 80


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a record was refused: ``code`` names a text in ``templates/text/intake.j2``, ``params`` are its arguments."""

    code: str
    params: Mapping[str, Param]


class RefusedError(WarmlineError):
    """A record that cannot be taken in, with its `Reason`; never leaves intake."""

    code: ClassVar[str] = "record_refused"

    def __init__(self, code: str, /, **params: Param) -> None:
        super().__init__(reason=code)
        self.reason = Reason(code, params)


def shown(value: object) -> str:
    """Give the beginning of somebody's text as any database and any terminal can hold it."""
    text = str(value)[:_SHOWN]
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")


class NoSuchFileError(WarmlineError):
    """There is no file at ``path``."""

    code: ClassVar[str] = "no_such_file"


class NotAFileError(WarmlineError):
    """What lies at ``path`` is a directory or a device."""

    code: ClassVar[str] = "not_a_file"


class UnreadableFileError(WarmlineError):
    """The file at ``path`` cannot be read; ``reason`` as the system said it."""

    code: ClassVar[str] = "unreadable_file"


class EmptyFileError(WarmlineError):
    """There is nothing in the file at ``path``."""

    code: ClassVar[str] = "empty_file"


class WrongEncodingError(WarmlineError):
    """The file at ``path`` begins as one in ``encoding`` does; only UTF-8 is read."""

    code: ClassVar[str] = "wrong_encoding"


class UnknownFormatError(WarmlineError):
    """Nothing in the file at ``path`` tells which of ``formats`` it is in."""

    code: ClassVar[str] = "unknown_format"


class MissingColumnsError(WarmlineError):
    """The first line is no header of ``format``: ``missing`` and ``expected`` columns, and the line as ``found``."""

    code: ClassVar[str] = "missing_columns"

    def __init__(
        self, *, format_name: str, missing: Sequence[str], expected: Sequence[str], found: str
    ) -> None:
        super().__init__(
            format=format_name, missing=", ".join(missing), expected=", ".join(expected), found=shown(found)
        )


class DuplicateColumnError(WarmlineError):
    """Two columns of a header have the same name: ``column``."""

    code: ClassVar[str] = "duplicate_column"
