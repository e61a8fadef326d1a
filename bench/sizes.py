"""How much is measured: a few sizes by name, each figure of which may be chosen apart."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large everything is."""

    customers: int = 20_000
    events: int = 500_000
    """Stored before anything is measured."""
    intake: int = 50_000
    """Events taken in on top."""
    names: int = 50_000
    """Customers among whom names are searched."""
    heavy_customers: int = 10
    heavy_rate: int = 2_000
    """Events of a heavy account in a day."""
    heavy_days: int = 31
    looped: int = 300
    """Customers over whom the rule engine is looped: what it costs grows with them alone."""
    asked: int = 300
    """Customers whose cards are asked for."""
    repeats: int = 5
    """How often what is short is measured; the figure in the middle counts."""
    commands: int = 50
    """Slash commands at once."""
    seed: int = 1


QUICK: Final = Sizes()
FULL: Final = Sizes(
    customers=200_000,
    events=10_000_000,
    intake=200_000,
    names=1_000_000,
    heavy_customers=20,
    heavy_rate=10_000,
    repeats=3,
)
HUGE: Final = Sizes(
    customers=500_000,
    events=50_000_000,
    intake=200_000,
    names=1_000_000,
    heavy_customers=50,
    heavy_rate=10_000,
    repeats=3,
)
