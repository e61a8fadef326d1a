"""Whether a condition makes sense: its names against a vocabulary, its types and units against each other.

A kind of event or an attribute that no data has shown yet is a warning, for data may be on its way; whatever can
never mean anything is an error. Most come with a repair.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from rules.conditions.names import fold
from rules.conditions.normalise import normalise
from rules.conditions.numbers import decimal_text, exact
from rules.conditions.parse import parse, refuse
from rules.conditions.print import quoted, subject_text, to_text, value_text
from rules.conditions.problems import Code, Problem, Severity
from rules.conditions.rename import renamed
from rules.conditions.suggest import nearest
from rules.conditions.terms import (
    Attribute,
    DaysUntil,
    Derived,
    Family,
    Fitted,
    Measure,
    Score,
    Stored,
    Subject,
    events_of,
    measure_of,
)
from rules.conditions.tree import (
    ORDERS,
    Among,
    Compare,
    Condition,
    Contains,
    Day,
    Duration,
    Holds,
    Number,
    Operator,
    Percent,
    Test,
    Text,
    Value,
    leaves,
)
from rules.instants import DAY

_AMOUNT: Final = re.compile(r"\D{0,4}?(-?[0-9]+(?:\.[0-9]+)?)\D{0,4}")
"""A number with a currency's sign or letters about it, as in ``$100`` or ``100usd``."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names that the data has shown: kinds of event and attributes, canonical; and the labels that are defined.

    ``labels`` of each family stand in their order; where there are none at all, no life cycle is in use. ``aliases``
    are names of kinds that stand for others.
    """

    kinds: frozenset[str]
    attributes: frozenset[str]
    labels: Mapping[Family, tuple[str, ...]] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    unfitted: Mapping[Score, Mapping[str, object]] = field(default_factory=dict)
    """Values that are known of nobody so far, and what is lacking: the params of the warning."""
    unrated: bool = False
    """Whether health was never worked out so far."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A condition fit for use: its canonical text, its tree, and what its author should know (their spans are in ``source``)."""

    source: str
    text: str
    tree: Condition
    warnings: tuple[Problem, ...]


def accept(typed: str, vocabulary: Vocabulary, *, entities: bool = False) -> Accepted:
    """Normalise, parse and check what a person typed: in Slack, with its ``entities``. Aliases become what they mean.

    Raises `ConditionError` with every problem found, errors and warnings, where there is any error.
    """
    source = normalise(typed, entities=entities)
    tree = renamed(parse(source), vocabulary.aliases)
    problems = check(tree, vocabulary)
    if any(problem.severity is Severity.ERROR for problem in problems):
        refuse(source, problems)
    return Accepted(source, to_text(tree), tree, problems)


def check(tree: Condition, vocabulary: Vocabulary) -> tuple[Problem, ...]:
    """Give what is wrong with ``tree``, in the order of its text; nothing if all is well."""
    return tuple(problem for test in leaves(tree) for problem in _of_test(test, vocabulary))


OF_NOBODY: Final = frozenset({Code.NO_FIT, Code.NO_HEALTH})
"""The warnings that a value is known of nobody yet."""


def unfitted(tree: Condition, vocabulary: Vocabulary) -> tuple[Problem, ...]:
    """Give the warnings of `check` that say of values that they are known of nobody, one for each of those."""
    found = (problem for problem in check(tree, vocabulary) if problem.code in OF_NOBODY)
    return tuple({problem.params.get("name"): problem for problem in found}.values())


def _of_test(test: Test, vocabulary: Vocabulary) -> Iterator[Problem]:
    yield from _of_names(test.subject, vocabulary)
    for events in events_of(test.subject):
        if events.where is not None:
            yield from check(events.where, vocabulary)
    if isinstance(test.subject, Derived) and not vocabulary.labels:
        yield Problem(Code.NO_LIFECYCLE, test.subject.span, {"name": test.subject.family.value})
    elif measure_of(test.subject) is Measure.LABEL and not isinstance(test, Holds):
        yield from _of_labels(test, vocabulary)
    else:
        yield from _of_types(test)


def _of_names(subject: Subject, vocabulary: Vocabulary) -> Iterator[Problem]:
    for events in events_of(subject):
        if events.kind not in vocabulary.kinds:
            params = {"kind": events.kind, "nearest": nearest(events.kind, vocabulary.kinds)}
            yield Problem(Code.UNKNOWN_KIND, events.span, params, severity=Severity.WARNING)
    if isinstance(subject, Fitted) and subject.name in vocabulary.unfitted:
        lacking = {"name": subject.name.value, **vocabulary.unfitted[subject.name]}
        yield Problem(Code.NO_FIT, subject.span, lacking, severity=Severity.WARNING)
    if isinstance(subject, Stored) and vocabulary.unrated:
        yield Problem(Code.NO_HEALTH, subject.span, {"name": subject.name.value}, severity=Severity.WARNING)
    attribute = subject.attribute if isinstance(subject, DaysUntil) else subject
    if isinstance(attribute, Attribute) and attribute.name not in vocabulary.attributes:
        params = {"name": attribute.name, "nearest": nearest(attribute.name, vocabulary.attributes)}
        yield Problem(Code.UNKNOWN_ATTRIBUTE, attribute.span, params, severity=Severity.WARNING)


