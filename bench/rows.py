"""The rows of the table: what is measured under which name, in the order in which it is done."""

from collections.abc import Callable, Mapping
from typing import Final

from bench import acks, answers, evaluation, heavy, intake, previews, room, sweeps, value
from bench.measure import Measure
from bench.workbench import Workbench

ROWS: Final[Mapping[str, Callable[[Workbench], list[Measure]]]] = {
    "evaluation": evaluation.evaluation,
    "preview": previews.previews,
    "value": value.value,
    "sweep": sweeps.rates,
    "history": sweeps.longer_history,
    "heavy": heavy.heavy,
    "status": answers.status,
    "names": answers.names,
    "ack": acks.acks,
    # Weighed before the last, which adds to the tables.
    "room": room.room,
    "intake": intake.intake,
}
"""By name; what only reads comes first."""
