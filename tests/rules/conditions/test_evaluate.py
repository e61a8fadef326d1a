"""Evaluation over columns: the oracle's columns give the oracle's answers, and arithmetic stays exact."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.conditions.columns import Column, Datum, Mixed, Numbers, Truths, Words
from rules.conditions.evaluate import evaluate
from rules.conditions.parse import parse
from rules.conditions.terms import Attribute, Field, Own, Property, Subject
from rules.conditions.tree import Compare, Condition, Number, Operator, Text, Value, leaves, properties, terms
from rules.instants import Calendar
from tests.rules.conditions.oracle import Answer, Oracle, compare
from tests.rules.conditions.strategies import NOWS, PLAIN, ZONES, conditions, data, filters, people, values


def column(answers: list[Answer]) -> Column:
    """Make the column that fits ``answers``, as a simple answerer would."""
    if any(isinstance(answer, bool) for answer in answers):
        return Truths(np.array(answers, dtype=np.bool_))
    return Mixed.of([answer for answer in answers if not isinstance(answer, bool)])


@given(data=st.data(), zone=st.sampled_from(ZONES), now=NOWS, tree=conditions(PLAIN))
@settings(max_examples=300)
def test_evaluation_over_columns_equals_the_oracle(
    data: st.DataObject, zone: str, now: int, tree: Condition
) -> None:
    calendar = Calendar.of(zone)
    crowd = [
        person
        for person in data.draw(st.lists(people(now, calendar), min_size=1, max_size=4))
        if person.known_since is not None and person.known_since <= now
    ]
    if not crowd:
        return
    oracles = [Oracle(person, now, calendar.zone, "USD", 2) for person in crowd]
    columns: dict[Subject, Column] = {
        term: column([oracle.value(term) for oracle in oracles]) for term in terms(tree)
    }
    assert evaluate(tree, columns).tolist() == [oracle.holds(tree) for oracle in oracles]


@given(st.lists(st.none() | data(PLAIN), max_size=8), st.sampled_from(Operator), values(PLAIN))
@settings(max_examples=400)
def test_each_comparison_equals_the_oracles(found: list[Datum], operator: Operator, value: Value) -> None:
    subject = Property("plan")
    answered = evaluate(Compare(subject, operator, value), {subject: Mixed.of(found)})
    assert answered.tolist() == [compare(one, operator, value) for one in found]


_WIDE = st.integers(-(2**63) + 1, 2**63 - 1)


@given(
    st.lists(st.tuples(_WIDE, st.integers(1, 2**63 - 1)), min_size=1, max_size=5),
    st.integers(-(10**18), 10**18),
    st.integers(0, 20),
    st.sampled_from(Operator),
)
def test_numbers_are_compared_exactly_however_wide(
    ratios: list[tuple[int, int]], wanted: int, places: int, operator: Operator
) -> None:
    numerators = np.array([top for top, _ in ratios], dtype=np.int64)
    denominators = np.array([bottom for _, bottom in ratios], dtype=np.int64)
    value = Number(Fraction(wanted, 10**places))
    numbers = Numbers(numerators, denominators, np.ones(len(ratios), dtype=np.bool_))
    expected = [compare(Fraction(top, bottom), operator, value) for top, bottom in ratios]
    assert numbers.compare(operator, value).tolist() == expected
    one = Numbers(numerators, 100, np.ones(len(ratios), dtype=np.bool_))
    assert one.compare(operator, value).tolist() == [
        compare(Fraction(top, 100), operator, value) for top, _ in ratios
    ]


def test_a_difference_beyond_floats_is_seen() -> None:
    numbers = Numbers.of([Fraction(2**53 + 1), Fraction(2**53), None])
    assert numbers.compare(Operator.MORE, Number(Fraction(2**53))).tolist() == [True, False, False]


SEGMENT = Field(Own.SEGMENT)
PLAN = Attribute("plan")


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("segment = vip", [True, False, False]),
        ("segment != vip", [False, True, False]),
        ("not segment = vip", [False, True, True]),
        ("not segment != vip", [True, False, True]),
        ("segment contains I", [True, False, False]),
        ('segment contains ""', [True, True, False]),
        ("segment in (vip, gold)", [True, True, False]),
        ("segment not in (vip)", [False, True, True]),
        ("attr.plan = 12", [False, True, False]),
        ('attr.plan = "12"', [True, False, False]),
        ("attr.plan != 12", [True, False, False]),
        ("attr.plan < 13", [False, True, False]),
        ("attr.plan = 12 or segment = vip", [True, True, False]),
        ("attr.plan = 12 and segment = gold", [False, True, False]),
    ],
)
def test_the_unknown_is_false_and_types_do_not_mix(text: str, holds: list[bool]) -> None:
    columns: dict[Subject, Column] = {
        SEGMENT: Words.of(["VIP", "gold", None]),
        PLAN: Mixed.of(["12", Fraction(12), None]),
    }
    assert evaluate(parse(text), columns).tolist() == holds


@given(filters(PLAIN), st.lists(st.dictionaries(PLAIN.properties, data(PLAIN)), max_size=5))
def test_a_filter_is_a_condition_over_properties(
    where: Condition, events: list[dict[str, str | Fraction]]
) -> None:
    columns: dict[Subject, Column] = {
        subject: Mixed.of([event.get(subject.name) for event in events]) for subject in properties(where)
    }
    kept = evaluate(where, columns)
    assert len(kept) == len(events)
    assert len(list(leaves(where))) >= 1
    assert (kept | ~kept).all()


def test_texts_are_compared_folded_and_composed() -> None:
    words = Words.of(["Straße", "STRASSE", "e\u0301lan", "ÉLAN", None])
    assert words.compare(Operator.EQUAL, Text("strasse")).tolist() == [True, True, False, False, False]
    assert words.compare(Operator.EQUAL, Text("\u00e9lan")).tolist() == [False, False, True, True, False]
    assert words.contains(Text("É")).tolist() == [False, False, True, True, False]
