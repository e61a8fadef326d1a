"""``lifecycle health`` on the command line: what is printed, as a table and as JSON, and how it ends."""

from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from tests.handlers.cli.test_lifecycle import Shop, shop

__all__ = ["shop"]


@pytest.fixture(autouse=True)
def no_log() -> Iterator[None]:
    """The log, which no entry point has led to stderr here, would stand among the answers."""
    with capture_logs():
        yield


def test_the_whole_way(shop: Shop) -> None:
    missing = shop.run("lifecycle", "health", "run")
    assert missing.exit_code == 1
    assert "lifecycle use retail" in missing.stderr
    shop.told("lifecycle", "use", "retail")
    before = shop.told("lifecycle", "health", "show")
    assert (before["preset"], before["edited"], before["at"], before["scored"]) == ("retail", False, None, 0)
    ran = shop.told("lifecycle", "health", "run")
    assert (ran["customers"], ran["scored"], ran["changed"]) == (2, 2, 2)
    assert shop.told("lifecycle", "health", "run")["changed"] == 0
    changed = shop.told("lifecycle", "health", "weight", "engagement", "40")
    assert (changed["did"], changed["version"], changed["rules"]) == ("health", 2, [])
    scaled = shop.told(
        "lifecycle", "health", "part", "engagement", "count(zzz)", "0:0 9:100", "--weight", "3"
    )
    assert scaled["diff"] == "+ health.engagement: count(zzz) 0:0 9:100 weight 3"
    assert scaled["warnings"]
    assert shop.told("lifecycle", "health", "part", "engagement", "count(zzz)", "--remove")["version"] == 4
    shown = shop.told("lifecycle", "health", "show")
    assert sum(one["customers"] for one in shown["spread"]) == 2  # type: ignore[attr-defined]
    first = shown["dimensions"][0]  # type: ignore[index]
    assert (first["dimension"], first["weight"], len(first["parts"])) == ("engagement", 40, 2)
    printed = shop.run("lifecycle", "health", "show").stdout
    assert "lifetime_value" in printed
    assert "2 of 2 customers have a score." in printed
    refused = shop.run("lifecycle", "health", "weight", "engagement", "--", "-1")
    assert refused.exit_code == 1
    assert "no whole number from 0 to 100" in refused.stderr
