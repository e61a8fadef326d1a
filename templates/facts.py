"""One term of a condition and its value, in words: ``days_since(purchase)``, ``34`` → ``Last purchase``, ``34 days ago``.

It must not know where the value came from.
"""

from fractions import Fraction
from functools import lru_cache

from rules.alerts.evidence import Evidence
from rules.conditions.parse import parse
from rules.conditions.print import to_text
from rules.conditions.problems import ConditionError
from rules.conditions.terms import (
    Attribute,
    Average,
    Call,
    Change,
    Count,
    DaysSince,
    DaysSinceFirst,
    DaysUntil,
    EventCall,
    Events,
    Field,
    Fitted,
    MedianGap,
    Missing,
    Never,
    Overdue,
    Own,
    Returned,
    Score,
    Silent,
    Stored,
    Subject,
    Sum,
)
from rules.conditions.tree import Holds
from rules.conditions.windows import Window
from templates import limits
from templates.voice import Voice, spoken, title
from templates.words import cut, name_of


def label(fact: Evidence, voice: Voice) -> str:
    """Say what a fact is about; the term itself where it cannot be read any more."""
    subject = _subject(fact.term)
    if subject is None:
        return name_of(fact.term, limits.VALUE)
    said = cut(_label(subject, voice), limits.VALUE)
    return said[:1].upper() + said[1:]


def value(fact: Evidence, voice: Voice) -> str:
    """Say the value of a fact."""
    subject = _subject(fact.term)
    if fact.value is None:
        never = isinstance(subject, DaysSince | DaysSinceFirst)
        return voice.plain("terms", "value_never" if never else "value_unknown")
    number = _number(fact.value)
    if isinstance(subject, Never | Silent | Missing | Returned) and fact.value in ("true", "false"):
        return voice.plain("terms", _TRUTHS[type(subject), fact.value == "true"])
    if subject is None or number is None:
        return name_of(fact.value, limits.VALUE)
    return _value(subject, number, fact.value, voice)


def window_words(window: Window | None, voice: Voice) -> str:
    """Say a window up to now: ``last 30 days``."""
    if window is None:
        return voice.plain("terms", "window_ever")
    return voice.plain("terms", f"window_{window.unit}", n=window.length)


_TRUTHS: dict[tuple[type[Call], bool], str] = {
    (Never, True): "value_none",
    (Never, False): "value_yes",
    (Silent, True): "value_none",
    (Silent, False): "value_yes",
    (Missing, True): "value_not_yet",
    (Missing, False): "value_happened",
    (Returned, True): "value_yes",
    (Returned, False): "value_no",
}


@lru_cache(maxsize=2_000)
def _subject(term: str) -> Subject | None:
    try:
        tree = parse(term)
    except ConditionError:
        return None
    return tree.subject if isinstance(tree, Holds) else None


def _number(text: str) -> Fraction | None:
    # Evidence writes no exponents: 1E100 is somebody's text, and as a number it would have too many digits.
    if "e" in text.casefold():
        return None
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        return None


def _label(subject: Subject, voice: Voice) -> str:
    match subject:
        case Missing(events, answer, window):
            return voice.plain(
                "terms",
                "missing",
                events=_events(events, voice),
                answer=_events(answer, voice),
                length=voice.plain("terms", f"length_{window.unit}", n=window.length),
            )
        case Change(of, window):
            name = f"change_{of.function}"
            return voice.plain(
                "terms", name, events=_events(of.events, voice), window=window_words(window, voice)
            )
        case (
            Count(events, window)
            | Sum(events, window)
            | Average(events, window)
            | Silent(events, window)
            | Returned(events, window)
        ):
            shown = window_words(window, voice)
            return voice.plain("terms", subject.function, events=_events(events, voice), window=shown)
        case EventCall(events):
            return voice.plain("terms", subject.function, events=_events(events, voice))
        case DaysUntil(attribute):
            return voice.plain("terms", "days_until", attribute=spoken(attribute.name))
        case Field(name):
            return voice.plain("terms", f"field_{name}")
        case Fitted(name) | Stored(name):
            return voice.plain("terms", f"score_{name}")
        case Attribute(name):
            return title(name)
        case _:
            return title(str(subject))


def _events(events: Events, voice: Voice) -> str:
    kind = spoken(events.kind)
    if events.where is None:
        return kind
    return voice.plain("terms", "events_where", kind=kind, filter=name_of(to_text(events.where), 60))


def _value(subject: Subject, number: Fraction, text: str, voice: Voice) -> str:
    figures = voice.figures
    match subject:
        case DaysSince() | DaysSinceFirst():
            return voice.plain("terms", "value_days_ago", n=int(number), shown=figures.number(number))
        case DaysUntil() if number >= 0:
            return voice.plain("terms", "value_days_until", n=int(number), shown=figures.number(number))
        case DaysUntil():
            return voice.plain("terms", "value_days_ago", n=int(-number), shown=figures.number(-number))
        case MedianGap() | Field(Own.TENURE):
            return voice.plain("terms", "value_days", n=int(number), shown=figures.number(number))
        case Overdue():
            return voice.plain("terms", "value_times_gap", shown=figures.number(number))
        case Fitted(Score.P_ALIVE | Score.CLV_RANK) | Change():
            return figures.chance(number) if isinstance(subject, Fitted) else figures.percent(number)
        case Sum() | Average() | Fitted(Score.CLV):
            return figures.amount(number, voice.currency)
        case Call() | Fitted() | Stored():
            return figures.number(number)
        case _:
            return name_of(text, limits.VALUE)
