"""What can happen in a history, as plain values that JSON can hold.

Every step makes sense by itself or does nothing, whatever went before: so any of them can be left out, which is how
a history is shrunk. Texts of properties and attributes are JSON, as the tables have them.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Event:
    """One event as a source tells it; ``properties`` is canonical JSON of an object."""

    id: str
    customer: str
    kind: str
    at: int
    amount: int | None = None
    currency: str | None = None
    properties: str | None = None


@dataclass(frozen=True)
class Take:
    """Events are taken in, in one transaction."""

    events: tuple[Event, ...]
    by_http: bool = False


@dataclass(frozen=True)
class Say:
    """A source says something of a customer; None says that there is no such value."""

    customer: str
    created_at: int | None = None
    own: Mapping[str, str | None] = field(default_factory=dict)
    attributes: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Add:
    rule: str
    condition: str
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Edit:
    """Another condition, or other options, or both."""

    rule: str
    condition: str = ""
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Turn:
    """``pause``, ``resume`` or ``remove``."""

    rule: str
    did: str


@dataclass(frozen=True)
class Define:
    """Other definitions of the life cycle are in force, ``lifecycle`` as it is stored."""

    lifecycle: str


@dataclass(frozen=True)
class Act:
    """A person snoozes the open alert until an instant, or resolves it."""

    rule: str
    customer: str
    snoozed_until: int | None = None


@dataclass(frozen=True)
class Refit:
    """The value models are fitted as of now: to one of a few numbered results, for purchases of that kind."""

    number: int
    kind: str = "purchase"


@dataclass(frozen=True)
class Rate:
    """The nightly job works out the health of everybody, as the life cycle in use says."""


@dataclass(frozen=True)
class Restart:
    """The process ends and another begins."""


@dataclass(frozen=True)
class Sweep:
    """A sweep as of ``at``.

    ``cut``: the how-manieth of its write transactions fails; ``again``: whether it is then repeated at once.
    ``meanwhile``: events taken in while it runs, before its write transaction number ``before``.
    """

    at: int
    cut: int | None = None
    again: bool = True
    meanwhile: Take | None = None
    before: int = 1


Step = Take | Say | Add | Edit | Turn | Define | Act | Refit | Rate | Restart | Sweep
_STEPS: dict[str, type[Step]] = {
    kind.__name__.casefold(): kind
    for kind in (Take, Say, Add, Edit, Turn, Define, Act, Refit, Rate, Restart, Sweep)
}


@dataclass(frozen=True)
class History:
    """What happens, from the instant ``start`` on; ``small``: the sweep goes in blocks and batches of a few."""

    start: int
    zone: str
    small: bool
    steps: tuple[Step, ...]

    def to_json(self) -> str:
        """Write it down, a step a line, so that it can be replayed."""
        head = json.dumps({"start": self.start, "zone": self.zone, "small": self.small})
        lines = ",\n".join("  " + json.dumps(written(step), ensure_ascii=False) for step in self.steps)
        return f'{head[:-1]}, "steps": [\n{lines}\n]}}\n'

    @classmethod
    def from_json(cls, text: str) -> "History":
        found = json.loads(text)
        steps = tuple(_read(step) for step in found["steps"])
        return cls(start=found["start"], zone=found["zone"], small=found["small"], steps=steps)


def written(step: Step) -> dict[str, Any]:
    """Give a step as JSON has it, without what it does not say."""
    said = {name: value for name, value in asdict(step).items() if value not in (None, {}, ())}
    return {"step": type(step).__name__.casefold(), **said}


def _read(said: Mapping[str, Any]) -> Step:
    values = {name: value for name, value in said.items() if name != "step"}
    if "events" in values:
        values["events"] = tuple(Event(**event) for event in values["events"])
    if "meanwhile" in values:
        values["meanwhile"] = _take(values["meanwhile"])
    return _STEPS[said["step"]](**values)


def _take(said: Mapping[str, Any]) -> Take:
    return Take(events=tuple(Event(**event) for event in said["events"]), by_http=said["by_http"])
