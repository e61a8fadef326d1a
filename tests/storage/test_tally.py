"""How often, in bounded memory."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from storage.tally import Tally


@given(
    batches=st.lists(st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(0, 3), max_size=20), max_size=5)
)
def test_each_is_counted_in_its_turn(batches: list[list[int]]) -> None:
    seen: Counter[int] = Counter()
    with Tally() as tally:
        for batch in batches:
            expected = []
            for key in batch:
                seen[key] += 1
                expected.append(seen[key])
            assert tally.see(batch) == expected
        assert tally.different() == len(seen)
