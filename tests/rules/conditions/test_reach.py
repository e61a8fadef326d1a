"""How far back a condition looks, and from when on it does not look past a horizon any more."""

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from rules.conditions.parse import parse
from rules.conditions.print import subject_text
from rules.conditions.reach import PastHorizonError, answerable_from, reaches, refuse_past, since, within
from rules.conditions.terms import Returned, Term
from rules.conditions.tree import terms as terms_of
from rules.instants import DAY, EARLIEST, HOUR, LATEST, Calendar
from tests.rules.conditions.oracle import Oracle, Person
from tests.rules.conditions.strategies import NOWS, PLAIN, ZONES, people
from tests.rules.conditions.strategies import terms as some_terms

BERLIN = Calendar.of("Europe/Berlin")
NOW = BERLIN.parse("2024-03-31T12:00")


def term(text: str) -> Term:
    (only,) = terms_of(
        parse(f"{text} > 0" if not text.startswith(("never", "silent", "missing", "returned")) else text)
    )
    return only


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("count(purchase)", LATEST),
        ("sum(purchase)", LATEST),
        ("avg(purchase)", LATEST),
        ("days_since(purchase)", LATEST),
        ("days_since_first(purchase)", LATEST),
        ("never(purchase)", LATEST),
        ("tenure", LATEST),
        ("attr.seats", LATEST),
        ("days_until(attr.renewal_date)", LATEST),
        ("count(purchase, 12h)", NOW - 12 * HOUR + 1),
        ("sum(purchase, 30d)", NOW - 30 * DAY + 1),
        ("avg(purchase, 1mo)", BERLIN.parse("2024-02-29") + 1),
        ("count(ticket where priority = high, 7d)", NOW - 7 * DAY + 1),
        ("silent(purchase, 30d)", NOW - 30 * DAY + 1),
        ("silent(ticket where priority = high, 30d)", NOW - 30 * DAY + 1),
        ("change(sum(purchase), 30d)", NOW - 60 * DAY + 1),
        ("change(count(purchase), 1mo)", BERLIN.parse("2024-01-31") + 1),
        ("count(ticket where priority = high)", EARLIEST),
        ("sum(ticket where priority = high)", EARLIEST),
        ("avg(ticket where priority = high)", EARLIEST),
        ("days_since(ticket where priority = high)", EARLIEST),
        ("days_since_first(ticket where priority = high)", EARLIEST),
        ("never(ticket where priority = high)", EARLIEST),
        ("median_gap(purchase)", EARLIEST),
        ("overdue(purchase)", EARLIEST),
        ("missing(sign_up, purchase, 7d)", EARLIEST),
        ("p_alive", EARLIEST),
        ("clv_rank", EARLIEST),
        ("returned(purchase, 30d)", NOW - 60 * DAY + 1),
        ("returned(ticket where priority = high, 30d)", EARLIEST),
    ],
)
def test_each_term_says_from_when_on_it_looks_at_events(text: str, first: int) -> None:
    assert since(term(text), NOW, BERLIN) == first


def test_a_window_that_begins_before_all_time_looks_at_everything() -> None:
    early = BERLIN.parse("0005-01-01")
    assert since(term("count(purchase, 10y)"), early, BERLIN) == EARLIEST


@given(zone=st.sampled_from(ZONES), now=NOWS, term=some_terms(PLAIN), later=st.integers(0, 90 * DAY))
def test_no_term_looks_further_back_as_time_goes_on(zone: str, now: int, term: Term, later: int) -> None:
    calendar = Calendar.of(zone)
    assert since(term, now, calendar) <= since(term, now + later, calendar)


@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(data=st.data(), zone=st.sampled_from(ZONES), now=NOWS, term=some_terms(PLAIN))
def test_what_happened_before_does_not_matter(data: st.DataObject, zone: str, now: int, term: Term) -> None:
    """Without the events before its reach, a term that is bounded says what it said (of who was known as long)."""
    calendar = Calendar.of(zone)
    first = since(term, now, calendar)
    assume(EARLIEST < first < LATEST)
    person = data.draw(people(now, calendar))
    known = person.known_since
    assume(known is not None and known <= now)
    # That something happened before is all that a return asks of it, and tallies know the first of a kind.
    firsts = {event.kind: event for event in sorted(person.events, key=lambda one: -one.at)}
    kept = set(map(id, firsts.values())) if isinstance(term, Returned) else set()
    events = tuple(event for event in person.events if event.at >= first or id(event) in kept)
    later = Person(known, person.own, person.attributes, events)
    assert Oracle(person, now, calendar.zone, "USD", 2).value(term) == Oracle(
        later, now, calendar.zone, "USD", 2
    ).value(term)


@given(zone=st.sampled_from(ZONES), horizon=NOWS, term=some_terms(PLAIN))
def test_a_window_may_be_asked_as_soon_as_it_has_left_the_horizon_behind(
    zone: str, horizon: int, term: Term
) -> None:
    calendar = Calendar.of(zone)
    first = answerable_from(term, horizon, calendar)
    if first is None:
        assert since(term, horizon, calendar) in (EARLIEST, LATEST)
    else:
        assert since(term, first, calendar) >= horizon > since(term, first - 1, calendar)


def test_a_condition_that_reaches_past_the_horizon_is_refused_by_its_first_such_term() -> None:
    tree = parse("count(purchase) > 3 and silent(purchase, 30d) and median_gap(purchase) > 5")
    assert [subject_text(one.term) for one in reaches(tree, NOW, BERLIN)] == [
        "silent(purchase, 30d)",
        "median_gap(purchase)",
    ]
    horizon = NOW - 20 * DAY
    with pytest.raises(PastHorizonError) as refused:
        refuse_past(tree, horizon, NOW, BERLIN)
    assert refused.value.params == {
        "term": "silent(purchase, 30d)",
        "horizon": "2024-03-11T10:00:00Z",
        "since": "2024-04-10T09:59:59.999Z",
    }
    with pytest.raises(PastHorizonError) as for_ever:
        refuse_past(tree, horizon, NOW + 20 * DAY, BERLIN)
    assert (for_ever.value.params["term"], for_ever.value.params["since"]) == ("median_gap(purchase)", None)
    refuse_past(tree, None, NOW, BERLIN)
    refuse_past(parse("count(purchase) > 3 and silent(purchase, 30d)"), horizon, NOW + 20 * DAY, BERLIN)


def test_terms_whose_answers_would_not_be_true_are_left_out() -> None:
    asked = [term("count(purchase)"), term("count(ticket where a = 1)"), term("count(purchase, 30d)")]
    assert within(asked, None, NOW, BERLIN) == tuple(asked)
    assert within(asked, NOW - 40 * DAY, NOW, BERLIN) == (asked[0], asked[2])
    assert within(asked, NOW - 20 * DAY, NOW, BERLIN) == (asked[0],)
