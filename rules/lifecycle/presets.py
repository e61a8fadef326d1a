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
from rules.lifecycle.definitions import FIXED, Definition, Lifecycle, Name
from rules.lifecycle.sound import refuse_unsound

FOLDER: Final = Path(__file__).parents[1] / "book" / "lifecycle"
FIELDS: Final = ("about", "kinds", *(family.value for family in Family if family is not Family.SEGMENT))
_NOTHING_KNOWN: Final = Vocabulary(frozenset(), frozenset(), FIXED)
REQUIRED: Final = ("about", "kinds", "active", "status", "stage", "type")


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
    lifecycle = Lifecycle(definitions, name, kinds)
    if not gather.mistakes:
        try:
            refuse_unsound(lifecycle)
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
