"""Reading conditions: what they become, and what is said of texts that are none."""

import time
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rules.conditions.check import Vocabulary, check
from rules.conditions.normalise import normalise
from rules.conditions.parse import parse
from rules.conditions.print import to_text
from rules.conditions.problems import Code, ConditionError, Problem
from rules.conditions.spans import Span
from rules.conditions.terms import (
    Attribute,
    Change,
    Count,
    DaysUntil,
    Events,
    Field,
    Missing,
    Never,
    Own,
    Property,
    Silent,
    Sum,
)
from rules.conditions.tree import (
    Among,
    And,
    Compare,
    Condition,
    Contains,
    Day,
    Holds,
    Not,
    Number,
    Operator,
    Or,
    Percent,
    Text,
    terms,
)
from rules.conditions.windows import Unit, Window
from tests.rules.conditions.strategies import NASTY, conditions, written

PURCHASE = Events("purchase")
PLACED = Events("order_placed")
MONTH = Window(30, Unit.DAYS)
VIP = Compare(Field(Own.SEGMENT), Operator.EQUAL, Text("vip"))
NEVER = Holds(Never(PURCHASE))


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("silent(purchase, 30d)", Holds(Silent(PURCHASE, MONTH))),
        ("SILENT( Purchase ,30D)", Holds(Silent(PURCHASE, MONTH))),
        ("silent(purchase, 30d) and segment = vip", And((Holds(Silent(PURCHASE, MONTH)), VIP))),
        (
            "change(sum(purchase), 30d) <= -50%",
            Compare(Change(Sum(PURCHASE), MONTH), Operator.AT_MOST, Percent(Fraction(-1, 2))),
        ),
        ("count(Order Placed) > 3", Compare(Count(PLACED), Operator.MORE, Number(Fraction(3)))),
        ('count("Order Placed") > 3', Compare(Count(PLACED), Operator.MORE, Number(Fraction(3)))),
        ("count(order-placed) > 3", Compare(Count(PLACED), Operator.MORE, Number(Fraction(3)))),
        (
            "missing(sign_up, purchase, 1w)",
            Holds(Missing(Events("sign_up"), PURCHASE, Window(1, Unit.WEEKS))),
        ),
        (
            "count(ticket where priority = high and amount > 100, 7d) >= 1",
            Compare(
                Count(
                    Events(
                        "ticket",
                        And(
                            (
                                Compare(Property("priority"), Operator.EQUAL, Text("high")),
                                Compare(Property("amount"), Operator.MORE, Number(Fraction(100))),
                            )
                        ),
                    ),
                    Window(7, Unit.DAYS),
                ),
                Operator.AT_LEAST,
                Number(Fraction(1)),
            ),
        ),
        ("segment = vip or never(purchase) and not segment = vip", Or((VIP, And((NEVER, Not(VIP)))))),
        ("(segment = vip or never(purchase)) and segment = vip", And((Or((VIP, NEVER)), VIP))),
        ("((segment = vip))", VIP),
        ("not not segment = vip", Not(Not(VIP))),
        ("not(never(purchase))", Not(NEVER)),
        ("segment in (vip, 'Big Spender')", Among(Field(Own.SEGMENT), (Text("vip"), Text("Big Spender")))),
        ("segment NOT IN (vip)", Not(Among(Field(Own.SEGMENT), (Text("vip"),)))),
        ("owner contains @acme.com", Contains(Field(Own.OWNER), Text("@acme.com"))),
        (
            'attr."Renewal Date" < 2026-11-22',
            Compare(Attribute("renewal_date"), Operator.LESS, Day(date(2026, 11, 22))),
        ),
        ("attr . plan = 2xl", Compare(Attribute("plan"), Operator.EQUAL, Text("2xl"))),
        (
            "days_until(renewal_date) < 30",
            Compare(DaysUntil(Attribute("renewal_date")), Operator.LESS, Number(Fraction(30))),
        ),
        (
            "days_until(attr.renewal_date) < 30",
            Compare(DaysUntil(Attribute("renewal_date")), Operator.LESS, Number(Fraction(30))),
        ),
        (
            'segment = "say \\"hi\\" \\ C:\\new"',
            Compare(Field(Own.SEGMENT), Operator.EQUAL, Text('say "hi" \\ C:\\new')),
        ),
        ("tenure >= -0.50", Compare(Field(Own.TENURE), Operator.AT_LEAST, Number(Fraction(-1, 2)))),
        ("segment=vip", VIP),
        ("segment\n=\tvip", VIP),
        ("order = 1", None),
    ],
)
def test_texts_become_trees(text: str, tree: Condition | None) -> None:
    if tree is None:
        with pytest.raises(ConditionError):
            parse(text)
    else:
        assert parse(text) == tree


def test_spans_point_into_the_text_and_take_no_part_in_equality() -> None:
    text = "segment = vip and count(ticket where priority = high, 7d) > 3"
    tree = parse(text)
    assert isinstance(tree, And)
    places = [text[part.span.start : part.span.end] for part in tree.parts]
    assert places == ["segment = vip", "count(ticket where priority = high, 7d) > 3"]
    counted = tree.parts[1]
    assert isinstance(counted, Compare)
    assert isinstance(counted.subject, Count)
    assert text[slice(*counted.subject.span)] == "count(ticket where priority = high, 7d)"
    assert text[slice(*counted.subject.events.span)] == "ticket where priority = high"
    assert text[slice(*counted.value.span)] == "3"
    assert counted.subject.window is not None
    assert text[slice(*counted.subject.window.span)] == "7d"
    assert parse(f"  {text}") == tree
    assert hash(parse(f"  {text}")) == hash(tree)


