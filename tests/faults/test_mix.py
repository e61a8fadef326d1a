"""The mix of faults: half of all posts and edits meet one, and every refusal with a remedy of its own is among them."""

import random
from collections import Counter

import pytest

from playground.faults import Faults, fault_from_json
from rules.alerts.retry import BAD_PAYLOAD, CLOSED_CHANNEL, DEAD_CHANNEL, DEAD_TOKEN, PASSING
from tests.faults.mix import ANYWHERE, HALF, OURS, mixed

CALLS = 20_000


@pytest.mark.parametrize(
    ("method", "overall"), [("chat.postMessage", 0.5), ("chat.update", 0.49), ("chat.delete", 0.38)]
)
def test_half_of_all_calls_meet_a_fault(method: str, overall: float) -> None:
    faults = Faults(seed=1)
    faults.add(*(fault_from_json(one) for one in HALF))
    struck = Counter(fault.kind for _ in range(CALLS) if (fault := faults.pick(method)))
    assert struck.total() / CALLS == pytest.approx(overall, abs=0.02)
    assert set(struck) == {"reset", "status", "truncate", "ratelimited", "slow", "error"}


def test_every_refusal_that_has_a_remedy_is_in_the_mix() -> None:
    listed = (DEAD_CHANNEL | CLOSED_CHANNEL | DEAD_TOKEN | BAD_PAYLOAD | PASSING) - OURS
    assert listed <= {fault["error"] for fault in HALF if fault["kind"] == "error"}


def test_each_fault_has_the_share_that_was_asked_for() -> None:
    shares = [
        (share * random.Random(place).uniform(0.5, 1), one) for place, (share, one) in enumerate(ANYWHERE)
    ]
    left, met = 1.0, 0.0
    for fault, (share, _) in zip(mixed(shares, overall=0.2), shares, strict=True):
        assert left * fault["probability"] == pytest.approx(share * 0.2 / sum(one for one, _ in shares))
        met += left * fault["probability"]
        left *= 1 - fault["probability"]
    assert met == pytest.approx(0.2)
