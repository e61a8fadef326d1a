import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.alerts.escalation import (
    LONGEST_WAIT,
    MOST_STEPS,
    EscalationStep,
    Target,
    escalation_text,
    read_escalation,
)
from rules.instants import DAY, HOUR, MINUTE


def steps() -> st.SearchStrategy[tuple[EscalationStep, ...]]:
    lengths = st.sampled_from([MINUTE, HOUR, DAY]).flatmap(
        lambda unit: st.integers(1, LONGEST_WAIT // unit).map(lambda n: n * unit)
    )
    targets = st.sampled_from(
        [(Target.OWNER, ""), (Target.MANAGER, ""), (Target.CHANNEL, "#leads"), (Target.CHANNEL, "C0LEADS12")]
    )
    return st.lists(st.tuples(lengths, targets), max_size=MOST_STEPS, unique_by=lambda one: one[0]).map(
        lambda found: tuple(EscalationStep(after, *target) for after, target in sorted(found))
    )


@given(steps())
def test_what_is_written_is_read_back(found: tuple[EscalationStep, ...]) -> None:
    assert read_escalation(escalation_text(found)) == found


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("", ""),
        ("90m to owner", "90m owner"),
        ("2h Owner; 480m MANAGERS,1d #leads", "2h owner, 8h manager, 1d #leads"),
        ("24h <#C0LEADS12|leads>", "1d C0LEADS12"),
    ],
)
def test_people_may_write_it_otherwise(text: str, written: str) -> None:
    assert escalation_text(read_escalation(text)) == written


@pytest.mark.parametrize(
    "text",
    [
        "owner",
        "2h",
        "2h nobody",
        "0h owner",
        "31d owner",
        "8h owner, 2h manager",
        "2h owner, 120m manager",
        "1h owner,",
        "2h #a b",
        "2h <!channel>",
        ", ".join(f"{n}h owner" for n in range(1, MOST_STEPS + 2)),
    ],
)
def test_what_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  the text of it is nobody's
        read_escalation(text)
