"""What customers are worth: the nightly fit over everybody, and a rule on a value evaluated for everybody."""

from contextlib import suppress
from pathlib import Path
from typing import Final

from bench.measure import Figure, Goal, Measure, Unit, median_seconds, timed
from bench.workbench import CURRENCY, Place, Workbench
from handlers.value import fit
from rules.conditions.evaluate import evaluate
from rules.conditions.parse import parse
from rules.conditions.tree import terms
from rules.lifecycle.fit import Terms
from storage import terms as answers

FIT: Final = Goal(600, of_value=True)
"""Seconds: a job of minutes."""
MEMORY: Final = Goal(2e9, of_value=True)
_STATUS: Final = Path("/proc/self/status")
_RESET: Final = Path("/proc/self/clear_refs")


def value(bench: Workbench) -> list[Measure]:
    """Measure a fit, the memory it takes at most, and what values cost in a full evaluation beside plain terms."""
    place = bench.main
    advance = bench.say("values", 4)
    plain = _asked(place, "sum(purchase) > 100", bench.sizes.repeats)
    other = Figure(plain, Unit.SECONDS, "sum(purchase) > 100")
    advance(1)
    before = _memory("VmRSS")
    _reset()
    found, took = timed(lambda: fit(place.ctx, Terms(), as_of=place.clock.at))
    peak = _memory("VmHWM")
    advance(1)
    # A company too small for the models is only read.
    customers = f"{found.customers:,} customers{'' if found.whole else ', too few'}"
    measures = [
        Measure("value", f"value fit, {customers}", Figure(took, Unit.SECONDS), other, goal=FIT),
        Measure(
            "value",
            f"most memory in value fit, {customers}",
            Figure(peak, Unit.BYTES),
            Figure(before, Unit.BYTES, "before it"),
            goal=MEMORY,
        ),
    ]
    for condition in ("p_alive < 40%", "clv > 100"):
        seconds = _asked(place, condition, bench.sizes.repeats)
        what = f"{condition}, everybody"
        measures.append(Measure("value", what, Figure(seconds, Unit.SECONDS), other))
        advance(1)
    return measures


def _asked(place: Place, condition: str, repeats: int) -> float:
    tree = parse(condition)

    def ask() -> None:
        with place.database.reading() as tx:
            _, columns = answers.answer(
                tx,
                terms(tree),
                now=place.clock.at,
                calendar=place.ctx.calendar,
                currency=CURRENCY,
                customers=None,
            )
            evaluate(tree, columns)

    return median_seconds(ask, repeats)


def _memory(which: str) -> float:
    """Give the memory of this process in bytes: as it is (``VmRSS``) or was at most (``VmHWM``); 0 where nobody tells."""
    if not _STATUS.exists():
        return 0.0
    [line] = [line for line in _STATUS.read_text().splitlines() if line.startswith(which)]
    return float(line.split()[1]) * 1024


def _reset() -> None:
    """Forget what was the most so far, where the system lets one."""
    with suppress(OSError):
        _RESET.write_text("5")
