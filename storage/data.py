"""What stored JSON holds, as conditions see it: texts, exact numbers, and nothing else.

It must not know tables.
"""

import json
from decimal import Decimal
from functools import lru_cache

from rules.conditions.columns import Datum
from rules.conditions.names import BadNameError, name_of
from rules.conditions.numbers import exact


def read_properties(detail: str | None, names: frozenset[str]) -> dict[str, Datum]:
    """Give the wanted properties of an event by canonical name; of two keys with one name, the first in order."""
    held = _json(detail) if detail else {}
    if not isinstance(held, dict):
        return {}
    found: dict[str, Datum] = {}
    for key in sorted(held):
        name = _canonical(key)
        if name in names:
            found.setdefault(name, _datum(held[key]))
    return found


@lru_cache(maxsize=4_096)
def _canonical(key: str) -> str | None:
    try:
        return name_of(key)
    except BadNameError:
        return None


def _json(written: str) -> object:
    return json.loads(written, parse_float=Decimal, parse_int=Decimal)


def read_value(written: str) -> Datum:
    """Give a value that stands alone, such as an attribute's."""
    return _datum(_json(written))


def _datum(value: object) -> Datum:
    """Give a JSON value as conditions see it: lists, objects, null and numbers past all bounds are unknown."""
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            return exact(value)
        case str():
            return value
        case _:
            return None
