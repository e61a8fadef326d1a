"""What definitions are called, in which order they stand, and that what is stored reads back."""

import random

import pytest

from rules.conditions.names import BadNameError
from rules.conditions.terms import Family
from rules.lifecycle.definitions import Definition, Lifecycle, Name, UnknownDefinitionError
from tests.lifecycles import lifecycle


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("stage.retain", Name(Family.STAGE, "retain")),
        (" Stage:RETAIN ", Name(Family.STAGE, "retain")),
        ("status = at-risk", Name(Family.STATUS, "at_risk")),
        ("retain", Name(Family.STAGE, "retain")),
        ("at_risk", Name(Family.STATUS, "at_risk")),
        ("high", Name(Family.VALUE_TIER, "high")),
        ("active", Name(Family.ACTIVE)),
        ("status.active", Name(Family.STATUS, "active")),
        ("active.Big Spenders", Name(Family.ACTIVE, "big_spenders")),
        ("segment.big", Name(Family.SEGMENT, "big")),
    ],
)
def test_names_are_read_as_people_write_them(text: str, name: Name) -> None:
    assert Name.read(text) == name
    assert Name.read(str(name)) == name


@pytest.mark.parametrize(
    ("text", "nearest"),
    [("stage.retian", "stage.retain"), ("stage", None), ("segment", None), ("zzz", None), ("", None)],
)
def test_other_names_are_refused_with_the_nearest(text: str, nearest: str | None) -> None:
    with pytest.raises(UnknownDefinitionError) as refused:
        Name.read(text)
    assert nearest in (None, refused.value.params["nearest"])


def test_a_name_without_a_letter_is_none() -> None:
    with pytest.raises(BadNameError):
        Name.read("segment.!!!")


def test_an_edit_keeps_the_place_and_a_new_one_stands_last_in_its_family() -> None:
    first, second, new = (Name(Family.SEGMENT, label) for label in "abc")
    stage = Name(Family.STAGE, "reach")
    before = Lifecycle().having({second: "never(x)", stage: "never(x)", first: "never(x)"})
    after = before.having({second: "never(y)", new: "never(z)"})
    assert [str(one.name) for one in after.definitions] == [
        "stage.reach",
        "segment.b",
        "segment.a",
        "segment.c",
    ]
    assert after.get(second) == Definition(second, "never(y)")
    assert after.having({second: None}).get(second) is None
    assert after.labels() == {Family.STAGE: ("reach",), Family.SEGMENT: ("b", "a", "c")}


@pytest.mark.parametrize("seed", range(10))
def test_what_is_stored_reads_back(seed: int) -> None:
    made = lifecycle(random.Random(seed))
    again = Lifecycle.of_text(made.to_text())
    assert again == made
    assert hash(again) == hash(made)
