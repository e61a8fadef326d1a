"""A condition in words: which phrase says each part, from the leaves up.

The phrases are the macros ``say_…`` of ``templates/text/conditions.j2``; here stands only what goes into which. It
must not know a language.
"""

from fractions import Fraction
from functools import reduce
from typing import Protocol, assert_never

from rules.conditions.numbers import decimal_text
from rules.conditions.terms import (
    Attribute,
    Call,
    Change,
    Count,
    DaysUntil,
    Derived,
    Events,
    Family,
    Field,
    Fitted,
    Measure,
    Property,
    Stored,
    Subject,
    measure_of,
)
from rules.conditions.tree import (
    Among,
    And,
    Compare,
    Condition,
    Contains,
    Day,
    Duration,
    Holds,
    Not,
    Number,
    Operator,
    Or,
    Percent,
    Text,
    Value,
)
from rules.conditions.windows import Window


class Say(Protocol):
    """Phrases of one language."""

    def __call__(self, name: str, /, **params: object) -> str:
        """Give the phrase ``name``; what it gives may go into another phrase."""
        ...


_COMPARISONS = {
    Operator.LESS: "say_less",
    Operator.AT_MOST: "say_at_most",
    Operator.MORE: "say_more",
    Operator.AT_LEAST: "say_at_least",
    Operator.EQUAL: "say_equal",
    Operator.UNEQUAL: "say_unequal",
}
_DATES = {
    **_COMPARISONS,
    Operator.LESS: "say_before",
    Operator.AT_MOST: "say_until",
    Operator.MORE: "say_after",
    Operator.AT_LEAST: "say_from",
}


def describe(tree: Condition, say: Say) -> str:
    """Say ``tree`` in the words of ``say``: "no purchase for 30 days, and segment is “vip”"."""
    match tree:
        case And(parts):
            return _joined("say_and", [_grouped(part, say) for part in parts], say)
        case Or(parts):
            return _joined("say_or", [_grouped(part, say) for part in parts], say)
        case Not(part):
            return say("say_not", inner=_grouped(part, say))
        case Compare(Derived(Family.TYPE), Operator.EQUAL | Operator.UNEQUAL as operator, Text(label)):
            # Of several labels, one is there or not: the customer's type is never that one alone.
            return say("say_has_type" if operator is Operator.EQUAL else "say_has_no_type", value=label)
        case Compare(subject, operator, value):
            phrases = _DATES if isinstance(value, Day) else _COMPARISONS
            return say(phrases[operator], subject=_subject(subject, say), value=_value(subject, value, say))
        case Among(subject, values):
            listed = _joined("say_list", [_value(subject, value, say) for value in values], say)
            return say("say_among", subject=_subject(subject, say), values=listed)
        case Contains(subject, value):
            return say("say_contains", subject=_subject(subject, say), value=_value(subject, value, say))
        case Holds(subject):
            said = _subject(subject, say)
            return said if measure_of(subject) is Measure.TRUTH else say("say_holds", subject=said)
        case _:
            assert_never(tree)


def _joined(name: str, phrases: list[str], say: Say) -> str:
    """Join from the back, two at a time: languages differ in how, and a phrase cannot be cut into pieces."""
    return reduce(lambda rest, first: say(name, first=first, rest=rest), reversed(phrases))


def _grouped(part: Condition, say: Say) -> str:
    said = describe(part, say)
    return say("say_group", inner=said) if isinstance(part, And | Or) else said


def _subject(subject: Subject, say: Say) -> str:
    match subject:
        case Property(name):
            return say("say_property", name=name)
        case Attribute(name):
            return say("say_attribute", name=name)
        case Field(name) | Fitted(name) | Stored(name):
            return say(f"say_{name}")
        case Derived(family):
            return say(f"say_{family}")
        case DaysUntil(attribute):
            return say("say_days_until", name=attribute.name)
        case Change(of, window):
            name = "say_change_count" if isinstance(of, Count) else "say_change_sum"
            return say(name, events=_events(of.events, say), window=_window(window, say))
        case Call():
            params = {name: _argument(value, say) for name, value in subject.arguments.items()}
            return say(f"say_{subject.function}", **params)
        case _:
            raise TypeError(f"no words for {type(subject).__name__}")


def _argument(argument: object, say: Say) -> str | None:
    match argument:
        case Events():
            return _events(argument, say)
        case Window():
            return _window(argument, say)
        case _:
            return None


def _events(events: Events, say: Say) -> str:
    if events.where is None:
        return say("say_kind", kind=events.kind)
    return say("say_kind_where", kind=events.kind, filter=describe(events.where, say))


def _window(window: Window, say: Say) -> str:
    return say(f"say_{window.unit}", n=window.length)


def _value(subject: Subject, value: Value, say: Say) -> str:
    match value:
        case Number(number) if measure_of(subject) is Measure.DAYS:
            return say("say_days", n=_plural(number), value=decimal_text(number))
        case Number(number):
            return say("say_number", value=decimal_text(number))
        case Percent(ratio):
            return say("say_percent", value=decimal_text(ratio * 100))
        case Text(text):
            return say("say_text", value=text)
        case Day(day):
            return say("say_day", value=day.isoformat())
        case Duration(window):
            return _window(window, say)
        case _:
            assert_never(value)


def _plural(number: Fraction) -> int:
    """Give a whole number that takes the same form of a noun: half a day is said as several are."""
    return int(abs(number)) if number.denominator == 1 else 2
