"""Every problem a condition can have: where it points, what it says, and that its repair repairs it."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.conditions.check import Vocabulary, accept, check
from rules.conditions.parse import parse
from rules.conditions.problems import LONGEST_SHOWN, Code, ConditionError, Problem, Severity
from rules.conditions.spans import Span, caret
from rules.conditions.terms import FUNCTIONS, Score
from rules.conditions.tree import Condition
from rules.lifecycle.definitions import FIXED
from templates.words import FOLDER, Words
from tests.rules.conditions.strategies import NASTY, PLAIN, written

VOCABULARY = Vocabulary(
    frozenset({"purchase", "ticket", "visit", "sign_up"}),
    frozenset({"plan", "renewal_date"}),
    FIXED,
    unfitted={name: {"what": "customers", "have": 40, "need": 200} for name in (Score.CLV, Score.CLV_RANK)},
    unrated=True,
)
WORDS = Words()


def problems_of(text: str) -> tuple[Problem, ...]:
    try:
        return check(parse(text), VOCABULARY)
    except ConditionError as error:
        return error.problems


# text, code, the place it points at, the repaired text
BAD = [
    ("", Code.EMPTY, "", None),
    ("x" * 2001, Code.TOO_LONG, "x" * 2001, None),
    ("(" * 17 + "never(visit)" + ")" * 17, Code.TOO_DEEP, "(", None),
    ("not " * 15 + "never(visit)", Code.TOO_DEEP, "never(visit)", None),
    (" or ".join(["never(visit)"] * 32), Code.TOO_MANY_NODES, " or ".join(["never(visit)"] * 32), None),
    ("segment = \ud800", Code.BAD_CHARACTER, "\ud800", None),
    ("segment = 'vip", Code.UNCLOSED_TEXT, "'", None),
    ("silent(purchase, 30d", Code.UNCLOSED_BRACKET, "(purchase, 30d", "silent(purchase, 30d)"),
    ("segment = vip)", Code.EXTRA_BRACKET, ")", "segment = vip"),
    ("tenure > 3; drop", Code.UNEXPECTED, ";", None),
    ("tenure > 3 && segment = vip", Code.UNEXPECTED, "&&", "tenure > 3 and segment = vip"),
    ("tenure > 3 || segment = vip", Code.UNEXPECTED, "||", "tenure > 3 or segment = vip"),
    ("= 3", Code.UNEXPECTED, "=", None),
    ("tenure 3", Code.UNEXPECTED, "3", None),
    ("tenure > 3 segment", Code.UNEXPECTED, "segment", None),
    ("tenure > and", Code.UNEXPECTED, "and", None),
    ("count(, 7d) > 3", Code.UNEXPECTED, ",", None),
    ("count(visit 7d) > 3", Code.UNEXPECTED, "7d", None),
    ("count() > 3 and count(visit)(3)", Code.UNEXPECTED, "(", None),
    ("tenure not > 3", Code.UNEXPECTED, ">", None),
    ("attr.and = 3", Code.UNEXPECTED, "and", None),
    ("segment in ()", Code.UNEXPECTED, ")", None),
    ("30", Code.UNEXPECTED, "30", None),
    ("tenure > 3 and", Code.UNFINISHED, "", None),
    ("tenure >", Code.UNFINISHED, "", None),
    ("tenure not", Code.UNFINISHED, "", None),
    ("attr.", Code.UNFINISHED, "", None),
    ("cuont(visit) > 3", Code.UNKNOWN_FUNCTION, "cuont", "count(visit) > 3"),
    ("zzz(visit) > 3", Code.UNKNOWN_FUNCTION, "zzz", None),
    ("segmnt = vip", Code.UNKNOWN_FIELD, "segmnt", "segment = vip"),
    ("zzz = vip", Code.UNKNOWN_FIELD, "zzz", None),
    ("count(purchas) > 3", Code.UNKNOWN_KIND, "purchas", None),
    ("count(zzz) > 3", Code.UNKNOWN_KIND, "zzz", None),
    ("attr.plann = gold", Code.UNKNOWN_ATTRIBUTE, "attr.plann", None),
    ("days_until(zzz) < 3", Code.UNKNOWN_ATTRIBUTE, "zzz", None),
    ("clv > 50", Code.NO_FIT, "clv", None),
    ("p_alive", Code.NEEDS_COMPARISON, "p_alive", None),
    ("p_alive < 40", Code.NEEDS_PERCENT, "40", "p_alive < 40%"),
    ("expected_purchases > 50%", Code.NOT_PERCENT, "50%", "expected_purchases > 0.5"),
    ("p_aliv < 40%", Code.UNKNOWN_FIELD, "p_aliv", "p_alive < 40%"),
    ("health < 40", Code.NO_HEALTH, "health", None),
    ("health", Code.NEEDS_COMPARISON, "health", None),
    ("health > 50%", Code.NOT_PERCENT, "50%", "health > 0.5"),
    ("helth > 50", Code.UNKNOWN_FIELD, "helth", "health > 50"),
    ("status(x) = active", Code.UNKNOWN_FUNCTION, "status", None),
    ("stat = active", Code.UNKNOWN_FIELD, "stat", "status = active"),
    ("status = atrisk", Code.UNKNOWN_LABEL, "atrisk", "status = at_risk"),
    ("stage in (retain, retian)", Code.UNKNOWN_LABEL, "retian", "stage in (retain, retain)"),
    ("type != zzz", Code.UNKNOWN_LABEL, "zzz", None),
    ("stage = 3", Code.UNKNOWN_LABEL, "3", None),
    ("stage > retain", Code.NO_LABEL, "stage > retain", None),
    ("type contains loyal", Code.NO_LABEL, "type contains loyal", None),
    ("stage", Code.NEEDS_COMPARISON, "stage", None),
    ("active = no", Code.IS_TRUE_OR_FALSE, "active = no", "not active"),
    ("count(***) > 3", Code.BAD_NAME, "***", None),
    ("silent", Code.NEEDS_BRACKETS, "silent", None),
    ("silent(purchase)", Code.MISSING_ARGUMENT, "silent(purchase)", None),
    ("count() > 1", Code.MISSING_ARGUMENT, "count()", None),
    ("change() > 1%", Code.MISSING_ARGUMENT, "change()", None),
    ("never(purchase, 30d)", Code.EXTRA_ARGUMENT, "never(purchase, 30d)", "silent(purchase, 30d)"),
    ("days_since(purchase, 30d) > 3", Code.EXTRA_ARGUMENT, "30d", None),
    ("change(count(purchase, 7d), 30d) > 3%", Code.EXTRA_ARGUMENT, "count(purchase, 7d)", None),
    ("silent(30d, purchase)", Code.WRONG_ARGUMENT, "30d", None),
    ("silent(purchase, visit)", Code.WRONG_ARGUMENT, "visit", None),
    ("change(purchase, 30d) < 0%", Code.WRONG_ARGUMENT, "purchase", "change(count(purchase), 30d) < 0%"),
    ("change(never(purchase), 30d) < 0%", Code.WRONG_ARGUMENT, "never(purchase)", None),
    ("days_until(3) < 2", Code.WRONG_ARGUMENT, "3", None),
    ("silent(purchase, 30d where amount > 3)", Code.MISPLACED_FILTER, "30d where amount > 3", None),
    ("count(visit where attr.plan = x) > 1", Code.FUNCTION_IN_FILTER, "attr.plan", None),
    ("silent(purchase, 30)", Code.BAD_WINDOW, "30", "silent(purchase, 30d)"),
    ("silent(purchase, 30 days)", Code.BAD_WINDOW, "30 days", "silent(purchase, 30d)"),
    ("silent(purchase, 3m)", Code.BAD_WINDOW, "3m", "silent(purchase, 3mo)"),
    ("silent(purchase, 1.5d)", Code.BAD_WINDOW, "1.5d", None),
    ("silent(purchase, 50%)", Code.BAD_WINDOW, "50%", None),
    ("silent(purchase, 0d)", Code.ZERO_WINDOW, "0d", None),
    ("silent(purchase, 11y)", Code.WINDOW_TOO_LONG, "11y", None),
    ("segment == vip", Code.BAD_OPERATOR, "==", "segment = vip"),
    ("tenure => 3", Code.BAD_OPERATOR, "=>", "tenure >= 3"),
    ("segment <> vip", Code.BAD_OPERATOR, "<>", "segment != vip"),
    ("tenure > 1234567890123456789", Code.BAD_NUMBER, "1234567890123456789", None),
    ("attr.plan > 2026-13-01", Code.BAD_DATE, "2026-13-01", None),
    ("attr.plan > 2026-1-1", Code.BAD_DATE, "2026-1-1", None),
    ("segment = Big Spender", Code.NEEDS_QUOTES, "Big Spender", 'segment = "Big Spender"'),
    ("count(visit) > count(purchase)", Code.NOT_CONSTANT, "count(purchase)", None),
    ("30 <= tenure", Code.REVERSED, "30 <= tenure", "tenure >= 30"),
    ('"vip" = segment', Code.REVERSED, '"vip" = segment', 'segment = "vip"'),
    ("segment in vip", Code.NEEDS_LIST, "vip", "segment in (vip)"),
    ("segment = (a, b)", Code.NEEDS_IN, "segment = (a, b)", "segment in (a, b)"),
    ("segment != (a, b)", Code.NEEDS_IN, "segment != (a, b)", "not segment in (a, b)"),
    ("tenure > (1, 2)", Code.NEEDS_IN, "tenure > (1, 2)", None),
    ("count(purchase, 7d)", Code.NEEDS_COMPARISON, "count(purchase, 7d)", None),
    ("sum(purchase)", Code.NEEDS_COMPARISON, "sum(purchase)", None),
    ("tenure", Code.NEEDS_COMPARISON, "tenure", None),
    ("overdue(purchase)", Code.NEEDS_COMPARISON, "overdue(purchase)", None),
    ("change(count(visit), 7d)", Code.NEEDS_COMPARISON, "change(count(visit), 7d)", None),
    ("segment", Code.NEEDS_COMPARISON, "segment", None),
    ("attr.plan", Code.NEEDS_COMPARISON, "attr.plan", None),
    ("count(visit where priority) > 1", Code.NEEDS_COMPARISON, "priority", None),
    ("never(visit) = true", Code.IS_TRUE_OR_FALSE, "never(visit) = true", "never(visit)"),
    ("never(visit) != true", Code.IS_TRUE_OR_FALSE, "never(visit) != true", "not never(visit)"),
    ("never(visit) = no", Code.IS_TRUE_OR_FALSE, "never(visit) = no", "not never(visit)"),
    ("never(visit) > 3", Code.IS_TRUE_OR_FALSE, "never(visit) > 3", None),
    ("count(visit) > many", Code.NEEDS_NUMBER, "many", None),
    ("sum(purchase) > $100.50", Code.NEEDS_NUMBER, "$100.50", "sum(purchase) > 100.5"),
    ('tenure > "30"', Code.NEEDS_NUMBER, '"30"', "tenure > 30"),
    ("days_since(visit) > 2026-01-01", Code.NEEDS_NUMBER, "2026-01-01", None),
    ("count(visit) > 30d", Code.NEEDS_NUMBER, "30d", None),
    ("change(sum(purchase), 30d) < -50", Code.NEEDS_PERCENT, "-50", "change(sum(purchase), 30d) < -50%"),
    ("change(sum(purchase), 30d) < lots", Code.NEEDS_PERCENT, "lots", None),
    ("count(visit) > 50%", Code.NOT_PERCENT, "50%", "count(visit) > 50"),
    ("overdue(visit) > 150%", Code.NOT_PERCENT, "150%", "overdue(visit) > 1.5"),
    ("days_since(purchase) > 30d", Code.NOT_DURATION, "30d", "days_since(purchase) > 30"),
    ("tenure > 2w", Code.NOT_DURATION, "2w", "tenure > 14"),
    ("tenure > 1y", Code.NOT_DURATION, "1y", None),
    ("tenure > 36h", Code.NOT_DURATION, "36h", None),
    ("attr.plan = 8w", Code.NOT_DURATION, "8w", 'attr.plan = "8w"'),
    ("segment = 12", Code.NEEDS_TEXT, "12", 'segment = "12"'),
    ("segment in (a, 2026-01-01)", Code.NEEDS_TEXT, "2026-01-01", 'segment in (a, "2026-01-01")'),
    ("attr.plan contains 12", Code.NEEDS_TEXT, "12", 'attr.plan contains "12"'),
    ("tenure contains 12", Code.NOT_TEXT, "tenure contains 12", None),
    ("segment > vip", Code.NO_ORDER, "segment > vip", "segment = vip"),
    ("segment > 3", Code.NO_ORDER, "segment > 3", 'segment = "3"'),
    ("tenure > 3 and owner <= 30d", Code.NO_ORDER, "owner <= 30d", 'tenure > 3 and owner = "30d"'),
    ("attr.plan > gold", Code.NO_ORDER, "attr.plan > gold", "attr.plan = gold"),
    (
        "count(ticket where priority >= high) > 1",
        Code.NO_ORDER,
        "priority >= high",
        "count(ticket where priority = high) > 1",
    ),
    ("count(visit) > 1e999", Code.NEEDS_NUMBER, "1e999", None),
    ("count(visit) = NaN", Code.NEEDS_NUMBER, "NaN", None),
    ("count(ticket where amount = high) > 1", Code.NEEDS_NUMBER, "high", None),
]


@pytest.mark.parametrize(("text", "code", "place", "repaired"), BAD)
def test_each_problem_is_found_placed_repaired_and_said(
    text: str, code: Code, place: str, repaired: str | None
) -> None:
    found = [problem for problem in problems_of(text) if problem.code is code]
    assert len(found) == 1, problems_of(text)
    problem = found[0]
    assert text[slice(*problem.span)] == place
    assert problem.repaired(text) == repaired
    if repaired is not None:
        assert not [other for other in problems_of(repaired) if other.code is code]
    said = WORDS.say("conditions", problem.code, **problem.params)
    assert said
    assert "None" not in said
    assert all(len(value) <= LONGEST_SHOWN for value in problem.params.values() if isinstance(value, str))


def test_every_code_has_a_case_and_a_macro() -> None:
    # Without a life cycle is another vocabulary, below; names of rules are looked at in `handlers.rulebook`.
    assert {code for _, code, _, _ in BAD} == set(Code) - {Code.NO_LIFECYCLE, Code.NO_SUCH_RULE}
    page = (FOLDER / "text" / "conditions.j2").read_text(encoding="utf-8")
    assert {code for code in Code if f"{{% macro {code}(" not in page} == set()


def test_names_of_functions_are_told_where_nothing_is_near() -> None:
    said = WORDS.say("conditions", Code.UNKNOWN_FUNCTION, name="zzz", nearest=None)
    assert [name for name in FUNCTIONS if f"`{name}`" not in said] == []


@pytest.mark.parametrize("text", ["active", "stage = retain", "not type in (loyal, contact)"])
def test_without_a_life_cycle_its_fields_are_refused_with_the_next_step(text: str) -> None:
    nothing = replace(VOCABULARY, labels={})
    (problem,) = check(parse(text), nothing)
    assert (problem.code, problem.severity) == (Code.NO_LIFECYCLE, Severity.ERROR)
    assert "/lifecycle use retail" in WORDS.say("conditions", problem.code, **problem.params)


def test_labels_are_compared_folded() -> None:
    assert problems_of('stage = RETAIN and status != "At_Risk" and active') == ()


def test_what_the_data_has_not_shown_yet_only_warns() -> None:
    found = problems_of("count(purchas) > 3 and missing(vist, zzz, 7d) and attr.plann = x")
    assert {problem.severity for problem in found} == {Severity.WARNING}
    assert [problem.params for problem in found] == [
        {"kind": "purchas", "nearest": "purchase"},
        {"kind": "vist", "nearest": "visit"},
        {"kind": "zzz", "nearest": None},
        {"name": "plann", "nearest": "plan"},
    ]


def test_values_that_nothing_was_fitted_for_warn() -> None:
    found = problems_of("clv > 3 and p_alive < 40% and clv_rank >= 80%")
    assert [(problem.code, problem.severity) for problem in found] == [(Code.NO_FIT, Severity.WARNING)] * 2
    said = WORDS.plain("conditions", found[0].code, **found[0].params)
    assert said == (
        "`clv` is known of nobody so far, so comparisons with it are false. There are 40 customers with a purchase; "
        "from 200 on there is something to tell."
    )


def test_what_makes_sense_has_no_problem() -> None:
    for text in (
        "silent(purchase, 30d) and segment = vip",
        "change(sum(purchase), 30d) <= -50%",
        "count(ticket where priority = high and amount > 100, 7d) >= 2",
        "attr.plan = gold or attr.plan = 12 or attr.renewal_date < 2026-11-22",
        "days_until(renewal_date) <= 30 and tenure > 0.5 and overdue(visit) >= 1.5",
        "segment in (a, b) and not owner contains '@acme.com' and count(ticket where currency = eur) > 0",
    ):
        assert problems_of(text) == ()


def test_typed_text_is_accepted_with_its_warnings() -> None:
    accepted = accept("`count(purchas) &gt;= 3`", VOCABULARY, entities=True)
    assert accepted.text == "count(purchas) >= 3"
    assert accepted.tree == parse("count(purchas) >= 3")
    assert [problem.code for problem in accepted.warnings] == [Code.UNKNOWN_KIND]


def test_typed_text_with_an_error_is_refused_with_everything_found() -> None:
    with pytest.raises(ConditionError) as refused:
        accept("count(purchas) > “many”", VOCABULARY)
    assert refused.value.source == 'count(purchas) > "many"'
    assert Counter(problem.code for problem in refused.value.problems) == {
        Code.UNKNOWN_KIND: 1,
        Code.NEEDS_NUMBER: 1,
    }


@given(st.one_of(written(PLAIN), written(NASTY)))
def test_checking_any_tree_is_no_error(tree: Condition) -> None:
    for problem in check(tree, VOCABULARY):
        assert WORDS.say("conditions", problem.code, **problem.params)


@pytest.mark.parametrize(
    ("text", "span", "shown"),
    [
        ("segment = vip", Span(10, 13), "segment = vip\n          ^^^"),
        ("segment =", Span(9, 9), "segment =\n         ^"),
        ("", Span(0, 0), "\n^"),
        ("a\nsegment = vip\nb", Span(2, 9), "segment = vip\n^^^^^^^"),
        ("a\nbc\nd", Span(3, 6), "bc\n ^"),
        ("客 = vip", Span(4, 7), "客 = vip\n     ^^^"),
        ("e\u0301 = vip", Span(5, 8), "e\u0301 = vip\n    ^^^"),
        ("a\tb", Span(2, 3), "a b\n  ^"),
        ("x" * 200, Span(100, 101), "…" + "x" * 76 + "…\n" + " " * 39 + "^"),
        ("x" * 200, Span(0, 200), "x" * 76 + "…\n" + "^" * 76),
    ],
)
def test_a_caret_points_at_the_place(text: str, span: Span, shown: str) -> None:
    assert caret(text, span) == shown


@given(st.text(), st.integers(0, 300), st.integers(0, 300))
def test_a_caret_is_always_two_lines(text: str, start: int, length: int) -> None:
    shown = caret(text, Span(start, start + length))
    assert shown.count("\n") == 1
    assert shown.endswith("^")
