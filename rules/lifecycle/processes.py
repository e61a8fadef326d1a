"""Processes in which customers meet the company: the kinds of event that belong to each, what those tell, and aliases.

An alias says that what a source calls one kind is another to Warmline (``order_completed`` is ``purchase``). The
catalogue that ships is a file; what managers changed of it is laid over it. It must not know where either is kept.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Final

from rules.conditions.names import BadNameError, name_of
from rules.conditions.suggest import nearest
from rules.errors import WarmlineError
from rules.files.gather import Gather
from rules.files.tree import Node, Scalar

CATALOGUE: Final = Path(__file__).parents[1] / "book" / "processes" / "catalogue.yaml"
SALES: Final = "sales"
"""The process in which customers buy."""
LONGEST_TELLS: Final = 300
"""Characters of what a kind of event tells."""


class UnknownProcessError(WarmlineError):
    """There is no process ``name``; ``nearest`` are names like it, perhaps none, and ``processes`` are all of them."""

    code: ClassVar[str] = "unknown_process"


class KindTwiceError(WarmlineError):
    """The ``kind`` belongs to the process ``first`` already, and to one process alone."""

    code: ClassVar[str] = "kind_twice"


class AliasOfItselfError(WarmlineError):
    """``source`` means ``kind`` already, or would come to mean itself."""

    code: ClassVar[str] = "alias_of_itself"


class NoAliasError(WarmlineError):
    """``source`` stands for no other kind; ``aliases`` are those that do, perhaps none."""

    code: ClassVar[str] = "no_alias"


class KindIsAliasError(WarmlineError):
    """``source`` is but a source's name of ``kind``, and belongs where that belongs."""

    code: ClassVar[str] = "kind_is_alias"


class NotAssignedError(WarmlineError):
    """The ``kind`` belongs to no process."""

    code: ClassVar[str] = "not_assigned"


class Relationship(StrEnum):
    """What a process does to the relationship with a customer."""

    BEGUN = "begun"
    KEPT = "kept"
    ENDED = "ended"


class Contact(StrEnum):
    """Whether somebody speaks with the customer in a process."""

    DIRECT = "direct"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Process:
    """A process in which customers meet the company; ``about`` says in a sentence what happens there."""

    name: str
    about: str
    relationship: Relationship
    contact: Contact


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """A kind of event that belongs to a process, and what it ``tells``, perhaps nothing."""

    kind: str
    process: str
    tells: str = ""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All processes, the key events by kind, and aliases by the name that a source uses. No alias leads to another.

    The amounts of the kinds ``paid`` are what customers spent.
    """

    processes: tuple[Process, ...]
    events: Mapping[str, KeyEvent]
    aliases: Mapping[str, str]
    paid: tuple[str, ...] = ()

    def meaning(self, kind: str) -> str:
        """Give the kind that a canonical name stands for."""
        return self.aliases.get(kind, kind)

    def key_events(self, process: str) -> tuple[KeyEvent, ...]:
        """Give the key events of a process, in the order of the catalogue."""
        return tuple(event for event in self.events.values() if event.process == process)

    def spent(self, qualifying: Iterable[str]) -> frozenset[str]:
        """Give the kinds whose amounts are what customers spent: what is paid, whatever is sold, and what qualifies them.

        ``qualifying`` are the kinds that the life cycle in use takes for purchases.
        """
        sold = (event.kind for event in self.key_events(SALES))
        return frozenset(self.meaning(kind) for kind in (*self.paid, *sold, *qualifying))

    def unassigned(self, kinds: Iterable[str]) -> tuple[str, ...]:
        """Give those of ``kinds`` that belong to no process and are no source's name of another kind."""
        return tuple(kind for kind in kinds if kind not in self.events and kind not in self.aliases)

    def process(self, name: str) -> Process:
        """Give the process of that name. Raises `UnknownProcessError`."""
        try:
            wanted = name_of(name)
        except BadNameError:
            wanted = ""
        names = [process.name for process in self.processes]
        if wanted not in names:
            near = nearest(name, names)
            raise UnknownProcessError(name=name[:80], nearest=[near] if near else [], processes=names)
        return self.processes[names.index(wanted)]

    def with_alias(self, source: str, kind: str) -> "Catalogue":
        """Give the catalogue in which ``source`` stands for ``kind``, and so does whatever stood for ``source``.

        Raises `AliasOfItselfError`.
        """
        target = self.meaning(kind)
        if target in (source, self.aliases.get(source)):
            raise AliasOfItselfError(source=source, kind=kind)
        turned = {name: target if means == source else means for name, means in self.aliases.items()}
        return replace(self, aliases=MappingProxyType({**turned, source: target}))


