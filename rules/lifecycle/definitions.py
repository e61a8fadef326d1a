"""The life cycle as a value: named definitions in their order, and what each family of them may hold.

What a definition comes to, once every name in it is replaced, is `resolve`'s business. It must not know where the
definitions are kept, nor who changes them.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from typing import ClassVar, Final, Self

from rules.conditions.names import BadNameError, name_of
from rules.conditions.parse import parse
from rules.conditions.suggest import nearest
from rules.conditions.terms import Family
from rules.conditions.tree import Condition
from rules.errors import WarmlineError
from rules.lifecycle.health import Health

FIXED: Final[Mapping[Family, tuple[str, ...]]] = MappingProxyType(
    {
        Family.STATUS: ("prospect", "new", "active", "at_risk", "inactive", "reactivated", "churned"),
        Family.STAGE: ("reach", "acquire", "develop", "retain", "inspire"),
        Family.TYPE: (
            "recent_purchase",
            "loyal",
            "support_service",
            "product_subscription",
            "service_subscription",
            "contact",
        ),
        Family.VALUE_TIER: ("high", "middle", "low"),
    }
)
"""Families whose labels are the domain's own: their conditions and their order are data, their names are not."""
FIRST_MATCH: Final = frozenset({Family.STATUS, Family.STAGE, Family.VALUE_TIER})
"""Families of which a customer has one label at most: that of the first definition that holds."""
UNFITTED: Final = frozenset({Family.STATUS, Family.STAGE})
"""Families with a history: what they say may not hang on anything that a refit changes afterwards."""
MOST_DEFINITIONS: Final = 100


class UnknownDefinitionError(WarmlineError):
    """No definition can be called ``name``; ``nearest`` is a name like it, or None."""

    code: ClassVar[str] = "unknown_definition"


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """What a definition is called: ``stage.retain``, ``active``, or ``active.vip``, which is for that segment alone."""

    family: Family
    label: str = ""

    def __str__(self) -> str:
        """Give it as people write it."""
        return f"{self.family}.{self.label}" if self.label else self.family.value

    @property
    def is_own(self) -> bool:
        """Whether managers may make and remove it: segments, and `active` for a segment."""
        return self.family is Family.SEGMENT or (self.family is Family.ACTIVE and bool(self.label))

    @classmethod
    def read(cls, text: str) -> Self:
        """Read a name as people write it; the label alone will do where one family has it.

        Raises `UnknownDefinitionError` or `rules.conditions.names.BadNameError`.
        """
        first, parted, rest = text.strip().casefold().replace(":", ".").replace("=", ".").partition(".")
        word, label = first.strip(), name_of(rest) if rest.strip() else ""
        if word in {family.value for family in Family}:
            family = Family(word)
            # Whoever forgot what stands after the point did not mean `active` for everybody.
            bare = family is Family.ACTIVE and not parted
            if label in FIXED.get(family, (label,)) and (label or bare):
                return cls(family, label)
        elif not label:
            alone = _called(word)
            found = [family for family, labels in FIXED.items() if alone in labels]
            if len(found) == 1:
                return cls(found[0], alone)
        raise UnknownDefinitionError(
            name=text.strip()[:80], nearest=nearest(text.strip()[:80], _every_name())
        )


def _called(word: str) -> str:
    try:
        return name_of(word)
    except BadNameError:
        return ""


def _every_name() -> list[str]:
    return ["active", *(f"{family}.{label}" for family, labels in FIXED.items() for label in labels)]


@dataclass(frozen=True, slots=True)
class Definition:
    """A named condition, as its canonical text."""

    name: Name
    condition: str

    @property
    def tree(self) -> Condition:
        """The condition read; names in it stand as they are written."""
        return _read(self.condition)


_read = lru_cache(maxsize=2_000)(parse)


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The definitions in force, in the order in which they are asked; none at all where no life cycle is in use.

    ``preset`` is the one that they were taken from. ``kinds`` are the kinds of event that qualify a customer. ``health``
    is how health is worked out; None where a life cycle was put in use before there was any.
    """

    definitions: tuple[Definition, ...] = ()
    preset: str = ""
    kinds: tuple[str, ...] = ()
    health: Health | None = None
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Hash the texts once: a life cycle is the key of everything that is kept of it."""
        object.__setattr__(self, "_hash", hash((self.definitions, self.preset, self.kinds, self.health)))

    def __hash__(self) -> int:
        """Give the hash of what it says."""
        return self._hash

    def __bool__(self) -> bool:
        """Tell whether a life cycle is in use."""
        return bool(self.definitions)

    def of(self, family: Family) -> tuple[Definition, ...]:
        """Give the definitions of a family, in their order."""
        return tuple(one for one in self.definitions if one.name.family is family)

    def get(self, name: Name) -> Definition | None:
        """Give the definition of that name."""
        return next((one for one in self.definitions if one.name == name), None)

    def labels(self) -> Mapping[Family, tuple[str, ...]]:
        """Give the labels of each family that has any, for checking conditions; nothing without a life cycle."""
        found = {family: tuple(one.name.label for one in self.of(family)) for family in Family}
        return {family: labels for family, labels in found.items() if labels}

    def having(self, changes: Mapping[Name, str | None]) -> "Lifecycle":
        """Give the life cycle with other conditions: a new one stands last in its family, None takes one away."""
        kept = [
            Definition(one.name, changes.get(one.name) or one.condition)
            for one in self.definitions
            if one.name not in changes or changes[one.name] is not None
        ]
        there = {one.name for one in self.definitions}
        new = [
            Definition(name, condition)
            for name, condition in changes.items()
            if name not in there and condition is not None
        ]
        return replace(self, definitions=_ordered((*kept, *new)))

    def to_text(self) -> str:
        """Write it as a JSON text, as it is stored."""
        return json.dumps(
            {
                "preset": self.preset,
                "kinds": self.kinds,
                "definitions": [[str(one.name), one.condition] for one in self.definitions],
                **({} if self.health is None else {"health": self.health.as_json()}),
            },
            ensure_ascii=False,
        )

    @classmethod
    def of_text(cls, text: str) -> Self:
        """Read what `to_text` wrote."""
        said = json.loads(text)
        definitions = (Definition(Name.read(name), condition) for name, condition in said["definitions"])
        health = Health.of_json(said["health"]) if "health" in said else None
        return cls(tuple(definitions), said["preset"], tuple(said["kinds"]), health)


NO_LIFECYCLE: Final = Lifecycle()


def _ordered(definitions: Iterable[Definition]) -> tuple[Definition, ...]:
    """Keep each family together, and the order within it."""
    places = {family: place for place, family in enumerate(Family)}
    return tuple(sorted(definitions, key=lambda one: places[one.name.family]))
