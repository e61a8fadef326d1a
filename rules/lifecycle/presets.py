"""The life cycles that ship, one for each business model: what stands in a file of one, read with every mistake at its line.

They stand in the YAML files of ``rules/book/lifecycle``. It must not know which of them is in use.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from rules.conditions.check import Vocabulary, accept
from rules.conditions.names import BadNameError, name_of
from rules.conditions.problems import ConditionError
from rules.conditions.terms import Family
from rules.errors import WarmlineError
from rules.files.gather import Gather
from rules.files.tree import Node, Scalar
from rules.lifecycle import health_text
from rules.lifecycle.definitions import FIXED, Definition, Lifecycle, Name
from rules.lifecycle.health import DIMENSIONS, Dimension, Health, Measured, Part
from rules.lifecycle.sound import refuse_unsound

FOLDER: Final = Path(__file__).parents[1] / "book" / "lifecycle"
FIELDS: Final = (
    "about",
    "kinds",
    *(family.value for family in Family if family is not Family.SEGMENT),
    "health",
)
_NOTHING_KNOWN: Final = Vocabulary(frozenset(), frozenset(), FIXED)
REQUIRED: Final = ("about", "kinds", "active", "status", "stage", "type", "health")
_OF_DIMENSION: Final = ("weight", "parts")
_OF_PART: Final = ("term", "scale", "weight")


@dataclass(frozen=True, slots=True)
class Preset:
    """A life cycle that ships; ``about`` says in a sentence for whom it is."""

    name: str
    about: str
    lifecycle: Lifecycle


@cache
def presets() -> Mapping[str, Preset]:
    """Give the life cycles that ship, by name."""
    found = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        found[path.stem] = read_preset(path.stem, path.read_text(encoding="utf-8"))
    return found


def read_preset(name: str, text: str) -> Preset:
    """Read a preset. Raises `rules.files.mistakes.BadFileError` with every mistake in it."""
    gather = Gather()
    root = gather.tree(text)
    fields = gather.fields(root, FIELDS, "", required=REQUIRED)
    about = gather.text(fields["about"], "about") if "about" in fields else ""
    kinds = tuple(_kinds(gather, fields["kinds"])) if "kinds" in fields else ()
    definitions = tuple(_definitions(gather, fields))
    health = _health(gather, fields["health"]) if "health" in fields else None
    lifecycle = Lifecycle(definitions, name, kinds, health)
    if not gather.mistakes:
        try:
            refuse_unsound(lifecycle)
            if health is not None:
                health_text.refuse_unsound(health)
        except WarmlineError as error:
            gather.caused(root, error)
    gather.finish()
    return Preset(name, about or "", lifecycle)


def _kinds(gather: Gather, node: Node) -> Iterator[str]:
    for item in gather.items(node):
        said = gather.text(item, "kinds")
        try:
            if said is not None:
                yield name_of(said)
        except BadNameError as error:
            gather.caused(item, error, "kinds")


def _definitions(gather: Gather, fields: Mapping[str, Node]) -> Iterator[Definition]:
    for family in Family:
        node = fields.get(family.value)
        if node is None:
            continue
        if family is Family.ACTIVE and isinstance(node, Scalar):
            yield from _definition(gather, Name(family), node)
            continue
        labels = FIXED.get(family, ())
        found = gather.fields(node, labels, family.value, required=labels)
        for label, condition in found.items():
            yield from _definition(gather, Name(family, label), condition)


def _definition(gather: Gather, name: Name, node: Node) -> Iterator[Definition]:
    text = gather.text(node, str(name))
    if text is None:
        return
    try:
        yield Definition(name, accept(text, _NOTHING_KNOWN).text)
    except ConditionError as error:
        gather.caused(node, error, str(name))


def _health(gather: Gather, node: Node) -> Health:
    found = gather.fields(node, DIMENSIONS, "health", required=DIMENSIONS)
    return Health(
        tuple(
            _measured(gather, dimension, found[dimension]) for dimension in DIMENSIONS if dimension in found
        )
    )


def _measured(gather: Gather, dimension: Dimension, node: Node) -> Measured:
    where = f"health.{dimension}"
    fields = gather.fields(node, _OF_DIMENSION, where, required=_OF_DIMENSION)
    weight = _weight(gather, fields["weight"], where, least=0) if "weight" in fields else 0
    nodes = gather.items(fields["parts"]) if "parts" in fields else ()
    # So many mistakes would be told of a list that is too long anyway.
    parts = tuple(_part(gather, one, where) for one in nodes[: health_text.MOST_PARTS + 1])
    if len(nodes) > health_text.MOST_PARTS:
        limit = health_text.MOST_PARTS
        many = health_text.TooManyPartsError(dimension=dimension, found=len(nodes), limit=limit)
        gather.caused(fields["parts"], many, where)
    return Measured(dimension, weight, tuple(part for part in parts if part is not None))


def _part(gather: Gather, node: Node, where: str) -> Part | None:
    fields = gather.fields(node, _OF_PART, where, required=_OF_PART[:2])
    weight = _weight(gather, fields["weight"], where, least=1) if "weight" in fields else 1
    if "term" not in fields or "scale" not in fields:
        return None
    term, scale = (gather.text(fields[name], where) for name in ("term", "scale"))
    if term is None or scale is None:
        return None
    try:
        return health_text.part_of(term, scale, weight, _NOTHING_KNOWN)[0]
    except WarmlineError as error:
        gather.caused(
            fields["scale" if isinstance(error, health_text.BadScaleError) else "term"], error, where
        )
        return None


def _weight(gather: Gather, node: Node, where: str, *, least: int) -> int:
    said = gather.text(node, where)
    try:
        return least if said is None else health_text.weight_of(said, where, least=least)
    except health_text.BadHealthWeightError as error:
        gather.caused(node, error, where)
        return least
