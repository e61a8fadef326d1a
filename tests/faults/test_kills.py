"""A few kills in every run of the tests; ``python -m tests.faults.kills`` does as many as one likes."""

import pytest

from tests.conftest import ENGINES, DatabaseUrls
from tests.faults.kills import run


@pytest.mark.timeout(300)
@pytest.mark.parametrize("engine", ENGINES)
def test_whatever_dies_when_nothing_is_lost_and_nothing_doubled(
    engine: str, new_database_url: DatabaseUrls
) -> None:
    report = run(new_database_url(engine), engine=engine, kills=5, seed=7)
    assert report.clean, report
    assert report.messages > 20, "the bot was killed before it did anything worth killing"
    assert report.struck, "no fault struck"
