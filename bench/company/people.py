"""Who the customers are: names that can be told apart and mistyped, and attributes as a CRM has them."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from numpy.random import Generator

from bench.company.shape import END, Shape, Traits, chance_of, traits
from rules.instants import DAY
from storage.incoming import CustomerIn

SEGMENTS: Final = ("consumer", "small_business", "enterprise", "vip")
_SHARES: Final = (0.55, 0.3, 0.1, 0.05)
PLANS: Final = ("free", "basic", "pro", "team")
COUNTRIES: Final = ("US", "DE", "FR", "GB", "BR", "JP", "IN", "ES")
LANGUAGES: Final = ("en", "de", "fr", "en", "pt", "ja", "en", "es")
_OWNERS: Final = 25
_PEOPLE: Final = 1_000_033


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_FIRST: Final = _words(
    "Ann Maya Omar Lena Ivo Nora Paul Ruth Amir Elsa Hugo Ines Jonas Kira Liam Mona Noel Olga Pedro Quinn Rosa Sven "
    "Tara Uma Viktor Wanda Xenia Yusuf Zoe Bruno Clara Dmitri Esther Felix Greta Hannah Isaac Judith Karim Ludwig "
    "Marta Nils Oskar Petra Rafael Sofia Tomas Ursula Vera Walter"
)
_ONSETS: Final = _words("b br d f g gr h k kl l m n p r s sch st t tr v w z")
_NUCLEI: Final = _words("a e i o u ai ei")
_CODAS: Final = _words("ck l ld m n nd nt r rt s t")
_ENDINGS: Final = _words("son berg mann er ley ford ski well den ton")


def external_id(number: int) -> str:
    """Give the external id of a customer by number, counted from 0."""
    return f"c{number:08d}"


def profiles(shape: Shape) -> Iterator[CustomerIn]:
    """Give what the company's CRM says of each customer, in the order of their numbers."""
    for block in traits(shape):
        yield from _block(shape, block, chance_of(shape, block.first, _PEOPLE))


def _block(shape: Shape, block: Traits, chance: Generator) -> Iterator[CustomerIn]:
    n = len(block)
    names = _names(chance, n)
    segments = chance.choice(len(SEGMENTS), n, p=_SHARES).tolist()
    countries = chance.integers(len(COUNTRIES), size=n).tolist()
    owners = chance.integers(_OWNERS, size=n).tolist()
    plans = chance.integers(1, len(PLANS), size=n).tolist()
    seats = chance.integers(1, 80, size=n).tolist()
    renewals = chance.integers(-30, 335, size=n).tolist()
    joined = block.joined - (shape.stretches - 1) * shape.span
    today = date(1970, 1, 1) + timedelta(days=END // DAY)
    for place, (name, created_at) in enumerate(zip(names, joined.tolist(), strict=True)):
        number = block.first + place
        subscribes = bool(block.subscribes[place])
        yield CustomerIn(
            external_id=external_id(number),
            own={
                "name": name,
                "email": f"{name.replace(' ', '.').casefold()}.{number}@example.com",
                "segment": SEGMENTS[segments[place]],
                "owner": f"owner{owners[place]}@example.com",
                "country": COUNTRIES[countries[place]],
                "language": LANGUAGES[countries[place]],
            },
            created_at=created_at,
            attributes={
                "plan": PLANS[plans[place]] if subscribes else PLANS[0],
                "seats": Decimal(seats[place]),
                "renewal_date": (today + timedelta(days=renewals[place])).isoformat() if subscribes else None,
            },
        )


def _names(chance: Generator, n: int) -> list[str]:
    """Give names of one first name and a last name of two syllables and an ending: some 60 million in all."""
    parts = [_FIRST, _ONSETS, _NUCLEI, _CODAS, _ONSETS, _NUCLEI, _ENDINGS]
    drawn = [[part[place] for place in chance.integers(len(part), size=n).tolist()] for part in parts]
    return [f"{first} {''.join(last).capitalize()}" for first, *last in zip(*drawn, strict=True)]
