"""What a condition can ask: terms of a customer, and inside a filter properties of an event.

A term is frozen, hashable and canonical: it is the key of its column of answers, and two conditions that ask the
same share it. What each means stands in its docstring; how it is answered is not known here.
"""

from dataclasses import dataclass, fields
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, ClassVar, Final

from rules.conditions.spans import Placed
from rules.conditions.windows import Window

if TYPE_CHECKING:
    from rules.conditions.tree import Condition


class Measure(StrEnum):
    """What the value of a subject is."""

    EVENTS = "events"
    MONEY = "money"
    DAYS = "days"
    RATIO = "ratio"
    PERCENT = "percent"
    TEXT = "text"
    TRUTH = "truth"
    LABEL = "label"
    """One of the names of a family of definitions."""
    OPEN = "open"
    """Number, text or date: whatever the data holds."""


class Argument(Enum):
    """What may stand at a place between a function's brackets."""

    EVENTS = "events"
    COUNT_OR_SUM = "count_or_sum"
    WINDOW = "window"
    WINDOW_OR_EVER = "window_or_ever"
    ATTRIBUTE = "attribute"


@dataclass(frozen=True, slots=True)
class Events(Placed):
    """Events of a ``kind`` (canonical, see `names.name_of`), those for which ``where`` holds."""

    kind: str
    where: "Condition | None" = None


@dataclass(frozen=True, slots=True)
class Term(Placed):
    """One question about a customer at an instant."""


class Own(StrEnum):
    """The customer's own data that has a name in the language."""

    SEGMENT = "segment"
    OWNER = "owner"
    COUNTRY = "country"
    LANGUAGE = "language"
    TENURE = "tenure"


OWN: Final = {own.value: own for own in Own}


class Family(StrEnum):
    """What definitions are about: each family has its labels, but for `ACTIVE`, which holds or does not."""

    ACTIVE = "active"
    STATUS = "status"
    STAGE = "stage"
    TYPE = "type"
    SEGMENT = "segment"
    VALUE_TIER = "value_tier"


DERIVED: Final = {family.value: family for family in Family if family is not Family.SEGMENT}
"""Fields that a definition answers. `segment` is the customer's own text, but for the names that are defined."""


@dataclass(frozen=True, slots=True)
class Field(Term):
    """A customer's own text (segment, owner, country, language), or ``tenure`` in whole days known."""

    name: Own


@dataclass(frozen=True, slots=True)
class Attribute(Term):
    """A customer's own attribute ``attr.NAME`` (canonical, see `names.name_of`): text or number as the data has it."""

    name: str


class Score(StrEnum):
    """What a fit of the value models says of a customer."""

    P_ALIVE = "p_alive"
    EXPECTED_PURCHASES = "expected_purchases"
    CLV = "clv"
    CLV_RANK = "clv_rank"


SCORES: Final = {score.value: score for score in Score}


@dataclass(frozen=True, slots=True)
class Fitted(Term):
    """A customer's value by the fit in force: the chance that they buy again (``p_alive``), how often they will within
    twelve months, what that is worth, and which share of customers is worth less (``clv_rank``).

    Unknown without a fit, of those who never bought, and of their worth where they spent nothing in the account's currency.
    """

    name: Score


class Rating(StrEnum):
    """What a nightly job found of each customer and stored."""

    HEALTH = "health"


RATINGS: Final = {rating.value: rating for rating in Rating}


@dataclass(frozen=True, slots=True)
class Stored(Term):
    """A number that was stored of the customer: ``health`` from 0 to 100, known from the instant it was found at on.

    It changes when the job finds another one; what it was before is not kept.
    """

    name: Rating


@dataclass(frozen=True, slots=True)
class Call(Term):
    """A function: its name, what its value is, what it takes in the order of its fields, and an example."""

    function: ClassVar[str]
    measure: ClassVar[Measure]
    takes: ClassVar[tuple[Argument, ...]]
    usage: ClassVar[str]

    @property
    def arguments(self) -> dict[str, object]:
        """What stands between the brackets, by the name of its field, in the order of ``takes``; None if left out."""
        return {part.name: getattr(self, part.name) for part in fields(self) if part.name != "span"}


@dataclass(frozen=True, slots=True)
class EventCall(Call):
    """A function of events."""

    events: Events


@dataclass(frozen=True, slots=True)
class Count(EventCall):
    """How many such events happened in the window, or ever."""

    function = "count"
    measure = Measure.EVENTS
    takes = (Argument.EVENTS, Argument.WINDOW_OR_EVER)
    usage = "count(purchase, 30d)"
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class Sum(EventCall):
    """The amounts of those events in the account's currency, added; 0 without any."""

    function = "sum"
    measure = Measure.MONEY
    takes = (Argument.EVENTS, Argument.WINDOW_OR_EVER)
    usage = "sum(purchase, 30d)"
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class Average(EventCall):
    """The mean amount of those events that have one in the account's currency; unknown without any."""

    function = "avg"
    measure = Measure.MONEY
    takes = (Argument.EVENTS, Argument.WINDOW_OR_EVER)
    usage = "avg(purchase, 30d)"
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class DaysSince(EventCall):
    """Whole days of 24 hours, rounded down, since the last event; unknown without one."""

    function = "days_since"
    measure = Measure.DAYS
    takes = (Argument.EVENTS,)
    usage = "days_since(purchase)"


