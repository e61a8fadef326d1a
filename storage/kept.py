"""Values that are kept from sweep to sweep, so that a sweep reads little of what it read before.

Ladders of heavy accounts (`running`) answer windows that hold very many events, and what is carried forward (`carried`)
answers lifetimes. This is the one door to both for whoever sweeps, prunes or moves events. It must not know what a
value is kept for.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from storage import carried, running
from storage.carried import Forward, New
from storage.database import Transaction
from storage.rungs import Rung
from storage.running import Ladders


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept, as of one snapshot, and which of it is not to be believed."""

    ladders: Ladders
    forward: Forward


@dataclass(slots=True)
class More:
    """What is to be kept from now on: rungs of ladders, and of what is carried forward."""

    rungs: list[Rung] = field(default_factory=list)
    carried: list[New] = field(default_factory=list)

    def add(self, other: "More") -> None:
        """Keep what ``other`` has, too."""
        self.rungs += other.rungs
        self.carried += other.carried


def kept(tx: Transaction) -> Kept:
    """Give what is kept: a seek for each heavy account and for each customer and kind touched."""
    return Kept(running.ladders(tx), carried.forward(tx))


def undo(tx: Transaction, stood: Kept) -> None:
    """Take away what is not believed; the marks that say so may be forgotten afterwards, and not before."""
    running.undo(tx, stood.ladders)
    if stood.forward.all_undone:
        carried.forget_all(tx)
    carried.undo(tx, stood.forward.undone.items())


def put_up(tx: Transaction, rungs: Iterable[Rung]) -> None:
    """Put up rungs of ladders, after `undo`."""
    running.put_up(tx, rungs)


def carry(tx: Transaction, new: Sequence[New]) -> None:
    """Carry lives forward, after `undo`."""
    carried.put_up(tx, new)


def forget_all(tx: Transaction) -> None:
    """Keep nothing, as when events that were counted are taken away."""
    running.forget_all(tx)
    carried.forget_all(tx)
