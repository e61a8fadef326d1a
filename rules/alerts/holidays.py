"""Public holidays: which days a country, or a part of one, has off.

Computed by the library ``holidays``, from rules that it ships; nothing is fetched. It must not know channels.
"""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import ClassVar, Final

import holidays
from holidays import registry
from rapidfuzz import fuzz, process

from rules.errors import WarmlineError

_ENGLISH: Final = "en_US"
_ALIKE: Final = 70.0
_MOST_LISTED: Final = 20


class UnknownPlaceError(WarmlineError):
    """Nobody's holidays are known under ``text``, cut; ``nearest`` are places like it, perhaps none."""

    code: ClassVar[str] = "unknown_place"


class UnknownPartError(WarmlineError):
    """``country`` has no part ``part``; ``nearest`` are parts like it, or else all, and ``country`` alone will do."""

    code: ClassVar[str] = "unknown_part"


def place(text: str) -> str:
    """Give the code of the place that ``text`` names: ``de-by``, ``DE Bayern``, ``Germany`` or ``DEU``.

    Raises `UnknownPlaceError` or `UnknownPartError`.
    """
    words = " ".join(text.split())
    country = _countries().get(words.casefold())
    if country is not None:
        return country
    for mark in ("-", " ", "/", ","):
        head, found, part = words.partition(mark)
        country = _countries().get(head.strip().casefold()) if found else None
        if country is not None:
            return _part_of(country, part.strip())
    near = process.extract(
        words.casefold()[:60], list(_countries()), scorer=fuzz.ratio, limit=3, score_cutoff=_ALIKE
    )
    codes = dict.fromkeys(_countries()[name] for name, _, _ in near)
    raise UnknownPlaceError(text=text[:60], nearest=[f"{code} ({_names()[code]})" for code in codes])


def name_of_place(code: str) -> str:
    """Give a place's name in words: ``Germany, BY``."""
    country, _, part = code.partition("-")
    return ", ".join([_names().get(country, country), *([part] if part else [])])


def holiday(code: str, day: date) -> str | None:
    """Give the name of the public holiday that ``day`` is in a place; None where it is none."""
    return _of_year(code, day.year).get(day)


@lru_cache(maxsize=512)
def _of_year(code: str, year: int) -> Mapping[date, str]:
    country, _, part = code.partition("-")
    language = _ENGLISH if _ENGLISH in _class_of(country).supported_languages else None
    return dict(holidays.country_holidays(country, subdiv=part or None, years=year, language=language))


def _class_of(country: str) -> type[holidays.HolidayBase]:
    return type(holidays.country_holidays(country))


def _part_of(country: str, text: str) -> str:
    parts = _class_of(country).get_subdivision_aliases()
    known = {name.casefold(): code for code, names in parts.items() for name in (code, *names)}
    found = known.get(text.casefold())
    if found is not None:
        return f"{country}-{found}"
    near = process.extract(text.casefold()[:60], list(known), scorer=fuzz.ratio, limit=3, score_cutoff=_ALIKE)
    codes = dict.fromkeys(known[name] for name, _, _ in near) or dict.fromkeys(parts)
    raise UnknownPartError(
        country=country, part=text[:60], nearest=[f"{country}-{one}" for one in codes][:_MOST_LISTED]
    )


@lru_cache(maxsize=1)
def _countries() -> Mapping[str, str]:
    """Give two-letter codes by every name of a country, case folded."""
    made: dict[str, str] = {}
    for module, (_, two, three, *_) in registry.COUNTRIES.items():
        made |= {name.casefold(): two for name in (module.replace("_", " "), two, three)}
    return made


@lru_cache(maxsize=1)
def _names() -> Mapping[str, str]:
    return {two: module.replace("_", " ").title() for module, (_, two, *_) in registry.COUNTRIES.items()}
