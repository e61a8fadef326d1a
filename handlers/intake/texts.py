"""What a text from outside must be like before it is stored. Each fault is a reason of its own.

It must not know where the text goes.
"""

import re
import unicodedata
from decimal import Decimal
from typing import Final

from handlers.intake.errors import RefusedError, shown

_HALF: Final = re.compile("[\ud800-\udfff]")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,18})?")


def check(value: str, field: str, *, limit: int, lines: bool = False) -> str:
    """Give ``value`` without space around it; ``field`` names it in the reason, ``limit`` is in characters.

    Marks of direction, emoji and whatever else is not a control character may stand in it; ends of lines and tabs
    only with ``lines``. Raises `RefusedError` with ``nul``, ``half_character``, ``control_character`` or ``too_long``.
    """
    text = value.strip()
    if not text.isprintable():
        _check_unprintable(text, field, lines=lines)
    if len(text) > limit:
        raise RefusedError("too_long", field=field, length=len(text), limit=limit)
    return text


def _check_unprintable(text: str, field: str, *, lines: bool) -> None:
    if "\0" in text:
        raise RefusedError("nul", field=field)
    half = _HALF.search(text)
    if half:
        raise RefusedError("half_character", field=field, character=f"U+{ord(half[0]):04X}")
    for character in text:
        if unicodedata.category(character) == "Cc" and not (lines and character in "\t\r\n"):
            raise RefusedError("control_character", field=field, character=f"U+{ord(character):04X}")


def scalar(value: object, field: str, *, limit: int) -> str | None:
    """Read a text, or a whole number as JSON has it, as text; None for nothing.

    Raises `RefusedError` with ``wrong_type`` or a reason of `check`.
    """
    if value is None:
        return None
    if isinstance(value, str):
        return check(value, field, limit=limit) or None
    if isinstance(value, Decimal) and value == value.to_integral_value() and value.adjusted() < 30:
        return format(value, "f")
    raise RefusedError("wrong_type", field=field, found=shown(value))


def cell(value: str, field: str, *, limit: int) -> str | Decimal | None:
    """Read a cell of a table without types: a number where it is written as one, None where it is empty.

    A number with needless zeros before it is a text: it is somebody's code.
    """
    text = check(value, field, limit=limit, lines=True)
    if not text:
        return None
    return Decimal(text) if _NUMBER.fullmatch(text) else text
