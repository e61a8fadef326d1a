"""What people type in chat, made plain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.conditions.normalise import normalise
from rules.conditions.parse import parse


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("tenure &gt;= 3 and tenure &lt; 9", "tenure >= 3 and tenure < 9"),
        ("segment = “vip”", 'segment = "vip"'),
        ("segment = ‘vip’", "segment = 'vip'"),
        ("segment = „vip“", 'segment = "vip"'),
        ("change(sum(purchase), 30d) <= –50%", "change(sum(purchase), 30d) <= -50%"),
        ("change(sum(purchase), 30d) <= −50%", "change(sum(purchase), 30d) <= -50%"),
        ("tenure\u00a0>\u202f3", "tenure > 3"),
        ("tenure ≥ 3 and tenure ≠ 4", "tenure >= 3 and tenure != 4"),
        ("`silent(purchase, 30d)`", "silent(purchase, 30d)"),
        ("\u200bsilent\ufeff(purchase, 30d)", "silent(purchase, 30d)"),
        ("segment = “A–B\u00a0C”", 'segment = "A–B\u00a0C"'),
        ("segment = “O’Brien &amp; Sons”", 'segment = "O\'Brien & Sons"'),
        ("segment = “&amp;lt;”", 'segment = "&lt;"'),
        ("silent（purchase，30d）", "silent(purchase,30d)"),
    ],
)
def test_typing_is_undone(typed: str, meant: str) -> None:
    assert normalise(typed) == meant
    assert parse(normalise(typed)) == parse(meant)


def test_entities_can_be_left_alone() -> None:
    assert normalise("segment = “A &amp; B”", entities=False) == 'segment = "A &amp; B"'


@given(st.text())
def test_normalising_twice_changes_nothing_but_entities(text: str) -> None:
    once = normalise(text, entities=False)
    assert normalise(once, entities=False) == once
