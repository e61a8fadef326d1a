"""The life cycles that ship: their edges, and that everybody has one status and at most one stage under each."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.conditions.terms import Derived, Family, Own, events_of
from rules.conditions.tree import leaves
from rules.files.mistakes import BadFileError
from rules.instants import DAY, HOUR, Calendar
from rules.lifecycle.definitions import FIXED, Lifecycle
from rules.lifecycle.presets import FOLDER, presets, read_preset
from rules.lifecycle.resolve import resolve
from rules.lifecycle.sound import refuse_unsound
from tests.lifecycles import LifecycleOracle, read
from tests.rules.conditions.oracle import Happening, Oracle, Person

UTC = Calendar.of("UTC")
BERLIN = Calendar.of("Europe/Berlin")
NOW = BERLIN.parse("2025-02-28T12:00")


def judge(preset: str, person: Person, now: int, calendar: Calendar = BERLIN) -> LifecycleOracle:
    return LifecycleOracle(Oracle(person, now, calendar.zone, "USD", 2), presets()[preset].lifecycle)


def status(preset: str, person: Person, now: int = NOW) -> str | None:
    return judge(preset, person, now).label(Family.STATUS)


def active(preset: str, person: Person, now: int = NOW) -> bool:
    found = judge(preset, person, now)
    tree = resolve(read("active"), presets()[preset].lifecycle)
    assert found.oracle.holds(tree) == found.holds(read("active"))
    return found.holds(read("active"))


def bought(*moments: int) -> Person:
    return Person(events=tuple(Happening("purchase", at, 1_000, "USD") for at in moments))


def test_those_of_the_issue_ship_and_are_whole() -> None:
    assert set(presets()) == {"retail", "repeat_purchase", "subscription", "saas", "services"}
    for preset in presets().values():
        labels = preset.lifecycle.labels()
        for family in (Family.STATUS, Family.STAGE, Family.TYPE):
            assert sorted(labels[family]) == sorted(FIXED[family])
        assert preset.about
        refuse_unsound(preset.lifecycle)
        asked = {
            events.kind
            for definition in preset.lifecycle.definitions
            for test in leaves(definition.tree)
            for events in events_of(test.subject)
        }
        assert set(preset.lifecycle.kinds) <= asked


def test_retail_is_active_through_day_30_and_not_on_day_31() -> None:
    one = bought(NOW - 80 * DAY, NOW)
    assert active("retail", one, NOW + 30 * DAY)
    assert active("retail", one, NOW + 31 * DAY - 1)
    assert not active("retail", one, NOW + 31 * DAY)
    assert status("retail", one, NOW + 31 * DAY - 1) == "active"
    assert status("retail", one, NOW + 31 * DAY) == "at_risk"
    assert status("retail", one, NOW + 91 * DAY - 1) == "at_risk"
    assert status("retail", one, NOW + 91 * DAY) == "inactive"


def test_retail_knows_who_is_new_who_came_back_and_who_left() -> None:
    assert status("retail", Person(created_at=NOW)) == "prospect"
    assert status("retail", bought(NOW)) == "new"
    assert status("retail", bought(NOW - 200 * DAY, NOW)) == "reactivated"
    assert status("retail", bought(NOW - 90 * DAY, NOW)) == "reactivated"
    assert status("retail", bought(NOW - 90 * DAY + 1, NOW)) == "active"
    # They stay so for as long as they are active by it, and whoever was not gone does not become so afterwards.
    for later in range(0, 31, 5):
        assert status("retail", bought(NOW - 120 * DAY, NOW), NOW + later * DAY) == "reactivated"
        assert status("retail", bought(NOW - 80 * DAY, NOW), NOW + later * DAY) == "active"
    gone = Person(events=(*bought(NOW - 60 * DAY).events, Happening("account_closed", NOW)))
    assert status("retail", gone) == "churned"


def test_a_repeat_buyer_is_one_for_twelve_calendar_months_over_a_leap_day() -> None:
    # From the midnight of the day twelve months before; 29 February is clipped to the 28th of the year before.
    last = BERLIN.parse("2024-02-29T18:00")
    one = bought(last - 90 * DAY, last)
    assert active("repeat_purchase", one, BERLIN.midnight(date(2025, 3, 1)) - 1)
    assert not active("repeat_purchase", one, BERLIN.midnight(date(2025, 3, 1)))
    before = BERLIN.parse("2023-02-28T18:00")
    other = bought(before - 90 * DAY, before)
    assert active("repeat_purchase", other, BERLIN.midnight(date(2024, 3, 1)) - 1)
    assert active("repeat_purchase", other, BERLIN.parse("2024-02-29T12:00"))
    assert not active("repeat_purchase", other, BERLIN.midnight(date(2024, 3, 1)))
    assert not active("repeat_purchase", bought(last), last)
    assert status("repeat_purchase", bought(last), last) == "new"


def test_a_yearly_subscriber_who_is_silent_for_200_days_is_active_until_the_end_and_not_the_day_after() -> (
    None
):
    start = NOW - 200 * DAY
    end = BERLIN.date_of(start) + timedelta(days=365)
    one = Person(
        events=(Happening("subscription_started", start),), attributes={"subscription_end": end.isoformat()}
    )
    assert active("subscription", one)
    assert status("subscription", one) == "active"
    assert active("subscription", one, BERLIN.midnight(end + timedelta(days=1)) - 1)
    assert not active("subscription", one, BERLIN.midnight(end + timedelta(days=1)))
    assert status("subscription", one, BERLIN.midnight(end + timedelta(days=1))) == "churned"
    soon = BERLIN.midnight(end) - 14 * DAY
    assert status("subscription", one, soon) == "active"
    cancelled = replace(one, events=(*one.events, Happening("subscription_cancelled", NOW)))
    assert status("subscription", cancelled, soon - DAY) == "active"
    assert status("subscription", cancelled, soon) == "at_risk"
    assert status("subscription", Person(created_at=NOW)) == "prospect"


def test_of_two_definitions_that_both_match_a_status_takes_the_first_and_types_take_both() -> None:
    one = bought(*(NOW - days * DAY for days in (0, 5, 10, 20)))
    assert active("retail", one)
    assert status("retail", one) == "new"
    assert judge("retail", one, NOW).labels(Family.STATUS) >= {"new", "active", "at_risk", "inactive"}
    assert judge("retail", one, NOW).labels(Family.TYPE) == {"recent_purchase", "loyal"}
    assert judge("retail", one, NOW).holds(read("type = loyal and type = recent_purchase and status = new"))


_KINDS = sorted(
    {
        events.kind
        for preset in presets().values()
        for definition in preset.lifecycle.definitions
        for test in leaves(definition.tree)
        for events in events_of(test.subject)
    }
)
_DATES = ("contract_end", "service_end", "subscription_end")
_DAYS = st.sampled_from([-40, -1, 0, 1, 14, 15, 300]).map(
    lambda days: (UTC.date_of(NOW) + timedelta(days=days)).isoformat()
)
_PEOPLE = st.builds(
    Person,
    st.integers(NOW - 900 * DAY, NOW),
    st.just(dict[Own, str]()),
    st.dictionaries(st.sampled_from(_DATES), _DAYS | st.just("soon") | st.just(Fraction(3)), max_size=3),
    st.lists(
        st.builds(
            Happening,
            st.sampled_from(["purchase", *_KINDS]),
            st.builds(
                lambda days, ahead: NOW - days * DAY + ahead,
                st.sampled_from([0, 1, 14, 29, 30, 31, 60, 90, 91, 180, 200, 365, 366, 500]),
                st.sampled_from([-1, 0, 1, HOUR]),
            ),
        ),
        max_size=8,
    ).map(tuple),
)


@pytest.mark.parametrize("preset", sorted(presets()))
@given(person=_PEOPLE)
@settings(max_examples=60, deadline=None)
def test_everybody_known_has_one_status_and_at_most_one_stage(preset: str, person: Person) -> None:
    under = presets()[preset].lifecycle
    oracle = Oracle(person, NOW, UTC.zone, "USD", 2)
    for family, least in ((Family.STATUS, 1), (Family.STAGE, 0)):
        held = [label for label in FIXED[family] if oracle.holds(resolve(read(f"{family} = {label}"), under))]
        assert least <= len(held) <= 1
        assert held == [label for label in (LifecycleOracle(oracle, under).label(family),) if label]


def mistakes(text: str) -> list[tuple[int, str, str]]:
    with pytest.raises(BadFileError) as refused:
        read_preset("shop", text)
    return [(one.line, one.where, one.code) for one in refused.value.mistakes]


GOOD = (FOLDER / "retail.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("active: days_since(purchase) <= 30", "active: days_since(purchase", (6, "active", "bad_condition")),
        ("  active: active", "  active: status = atrisk", (13, "status.active", "bad_condition")),
        ("  reach: status", "  raech: status", (23, "stage", "unknown_key")),
        ("kinds: [purchase]", "kinds: ['!']", (5, "kinds", "bad_name")),
        ("active: days_since(purchase) <= 30", "active: status = new", (4, "", "definition_cycle")),
        ("about: Shops", "abuot: Shops", (4, "", "unknown_key")),
    ],
)
def test_a_mistake_is_told_at_its_line(before: str, after: str, found: tuple[int, str, str]) -> None:
    assert before in GOOD
    assert found in mistakes(GOOD.replace(before, after, 1))


def test_every_derived_field_that_ships_is_there() -> None:
    for preset in presets().values():
        assert isinstance(preset.lifecycle, Lifecycle)
        for definition in preset.lifecycle.definitions:
            fields = {
                test.subject.family for test in leaves(definition.tree) if isinstance(test.subject, Derived)
            }
            assert fields <= set(preset.lifecycle.labels())
