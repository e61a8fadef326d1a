"""A short version of `ninety_days`: some days of some of the demo's customers, undisturbed and with deaths."""

from pathlib import Path
from random import Random

from rules.instants import DAY, HOUR
from tests.acceptance.company import differences
from tests.acceptance.ninety_days import HISTORY_DAYS, play, schedule
from tests.conftest import DatabaseUrls

DAYS = 2
EVERY = 8 * HOUR


def test_some_days_of_the_demos_company(new_database_url: DatabaseUrls, tmp_path: Path) -> None:
    shape = {"days": DAYS, "people": 200, "every": EVERY}
    expected = play(new_database_url("sqlite"), tmp_path / "files", **shape)
    assert len(expected["said"]) > 10
    deaths = schedule(Random(3), ticks=(DAYS + HISTORY_DAYS) * DAY // EVERY, share=0.7)
    came = play(new_database_url("sqlite"), tmp_path / "files", deaths=deaths, **shape)
    assert differences(expected, came) == []
