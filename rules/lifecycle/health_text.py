"""Health as people write it: a term, its scale ``0:100 30:70 90:0`` and weights, read with what is wrong with them.

It must not know where it was written, in chat or in a file.
"""

import re
from fractions import Fraction
from typing import ClassVar, Final

from rules.conditions.check import Vocabulary, check
from rules.conditions.normalise import normalise
from rules.conditions.numbers import exact
from rules.conditions.parse import parse, refuse
from rules.conditions.print import subject_text
from rules.conditions.problems import Code, ConditionError, Problem, Severity
from rules.conditions.rename import renamed
from rules.conditions.suggest import nearest
from rules.conditions.terms import Derived, Measure, Stored, Subject, Term, measure_of
from rules.conditions.tree import Holds
from rules.errors import WarmlineError
from rules.lifecycle.health import DIMENSIONS, HEALTHIEST, Dimension, Health, Measured, Part, Point, Scale

MOST_PARTS: Final = 10
"""Of one dimension."""
MOST_POINTS: Final = 12
"""Of one scale."""
MOST_WEIGHT: Final = 100
_POINT: Final = re.compile(r"(-?[0-9][0-9_]*(?:\.[0-9]+)?)(%?)\s*:\s*(-?[0-9]+(?:\.[0-9]+)?)\Z")
_TYPED: Final = re.compile(
    r"(?P<term>.*?)(?P<scale>(?:[\s,]+-?[0-9][0-9._]*%?:\S+)+)?(?:\s+weight\s+(?P<weight>\S+))?\s*\Z",
    re.DOTALL | re.IGNORECASE,
)
_NUMERIC: Final = frozenset(
    {Measure.EVENTS, Measure.MONEY, Measure.DAYS, Measure.RATIO, Measure.PERCENT, Measure.OPEN}
)


class UnknownDimensionError(WarmlineError):
    """There is no dimension ``name``; ``nearest`` are those like it, perhaps none, and ``dimensions`` are all of them."""

    code: ClassVar[str] = "unknown_dimension"


class BadHealthWeightError(WarmlineError):
    """The weight ``found`` of ``of`` is no whole number from ``least`` to ``most``."""

    code: ClassVar[str] = "bad_health_weight"


class WeightlessHealthError(WarmlineError):
    """No dimension would count at all."""

    code: ClassVar[str] = "weightless_health"


class NoHealthTermError(WarmlineError):
    """``term`` cannot be a part of health; ``why``: ``condition``, ``itself``, ``definition`` or ``not_a_number``."""

    code: ClassVar[str] = "no_health_term"


class BadScaleError(WarmlineError):
    """The scale ``scale`` makes no sense at ``found``.

    ``why``: ``unreadable``, ``few``, ``many``, ``order``, ``points``, ``percent`` or ``no_percent``.
    """

    code: ClassVar[str] = "bad_scale"


class TooManyPartsError(WarmlineError):
    """The ``dimension`` would have ``found`` parts, and may have ``limit``."""

    code: ClassVar[str] = "too_many_parts"


class NoPartError(WarmlineError):
    """The ``dimension`` has no part ``term``; ``parts`` are those it has."""

    code: ClassVar[str] = "no_such_part"


class LastPartError(WarmlineError):
    """``term`` is the only part of the ``dimension``."""

    code: ClassVar[str] = "last_part"


class PartTwiceError(WarmlineError):
    """``term`` is a part of the ``dimension`` already."""

    code: ClassVar[str] = "part_twice"


def dimension_of(text: str) -> Dimension:
    """Read the name of a dimension. Raises `UnknownDimensionError`."""
    name = "_".join(text.strip().casefold().replace("-", " ").replace("_", " ").split())
    if name in DIMENSIONS:
        return Dimension(name)
    found = nearest(name[:40], DIMENSIONS)
    near = [] if found is None else [found]
    raise UnknownDimensionError(name=text.strip()[:40], nearest=near, dimensions=list(DIMENSIONS))


def weight_of(text: str, of: str, *, least: int) -> int:
    """Read a weight. Raises `BadHealthWeightError`."""
    said = text.strip()
    if re.fullmatch(r"[0-9]{1,4}", said) and least <= int(said) <= MOST_WEIGHT:
        return int(said)
    raise BadHealthWeightError(of=of, found=said[:40], least=least, most=MOST_WEIGHT)


def part_of(
    term: str, scale: str, weight: int, vocabulary: Vocabulary, *, entities: bool = False
) -> tuple[Part, tuple[Problem, ...]]:
    """Read a part, and what its author should know of it.

    Raises `rules.conditions.problems.ConditionError`, `NoHealthTermError` or `BadScaleError`.
    """
    source = normalise(term, entities=entities)
    tree = renamed(parse(source), vocabulary.aliases)
    if not isinstance(tree, Holds):
        raise NoHealthTermError(term=source[:80], why="condition")
    subject = _numeric(tree.subject, source)
    # That a term alone is no condition is as it should be.
    found = tuple(one for one in check(tree, vocabulary) if one.code is not Code.NEEDS_COMPARISON)
    if any(one.severity is Severity.ERROR for one in found):
        refuse(source, found)
    percent = measure_of(subject) is Measure.PERCENT
    read = scale_of(normalise(scale, entities=entities), percent=percent)
    return Part(subject_text(subject), read, weight), found


