"""The demo's simulated company: some 2,000 customers who signed up over 18 months, with all kinds of events.

Deterministic: the same seed gives the same lives, laid so that today is today; what lies ahead of now is there already,
and is taken in as its time comes. It must not know the database, nor how anything is taken in.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from random import Random
from typing import Final

from handlers.demo.habits import FIRST_DAY, LAST_DAY, Happening, Life, Term, live
from handlers.demo.names import Names

SEED: Final = 2_026
PEOPLE: Final = 2_300
"""Customers in all; some 2,000 of them have signed up by today."""
_AT_FIRST: Final = 0.28
"""The share of customers who came within the first two months."""
_PLACES: Final = (
    *(("US", "en"),) * 6,
    *(("GB", "en"),) * 3,
    ("CA", "en"),
    *(("DE", "de"),) * 3,
    *(("FR", "fr"),) * 2,
    ("ES", "es"),
    ("MX", "es"),
    ("BR", "pt"),
    ("CN", "zh"),
    ("ID", "id"),
)
"""Where customers live, and what they speak."""


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer with their whole life; ``segment`` follows from what they had spent by today."""

    number: int
    name: str
    country: str
    language: str
    segment: str
    owner: str
    life: Life

    @property
    def id(self) -> str:
        """The id that the company's shop gives."""
        return f"C-{self.number:04d}"

    @property
    def email(self) -> str:
        """An address at which nobody is."""
        return f"{self.name.replace(' ', '.')}.{self.number}@example.com".lower()

    def term_at(self, day: float) -> Term | None:
        """Give the last term of a subscription that had begun by then."""
        return next((term for term in reversed(self.life.terms) if term.day <= day), None)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the company's log: who did what, and how many lines of theirs were before."""

    customer: Customer
    happening: Happening
    nth: int


class Company:
    """All customers, and everything that happened and will; ``owners`` are e-mail addresses of colleagues."""

    def __init__(self, owners: Sequence[str], *, seed: int = SEED, people: int = PEOPLE) -> None:
        self._owners = owners
        self._seed = seed
        self._people = people

    @cached_property
    def customers(self) -> tuple[Customer, ...]:
        """The customers, in the order in which they signed up."""
        lives = sorted(self._lives(), key=attrgetter("joined"))
        spent = [_spent(life, 0) for life in lives]
        ranked = sorted((amount for amount in spent if amount), reverse=True)
        vip, regular = ranked[len(ranked) // 33], ranked[len(ranked) // 5]
        names = Names()
        found = []
        for number, (life, amount) in enumerate(zip(lives, spent, strict=True), 1):
            draw = self._random(f"profile {number}")
            segment = "vip" if amount >= vip else "regular" if amount >= regular else "occasional"
            country, language = draw.choice(_PLACES)
            # Only those worth a call have somebody of their own.
            owner = draw.choice(self._owners) if self._owners and segment != "occasional" else ""
            found.append(Customer(number, names.draw(draw), country, language, segment, owner, life))
        return tuple(found)

    @cached_property
    def log(self) -> tuple[Entry, ...]:
        """Everything that happened and will, in order."""
        lines = [
            Entry(customer, happening, nth)
            for customer in self.customers
            for nth, happening in enumerate(customer.life.happenings)
        ]
        return tuple(sorted(lines, key=lambda line: (line.happening.day, line.customer.number, line.nth)))

    def between(self, after: float, until: float) -> Iterator[Entry]:
        """Give what happened in (``after``, ``until``], in days from today's midnight."""
        return (line for line in self.log if after < line.happening.day <= until)

    def changed(self, after: float, until: float) -> Iterator[Customer]:
        """Give those who signed up, or whose subscription changed, in (``after``, ``until``]."""
        return (
            customer
            for customer in self.customers
            if after < customer.life.joined <= until
            or any(after < term.day <= until for term in customer.life.terms)
        )

    def _random(self, what: str) -> Random:
        """Give a generator for one thing alone: more or fewer draws for one customer change nobody else's life."""
        return Random(f"{self._seed} {what}")  # noqa: S311  nothing here is a secret

    def _lives(self) -> Iterator[Life]:
        whole = self._random("company")
        for number in range(self._people):
            early = whole.random() < _AT_FIRST
            joined = whole.randint(FIRST_DAY, FIRST_DAY + 60 if early else LAST_DAY - 1)
            yield live(self._random(f"life {number}"), joined)


def _spent(life: Life, until: float) -> int:
    """Add up what was paid, less what was given back."""
    return sum(one.cents or 0 for one in life.happenings if one.day <= until)
