"""Ends and reasons as people write them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.alerts.until import LONGEST_REASON, BadUntilError, read_reason, read_until
from rules.instants import DAY, HOUR, Calendar

NOW = 20_000 * DAY
BERLIN = Calendar.of("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "until"),
    [("3d", NOW + 3 * DAY), (" 12H ", NOW + 12 * HOUR), ("2w", NOW + 14 * DAY), ("30m", NOW + HOUR // 2)],
)
def test_a_length_counts_from_now(text: str, until: int) -> None:
    assert read_until(text, NOW, BERLIN) == until


def test_a_date_begins_at_its_midnight_there_or_at_the_time_that_is_meant() -> None:
    assert read_until("2026-12-31", NOW, BERLIN) == BERLIN.parse("2026-12-31T00:00")
    assert read_until("2026-12-24", NOW, BERLIN, at="T09:00") == BERLIN.parse("2026-12-24T09:00")
    assert read_until("2026-12-24T15:00", NOW, BERLIN, at="T09:00") == BERLIN.parse("2026-12-24T15:00")


def test_tomorrow_is_the_day_after_this_one_there() -> None:
    assert read_until("Tomorrow", NOW, BERLIN) == BERLIN.midnight(BERLIN.date_of(NOW) + timedelta(days=1))
    assert read_until("tomorrow", NOW, BERLIN, at="T09:00") == read_until("tomorrow", NOW, BERLIN) + 9 * HOUR


@pytest.mark.parametrize("text", ["", "soon", "31.12.", "2026-02-30", "3y", "9" * 400 + "d", "-3d", "😀"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(BadUntilError):
        read_until(text, NOW, BERLIN)


@given(st.text(alphabet=st.characters(codec=None)))
def test_a_reason_is_one_line_that_any_database_takes(text: str) -> None:
    kept = read_reason(text)
    assert len(kept) <= LONGEST_REASON
    assert kept.splitlines() in ([], [kept]) or "\n" not in kept
    kept.encode()
    assert "\0" not in kept
    assert read_reason(kept) == kept


def test_an_emoji_is_a_reason_and_a_long_one_is_cut() -> None:
    assert read_reason("😀") == "😀"
    long = read_reason("wait " * 600)
    assert long.endswith("…")
    assert len(long) <= LONGEST_REASON
