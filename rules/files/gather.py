"""Reading fields out of a tree while gathering every mistake, so that one look at a file tells them all.

What cannot be read is None; `Gather.finish` raises if there was anything of that.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final, TypeVar

from rules.conditions.suggest import nearest
from rules.errors import WarmlineError
from rules.files.mistakes import MOST_TOLD, BadFileError, Mistake
from rules.files.tree import Fields, Items, Node, Scalar, read_tree

_NONE: Final = "none"

_Choice = TypeVar("_Choice", bound=StrEnum)


class Gather:
    """The mistakes found so far in one file."""

    def __init__(self) -> None:
        self.mistakes: list[Mistake] = []

    def tree(self, text: str) -> Node:
        """Read a YAML text; raises `BadFileError` where it cannot be read to its end."""
        node, refused = read_tree(text)
        self.mistakes += refused
        return node

    def add(self, node: Node, code: str, /, where: str = "", **params: object) -> None:
        """Note a mistake at ``node``."""
        self.mistakes.append(Mistake(node.line, code, params, where))

    def caused(self, node: Node, cause: WarmlineError, where: str = "") -> None:
        """Note a mistake that has words of its own."""
        self.mistakes.append(Mistake(node.line, cause.code, where=where, cause=cause))

    def nearest(self, name: str, known: Iterable[str]) -> str | None:
        """Give the name that was likely meant; no longer once there are more mistakes than are told."""
        return nearest(name, known) if len(self.mistakes) < MOST_TOLD else None

    def finish(self) -> None:
        """Raise `BadFileError` if anything was wrong."""
        if self.mistakes:
            raise BadFileError(self.mistakes)

    def entries(self, node: Node, where: str) -> tuple[tuple[Scalar, Node], ...]:
        """Give keys with values, whatever they are called; of nothing there are none."""
        if isinstance(node, Fields):
            return node.entries
        if not (isinstance(node, Scalar) and node.is_nothing):
            self.add(node, "needs_fields", where)
        return ()

    def fields(
        self, node: Node, known: Sequence[str], where: str, *, required: Sequence[str] = ()
    ) -> Mapping[str, Node]:
        """Give the values by key; a key that is not ``known`` is a mistake, and so is one that lacks or says nothing."""
        found: dict[str, Node] = {}
        entries = self.entries(node, where)
        for key, value in entries:
            if key.text not in known:
                near = self.nearest(key.text, known)
                self.add(key, "unknown_key", where, key=key.text, nearest=near, known=list(known))
            elif isinstance(value, Scalar) and value.is_nothing:
                self.add(key, "no_value", where, key=key.text)
            else:
                found[key.text] = value
        said = {key.text for key, _ in entries}
        for name in required:
            if name not in said and isinstance(node, Fields):
                self.add(node, "missing_key", where, key=name)
        return found

    def items(self, node: Node) -> tuple[Node, ...]:
        """Give the items of a list; a single thing is a list of one, and ``none`` of none."""
        if isinstance(node, Items):
            return node.items
        if isinstance(node, Scalar) and node.plain and node.text.casefold() == _NONE:
            return ()
        return (node,)

    def text(self, node: Node, where: str) -> str | None:
        """Give a text."""
        if isinstance(node, Scalar) and not node.is_nothing:
            return node.text
        self.add(node, "needs_text", where)
        return None

    def choice(self, node: Node, values: type[_Choice] | Sequence[_Choice], where: str) -> _Choice | None:
        """Give one of ``values``."""
        said = self.text(node, where)
        if said is None:
            return None
        for value in values:
            if value == said.strip().casefold():
                return value
        choices = [str(value) for value in values]
        self.add(node, "bad_choice", where, found=said, nearest=self.nearest(said, choices), choices=choices)
        return None
