"""Columns: the answers to one term for many customers at once, exact, with the unknown marked.

Three kinds, and a mixture for attributes and properties, whose values may be number for one and text for another.
A column knows how to compare itself with a constant; every comparison gives one bool per customer, and False for
the unknown.
"""

import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from rules.conditions.names import fold
from rules.conditions.tree import ORDERS, Day, Number, Operator, Percent, Text, Value

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Datum = str | Fraction | None
"""One value as data has it; None is unknown."""

_INT64: Final = 2**63 - 1
_COMPARE: Final[dict[Operator, Callable[[Any, Any], Any]]] = {
    Operator.LESS: operator.lt,
    Operator.AT_MOST: operator.le,
    Operator.MORE: operator.gt,
    Operator.AT_LEAST: operator.ge,
    Operator.EQUAL: operator.eq,
    Operator.UNEQUAL: operator.ne,
}


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """Exact ratios: ``numerators / denominators`` where ``known``; denominators are positive, one for all or one each."""

    numerators: Ints
    denominators: Ints | int
    known: Bools

    @classmethod
    def of(cls, values: Iterable[Fraction | None]) -> Self:
        """Make a column of ``values`` whose numerators and denominators fit in 64 bits."""
        listed = list(values)
        return cls(
            np.array([0 if value is None else value.numerator for value in listed], dtype=np.int64),
            np.array([1 if value is None else value.denominator for value in listed], dtype=np.int64),
            np.array([value is not None for value in listed], dtype=np.bool_),
        )

    def __len__(self) -> int:
        return len(self.known)

    def compare(self, sign: Operator, value: Value) -> Bools:
        """Compare with a number, cross-multiplied; a constant of another type is only ever unequal."""
        if not isinstance(value, Number | Percent):
            return _other_type(sign, self.known)
        left = _product(self.numerators, value.value.denominator)
        right = _product(self.denominators, value.value.numerator)
        found: Bools = np.asarray(_COMPARE[sign](left, right), dtype=np.bool_)
        return found & self.known

    def contains(self, value: Value) -> Bools:  # noqa: ARG002  one shape for all columns
        """Give False: no text stands in a number."""
        return np.zeros(len(self), dtype=np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """Texts, each distinct one once, as data has them: ``codes`` point into ``words``; -1 is unknown."""

    codes: NDArray[np.int32]
    words: tuple[str, ...]

    @classmethod
    def of(cls, values: Iterable[str | None]) -> Self:
        """Make a column of texts as data has them."""
        places: dict[str | None, int] = {None: -1}
        codes = [places.setdefault(value, len(places) - 1) for value in values]
        return cls(np.array(codes, dtype=np.int32), tuple(word for word in places if word is not None))

    def __len__(self) -> int:
        return len(self.codes)

    def compare(self, sign: Operator, value: Value) -> Bools:
        """Compare with a text for equality, or with a date where the text is one; others are only ever unequal."""
        match value:
            case Text(text) if sign not in ORDERS:
                wanted = fold(text)
                return self.pick(lambda word: bool(_COMPARE[sign](fold(word), wanted)))
            case Day(day):
                return self.pick(lambda word: _compare_dates(sign, iso_date(word), day))
            case _:
                return _other_type(sign, self.codes >= 0)

    def contains(self, value: Value) -> Bools:
        """Tell where ``value`` stands somewhere in the text."""
        if not isinstance(value, Text):
            return np.zeros(len(self), dtype=np.bool_)
        wanted = fold(value.value)
        return self.pick(lambda word: wanted in fold(word))

    def pick(self, test: Callable[[str], bool]) -> Bools:
        """Ask ``test`` once for each distinct word, and give each customer its word's answer."""
        answers = np.array([*map(test, self.words), False], dtype=np.bool_)  # code -1 finds the last: unknown
        return answers[self.codes]


@dataclass(frozen=True, slots=True, eq=False)
class Mixed:
    """Numbers for some and texts for others; no customer has both."""

    numbers: Numbers
    words: Words

    @classmethod
    def of(cls, values: Iterable[Datum]) -> Self:
        """Make a column of values as data has them."""
        listed = list(values)
        return cls(
            Numbers.of(value if isinstance(value, Fraction) else None for value in listed),
            Words.of(value if isinstance(value, str) else None for value in listed),
        )

    def __len__(self) -> int:
        return len(self.numbers)

    def compare(self, sign: Operator, value: Value) -> Bools:
        """Compare each as what it is."""
        return self.numbers.compare(sign, value) | self.words.compare(sign, value)

    def contains(self, value: Value) -> Bools:
        """Look in the texts."""
        return self.words.contains(value)


@dataclass(frozen=True, slots=True, eq=False)
class Truths:
    """Answers that are true or false by themselves, and never unknown."""

    holds: Bools

    def __len__(self) -> int:
        return len(self.holds)

    def compare(self, sign: Operator, value: Value) -> Bools:  # noqa: ARG002  one shape for all columns
        """Give what another type gives: no constant is true or false."""
        return _other_type(sign, np.ones(len(self), dtype=np.bool_))

    def contains(self, value: Value) -> Bools:  # noqa: ARG002  one shape for all columns
        """Give False: no text stands in a truth."""
        return np.zeros(len(self), dtype=np.bool_)


Column = Numbers | Words | Mixed | Truths


def iso_date(text: str) -> date | None:
    """Give the date that ``text`` writes as ``2026-11-22``, space around it aside; None for any other text."""
    trimmed = text.strip()
    if len(trimmed) != 10 or not trimmed.isascii() or trimmed[4] != "-" or trimmed[7] != "-":
        return None
    try:
        return date.fromisoformat(trimmed)
    except ValueError:
        return None


def _other_type(sign: Operator, known: Bools) -> Bools:
    return known.copy() if sign is Operator.UNEQUAL else np.zeros(len(known), dtype=np.bool_)


def _compare_dates(sign: Operator, found: date | None, wanted: date) -> bool:
    return sign is Operator.UNEQUAL if found is None else bool(_COMPARE[sign](found, wanted))


def _product(numbers: Ints | int, factor: int) -> "NDArray[Any] | int":
    """Multiply exactly: in 64 bits where the product is sure to fit, in Python's whole numbers where it is not."""
    if isinstance(numbers, int):
        product = numbers * factor
        return product if abs(product) <= _INT64 else np.array(product, dtype=object)
    largest = max(1, int(numbers.max()), -int(numbers.min())) if len(numbers) else 1
    if largest * abs(factor) > _INT64:
        return numbers.astype(object) * factor
    scaled: Ints = numbers * np.int64(factor)
    return scaled
