"""How large a company is and how long its history: what everything else about it follows from, by its seed.

A longer history (``stretches``) leaves the last stretch as it is and puts others before it: what a sweep finds at the
end is the same, however much lies behind it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from rules.instants import DAY

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

END: Final = 20_000 * DAY
"""The instant at which every generated history ends: 2024-10-04T00:00Z."""
BLOCK: Final = 20_000
"""Customers that are generated together, so that memory does not grow with the company."""
_TRAITS: Final = 1_000_003
"""Stands in the seed where a stretch would: what a customer is like is drawn apart from what happened."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How many customers and events, over ``stretches`` times ``span`` milliseconds up to `END`."""

    customers: int
    events: int
    stretches: int = 1
    span: int = 730 * DAY
    seed: int = 1

    @property
    def begin(self) -> int:
        """The instant at which the history begins."""
        return END - self.stretches * self.span

    @property
    def each(self) -> float:
        """Events of a customer in one stretch, in the mean."""
        return self.events / (self.customers * self.stretches)


@dataclass(frozen=True, slots=True)
class Traits:
    """What the customers from number ``first`` on are like, one value for each.

    The law is that of MBG/NBD (Batislam, Denizel and Filiztekin, 2007): purchases come at a rate of the customer's own,
    drawn from a gamma distribution, and after each the customer leaves with a probability drawn from a beta
    distribution. Amounts follow Gamma-Gamma (Fader, Hardie and Lee, 2005).
    """

    first: int
    rate: Floats
    dropout: Floats
    spend: Floats
    """Mean amount of a purchase, in minor units."""
    joined: Ints
    """When the customer came; within the last stretch."""
    subscribes: Bools
    visits: Floats
    """How often compared with others the customer logs in."""

    def __len__(self) -> int:
        return len(self.rate)


def traits(shape: Shape) -> Iterator[Traits]:
    """Give the customers' traits, block by block."""
    for first in range(0, shape.customers, BLOCK):
        n = min(BLOCK, shape.customers - first)
        chance = chance_of(shape, first, _TRAITS)
        # Two of five are older than the history; the others came at any time of it.
        joined = np.maximum(chance.uniform(-2 / 3, 1, n), 0) * 0.98
        yield Traits(
            first=first,
            rate=chance.gamma(1.2, 1 / 1.2, n),
            dropout=chance.beta(0.8, 6, n),
            spend=chance.gamma(3, 1_500, n) + 500,
            joined=END - shape.span + (joined * shape.span).astype(np.int64),
            subscribes=chance.random(n) < 0.4,
            visits=chance.gamma(0.9, 1, n) + 0.02,
        )


def chance_of(shape: Shape, *parts: int) -> Generator:
    """Give the source of chance for a part of the company: the same for the same seed and part, whatever came before."""
    return default_rng([shape.seed, *parts])
