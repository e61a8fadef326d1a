"""Rules that hide others: what is told all the same, whatever hides what."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.alerts.pipeline.inhibit import inhibit
from rules.alerts.pipeline.stage import Around, Hiding, Stage, Untold, Why
from rules.alerts.rule import Severity
from rules.alerts.states import Reason

RULES = ["churned", "usage_drop", "lapsing", "late"]


def untold(number: int, rule: str, *, customer: int = 1, opened_at: int = 0) -> Untold:
    return Untold(
        alert_id=number,
        customer_id=customer,
        rule_id=RULES.index(rule) + 1,
        rule=rule,
        severity=Severity.MEDIUM,
        reason=Reason.ENTERED,
        opened_at=opened_at,
        channel="#c",
    )


def hiding(number: int, rule: str, *hides: str, opened_at: int = 0) -> Hiding:
    return Hiding(number, rule, opened_at, hides)


def told(some: Sequence[Untold], *hiders: Hiding, customer: int = 1) -> list[int]:
    return [one.alert_id for one in inhibit(some, Around(0, hiding={customer: hiders})).through]


def test_an_open_alert_hides_those_of_the_rules_that_it_names() -> None:
    around = Around(0, hiding={1: [hiding(9, "churned", "usage_drop")]})
    passed = inhibit([untold(1, "usage_drop"), untold(2, "lapsing")], around)
    assert [one.alert_id for one in passed.through] == [2]
    [held] = passed.held
    assert (held.alert.alert_id, held.stage, held.why, held.by) == (
        1,
        Stage.INHIBITION,
        Why.HIDDEN_BY_RULE,
        "churned",
    )
    # Nobody can say when that ends, so it is looked at again at every tick.
    assert (held.until, held.look_again_at) == (None, None)


def test_another_customers_alert_hides_nothing() -> None:
    assert told([untold(1, "usage_drop", customer=2)], hiding(9, "churned", "usage_drop")) == [1]


def test_a_rule_does_not_hide_itself() -> None:
    assert told([untold(1, "churned")], hiding(1, "churned", "churned")) == [1]


def test_of_two_that_hide_each_other_the_older_is_told() -> None:
    both = [untold(1, "churned", opened_at=5), untold(2, "late", opened_at=3)]
    hiders = hiding(1, "churned", "late", opened_at=5), hiding(2, "late", "churned", opened_at=3)
    assert told(both, *hiders) == [2]


def test_in_a_circle_of_three_the_oldest_is_told() -> None:
    circle = {"churned": "late", "late": "lapsing", "lapsing": "churned"}
    some = [untold(n, rule) for n, rule in enumerate(circle, start=1)]
    hiders = [hiding(n, rule, other) for n, (rule, other) in enumerate(circle.items(), start=1)]
    assert told(some, *hiders) == [1]


opened = st.dictionaries(
    st.sampled_from(RULES), st.tuples(st.integers(0, 3), st.lists(st.sampled_from(RULES), max_size=3))
)


@settings(max_examples=200)
@given(opened)
def test_of_a_customers_alerts_at_least_one_is_told_and_who_hides_stands_open(
    some: dict[str, tuple[int, list[str]]],
) -> None:
    alerts = [untold(n, rule, opened_at=at) for n, (rule, (at, _)) in enumerate(some.items(), start=1)]
    hiders = [
        hiding(n, rule, *hides, opened_at=at)
        for n, (rule, (at, hides)) in enumerate(some.items(), start=1)
        if hides
    ]
    passed = inhibit(alerts, Around(0, hiding={1: hiders}))
    assert bool(passed.through) == bool(alerts)
    assert (
        sorted([*passed.through, *(one.alert for one in passed.held)], key=lambda one: one.alert_id) == alerts
    )
    for one in passed.held:
        assert one.alert.rule in some[one.by][1]
        assert one.by != one.alert.rule
    # An alert that nobody names is told.
    named = {other for rule, (_, hides) in some.items() for other in hides if other != rule}
    assert {one.alert.rule for one in passed.held} <= named
