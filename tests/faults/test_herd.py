"""Some seconds of four processes that share the work, are stopped and cut off; ``python -m tests.faults.herd`` goes on."""

import pytest

from tests.conftest import DatabaseUrls
from tests.faults.herd import run


@pytest.mark.timeout(300)
def test_four_processes_that_are_stopped_and_cut_off_lose_and_double_nothing(
    new_database_url: DatabaseUrls,
) -> None:
    report, done = run(new_database_url("postgresql"), seconds=6, seed=11)
    assert report.clean, report
    assert report.messages > 20, "nothing was told while they were disturbed"
    assert report.struck, "no fault struck"
    assert min(done["stopped"], done["continued"], done["backends terminated"]) > 0, done
