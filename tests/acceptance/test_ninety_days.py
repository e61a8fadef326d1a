"""A short version of `ninety_days`: some days of some of the demo's customers, undisturbed and with deaths."""

from pathlib import Path
from random import Random
from typing import Any

from handlers.demo.furnish import HISTORY_DAYS
from rules.instants import DAY, HOUR
from tests.acceptance.company import differences
from tests.acceptance.ninety_days import Deaths, play, schedule
from tests.conftest import DatabaseUrls

DAYS = 2
EVERY = 8 * HOUR


def test_some_days_of_the_demos_company(new_database_url: DatabaseUrls, tmp_path: Path) -> None:
    def played(deaths: Deaths) -> dict[str, Any]:
        url, files = new_database_url("sqlite"), tmp_path / "files"
        return play(url, files, days=DAYS, people=200, every=EVERY, deaths=deaths)

    expected = played({})
    assert len(expected["said"]) > 10
    deaths = schedule(Random(3), ticks=(DAYS + HISTORY_DAYS) * DAY // EVERY, share=0.7)
    assert differences(expected, played(deaths)) == []
