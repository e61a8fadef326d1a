"""Conditions for histories: those that turn as time passes, and whatever the language's own strategies come up with.

The strategies of `tests.rules.conditions` find strange conditions, most of which never change; so the others are made
by hand, of names and numbers that the histories' events are made of.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from functools import cache

from hypothesis import HealthCheck, Phase, given, seed, settings

from rules.conditions.check import Vocabulary, check
from rules.conditions.print import to_text
from rules.conditions.problems import Severity
from rules.conditions.tree import Condition
from tests.rules.conditions import strategies
from tests.rules.conditions.strategies import PLAIN

KINDS = ("purchase", "ticket", "visit")
WINDOWS = ("1h", "24h", "1d", "7d", "30d", "1w", "1mo", "2mo", "1y")
ORDERS = ("<", "<=", ">", ">=", "=", "!=")
NO_NAMES = Vocabulary(frozenset(), frozenset())
FILTERS = (
    "priority = high",
    "priority != high",
    "priority in (high, 12)",
    "not priority = high",
    "channel contains e",
    "amount >= 10",
    "amount < 10",
    "currency = usd",
    "not currency = usd",
    "amount > 1 and (priority = high or not channel = web)",
    "not (priority = high and channel = web)",
)


@cache
def drawn(number: int, size: int = 100) -> Sequence[str]:
    """Give up to ``size`` tests that the strategies make, of one subject each, in canonical text; by seed ``number``."""
    found: dict[str, None] = {}
    fine = strategies._tests(strategies.terms(PLAIN), PLAIN).filter(_makes_sense)

    @seed(number)
    @settings(
        max_examples=size,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(fine)
    def collect(tree: Condition) -> None:
        found[to_text(tree)] = None

    collect()
    return tuple(found)


def _makes_sense(tree: Condition) -> bool:
    return not any(problem.severity is Severity.ERROR for problem in check(tree, NO_NAMES))


def condition(chance: random.Random, number: int) -> str:
    """Make a condition of one to five tests; ``number`` seeds the strategies' part."""

    def test() -> str:
        if chance.random() < 0.15:
            return f"({chance.choice(drawn(number))})"
        return chance.choice(list(TESTS.values()))(chance)

    shape = chance.random()
    if shape < 0.5:
        return test()
    if shape < 0.6:
        return f"not {test()}"
    if shape < 0.72:
        return f"{test()} and {test()}"
    if shape < 0.84:
        return f"{test()} or {test()}"
    if shape < 0.92:
        return f"({test()} or {test()}) and not {test()}"
    return f"not ({test()} and not ({test()} or {test()})) or {test()}"


def _events(chance: random.Random) -> str:
    kind = chance.choice(("purchase", *KINDS))
    return f"{kind} where {chance.choice(FILTERS)}" if chance.random() < 0.4 else kind


def _window(chance: random.Random) -> str:
    return chance.choice(WINDOWS)


def _reach(chance: random.Random) -> str:
    """A window, or ever."""
    return f", {_window(chance)}" if chance.random() < 0.75 else ""


def _compared(chance: random.Random, *numbers: str) -> str:
    return f"{chance.choice(ORDERS)} {chance.choice(numbers)}"


def _days(chance: random.Random) -> str:
    return _compared(chance, "0", "1", "2", "7", "14", "30", "31", "0.5", "365")


TESTS: Mapping[str, Callable[[random.Random], str]] = {
    "count": lambda some: (
        f"count({_events(some)}{_reach(some)}) {some.choice((_compared(some, '1', '1', '2', '3'), 'in (1, 3)'))}"
    ),
    "sum": lambda some: (
        f"sum({_events(some)}{_reach(some)}) {_compared(some, '0', '5', '10', '12.34', '20')}"
    ),
    "avg": lambda some: f"avg({_events(some)}{_reach(some)}) {_compared(some, '5', '8.67', '10', '12.34')}",
    "days_since": lambda some: f"days_since({_events(some)}) {some.choice((_days(some), 'in (1, 7, 30)'))}",
    "days_since_first": lambda some: f"days_since_first({_events(some)}) {_days(some)}",
    "median_gap": lambda some: f"median_gap({_events(some)}) {_compared(some, '1', '1.5', '2', '7')}",
    "overdue": lambda some: f"overdue({_events(some)}) {_compared(some, '0.5', '1', '1.5', '2', '3.01')}",
    "change": lambda some: (
        f"change({some.choice(('count', 'sum'))}({_events(some)}), {_window(some)}) "
        f"{_compared(some, '-50%', '0%', '-100%', '100%')}"
    ),
    "never": lambda some: f"never({_events(some)})",
    "silent": lambda some: f"silent({_events(some)}, {_window(some)})",
    "returned": lambda some: f"returned({_events(some)}, {_window(some)})",
    "missing": lambda some: f"missing({_events(some)}, {_events(some)}, {_window(some)})",
    "days_until": lambda some: f"days_until(attr.renewal_date) {_compared(some, '-1', '0', '1', '7', '30')}",
    "tenure": lambda some: f"tenure {_days(some)}",
    "own": lambda some: some.choice(
        ("segment = vip", "segment != vip", "segment in (vip, other)", "owner = ann")
    ),
    "attribute": lambda some: some.choice(
        ("attr.plan = gold", "attr.seats >= 10", "attr.plan contains o", "attr.renewal_date > 2024-03-31")
    ),
    "value": lambda some: some.choice(
        (
            f"p_alive {_compared(some, '30%', '50%', '60%', '70%')}",
            f"expected_purchases {_compared(some, '0.5', '2', '4', '6.5')}",
            f"clv {_compared(some, '20', '60', '100', '150')}",
            f"clv_rank {_compared(some, '10%', '30%', '60%', '100%')}",
        )
    ),
    "health": lambda some: f"health {_compared(some, '0', '20', '50', '65', '80', '100')}",
}
"""One kind of term after the other, with constants that the events of histories come near."""
OF_EVENTS = tuple(TESTS)[: tuple(TESTS).index("days_until")]
"""Those whose events may be filtered."""
