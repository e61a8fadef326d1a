"""Whose public holidays are known, by which names, and what is none's."""

from datetime import date

import holidays as library
import pytest

from rules.alerts.holidays import UnknownPartError, UnknownPlaceError, holiday, name_of_place, place


@pytest.mark.parametrize(
    ("text", "code", "name"),
    [
        ("DE-BY", "DE-BY", "Germany, BY"),
        ("de by", "DE-BY", "Germany, BY"),
        ("Germany/Bayern", "DE-BY", "Germany, BY"),
        ("germany", "DE", "Germany"),
        ("DEU", "DE", "Germany"),
        (" united   states ", "US", "United States"),
        ("us-ca", "US-CA", "United States, CA"),
    ],
)
def test_a_place_by_each_of_its_names(text: str, code: str, name: str) -> None:
    assert place(text) == code
    assert place(code) == code
    assert name_of_place(code) == name


def test_an_unknown_place_or_part_names_those_like_it() -> None:
    with pytest.raises(UnknownPlaceError) as refused:
        place("Germny")
    assert refused.value.params["nearest"][0] == "DE (Germany)"  # type: ignore[index]
    with pytest.raises(UnknownPlaceError) as refused:
        place("🎄" * 300)
    assert refused.value.params == {"text": "🎄" * 60, "nearest": []}
    with pytest.raises(UnknownPartError) as wrong:
        place("DE-Bayren")
    assert wrong.value.params == {"country": "DE", "part": "Bayren", "nearest": ["DE-BY"]}
    with pytest.raises(UnknownPartError) as wrong:
        place("DE-??")
    assert "DE-HH" in wrong.value.params["nearest"]  # type: ignore[operator]


def test_a_part_has_holidays_of_its_own() -> None:
    epiphany = date(2026, 1, 6)
    assert holiday("DE-BY", epiphany) == "Epiphany"
    assert holiday("DE", epiphany) is None
    assert holiday("DE-BY", date(2026, 1, 7)) is None
    assert holiday("US", date(2026, 11, 26)) == "Thanksgiving Day"


def test_every_country_can_be_asked_for_a_year_without_a_warning() -> None:
    """Warnings are errors in these tests; and a country that is listed must not break a sweep."""
    asked = [code for code in library.list_supported_countries(include_aliases=False) if len(code) == 2]
    assert len(asked) > 200
    kept = [code for code in asked if holiday(place(code), date(2026, 1, 1)) is not None]
    assert len(kept) > 150
