"""What use cases hand over to be shown of the life cycle's history; the command line writes the same as JSON.

Days are dates of the business; amounts are whole minor units.
"""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class MovesView:
    """So often customers went from one label to another; None is no label, or not known yet."""

    before: str | None
    after: str | None
    times: int


@dataclass(frozen=True, slots=True)
class FlowMonth:
    """The moves of a calendar month, the most frequent first."""

    first: date
    moves: tuple[MovesView, ...]


@dataclass(frozen=True, slots=True)
class FlowView:
    """Who went from where to where in a family, month by month up to the day ``until``, and in all."""

    family: str
    labels: tuple[str, ...]
    until: date
    months: tuple[FlowMonth, ...]
    moves: tuple[MovesView, ...]


@dataclass(frozen=True, slots=True)
class CohortView:
    """Those whose first qualifying event was in a month, and how many were active at the end of the k-th month after.

    Month 0 is their own. Months that are not over lack; None stands for one at whose end none of them was judged.
    """

    first: date
    customers: int
    active: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class CohortsView:
    """Cohorts, the oldest first; ``kinds`` are the qualifying kinds of event."""

    until: date
    kinds: tuple[str, ...]
    cohorts: tuple[CohortView, ...]


@dataclass(frozen=True, slots=True)
class GroupView:
    """Customers who were active, or were not, at a month's end, and what they came to together.

    ``events`` (engagement), ``spent`` (revenue) and ``contacts`` (relationship) are of the month, ``value`` is what they
    spent up to its end (lifetime value).
    """

    customers: int
    events: int
    spent: int
    value: int
    contacts: int


@dataclass(frozen=True, slots=True)
class ActivityMonth:
    """A month that is over: the active against the inactive at its end."""

    first: date
    active: GroupView
    inactive: GroupView


@dataclass(frozen=True, slots=True)
class ActivityView:
    """Active customers over time, month by month, the oldest first; ``clipped``: of earlier months events were pruned."""

    until: date
    currency: str
    months: tuple[ActivityMonth, ...]
    clipped: bool = False
