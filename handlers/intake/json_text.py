"""JSON as it is read from outside, strictly, and as it is stored, in one canonical form.

Numbers are `decimal.Decimal`, as they were written. It must not know what the JSON means.
"""

import json
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NoReturn

from handlers.intake.errors import RefusedError, shown
from handlers.intake.texts import check

DEEPEST: Final = 8
"""Levels of lists and objects within a value that is stored."""
MOST_DIGITS: Final = 40
LARGEST_EXPONENT: Final = 300
"""Beyond it a number is not finite where databases compute with floating point."""
LONGEST_TEXT: Final = 10_000
_NAME_LIMIT: Final = 200
_SPACE: Final = " \t\r\n"


class _BrokenError(ValueError):
    """JSON that this reader does not take, though another might."""


def loads(text: str) -> Any:
    """Read JSON; names given twice, NaN and Infinity are no JSON here. Raises ValueError."""
    try:
        return _DECODER.decode(text.strip(_SPACE))
    except RecursionError as error:
        raise _BrokenError("nested too deeply") from error


def record(text: str) -> dict[str, Any]:
    """Read one JSON object. Raises `RefusedError` with ``not_json`` or ``not_an_object``."""
    try:
        value = loads(text)
    except ValueError as error:
        raise RefusedError("not_json", detail=shown(error)) from error
    if not isinstance(value, dict):
        raise RefusedError("not_an_object", found=shown(text))
    return value


def dumps(value: Any, field: str = "properties") -> str:
    """Write JSON in its one form: names in order, no needless space, numbers as they came.

    Raises `RefusedError` with ``too_deep``, ``number_out_of_range`` or a reason of `texts.check`.
    """
    return _write(value, field, 0)


def _write(value: Any, field: str, depth: int) -> str:
    if depth > DEEPEST:
        raise RefusedError("too_deep", field=field, limit=DEEPEST)
    if isinstance(value, str):
        check(value, field, limit=LONGEST_TEXT, lines=True)
        return json.dumps(value, ensure_ascii=False)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, dict):
        for name in value:
            check(name, field, limit=_NAME_LIMIT)
        pairs = (
            f"{json.dumps(name, ensure_ascii=False)}:{_write(item, field, depth + 1)}"
            for name, item in sorted(value.items())
        )
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_write(item, field, depth + 1) for item in value) + "]"
    number = Decimal(value)
    if len(number.as_tuple().digits) > MOST_DIGITS or abs(number.adjusted()) > LARGEST_EXPONENT:
        raise RefusedError("number_out_of_range", field=field, found=shown(value))
    return str(number)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _BrokenError("a name is given twice")
    return found


def _constant(name: str) -> NoReturn:
    raise _BrokenError(f"{name} is not a number")


def _number(written: str) -> Decimal:
    try:
        return Decimal(written)
    except InvalidOperation as error:
        raise _BrokenError("a number is out of range") from error


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_number, parse_int=_number, parse_constant=_constant
)


def items(text: str, *, limit: int) -> list[tuple[Any, str]]:
    """Read one JSON value, or a list of them: each with the very text of it; at most one more than ``limit``.

    Raises ValueError for what is no JSON, or neither an object nor a list.
    """
    position = _after_space(text, 0)
    if text[position : position + 1] == "{":
        return [(loads(text), text.strip(_SPACE))]
    if text[position : position + 1] != "[":
        raise _BrokenError("neither an object nor a list")
    found: list[tuple[Any, str]] = []
    position = _after_space(text, position + 1)
    closed = text[position : position + 1] == "]"
    while not closed and len(found) <= limit:
        try:
            value, end = _DECODER.raw_decode(text, position)
        except RecursionError as error:
            raise _BrokenError("nested too deeply") from error
        found.append((value, text[position:end]))
        position = _after_space(text, end)
        closed = text[position : position + 1] == "]"
        if not closed:
            if text[position : position + 1] != ",":
                raise _BrokenError("a list goes on without a comma")
            position = _after_space(text, position + 1)
    if closed and _after_space(text, position + 1) != len(text):
        raise _BrokenError("something follows the list")
    return found


def _after_space(text: str, position: int) -> int:
    while position < len(text) and text[position] in _SPACE:
        position += 1
    return position
