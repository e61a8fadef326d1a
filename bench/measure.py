"""One figure beside the other side of it, from the same run, and beside its goal."""

import gc
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, TypeVar

T = TypeVar("T")


class Unit(Enum):
    """What a figure counts, and so how it is written."""

    SECONDS = "s"
    EACH_SECOND = "/s"
    BYTES = "B"
    STEPS = "steps"


@dataclass(frozen=True, slots=True)
class Figure:
    """A number, what it counts, and what of (``said``), where that does not go without saying."""

    value: float
    unit: Unit
    said: str = ""

    def __str__(self) -> str:
        return f"{_WRITTEN[self.unit](self.value)} {self.said}".rstrip()


class Shown(Enum):
    """How the ratio of the two sides is written."""

    PERCENT = "%"
    TIMES = "x"


@dataclass(frozen=True, slots=True)
class Goal:
    """What is to be reached: by the ratio, or with ``of_value`` by the figure itself."""

    limit: float
    at_least: bool = False
    of_value: bool = False


@dataclass(frozen=True, slots=True)
class Measure:
    """One line of the table. ``row`` is the row of the design's table that it belongs to."""

    row: str
    what: str
    ours: Figure
    other: Figure | None = None
    shown: Shown = Shown.TIMES
    goal: Goal | None = None
    faster: bool = False
    """The ratio says how many times faster we are, not how many times longer it takes."""

    @property
    def ratio(self) -> float | None:
        """Ours by the other side's, or the other way round."""
        if self.other is None:
            return None
        one, other = (self.other, self.ours) if self.faster else (self.ours, self.other)
        return one.value / other.value if other.value else None

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; nothing where there is none."""
        reached = self.ours.value if self.goal and self.goal.of_value else self.ratio
        if self.goal is None or reached is None:
            return None
        return reached >= self.goal.limit if self.goal.at_least else reached <= self.goal.limit

    def cells(self) -> tuple[str, str, str, str, str]:
        """Give what the table shows: what, ours, the other side, the ratio, the goal."""
        return (
            self.what,
            str(self.ours),
            "" if self.other is None else str(self.other),
            "" if self.ratio is None else _ratio(self.ratio, self.shown),
            "" if self.goal is None else self._goal(self.goal),
        )

    def as_json(self) -> dict[str, Any]:
        """Give the measure as plain values, in seconds, events a second, bytes or steps."""
        return {
            "row": self.row,
            "what": self.what,
            "ours": self.ours.value,
            "other": self.other.value if self.other else None,
            "unit": self.ours.unit.value,
            "other_side": self.other.said if self.other else None,
            "ratio": self.ratio,
            "goal": None if self.goal is None else self._goal(self.goal),
            "met": self.met,
        }

    def _goal(self, goal: Goal) -> str:
        limit = _WRITTEN[self.ours.unit](goal.limit) if goal.of_value else _ratio(goal.limit, self.shown)
        return f"{'≥' if goal.at_least else '≤'} {limit}"


def seconds(call: Callable[[], object]) -> float:
    """Measure one call."""
    return timed(call)[1]


@contextmanager
def started() -> Iterator[None]:
    """Leave what is loaded by now out of every collection of garbage, as the bot does once it has started."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def timed(call: Callable[[], T]) -> tuple[T, float]:
    """Measure one call, and give what it gave and its seconds."""
    started = time.perf_counter()
    found = call()
    return found, time.perf_counter() - started


def median_seconds(call: Callable[[], object], times: int) -> float:
    """Measure several calls, and give the one in the middle."""
    return statistics.median(seconds(call) for _ in range(times))


def percentile(values: list[float], percent: float) -> float:
    """Give the value below which so many percent of ``values`` lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def _seconds(value: float) -> str:
    if value < 1e-3:
        return f"{value * 1e6:.3g} µs"
    return f"{value * 1e3:.3g} ms" if value < 1 else f"{value:.3g} s"


def _ratio(value: float, shown: Shown) -> str:
    return f"{value * 100:,.3g}%" if shown is Shown.PERCENT else f"{value:,.3g}x"


_WRITTEN: Final[dict[Unit, Callable[[float], str]]] = {
    Unit.SECONDS: _seconds,
    Unit.EACH_SECOND: lambda value: f"{value:,.0f}/s",
    Unit.BYTES: lambda value: f"{value:,.1f} B",
    Unit.STEPS: lambda value: f"{value:,.0f} steps",
}
