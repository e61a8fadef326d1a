"""What a card says beyond events and alerts, as plain words: where a customer stands and why, worth, rhythm.

The same in chat and at the command line. It must not know blocks, nor where any of it came from.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from rules.alerts.evidence import Evidence
from rules.conditions.numbers import decimal_text
from rules.conditions.parse import parse
from rules.conditions.problems import ConditionError
from rules.conditions.terms import Family, Measure, Subject, measure_of
from rules.conditions.tree import (
    Among,
    Compare,
    Condition,
    Contains,
    Day,
    Duration,
    Holds,
    Not,
    Number,
    Operator,
    Percent,
    Text,
    Value,
)
from rules.lifecycle.fit import Lacking
from rules.lifecycle.grounds import Ground
from templates import facts, limits
from templates.views import CadenceView, CardView, LabelView, WorthView
from templates.voice import Voice, spoken
from templates.words import name_of

_OPERATORS = {
    Operator.LESS: "less",
    Operator.AT_MOST: "at_most",
    Operator.MORE: "more",
    Operator.AT_LEAST: "at_least",
    Operator.EQUAL: "equal",
    Operator.UNEQUAL: "unequal",
}


@dataclass(frozen=True, slots=True)
class StandingLine:
    """One label of a customer: of which family, what is said of it, and the grounds."""

    label: str
    said: str
    grounds: tuple[str, ...]


def standing_lines(view: CardView, voice: Voice) -> list[StandingLine]:
    """Say where a customer stands, a line for each label; what speaks for two of them is said once."""
    lines, told = [], set()
    for one in view.labels:
        new = [ground for ground in one.grounds if (ground, one.other) not in told]
        told |= {(ground, one.other) for ground in new}
        lines.append(
            StandingLine(
                label=voice.plain("card", f"label_{one.family}"),
                said=_said(one, voice),
                grounds=tuple(_ground(ground, one.other, voice) for ground in new),
            )
        )
    return lines


def worth_facts(view: CardView) -> list[Evidence]:
    """Give what is known of a customer's worth and rhythm, as terms with their values."""
    found = [*(view.worth.values if view.worth else ())]
    if view.cadence is not None and view.cadence.gap.value is not None:
        found += [view.cadence.gap, view.cadence.overdue]
    return [one for one in found if one.value is not None]


def worth_notes(view: CardView, voice: Voice) -> list[str]:
    """Say as of when that is, and what is lacking where something is unknown."""
    notes = [] if view.worth is None else _worth_notes(view.worth, voice)
    if view.cadence is not None and view.cadence.gap.value is None:
        notes.append(_no_rhythm(view.cadence, voice))
    if view.currencies > 1:
        notes.append(voice.plain("card", "currencies", currency=voice.currency))
    return notes


def spent_words(view: CardView, voice: Voice) -> str:
    """Say what was spent in all, each currency by itself; nothing where nothing was."""
    return " + ".join(voice.figures.money(one.minor, one.currency) for one in view.spent[:5])


def _said(one: LabelView, voice: Voice) -> str:
    said = spoken(one.label)
    if one.family == Family.ACTIVE:
        said = voice.plain("card", "yes" if one.held else "no")
    if one.since is None:
        return said
    name = "since_at_least" if one.at_least else "since"
    return voice.plain("card", name, said=said, day=voice.figures.short_day(one.since, year=True))


def _ground(one: Ground, other: str | None, voice: Voice) -> str:
    ground = voice.plain(
        "card", "ground", label=facts.label(one.fact, voice), value=facts.value(one.fact, voice)
    )
    asked = asked_words(one.asked, voice)
    if not asked:
        return ground
    if other is not None:
        return voice.plain("card", "asks_other", ground=ground, other=spoken(other), asked=asked)
    return voice.plain("card", "asks", ground=ground, asked=asked)


def asked_words(test: str, voice: Voice) -> str:
    """Say what a test asks of its term, ``at most 30 days``; nothing where the term is true or false by itself."""
    tree = _read(test)
    match tree:
        case Compare(subject, operator, value):
            return voice.plain("card", _OPERATORS[operator], value=_constant(subject, value, voice))
        case Among(subject, values):
            return voice.plain("card", "among", values=_constants(subject, values, voice))
        case Not(Among(subject, values)):
            return voice.plain("card", "not_among", values=_constants(subject, values, voice))
        case Contains(subject, value):
            return voice.plain("card", "contains", value=_constant(subject, value, voice))
        case Not(Contains(subject, value)):
            return voice.plain("card", "not_contains", value=_constant(subject, value, voice))
        case None | Holds() | Not(Holds() | Compare()):
            return ""
        case _:
            return name_of(test, limits.VALUE)


@lru_cache(maxsize=2_000)
def _read(test: str) -> Condition | None:
    try:
        return parse(test)
    except ConditionError:
        return None


def _constants(subject: Subject, values: Sequence[Value], voice: Voice) -> list[str]:
    return [_constant(subject, value, voice) for value in values[:5]]


def _constant(subject: Subject, value: Value, voice: Voice) -> str:
    figures = voice.figures
    match value:
        case Number(number):
            return _number(subject, number, voice)
        case Percent(ratio):
            return figures.share(ratio.numerator, ratio.denominator)
        case Text(text):
            return name_of(text, limits.LISTED_NAME)
        case Day(day):
            return figures.short_day(day, year=True)
        case Duration(window):
            return str(window)


def _number(subject: Subject, number: Fraction, voice: Voice) -> str:
    match measure_of(subject):
        case Measure.DAYS:
            # Half a day is said as several are.
            many = int(abs(number)) if number.denominator == 1 else 2
            return voice.plain("terms", "value_days", n=many, shown=voice.figures.number(number))
        case Measure.MONEY:
            return voice.figures.amount(number, voice.currency)
        case Measure.RATIO:
            return voice.plain("terms", "value_times_gap", shown=voice.figures.number(number))
        case _:
            return decimal_text(number)


def _worth_notes(worth: WorthView, voice: Voice) -> list[str]:
    lacks = [
        voice.plain("value", "lack", what=one.what.value, have=one.have, need=one.need)
        if one.what is not Lacking.NEVER
        else voice.plain("card", "never_fitted")
        for one in worth.lacks
    ]
    if worth.as_of is None:
        return [voice.plain("card", "no_value", lacks=lacks)]
    if not worth.bought:
        return [
            voice.plain(
                "card", "no_value", lacks=[voice.plain("card", "never_bought", kind=spoken(worth.kind))]
            )
        ]
    discount = voice.figures.share(round(worth.discount * 1_000), 1_000)
    notes = [voice.plain("card", "valued", day=voice.figures.day(worth.as_of), discount=discount)]
    if lacks:
        notes.append(voice.plain("card", "no_worth", lacks=lacks))
    elif any(one.value is None for one in worth.values):
        notes.append(voice.plain("card", "no_currency", currency=voice.currency))
    return notes


def _no_rhythm(cadence: CadenceView, voice: Voice) -> str:
    return voice.plain("card", "no_rhythm", kind=spoken(cadence.kind))