def term_text(term: str, vocabulary: Vocabulary) -> str:
    """Give the canonical text of a term as it is typed; one that is none stays as it is."""
    try:
        tree = renamed(parse(normalise(term).strip()), vocabulary.aliases)
    except ConditionError:
        return term.strip()
    return subject_text(tree.subject) if isinstance(tree, Holds) else term.strip()


def scale_of(text: str, *, percent: bool) -> Scale:
    """Read a scale: values and their points, the values ascending. Raises `BadScaleError`."""
    said = re.split(r"[\s,]+", re.sub(r"\s*:\s*", ":", text.strip()))
    points = [_point(one, text, percent=percent) for one in said if one]
    for why, wrong in (("few", len(points) < 2), ("many", len(points) > MOST_POINTS)):
        if wrong:
            raise BadScaleError(scale=text[:80], why=why, found=len(points), limit=MOST_POINTS)
    for place in range(1, len(points)):
        if points[place].at <= points[place - 1].at:
            raise BadScaleError(scale=text[:80], why="order", found=said[place][:40], limit=MOST_POINTS)
    return Scale(tuple(points))


def typed_part(text: str) -> tuple[str, str, str | None]:
    """Take a part as it is typed in a line apart: its term, its scale, which may be nothing, and its weight, if any."""
    found = _TYPED.match(text.strip())
    if found is None:
        return text.strip(), "", None
    return found["term"].strip(), (found["scale"] or "").strip(), found["weight"]


def with_weight(health: Health, dimension: Dimension, weight: int) -> Health:
    """Give the same with another weight of a dimension. Raises `WeightlessHealthError`."""
    measured = health.of(dimension)
    return _weighed(health.having(Measured(dimension, weight, measured.parts)))


def with_part(health: Health, dimension: Dimension, part: Part) -> Health:
    """Give the same with a part more, or with that part otherwise. Raises `TooManyPartsError`."""
    measured = health.of(dimension)
    parts = [part if one.text == part.text else one for one in measured.parts]
    if part not in parts:
        parts.append(part)
    return health.having(_bounded(Measured(dimension, measured.weight, tuple(parts))))


def without_part(health: Health, dimension: Dimension, term: str) -> Health:
    """Give the same without that part. Raises `NoPartError` or `LastPartError`."""
    measured = health.of(dimension)
    kept = tuple(one for one in measured.parts if one.text != term)
    if len(kept) == len(measured.parts):
        raise NoPartError(dimension=dimension, term=term[:80], parts=[one.text for one in measured.parts])
    if not kept:
        raise LastPartError(dimension=dimension, term=term)
    return health.having(Measured(dimension, measured.weight, kept))


def refuse_unsound(health: Health) -> None:
    """Raise where no dimension counts, or one has too many parts, or one twice."""
    _weighed(health)
    for one in health.measured:
        _bounded(one)
        texts = [part.text for part in one.parts]
        for text in texts:
            if texts.count(text) > 1:
                raise PartTwiceError(dimension=one.dimension, term=text)


def _weighed(health: Health) -> Health:
    if not any(one.weight for one in health.measured):
        raise WeightlessHealthError
    return health


def _bounded(measured: Measured) -> Measured:
    if len(measured.parts) > MOST_PARTS:
        raise TooManyPartsError(dimension=measured.dimension, found=len(measured.parts), limit=MOST_PARTS)
    return measured


def _numeric(subject: Subject, text: str) -> Term:
    if isinstance(subject, Stored):
        raise NoHealthTermError(term=text[:80], why="itself")
    if isinstance(subject, Derived):
        raise NoHealthTermError(term=text[:80], why="definition")
    if not isinstance(subject, Term) or measure_of(subject) not in _NUMERIC:
        raise NoHealthTermError(term=text[:80], why="not_a_number")
    return subject


def _point(said: str, text: str, *, percent: bool) -> Point:
    found = _POINT.match(said)
    at = exact(found[1]) if found else None
    if found is None or at is None:
        raise BadScaleError(scale=text[:80], why="unreadable", found=said[:40], limit=MOST_POINTS)
    if bool(found[2]) is not percent:
        why = "percent" if percent else "no_percent"
        raise BadScaleError(scale=text[:80], why=why, found=said[:40], limit=MOST_POINTS)
    points = Fraction(found[3])
    if points.denominator != 1 or not 0 <= points <= HEALTHIEST:
        raise BadScaleError(scale=text[:80], why="points", found=said[:40], limit=MOST_POINTS)
    return Point(at / 100 if percent else at, int(points))
