"""What happens in a test of rules, checked as intake checks it: what it would refuse is a mistake of the test.

It must not know what comes of it.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from handlers.intake.errors import Reason, RefusedError
from handlers.intake.events import World, event_of
from handlers.intake.profiles import customer_of
from rules.conditions.names import BadNameError, name_of
from rules.files.mistakes import BadFileError, Mistake
from rules.trials.trial import Trial
from storage.incoming import CustomerIn, EventIn

SOURCE: Final = "test"


@dataclass(frozen=True, slots=True)
class Props:
    """What arrives at which instant, checked as intake checks it, each with its line in the file."""

    profiles: Mapping[int, Sequence[tuple[int, CustomerIn]]]
    events: Mapping[int, Sequence[tuple[int, EventIn]]]


def prepared(trial: Trial) -> Props:
    """Check what happens in a test as intake would; raises `BadFileError` with whatever it would refuse."""
    world = World(source=SOURCE, calendar=trial.calendar, currency=trial.currency)
    mistakes: list[Mistake] = []
    profiles: dict[int, list[tuple[int, CustomerIn]]] = defaultdict(list)
    for said in trial.said:
        try:
            row = _row(said.profile, said.line) | {"external_id": said.customer}
            profiles[said.at].append((said.line, customer_of(row, world)))
        except RefusedError as error:
            mistakes.append(refused(said.line, error.reason))
        except BadFileError as error:
            mistakes += error.mistakes
    events: dict[int, list[tuple[int, EventIn]]] = defaultdict(list)
    equals: Counter[EventIn] = Counter()
    for one in trial.happenings:
        try:
            event = event_of(one.record, world)
        except RefusedError as error:
            mistakes.append(refused(one.line, error.reason))
            continue
        equals[event] += 1
        # Two lines that say the same without an id are two events, as in a file that is imported.
        numbered = event if event.external_id is not None else replace(event, ordinal=equals[event])
        events[one.arrives].append((one.line, numbered))
    if mistakes:
        raise BadFileError(mistakes)
    return Props(profiles, events)


def _row(profile: Mapping[str, str], line: int) -> dict[str, str]:
    """Give a profile by canonical names, as a row of a table."""
    row: dict[str, str] = {}
    for written, value in profile.items():
        try:
            name = name_of(written)
        except BadNameError as error:
            raise BadFileError([Mistake(line, error.code, cause=error)]) from error
        if name in row:
            raise BadFileError([Mistake(line, "key_twice", {"key": name, "first": line})])
        row[name] = value
    return row


def refused(line: int, reason: Reason) -> Mistake:
    """Give the mistake of a line that intake refuses."""
    return Mistake(line, reason.code, reason.params, page="intake")
