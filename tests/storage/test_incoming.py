"""The key of an event: of its id or, without one, of all that it says."""

from dataclasses import replace

import pytest

from storage.incoming import EventIn

EVENT = EventIn(
    source="shop", customer="C", kind="k", occurred_at=1, amount=5, currency="USD", properties='{"a":1}'
)


def test_the_key_never_changes() -> None:
    # Events that are stored bear it: another key would take them in again.
    assert replace(EVENT, external_id="o-1").key == -6888174252125860952
    assert EVENT.key == -461456120153933404


@pytest.mark.parametrize(
    "change",
    [
        {"source": "x"},
        {"customer": "x"},
        {"kind": "x"},
        {"occurred_at": 2},
        {"amount": None},
        {"currency": "EUR"},
        {"properties": None},
        {"ordinal": 2},
        {"external_id": "x"},
    ],
)
def test_without_an_id_everything_counts(change: dict[str, object]) -> None:
    assert replace(EVENT, **change).key != EVENT.key  # type: ignore[arg-type]


def test_with_an_id_only_source_and_id_count() -> None:
    named = replace(EVENT, external_id="o-1")
    assert replace(named, customer="x", kind="x", occurred_at=9, amount=None, ordinal=3).key == named.key
    assert replace(named, source="x").key != named.key