@dataclass(frozen=True, slots=True)
class Overlay:
    """What managers changed: key events by kind, None where one was taken out; aliases by source, None likewise."""

    events: Mapping[str, KeyEvent | None]
    aliases: Mapping[str, str | None]


def overlaid(catalogue: Catalogue, changed: Overlay) -> Catalogue:
    """Lay what managers changed over the catalogue that ships."""
    events: dict[str, KeyEvent] = dict(catalogue.events)
    for kind, event in changed.events.items():
        events.pop(kind, None)
        if event is not None:
            events[kind] = event
    aliases = overlaid_aliases(catalogue, changed.aliases)
    return replace(catalogue, events=MappingProxyType(events), aliases=aliases)


def overlaid_aliases(catalogue: Catalogue, changed: Mapping[str, str | None]) -> Mapping[str, str]:
    """Lay the aliases that managers changed over those that ship; each leads to its end at once."""
    steps = {source: kind for source, kind in {**catalogue.aliases, **changed}.items() if kind is not None}
    return MappingProxyType(
        {source: _end(steps, source) for source in steps if _end(steps, source) != source}
    )


@cache
def shipped() -> Catalogue:
    """Give the catalogue that ships."""
    return read_catalogue(CATALOGUE.read_text(encoding="utf-8"))


def read_catalogue(text: str) -> Catalogue:
    """Read a catalogue. Raises `rules.files.mistakes.BadFileError` with every mistake at its line."""
    gather = Gather()
    known = ("processes", "aliases", "paid")
    fields = gather.fields(gather.tree(text), known, "", required=("processes",))
    processes: list[Process] = []
    events: dict[str, KeyEvent] = {}
    for key, node in gather.entries(fields.get("processes", _NOTHING), "processes"):
        name = _name(gather, key)
        process = _process(gather, name or key.text, node, events)
        if name is not None and process is not None:
            processes.append(process)
    aliases: dict[str, str] = {}
    for key, node in gather.entries(fields.get("aliases", _NOTHING), "aliases"):
        source, kind = _name(gather, key), gather.text(node, key.text)
        if source is not None and kind is not None:
            _alias(gather, key, aliases, source, kind)
    paid = tuple(_paid(gather, fields["paid"])) if "paid" in fields else ()
    gather.finish()
    return Catalogue(tuple(processes), MappingProxyType(events), MappingProxyType(aliases), paid)


_NOTHING: Final = Scalar(1, "")


def _process(gather: Gather, name: str, node: Node, events: dict[str, KeyEvent]) -> Process | None:
    known = ("about", "relationship", "contact", "events")
    fields = gather.fields(node, known, name, required=("about", "relationship"))
    about = gather.text(fields["about"], f"{name}, about") if "about" in fields else None
    relationship = contact = None
    if "relationship" in fields:
        relationship = gather.choice(fields["relationship"], Relationship, f"{name}, relationship")
    if "contact" in fields:
        contact = gather.choice(fields["contact"], Contact, f"{name}, contact")
    for key, value in gather.entries(fields.get("events", _NOTHING), f"{name}, events"):
        kind, tells = _name(gather, key), gather.text(value, f"{name}, {key.text}")
        if kind is None or tells is None:
            continue
        if kind in events:
            gather.caused(key, KindTwiceError(kind=kind, first=events[kind].process), name)
            continue
        events[kind] = KeyEvent(kind, name, tells)
    if about is None or relationship is None:
        return None
    return Process(name, about, relationship, contact or Contact.DIRECT)


def _paid(gather: Gather, node: Node) -> Iterator[str]:
    for item in gather.items(node):
        kind = _name(gather, item) if isinstance(item, Scalar) else None
        if kind is None:
            gather.text(item, "paid")
        else:
            yield kind


def _alias(gather: Gather, key: Scalar, aliases: dict[str, str], source: str, kind: str) -> None:
    try:
        target = name_of(kind)
    except BadNameError as error:
        gather.caused(key, error, key.text)
        return
    # A file says where each alias ends: a chain would hide which kind is meant.
    if target == source or target in aliases or source in aliases.values():
        gather.caused(key, AliasOfItselfError(source=source, kind=target), key.text)
        return
    aliases[source] = target


def _name(gather: Gather, key: Scalar) -> str | None:
    try:
        return name_of(key.text)
    except BadNameError as error:
        gather.caused(key, error)
        return None


def _end(steps: Mapping[str, str], source: str) -> str:
    """Follow aliases to their end; a circle, which only a newer catalogue under older changes can make, ends nowhere."""
    seen, kind = {source}, steps[source]
    while kind in steps:
        if kind in seen:
            return source
        seen.add(kind)
        kind = steps[kind]
    return kind