@dataclass(frozen=True, slots=True)
class DaysSinceFirst(EventCall):
    """Whole days of 24 hours, rounded down, since the first event; unknown without one."""

    function = "days_since_first"
    measure = Measure.DAYS
    takes = (Argument.EVENTS,)
    usage = "days_since_first(purchase)"


@dataclass(frozen=True, slots=True)
class MedianGap(EventCall):
    """The median of the last gaps, in days, between successive business days with an event; unknown below 3 gaps.

    Of an even number of gaps it is the mean of the middle two.
    """

    function = "median_gap"
    measure = Measure.DAYS
    takes = (Argument.EVENTS,)
    usage = "median_gap(purchase)"


@dataclass(frozen=True, slots=True)
class Overdue(EventCall):
    """`DaysSince` divided by `MedianGap`: 2 is twice as long as this customer usually waits."""

    function = "overdue"
    measure = Measure.RATIO
    takes = (Argument.EVENTS,)
    usage = "overdue(purchase)"


@dataclass(frozen=True, slots=True)
class Change(Call):
    """``of`` (without a window of its own) in this window against the one before, as a ratio of the one before.

    Minus one half is a fall by half. Unknown where the window before gives 0 or less.
    """

    function = "change"
    measure = Measure.PERCENT
    takes = (Argument.COUNT_OR_SUM, Argument.WINDOW)
    usage = "change(sum(purchase), 30d)"
    of: Count | Sum
    window: Window


@dataclass(frozen=True, slots=True)
class Never(EventCall):
    """True: no such event up to now."""

    function = "never"
    measure = Measure.TRUTH
    takes = (Argument.EVENTS,)
    usage = "never(purchase)"


@dataclass(frozen=True, slots=True)
class Silent(EventCall):
    """True: no such event in the window, and the customer was known at the window's edge or earlier."""

    function = "silent"
    measure = Measure.TRUTH
    takes = (Argument.EVENTS, Argument.WINDOW)
    usage = "silent(purchase, 30d)"
    window: Window


@dataclass(frozen=True, slots=True)
class Missing(EventCall):
    """True: the latest of ``events`` is a window old, and no other of ``answer`` came within the window from it.

    Both ends count. Of several latest at one instant, an ``answer`` to any will do. False where there is none.
    """

    function = "missing"
    measure = Measure.TRUTH
    takes = (Argument.EVENTS, Argument.EVENTS, Argument.WINDOW)
    usage = "missing(sign_up, purchase, 7d)"
    answer: Events
    window: Window


@dataclass(frozen=True, slots=True)
class Returned(EventCall):
    """True: such an event in the window, and the first of those came a window or more after the one before it."""

    function = "returned"
    measure = Measure.TRUTH
    takes = (Argument.EVENTS, Argument.WINDOW)
    usage = "returned(purchase, 90d)"
    window: Window


@dataclass(frozen=True, slots=True)
class DaysUntil(Call):
    """The date in an attribute minus today, in business dates: negative once past; unknown without a date."""

    function = "days_until"
    measure = Measure.DAYS
    takes = (Argument.ATTRIBUTE,)
    usage = "days_until(attr.renewal_date)"
    attribute: Attribute


@dataclass(frozen=True, slots=True)
class Property(Placed):
    """In a filter: a property of the event by name, or the event's own `AMOUNT` or `CURRENCY`.

    The amount is known where it is in the account's currency.
    """

    name: str


@dataclass(frozen=True, slots=True)
class Derived(Placed):
    """What definitions say of a customer: the family's label, or, of `Family.ACTIVE`, whether it holds.

    No column answers it: before a condition is evaluated, each is replaced by what its definition says.
    """

    family: Family


Subject = Term | Property | Derived

AMOUNT: Final = "amount"
CURRENCY: Final = "currency"
MOST_GAPS: Final = 12
FEWEST_GAPS: Final = 3

FUNCTIONS: Final[dict[str, type[Call]]] = {
    call.function: call
    for call in (
        Count,
        Sum,
        Average,
        DaysSince,
        DaysSinceFirst,
        MedianGap,
        Overdue,
        Change,
        Never,
        Silent,
        Missing,
        Returned,
        DaysUntil,
    )
}

_SCORES: Final = {
    Score.P_ALIVE: Measure.PERCENT,
    Score.EXPECTED_PURCHASES: Measure.RATIO,
    Score.CLV: Measure.MONEY,
    Score.CLV_RANK: Measure.PERCENT,
}


def measure_of(subject: Subject) -> Measure:
    """Give what the value of ``subject`` is."""
    match subject:
        case Call():
            return subject.measure
        case Field(name):
            return Measure.DAYS if name is Own.TENURE else Measure.TEXT
        case Fitted(name):
            return _SCORES[name]
        case Stored():
            return Measure.RATIO
        case Derived(family):
            return Measure.TRUTH if family is Family.ACTIVE else Measure.LABEL
        case Property(name):
            return {AMOUNT: Measure.MONEY, CURRENCY: Measure.TEXT}.get(name, Measure.OPEN)
        case _:
            return Measure.OPEN


def events_of(subject: Subject) -> tuple[Events, ...]:
    """Give the selections of events that ``subject`` looks at."""
    match subject:
        case Missing(events, answer):
            return (events, answer)
        case EventCall(events):
            return (events,)
        case Change(of):
            return (of.events,)
        case _:
            return ()