@given(written(NASTY))
@settings(max_examples=400)
def test_parsing_what_was_printed_gives_the_same_tree(tree: Condition) -> None:
    assert parse(to_text(tree)) == tree


@given(conditions(NASTY))
def test_a_tree_asks_each_term_once(tree: Condition) -> None:
    asked = terms(tree)
    assert len(asked) == len(set(asked))
    assert terms(And((tree, tree))) == asked


_WORDS = st.sampled_from(
    [
        *"()<>=!,.%&|;'\"-+\\\n \0\ud800",
        *[
            "and",
            "or",
            "not",
            "in",
            "contains",
            "where",
            "attr.",
            "count",
            "silent",
            "change",
            "sum",
            "purchase",
            "segment",
            "tenure",
            "vip",
        ],
        *["30d", "12mo", "5%", "3", "-1.5", "2026-11-22"],
    ]
)
_SOUP = st.lists(_WORDS, max_size=30)


@given(st.one_of(st.text(), _SOUP.map("".join), _SOUP.map(" ".join)))
@settings(max_examples=600)
@example("count(" * 300)
@example("not " * 499 + "never(x)")
def test_any_text_is_a_tree_or_an_explained_error(text: str) -> None:
    for source in (text, normalise(text)):
        tree, problems = _parsed(source)
        if tree is None:
            assert problems
        else:
            assert parse(to_text(tree)) == tree
            problems = check(tree, Vocabulary(frozenset(), frozenset()))
        assert all(0 <= problem.span.start <= problem.span.end <= len(source) for problem in problems)


def _parsed(source: str) -> tuple[Condition | None, tuple[Problem, ...]]:
    try:
        return parse(source), ()
    except ConditionError as error:
        return None, error.problems


def fine(text: str) -> bool:
    return _parsed(text)[0] is not None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("(" * 200 + "never(x)" + ")" * 200, Code.TOO_DEEP),
        ("(" * 3000, Code.TOO_LONG),
        ("x" * 3000, Code.TOO_LONG),
        ("'; drop table", Code.UNCLOSED_TEXT),
        ("segment = '\ud800'", Code.BAD_CHARACTER),
        ("segment = a\0b", Code.BAD_CHARACTER),
        ("not " * 400 + "never(x)", Code.TOO_DEEP),
        (" or ".join(["never(x)"] * 100), Code.TOO_MANY_NODES),
        ("count(x where " * 100, Code.TOO_DEEP),
        ("a" * 1999 + "(", Code.UNCLOSED_BRACKET),
    ],
)
def test_hostile_texts_are_refused_at_once(text: str, code: Code) -> None:
    parse("never(x)")  # the grammar itself is built once
    started = time.perf_counter()
    with pytest.raises(ConditionError) as refused:
        parse(text)
    assert [problem.code for problem in refused.value.problems] == [code]
    assert time.perf_counter() - started < 2


def test_limits_are_exact() -> None:
    assert fine("not " * 14 + "never(x)")  # 14 nots, a test and its term: 16 levels
    assert not fine("not " * 15 + "never(x)")
    assert fine(" or ".join(["never(x)"] * 31))  # 31 tests with a term each, and the or: 63 nodes
    assert not fine(" or ".join(["never(x)"] * 32))
    assert fine("(" * 15 + "segment = vip" + ")" * 15)
    text = 'segment = "' + "x" * 1988 + '"'
    assert len(text) == 2000
    assert fine(text)
    assert not fine(text + " ")
    # What would be too long when it is written in full could not be read again.
    with pytest.raises(ConditionError) as refused:
        parse("attr.a in(" + ",".join(["b"] * 990) + ")")
    assert refused.value.problems[0].code is Code.TOO_LONG


@pytest.mark.parametrize(
    ("window", "accepted"),
    [
        ("87672h", True),
        ("87673h", False),
        ("3653d", True),
        ("3654d", False),
        ("521w", True),
        ("522w", False),
        ("120mo", True),
        ("121mo", False),
        ("10y", True),
        ("11y", False),
        ("0d", False),
        ("00d", False),
        ("99999999999999999999999d", False),
        ("-1d", False),
        ("1.5d", False),
    ],
)
def test_windows_reach_up_to_ten_years(window: str, accepted: bool) -> None:
    assert fine(f"silent(purchase, {window})") is accepted


def test_each_faulty_test_gets_its_problem() -> None:
    text = "silent(purchase) and cont(visit, 2d) > 2 and segment = vip or helth > 3"
    with pytest.raises(ConditionError) as refused:
        parse(text)
    assert [(problem.code, text[slice(*problem.span)]) for problem in refused.value.problems] == [
        (Code.MISSING_ARGUMENT, "silent(purchase)"),
        (Code.UNKNOWN_FUNCTION, "cont"),
        (Code.UNKNOWN_FIELD, "helth"),
    ]


def test_a_faulty_filter_is_one_problem_of_its_test() -> None:
    with pytest.raises(ConditionError) as refused:
        parse("count(ticket where never(x) and 3 = priority, 7d) > 2")
    assert {problem.code for problem in refused.value.problems} == {Code.FUNCTION_IN_FILTER, Code.REVERSED}
    assert refused.value.problems[0].span != Span(0, 0)