def _of_types(test: Test) -> Iterator[Problem]:
    measure = measure_of(test.subject)
    subject = {"subject": subject_text(test.subject)}
    match test:
        case Holds():
            if measure is not Measure.TRUTH:
                yield Problem(
                    Code.NEEDS_COMPARISON, test.span, {**subject, "example": _example(test.subject, measure)}
                )
        case _ if measure is Measure.TRUTH:
            yield Problem(Code.IS_TRUE_OR_FALSE, test.span, subject, _bare(test))
        case Contains(_, value):
            if measure not in {Measure.TEXT, Measure.OPEN}:
                yield Problem(Code.NOT_TEXT, test.span, subject)
            elif not isinstance(value, Text):
                yield _problem(Code.NEEDS_TEXT, value, subject, quoted(value_text(value)))
        case Among(_, values):
            yield from (problem for value in values for problem in _of_value(measure, value, subject))
        case Compare(_, operator, value):
            if operator in ORDERS and _without_order(measure, value):
                yield _no_order(test, value, subject)
            else:
                yield from _of_value(measure, value, subject)


def _of_labels(test: Test, vocabulary: Vocabulary) -> Iterator[Problem]:
    match test:
        case Compare(Derived(family), operator, value) if operator not in ORDERS:
            yield from _of_label(family, value, vocabulary)
        case Among(Derived(family), values):
            yield from (problem for value in values for problem in _of_label(family, value, vocabulary))
        case _:
            yield Problem(Code.NO_LABEL, test.span, {"subject": subject_text(test.subject)})


def _of_label(family: Family, value: Value, vocabulary: Vocabulary) -> Iterator[Problem]:
    """Say of a label that it is none of those that are defined."""
    labels = vocabulary.labels.get(family, ())
    written = value_text(value)
    if isinstance(value, Text) and fold(value.value) in labels:
        return
    near = nearest(value.value, labels) if isinstance(value, Text) else None
    params = {
        "family": family.value,
        "label": value.value if isinstance(value, Text) else written,
        "nearest": near,
        "labels": labels,
    }
    yield Problem(Code.UNKNOWN_LABEL, value.span, params, near)


_EXAMPLES: Final = {
    Measure.EVENTS: "> 0",
    Measure.MONEY: "> 100",
    Measure.DAYS: "> 30",
    Measure.RATIO: "> 2",
    Measure.PERCENT: "<= -50%",
    Measure.TEXT: "= vip",
    Measure.OPEN: "= gold",
}


_LABELS: Final = {
    Family.STATUS: "= at_risk",
    Family.STAGE: "= retain",
    Family.TYPE: "= loyal",
    Family.VALUE_TIER: "= high",
}


def _example(subject: Subject, measure: Measure) -> str:
    match subject:
        case Derived(family):
            return _LABELS[family]
        case Fitted() if measure is Measure.PERCENT:
            return "< 40%"
        case Stored():
            return "< 40"
        case _:
            return _EXAMPLES[measure]


def _of_value(measure: Measure, value: Value, subject: dict[str, str]) -> Iterator[Problem]:
    """Compare the type of a constant with what stands on its left."""
    match measure, value:
        case (
            (Measure.TEXT, Text()) | (Measure.OPEN, Text() | Number() | Day()) | (Measure.PERCENT, Percent())
        ):
            return
        case (Measure.EVENTS | Measure.MONEY | Measure.DAYS | Measure.RATIO, Number()):
            return
        case Measure.TEXT, _:
            yield _problem(Code.NEEDS_TEXT, value, subject, quoted(value_text(value)))
        case Measure.PERCENT, _:
            repair = f"{decimal_text(value.value)}%" if isinstance(value, Number) else None
            yield _problem(Code.NEEDS_PERCENT, value, subject, repair)
        case _, Percent(ratio):
            yield _problem(Code.NOT_PERCENT, value, subject, _without_percent(measure, ratio))
        case Measure.OPEN, Duration():
            yield _problem(Code.NOT_DURATION, value, subject, quoted(value_text(value)))
        case Measure.DAYS, Duration():
            yield _problem(Code.NOT_DURATION, value, subject, _in_days(value))
        case _:
            yield _problem(Code.NEEDS_NUMBER, value, subject, _number_in(value))


def _problem(code: Code, value: Value, subject: dict[str, str], repair: str | None = None) -> Problem:
    return Problem(code, value.span, {**subject, "found": value_text(value)}, repair)


def _without_order(measure: Measure, value: Value) -> bool:
    """Whether what is compared is a text, or would be one once its quotes were there: one refusal, not two in turn."""
    return measure is Measure.TEXT or (measure is Measure.OPEN and isinstance(value, Text))


def _no_order(test: Test, value: Value, subject: dict[str, str]) -> Problem:
    text = value_text(value)
    meant = f"{subject['subject']} = {text if isinstance(value, Text) else quoted(text)}"
    return Problem(Code.NO_ORDER, test.span, {**subject, "found": text}, meant)


def _bare(test: Test) -> str | None:
    """Give what ``never(purchase) = true`` and the like mean."""
    match test:
        case Compare(subject, Operator.EQUAL | Operator.UNEQUAL as operator, Text(text)):
            meant = {"true": True, "yes": True, "false": False, "no": False}.get(text.lower())
            if meant is None:
                return None
            return f"{'' if meant is (operator is Operator.EQUAL) else 'not '}{subject_text(subject)}"
        case _:
            return None


def _without_percent(measure: Measure, ratio: Fraction) -> str:
    """Give 1.5 for 150% beside a ratio; elsewhere the sign was just one too many."""
    return decimal_text(ratio if measure is Measure.RATIO else ratio * 100)


def _in_days(duration: Duration) -> str | None:
    """Give the days in a window, where they are a whole number and the same in every month."""
    exact_length = duration.value.milliseconds
    if exact_length is None or exact_length % DAY:
        return None
    return str(exact_length // DAY)


def _number_in(value: Value) -> str | None:
    """Give the number that is meant by ``$100`` or ``"100"``."""
    found = _AMOUNT.fullmatch(value.value) if isinstance(value, Text) else None
    number = exact(found[1]) if found else None
    return None if number is None else decimal_text(number)
