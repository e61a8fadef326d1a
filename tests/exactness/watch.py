"""What was seen in histories: how many sweeps, whose match turned, and whose by nothing but time."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Self

from tests.exactness.world import Pairs, World, sort_of


@dataclass
class Tally:
    """What was seen in histories: ``by_time`` counts the sorts of terms that turned without anything taken in."""

    histories: int = 0
    sweeps: int = 0
    in_part: int = 0
    """Sweeps that looked at fewer customers than are known."""
    cut: int = 0
    refused: int = 0
    flips: int = 0
    climbed: int = 0
    """Times that a heavy account's window began or ended above a rung."""
    carried: int = 0
    """Lives that were read from what was carried forward on."""
    by_time: Counter[str] = field(default_factory=Counter)

    def add(self, other: Self) -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


class Watch:
    """Follows the world from sweep to sweep: whose match turned, and whose by nothing but time."""

    def __init__(self, world: World, tally: Tally) -> None:
        self._world = world
        self._tally = tally
        self._before: dict[tuple[str, str], tuple[bool, int, tuple[int, int]]] = {}

    def swept(self, at: int) -> Pairs:
        """Give for whom the rules hold at ``at``, and count what turned since the last sweep of each."""
        holding = self._world.holding(at)
        for name, rule in self._world.rules.items():
            for customer in self._world.people if rule.active else ():
                key = (name, customer)
                holds, inputs = key in holding, (rule.changes, self._world.inputs[customer])
                held, before, heard = self._before.get(key, (False, at, (-1, -1)))
                if held is not holds:
                    self._tally.flips += 1
                    if heard == inputs:
                        turned = self._world.turned(name, customer, before, at)
                        self._tally.by_time.update({sort_of(term) for term in turned})
                self._before[key] = (holds, at, inputs)
        self._tally.sweeps += 1
        return holding

    def forget(self, rule: str) -> None:
        """A rule of that name is another one from now on."""
        self._before = {key: value for key, value in self._before.items() if key[0] != rule}
