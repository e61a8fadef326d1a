"""Constants and windows: what the words and numbers of a text are worth."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

from rules.conditions.numbers import MOST_DIGITS, exact
from rules.conditions.print import quoted
from rules.conditions.problems import Code
from rules.conditions.raw import UNITS, Raw, children, duration, refusal, span, token, words
from rules.conditions.tree import Day, Duration, Number, Percent, Text, Value
from rules.conditions.windows import LONGEST_YEARS, Window

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def read_value(raw: Raw, written: str) -> Value:
    """Read the right-hand side of a comparison, ``written`` so in the text. Raises `Refused`."""
    if raw.data in {"call", "attribute"}:
        raise refusal(Code.NOT_CONSTANT, raw, {"found": written})
    found = words(raw)
    if found is None:
        constant = token(children(raw)[0])
        return _READERS[constant.type](raw, str(constant))
    if len(found) > 1:
        raise refusal(Code.NEEDS_QUOTES, raw, {"found": written}, quoted(written))
    return Text(found[0], span=span(raw))


def read_window(raw: Raw) -> Window:
    """Read a window among a function's arguments. Raises `Refused`."""
    constant = token(children(raw)[0])
    if constant.type == "DURATION":
        return _window(raw, str(constant))
    repair = f"{constant}d" if constant.isdigit() and int(constant) else None
    raise refusal(Code.BAD_WINDOW, raw, {"found": str(constant)}, repair)


def _window(raw: Raw, written: str) -> Window:
    length, name = duration(written)
    unit, found = UNITS.get(name), {"window": written}
    if unit is None or not length.isdigit() or name != unit or len(length) + len(name) < len(written):
        repair = f"{length}{unit}" if unit is not None and length.isdigit() and int(length) else None
        raise refusal(Code.BAD_WINDOW, raw, {"found": written}, repair)
    if len(length) > MOST_DIGITS or (window := Window(int(length), unit, span=span(raw))).too_long:
        raise refusal(Code.WINDOW_TOO_LONG, raw, {**found, "years": LONGEST_YEARS})
    if window.length == 0:
        raise refusal(Code.ZERO_WINDOW, raw, found)
    return window


def _number(raw: Raw, written: str) -> Number:
    number = exact(written)
    if number is None:
        raise refusal(Code.BAD_NUMBER, raw, {"found": written, "digits": MOST_DIGITS})
    return Number(number, span=span(raw))


def _percent(raw: Raw, written: str) -> Percent:
    return Percent(_number(raw, written.rstrip("%").rstrip()).value / 100, span=span(raw))


def _day(raw: Raw, written: str) -> Day:
    try:
        day = date.fromisoformat(written) if _DATE.fullmatch(written) else None
    except ValueError:  # a 13th month, a 30th of February
        day = None
    if day is None:
        raise refusal(Code.BAD_DATE, raw, {"found": written})
    return Day(day, span=span(raw))


def _duration(raw: Raw, written: str) -> Duration:
    return Duration(_window(raw, written), span=span(raw))


_READERS: Final[Mapping[str, Callable[[Raw, str], Value]]] = {
    "NUMBER": _number,
    "PERCENT": _percent,
    "DATE": _day,
    "DURATION": _duration,
}
